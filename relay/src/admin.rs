//! `admin.sock`: how `maille-relay status` and `roster add` reach a running relay.
//!
//! A Unix socket of mode 0600 in a folder of mode 0700: the relay's own user and root. One line of
//! JSON each way, then it closes. Windows has no such socket here; `relay.toml` and dropped files
//! do the same there.

use std::io;

use serde::{Deserialize, Serialize};

use crate::core::Account;
use crate::standing::Standing;

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum AdminRequest {
    /// Where the relay stands.
    Status,
    /// Takes documents into the roster; each is a file's bytes in hexadecimal.
    RosterAdd {
        /// The files.
        documents: Vec<String>,
    },
    /// Looks into the folder of the roster.
    RosterReload,
    /// Balances the books of a day.
    Account {
        /// The day, as `2026-11-23`.
        day: String,
    },
    /// Writes a copy of the store into the relay's folder.
    BackUp,
}

/// Asked where there is a socket to ask over.
#[cfg(unix)]
impl AdminRequest {
    /// Whether the answer takes as long as the store is large.
    fn is_long(&self) -> bool {
        matches!(self, Self::Account { .. } | Self::BackUp)
    }
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(crate) enum AdminAnswer {
    /// To a status.
    Status {
        /// Where the relay stands.
        standing: Box<Standing>,
    },
    /// To a change of the roster.
    Roster {
        /// Whether another roster is in use now.
        changed: bool,
        /// The number of the authority part.
        number: u64,
        /// The roster hash.
        hash: String,
    },
    /// To every question, while the store is verified before it serves.
    Opening {
        /// Bytes verified.
        done_bytes: u64,
        /// Of so many.
        total_bytes: u64,
    },
    /// To a day's books.
    Account {
        /// The books.
        account: Box<Account>,
    },
    /// The copy of the store is there.
    BackedUp {
        /// The last commit in it.
        commit: u64,
    },
    /// It was not done.
    Failed {
        /// Why, as a sentence.
        sentence: String,
    },
}

/// Whether no relay runs in the folder, as far as its socket tells.
pub(crate) fn nobody_listens(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::Unsupported
    )
}

#[cfg(unix)]
pub(crate) use socket::{ask, bind_private, serve};

#[cfg(unix)]
mod socket {
    use std::fs;
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::{UnixListener as BlockingListener, UnixStream as BlockingStream};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use maille_common::codec::from_hex;
    use maille_common::roster::RosterDocuments;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
    use tokio::net::{UnixListener, UnixStream};
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::{AdminAnswer, AdminRequest};
    use crate::books::{Day, account_of_running};
    use crate::folder::RelayFolder;
    use crate::rounds::standing;
    use crate::service::Service;
    use maille_common::roster::files::read_documents;

    /// Documents of 16 MiB in hexadecimal, and the line around them.
    const LINE_BYTES_MAX: u64 = 34 * 1024 * 1024;
    /// A question and its answer on the same machine. What reads the whole store has none.
    const DEADLINE: Duration = Duration::from_secs(30);
    /// Questions at a time; above, they wait.
    const QUESTIONS_MAX: usize = 8;

    /// Answers operators until the relay stops. Without its socket a relay serves all the same.
    ///
    /// The socket is there when this returns: who is told that the relay has started can ask it.
    pub(crate) fn serve(service: Arc<Service>) -> impl Future<Output = ()> {
        let bound = bind(&service.folder.admin_socket());
        async move {
            match bound {
                Ok(listener) => answer_all(service, listener).await,
                Err(error) => {
                    let path = service.folder.admin_socket();
                    tracing::warn!(path = %path.display(), %error, "there is no admin socket");
                }
            }
        }
    }

    async fn answer_all(service: Arc<Service>, listener: UnixListener) {
        let mut stopping = service.stops();
        let mut questions = JoinSet::new();
        loop {
            tokio::select! {
                () = stopping.told() => break,
                Some(_) = questions.join_next() => {}
                accepted = listener.accept(), if questions.len() < QUESTIONS_MAX => match accepted {
                    Ok((stream, _)) => {
                        let service = Arc::clone(&service);
                        questions.spawn(async move {
                            if answer(&service, stream).await.is_err() {
                                tracing::warn!("a question at the admin socket was not finished");
                            }
                        });
                    }
                    Err(error) => tracing::warn!(%error, "the admin socket did not accept"),
                }
            }
        }
        while questions.join_next().await.is_some() {}
        if let Err(error) = fs::remove_file(service.folder.admin_socket()) {
            tracing::debug!(%error, "the admin socket was not removed");
        }
    }

    /// The store's lock has shown that no other relay serves this folder: a socket that is there is
    /// left over.
    pub(crate) fn bind_private(path: &Path) -> io::Result<BlockingListener> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = BlockingListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    fn bind(path: &Path) -> io::Result<UnixListener> {
        let listener = bind_private(path)?;
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    }

    async fn answer(service: &Arc<Service>, stream: UnixStream) -> io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut line = Vec::new();
        let mut read = tokio::io::BufReader::new(read.take(LINE_BYTES_MAX));
        timeout(DEADLINE, read.read_until(b'\n', &mut line)).await??;
        let answer = match serde_json::from_slice::<AdminRequest>(&line) {
            Ok(request) if request.is_long() => decide(service, request).await,
            Ok(request) => timeout(DEADLINE, decide(service, request)).await?,
            Err(error) => failed(format!("The question is not understood: {error}.")),
        };
        let mut bytes = serde_json::to_vec(&answer).map_err(io::Error::other)?;
        bytes.push(b'\n');
        timeout(DEADLINE, write.write_all(&bytes)).await??;
        write.shutdown().await
    }

    async fn decide(service: &Arc<Service>, request: AdminRequest) -> AdminAnswer {
        let changed = match request {
            AdminRequest::Status => {
                return match standing(service).await {
                    Ok(standing) => AdminAnswer::Status {
                        standing: Box::new(standing),
                    },
                    Err(error) => failed(format!("The store does not answer: {error}.")),
                };
            }
            AdminRequest::Account { day } => return give_account(service, &day).await,
            AdminRequest::BackUp => return back_up(service).await,
            AdminRequest::RosterReload => service.reload_roster().await,
            AdminRequest::RosterAdd { documents } => match read_all(&documents) {
                Some(documents) => service
                    .offer_roster(documents)
                    .await
                    .map(|applied| applied.is_change()),
                None => return failed("A file holds no document of a roster.".to_owned()),
            },
        };
        let roster = service.roster();
        match changed {
            Ok(changed) => AdminAnswer::Roster {
                changed,
                number: roster.authority().number,
                hash: roster.hash().to_string(),
            },
            Err(error) => failed(error.to_string()),
        }
    }

    async fn give_account(service: &Arc<Service>, day: &str) -> AdminAnswer {
        let day = match day.parse::<Day>() {
            Ok(day) => day,
            Err(error) => return failed(error.to_string()),
        };
        match account_of_running(service, day).await {
            Ok(account) => AdminAnswer::Account {
                account: Box::new(account),
            },
            Err(error) => failed(error.to_string()),
        }
    }

    async fn back_up(service: &Arc<Service>) -> AdminAnswer {
        let go_on = service.until_stopped();
        let made = service.block(move |service| {
            let file = service.folder.backup_extract();
            service.store.back_up(&file, &*go_on)
        });
        match made.await {
            Ok(commit) => AdminAnswer::BackedUp { commit: commit.0 },
            Err(error) => failed(error.to_string()),
        }
    }

    fn read_all(documents: &[String]) -> Option<RosterDocuments> {
        let mut all = RosterDocuments::default();
        for text in documents {
            let bytes = bytes_of(text)?;
            all = all.join(read_documents(&bytes).ok()?).ok()?;
        }
        Some(all)
    }

    fn bytes_of(text: &str) -> Option<Vec<u8>> {
        let pairs = text.as_bytes().chunks(2);
        let byte = |pair| {
            from_hex::<1>(std::str::from_utf8(pair).ok()?)
                .ok()
                .map(|[byte]| byte)
        };
        pairs.map(byte).collect()
    }

    fn failed(sentence: String) -> AdminAnswer {
        AdminAnswer::Failed { sentence }
    }

    /// Asks the relay that serves a folder.
    ///
    /// # Errors
    /// Nobody answers: the relay does not run, or this user may not speak with it.
    pub(crate) fn ask(folder: &RelayFolder, request: &AdminRequest) -> io::Result<AdminAnswer> {
        let mut stream = BlockingStream::connect(folder.admin_socket())?;
        stream.set_read_timeout((!request.is_long()).then_some(DEADLINE))?;
        let mut line = serde_json::to_vec(request).map_err(io::Error::other)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = Vec::new();
        BufReader::new(stream.take(LINE_BYTES_MAX)).read_until(b'\n', &mut answer)?;
        serde_json::from_slice(&answer).map_err(io::Error::other)
    }
}

/// There is no such socket on this system; files dropped into `roster/` are noticed all the same.
#[cfg(not(unix))]
pub(crate) async fn serve(_service: std::sync::Arc<crate::service::Service>) {
    tracing::info!("this system has no admin socket");
}

/// There is no such socket on this system.
#[cfg(not(unix))]
pub(crate) fn ask(
    _folder: &crate::folder::RelayFolder,
    _request: &AdminRequest,
) -> io::Result<AdminAnswer> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the admin socket exists on Unix only; read /metrics instead",
    ))
}

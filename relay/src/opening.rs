//! What an operator is told while a relay verifies its store, before it can serve.
//!
//! The admin socket is there from the first byte verified: by then this process holds the store, so
//! a socket that was there before is nobody's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use maille_durable::{OpenProgress, Progress};

use crate::admin::{AdminAnswer, AdminRequest, ask};
use crate::folder::RelayFolder;

/// How far a relay is that opens its store; `None` if none does in this folder.
pub fn opening_progress(folder: &RelayFolder) -> Option<OpenProgress> {
    match ask(folder, &AdminRequest::Status).ok()? {
        AdminAnswer::Opening {
            done_bytes,
            total_bytes,
        } => Some(OpenProgress {
            done_bytes,
            total_bytes,
        }),
        _ => None,
    }
}

/// Tells how far the opening of a store is, in the log and at the admin socket.
pub(crate) struct OpeningDesk {
    state: Arc<State>,
}

struct State {
    folder: RelayFolder,
    done_bytes: AtomicU64,
    total_bytes: AtomicU64,
    said_percent: AtomicU64,
    desk: Mutex<Option<socket::Desk>>,
}

impl OpeningDesk {
    pub(crate) fn new(folder: &RelayFolder) -> Self {
        Self {
            state: Arc::new(State {
                folder: folder.clone(),
                done_bytes: AtomicU64::new(0),
                total_bytes: AtomicU64::new(0),
                said_percent: AtomicU64::new(0),
                desk: Mutex::new(None),
            }),
        }
    }

    /// Whom the store tells.
    pub(crate) fn progress(&self) -> Progress {
        let state = Arc::clone(&self.state);
        Progress(Arc::new(move |progress| state.note(progress)))
    }
}

impl Drop for OpeningDesk {
    /// Makes room for the socket of the relay that serves.
    fn drop(&mut self) {
        let desk = self.state.desk.lock();
        drop(desk.unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl State {
    fn note(self: &Arc<Self>, progress: OpenProgress) {
        self.done_bytes
            .store(progress.done_bytes, Ordering::Relaxed);
        self.total_bytes
            .store(progress.total_bytes, Ordering::Relaxed);
        let percent = progress.done_bytes.saturating_mul(100) / progress.total_bytes.max(1);
        // Ten lines, however large the store is.
        if percent >= self.said_percent.load(Ordering::Relaxed) + 10 {
            self.said_percent.store(percent, Ordering::Relaxed);
            tracing::info!(percent, "the store is verified before it serves");
        }
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        if desk.is_none() {
            *desk = Some(socket::Desk::open(self));
        }
    }

    fn answer(&self) -> AdminAnswer {
        AdminAnswer::Opening {
            done_bytes: self.done_bytes.load(Ordering::Relaxed),
            total_bytes: self.total_bytes.load(Ordering::Relaxed),
        }
    }
}

#[cfg(unix)]
mod socket {
    use std::io::{self, Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Weak};
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use super::State;
    use crate::admin::bind_private;

    /// A question on the same machine.
    const DEADLINE: Duration = Duration::from_secs(2);

    /// The socket and the thread that answers at it. Dropping it ends both.
    pub(super) struct Desk {
        path: PathBuf,
        closing: Arc<AtomicBool>,
        thread: Option<JoinHandle<()>>,
    }

    impl Desk {
        /// Without a socket the store is opened all the same.
        pub(super) fn open(state: &Arc<State>) -> Self {
            let path = state.folder.admin_socket();
            let closing = Arc::new(AtomicBool::new(false));
            let thread = bind_private(&path).and_then(|listener| {
                let (state, closing) = (Arc::downgrade(state), Arc::clone(&closing));
                thread::Builder::new()
                    .name("maille-opening".to_owned())
                    .spawn(move || answer_all(&listener, &state, &closing))
            });
            let thread = thread
                .inspect_err(|error| tracing::warn!(%error, "there is no admin socket yet"))
                .ok();
            Self {
                path,
                closing,
                thread,
            }
        }
    }

    impl Drop for Desk {
        fn drop(&mut self) {
            self.closing.store(true, Ordering::Relaxed);
            if let Some(thread) = self.thread.take() {
                // Wakes it, so that it sees that it is to end.
                let _ = UnixStream::connect(&self.path);
                // It only reads and writes a line.
                let _ = thread.join();
                // Whoever serves next binds it anew.
                let _ = std::fs::remove_file(&self.path);
            }
        }
    }

    fn answer_all(listener: &UnixListener, state: &Weak<State>, closing: &AtomicBool) {
        for stream in listener.incoming() {
            let Some(state) = state.upgrade() else { return };
            if closing.load(Ordering::Relaxed) {
                return;
            }
            // Who asks and does not listen is not told.
            let _ = stream.and_then(|stream| answer(stream, &state));
        }
    }

    fn answer(mut stream: UnixStream, state: &State) -> io::Result<()> {
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        // Whatever the question is, there is one answer yet.
        let _ = stream.read(&mut [0; 256])?;
        let mut line = serde_json::to_vec(&state.answer()).map_err(io::Error::other)?;
        line.push(b'\n');
        stream.write_all(&line)
    }
}

/// There is no such socket on this system; the log tells.
#[cfg(not(unix))]
mod socket {
    use std::sync::Arc;

    use super::State;

    pub(super) struct Desk;

    impl Desk {
        pub(super) fn open(state: &Arc<State>) -> Self {
            let _ = (state.answer(), &state.folder);
            Self
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_meanwhile_is_told_how_far_it_is_and_the_socket_goes_with_the_desk() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = RelayFolder::new(place.path());
        assert_eq!(opening_progress(&folder), None);
        let desk = OpeningDesk::new(&folder);
        assert_eq!(opening_progress(&folder), None, "nothing is slow yet");
        let Progress(tell) = desk.progress();
        for done_bytes in [10, 70] {
            let progress = OpenProgress {
                done_bytes,
                total_bytes: 100,
            };
            tell(progress);
            assert_eq!(opening_progress(&folder), Some(progress));
        }
        drop(desk);
        assert!(!folder.admin_socket().exists());
        assert_eq!(opening_progress(&folder), None);
    }
}

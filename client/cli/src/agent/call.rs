//! The caller's end of the socket.

use std::path::{Path, PathBuf};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use super::Ask;
use super::serve::socket_path;
use super::wire::{BODY_BYTES_MAX, FaultBody};
use crate::command::officer::on_duty;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint};

/// The longest question with passphrases in it, in bytes: two of 4 KiB, of which each byte may be
/// written as six, two names, and room.
const SECRET_BYTES_MAX: usize = 64 * 1024;

/// An agent that runs.
#[derive(Debug)]
pub(crate) struct Call {
    socket: PathBuf,
}

impl Call {
    /// The agent of a home, if one runs. A socket that nobody listens at is left from one that was
    /// killed.
    pub(super) async fn find(home: &Path) -> Option<Self> {
        let socket = socket_path(home);
        UnixStream::connect(&socket)
            .await
            .is_ok()
            .then_some(Self { socket })
    }

    /// An agent acts for whoever is on duty, and for nobody else.
    pub(super) fn refuse_other_officer(
        &self,
        home: &Path,
        named: Option<&str>,
    ) -> Result<(), Fault> {
        let Some(named) = named else { return Ok(()) };
        if on_duty::read(home)?.is_some_and(|duty| duty.officer == named) {
            return Ok(());
        }
        let sentence = fault::NotOnDuty { officer: &named };
        Err(Fault::new(Exit::Access, "not-on-duty", sentence).with_hint(hint::OtherOfficer))
    }

    /// Asks the agent something.
    pub(super) async fn ask<A: Ask>(&self, question: A) -> Result<A::Answer, Fault> {
        // Room for whatever has a passphrase in it from the start, so that no copy stays behind
        // when the text grows; and wiped once it is sent.
        let mut body = Zeroizing::new(Vec::with_capacity(SECRET_BYTES_MAX));
        serde_json::to_writer(&mut *body, &question).map_err(|error| self.broken(&error))?;
        drop(question);
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|error| self.broken(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(&error))?;
        let connection = tokio::spawn(connection);
        let request = Request::post(format!("/v1/{}", A::NAME))
            .header(HOST, "maille")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from_owner(body)))
            .map_err(|error| self.broken(&error))?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| self.broken(&error))?;
        let answer = self.read(answer).await;
        connection.abort();
        answer
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        answer: Response<hyper::body::Incoming>,
    ) -> Result<T, Fault> {
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BODY_BYTES_MAX)
            .collect()
            .await;
        let body = body.map_err(|error| self.broken(&error))?.to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| self.broken(&error));
        }
        let fault: FaultBody =
            serde_json::from_slice(&body).map_err(|error| self.broken(&error))?;
        Err(fault.into())
    }

    fn broken(&self, error: &impl std::fmt::Display) -> Fault {
        let socket = &self.socket.display();
        let sentence = fault::AgentSilent { socket, error };
        Fault::new(Exit::World, "agent-broken", sentence).with_hint(hint::RestartAgent)
    }
}

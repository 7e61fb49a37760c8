//! The agent's end of the socket.

use std::convert::Infallible;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Desk;
use super::questions;
use super::wire::{BODY_BYTES_MAX, FaultBody, status_of};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::safe_text::safe_json;
use crate::sentence::{fault, hint};

/// The most that may ask at once: the commands and programs of one machine, and room.
const CALLERS_MAX: usize = 128;

/// Where the agent of a home listens.
pub(super) fn socket_path(home: &Path) -> PathBuf {
    home.join("agent.sock")
}

/// A socket that is listened at. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // One that stays is noticed: nobody answers there.
        let _ = fs::remove_file(&self.path);
    }
}

impl Socket {
    /// Listens in a home that this process holds, so a socket found there is nobody's.
    ///
    /// It comes under its name only when no one but its owner may connect.
    pub(crate) fn bind(home: &Path) -> Result<Self, Fault> {
        let path = socket_path(home);
        let fresh = path.with_extension("sock.new");
        let failed = |error: std::io::Error| {
            let (path, error) = (&path.display(), &error);
            let sentence = fault::NoSocket { path, error };
            Fault::new(Exit::World, "agent-socket", sentence).with_hint(hint::ShorterHome)
        };
        remove_old(&fresh).map_err(failed)?;
        let listener = UnixListener::bind(&fresh).map_err(failed)?;
        let put = fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600))
            .and_then(|()| fs::rename(&fresh, &path));
        put.map_err(failed)?;
        Ok(Self { listener, path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Answers until `stop` ends, then lets those who are being answered have their answers.
    pub(crate) async fn serve(self, desk: Arc<Desk>, stop: impl Future<Output = ()>) {
        let stopping = watch::Sender::new(false);
        let mut callers = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept(), if callers.len() < CALLERS_MAX => {
                    if let Ok((stream, _)) = accepted {
                        let stopped = stopping.subscribe();
                        callers.spawn(answer_caller(stream, Arc::clone(&desk), stopped));
                    }
                }
                Some(_) = callers.join_next() => {}
            }
        }
        drop(self);
        stopping.send_replace(true);
        // Whoever waits for an event is told that the desk closes.
        desk.client().shutdown().await;
        while callers.join_next().await.is_some() {}
    }
}

fn remove_old(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Answers one connection until it ends.
async fn answer_caller(stream: UnixStream, desk: Arc<Desk>, mut stopping: watch::Receiver<bool>) {
    let service = service_fn(move |request| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(answer(request, &desk).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let stop = async {
        // The sender outlives every caller.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    tokio::select! {
        // A caller that went away is nobody's fault.
        _ = connection.as_mut() => return,
        () = stop => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn answer(request: Request<Incoming>, desk: &Desk) -> Response<Full<Bytes>> {
    match read(request).await {
        Ok((name, body)) => match questions::answer(&name, &body, desk).await {
            Ok(answer) => response(StatusCode::OK, answer),
            Err(fault) => refusal(fault),
        },
        Err(fault) => refusal(fault),
    }
}

/// The name of the question and its JSON.
async fn read(request: Request<Incoming>) -> Result<(String, Bytes), Fault> {
    let name = request
        .uri()
        .path()
        .strip_prefix("/v1/")
        .unwrap_or_default()
        .to_owned();
    if request.method() != Method::POST || name.is_empty() {
        return Err(questions::unknown(request.uri().path()));
    }
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX)
        .collect()
        .await;
    let body = body.map_err(|error| {
        let sentence = fault::QuestionUnreadable { error: &error };
        Fault::new(Exit::Input, "question-unreadable", sentence)
    })?;
    Ok((name, body.to_bytes()))
}

fn refusal(fault: Fault) -> Response<Full<Bytes>> {
    let status = status_of(fault.exit);
    let body = serde_json::to_string(&FaultBody::from(fault));
    let body = body.expect("four plain fields are always JSON");
    response(status, safe_json(&body).into_owned().into_bytes())
}

fn response(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

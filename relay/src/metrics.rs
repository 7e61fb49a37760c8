//! `/metrics` and `/ready`, on loopback: as much of HTTP/1.1 as a probe speaks, one request a
//! connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::rounds::standing;
use crate::service::Service;

/// A probe's request has about 200 bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// A probe on the same machine needs milliseconds.
const DEADLINE: Duration = Duration::from_secs(5);
/// Probes at a time; above, they wait.
const PROBES_MAX: usize = 8;

/// Binds the address, which the configuration has found to be one of loopback.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers probes until the relay stops.
pub(crate) async fn serve(service: Arc<Service>, listener: TcpListener) {
    let mut stopping = service.stops();
    let mut probes = JoinSet::new();
    loop {
        tokio::select! {
            () = stopping.told() => break,
            Some(_) = probes.join_next() => {}
            accepted = listener.accept(), if probes.len() < PROBES_MAX => match accepted {
                Ok((stream, _)) => drop(probes.spawn(probe(Arc::clone(&service), stream))),
                Err(error) => tracing::warn!(%error, "a probe could not be accepted"),
            }
        }
    }
    while probes.join_next().await.is_some() {}
}

async fn probe(service: Arc<Service>, mut stream: TcpStream) {
    let answered = timeout(DEADLINE, answer(&service, &mut stream)).await;
    if !matches!(answered, Ok(Ok(()))) {
        tracing::debug!("a probe went away");
    }
}

async fn answer(service: &Arc<Service>, stream: &mut TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() >= REQUEST_BYTES_MAX || stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let line = request
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let (status, body) = page(service, line).await;
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

async fn page(service: &Arc<Service>, line: &[u8]) -> (&'static str, String) {
    const UNAVAILABLE: &str = "503 Service Unavailable";
    match line {
        b"GET /ready HTTP/1.1" | b"GET /ready HTTP/1.0" => {
            match service.failure.borrow().is_some() || *service.stopping.borrow() {
                true => (UNAVAILABLE, "not ready\n".to_owned()),
                false => ("200 OK", "ready\n".to_owned()),
            }
        }
        b"GET /metrics HTTP/1.1" | b"GET /metrics HTTP/1.0" => match standing(service).await {
            Ok(standing) => (
                "200 OK",
                service.counters.render(
                    &standing,
                    &service.store_figures(),
                    &service.listener.figures(),
                ),
            ),
            Err(error) => (UNAVAILABLE, format!("{error}\n")),
        },
        line if line.starts_with(b"GET ") => ("404 Not Found", "/metrics or /ready\n".to_owned()),
        _ => ("405 Method Not Allowed", "GET only\n".to_owned()),
    }
}

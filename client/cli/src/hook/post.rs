//! One message to a web server: no redirects, no more of its answer than has to be read.

use std::fmt::Display;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use maille_link::Authorities;

use super::address::Address;
use super::secret::Secret;
use crate::sentence::agent;

/// How long a message may take, from the name to the answer.
const TIME_MAX: Duration = Duration::from_secs(30);

/// The most that is kept of the head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The most that is read of what an answer says, in bytes. Nobody looks at it; a server that is cut
/// off while it speaks may log that as a fault.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How long that may take. The server has said what it had to say.
const BODY_TIME_MAX: Duration = Duration::from_secs(1);

/// Where messages go, and what both ends know.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) address: Address,
    pub(super) authorities: Option<Authorities>,
    pub(super) secret: Secret,
}

/// What is sent.
pub(super) struct Message<'a> {
    /// The same for every attempt.
    pub(super) id: &'a str,
    pub(super) seconds: u64,
    pub(super) body: Vec<u8>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The server has it.
    Taken,
    /// The server wants no more (410).
    Gone,
    /// It is to be sent again.
    Failed(String),
}

impl Endpoint {
    /// Sends a message once.
    pub(super) async fn post(&self, message: Message<'_>) -> Outcome {
        match tokio::time::timeout(TIME_MAX, self.exchange(message)).await {
            Ok(Ok(status)) if status.is_success() => Outcome::Taken,
            Ok(Ok(StatusCode::GONE)) => Outcome::Gone,
            Ok(Ok(status)) => {
                let status = &status.as_u16();
                Outcome::Failed(agent::WebhookRefused { status }.to_string())
            }
            Ok(Err(error)) => {
                let error: &dyn Display = &error;
                Outcome::Failed(agent::WebhookUnreached { error }.to_string())
            }
            Err(_) => {
                let seconds = &TIME_MAX.as_secs();
                Outcome::Failed(agent::WebhookLate { seconds }.to_string())
            }
        }
    }

    async fn exchange(
        &self,
        message: Message<'_>,
    ) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
        let Message { id, seconds, body } = message;
        let request = Request::post(self.address.path())
            .header(HOST, self.address.authority())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("maille/", env!("CARGO_PKG_VERSION")))
            .header(CONNECTION, "close")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", self.secret.sign(id, seconds, &body))
            .body(Full::new(Bytes::from(body)))?;
        let stream = self.address.connect(self.authorities.as_ref()).await?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await?;
        let exchange = async {
            let answer = sender.send_request(request).await?;
            Ok(end(answer).await)
        };
        tokio::pin!(exchange, connection);
        // The connection lives as long as the exchange, and is driven by it.
        tokio::select! {
            status = &mut exchange => status,
            ended = &mut connection => {
                ended?;
                exchange.await
            }
        }
    }
}

/// Reads a little of what the server says besides its status, which is all that counts.
async fn end(answer: Response<Incoming>) -> StatusCode {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
    let _ = tokio::time::timeout(BODY_TIME_MAX, body.collect()).await;
    status
}

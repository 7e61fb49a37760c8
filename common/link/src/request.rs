//! One request and its answer, from both ends.

use std::time::Duration;

use quinn::{RecvStream, SendStream};
use thiserror::Error;

use crate::close::{CloseReason, StreamCode};
use crate::link::Link;
use crate::priority::Priority;
use crate::stream::{HEAD_BYTES, Incoming, Outgoing, Patience, ReadError, SendError};

/// What a requester is ready to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerBound {
    /// Longest answer, in bytes.
    pub bytes_max: usize,
    /// Longest time from the call to the end of the answer, waiting for a stream included.
    pub deadline: Duration,
}

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The connection is over.
    #[error("{0}")]
    Closed(CloseReason),
    /// The answer was not complete in time.
    #[error("The answer did not come in time.")]
    Deadline,
    /// The answer is longer than the requester can take.
    #[error("The answer has more than {bytes_max} bytes.")]
    TooLarge {
        /// The bound that the requester gave.
        bytes_max: usize,
    },
    /// The peer cut the request or gave it up.
    #[error("The peer ended the request without an answer.")]
    Unanswered,
}

impl RequestError {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed(reason) => reason.code(),
            Self::Deadline => "request-deadline",
            Self::TooLarge { .. } => "request-answer-too-large",
            Self::Unanswered => "request-unanswered",
        }
    }
}

impl From<ReadError> for RequestError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Closed(reason) => Self::Closed(reason),
            ReadError::TooLarge { bytes_max } => Self::TooLarge { bytes_max },
            ReadError::Silent | ReadError::Slow => Self::Deadline,
            ReadError::Truncated | ReadError::Abandoned => Self::Unanswered,
        }
    }
}

/// Sends a request on a new stream and reads its answer.
///
/// A peer may answer before it has the whole request, to refuse it; so an answer is read even when
/// the peer stopped the request.
pub(crate) async fn exchange(
    link: &Link,
    priority: Priority,
    request: &[u8],
    bound: AnswerBound,
) -> Result<Vec<u8>, RequestError> {
    let (send, receive) = link
        .connection()
        .open_bi()
        .await
        .map_err(|error| RequestError::Closed(link.reason_of(&error)))?;
    let mut outgoing = Outgoing::new(send, link.clone(), StreamCode::Cancelled);
    let patience = Patience {
        idle: bound.deadline,
        total: bound.deadline,
    };
    let mut answer = Incoming::new(receive, link.clone(), patience);
    match outgoing.send(priority, request).await {
        Ok(()) | Err(SendError::Stopped) => Ok(answer.whole(bound.bytes_max).await?),
        Err(SendError::Closed(reason)) => Err(RequestError::Closed(reason)),
        Err(SendError::Stalled) => Err(RequestError::Deadline),
    }
}

/// A request that has just begun: its head is the next to come.
#[derive(Debug)]
#[must_use = "a request that is dropped is cut, and its sender hears it"]
pub struct IncomingRequest {
    stream: RequestStream,
}

impl IncomingRequest {
    pub(crate) fn new(link: &Link, send: SendStream, receive: RecvStream) -> Self {
        Self {
            stream: RequestStream {
                incoming: Incoming::new(receive, link.clone(), link.patience()),
                outgoing: Outgoing::new(send, link.clone(), StreamCode::Unanswered),
                link: link.clone(),
            },
        }
    }

    /// Reads the first four bytes, which say what the request is and so how long it may be
    /// (PROTOCOL W2). The deadline is [`Limits::stream_idle`](crate::Limits::stream_idle).
    pub async fn head(mut self) -> Result<([u8; HEAD_BYTES], RequestStream), ReadError> {
        let head = self.stream.incoming.head().await;
        let head = head.inspect_err(|error| self.stream.note(*error))?;
        Ok((head, self.stream))
    }
}

/// A request whose head is known, until it is answered.
#[derive(Debug)]
#[must_use = "a request that is dropped is cut, and its sender hears it"]
pub struct RequestStream {
    incoming: Incoming,
    outgoing: Outgoing,
    link: Link,
}

impl RequestStream {
    /// The connection of the request.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Reads the whole request, its head included, up to a bound in bytes.
    ///
    /// After an error the request can still be answered, to say what was wrong with it. Large
    /// requests of one connection take turns in memory
    /// ([`Limits::large_bytes`](crate::Limits::large_bytes)), until they are answered or dropped.
    pub async fn read(&mut self, bytes_max: usize) -> Result<Vec<u8>, ReadError> {
        let whole = self.incoming.whole(bytes_max).await;
        whole.inspect_err(|error| self.note(*error))
    }

    fn note(&self, error: ReadError) {
        if !matches!(error, ReadError::Closed(_)) {
            self.link.note_fault();
        }
    }

    /// Answers, and waits until the requester's transport has the answer. What was not read of the
    /// request is refused.
    pub async fn answer(mut self, priority: Priority, answer: &[u8]) -> Result<(), SendError> {
        self.incoming.stop(StreamCode::Enough);
        self.incoming.release_budget();
        self.outgoing.send(priority, answer).await?;
        self.outgoing.acknowledged().await
    }
}

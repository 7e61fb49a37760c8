//! Bounded streams: the only code that touches bytes on the wire.

use std::future::Future;
use std::time::Duration;

use quinn::{RecvStream, SendStream, WriteError};
use thiserror::Error;
use tokio::time::{Instant, timeout, timeout_at};

use crate::close::{CloseReason, StreamCode};
use crate::limits::SMALL_BYTES_MAX;
use crate::link::Link;
use crate::memory::Room;
use crate::priority::Priority;
use crate::tally::Cut;

/// Bytes of the head: the number of the choice (PROTOCOL section 1).
pub(crate) const HEAD_BYTES: usize = 4;

/// Why a request, push or answer could not be read. The peer's stream is cut already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The connection is over.
    #[error("{0}")]
    Closed(CloseReason),
    /// The peer sent more than the bound; reading stopped there.
    #[error("The stream carries more than {bytes_max} bytes.")]
    TooLarge {
        /// The bound that the caller gave.
        bytes_max: usize,
    },
    /// The peer opened a stream and fell silent.
    #[error("The stream was silent for too long.")]
    Silent,
    /// Bytes came, but not all of them in time, or the budget of the connection was never free.
    #[error("The stream was not complete in time.")]
    Slow,
    /// The stream ended before the four bytes of its head.
    #[error("The stream ended before its head was complete.")]
    Truncated,
    /// The peer gave the stream up.
    #[error("The peer gave the stream up.")]
    Abandoned,
}

impl ReadError {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed(reason) => reason.code(),
            Self::TooLarge { .. } => "stream-too-large",
            Self::Silent => "stream-silent",
            Self::Slow => "stream-slow",
            Self::Truncated => "stream-truncated",
            Self::Abandoned => "stream-abandoned",
        }
    }
}

/// Why a push or an answer could not be delivered to the peer's transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// The connection is over.
    #[error("{0}")]
    Closed(CloseReason),
    /// The peer does not want these bytes, or no more of them.
    #[error("The peer stopped the stream.")]
    Stopped,
    /// The peer took nothing for too long.
    #[error("The peer took no bytes for too long.")]
    Stalled,
}

impl SendError {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed(reason) => reason.code(),
            Self::Stopped => "stream-stopped",
            Self::Stalled => "stream-stalled",
        }
    }
}

/// The sending half. Dropped before its end it is reset: quinn would finish it, and the peer
/// would take the beginning of a message for the whole.
#[derive(Debug)]
pub(crate) struct Outgoing {
    stream: SendStream,
    link: Link,
    finished: bool,
    /// What the peer hears when the stream is dropped before its end.
    gave_up: StreamCode,
}

impl Outgoing {
    pub(crate) fn new(stream: SendStream, link: Link, gave_up: StreamCode) -> Self {
        Self {
            stream,
            link,
            finished: false,
            gave_up,
        }
    }

    /// Sends all the bytes and ends the stream. The wait between two parts is bounded, and the sum:
    /// what a peer takes drop by drop stays in memory.
    pub(crate) async fn send(&mut self, priority: Priority, bytes: &[u8]) -> Result<(), SendError> {
        // A closed stream shows at the first write.
        let _ = self.stream.set_priority(priority.rank());
        let mut rest = bytes;
        let Patience { idle, total } = self.link.patience();
        let end = Instant::now() + total;
        while !rest.is_empty() {
            let until = end.min(Instant::now() + idle);
            let written = timeout_at(until, self.stream.write(rest))
                .await
                .map_err(|_| self.give_up(StreamCode::TooSlow, SendError::Stalled))?
                .map_err(|error| self.fault(error))?;
            rest = &rest[written..];
        }
        self.finished = true;
        self.stream.finish().map_err(|_| SendError::Stopped)
    }

    /// Waits until the peer's transport has all the bytes, which says nothing of its application.
    pub(crate) async fn acknowledged(&self) -> Result<(), SendError> {
        match timeout(self.link.limits().stream_idle, self.stream.stopped()).await {
            Err(_) => {
                self.link.count_cut(Cut::Stalled);
                Err(SendError::Stalled)
            }
            Ok(Ok(None)) => Ok(()),
            Ok(Ok(Some(_))) => Err(SendError::Stopped),
            Ok(Err(_)) => Err(SendError::Closed(self.link.over())),
        }
    }

    fn fault(&mut self, error: WriteError) -> SendError {
        self.finished = true;
        match error {
            WriteError::ConnectionLost(error) => SendError::Closed(self.link.reason_of(&error)),
            WriteError::Stopped(_) | WriteError::ClosedStream | WriteError::ZeroRttRejected => {
                // Nothing more is sent either way; the peer sees the end of the stream at once.
                let _ = self.stream.reset(self.gave_up.number());
                SendError::Stopped
            }
        }
    }

    fn give_up(&mut self, code: StreamCode, error: SendError) -> SendError {
        self.link.count_cut(Cut::Stalled);
        self.gave_up = code;
        error
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if !self.finished {
            // A stream that is closed already needs no reset.
            let _ = self.stream.reset(self.gave_up.number());
        }
    }
}

/// How long to wait for bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Longest silence.
    pub(crate) idle: Duration,
    /// Longest time for the whole.
    pub(crate) total: Duration,
}

/// The receiving half, read to its end within bounds.
#[derive(Debug)]
pub(crate) struct Incoming {
    stream: RecvStream,
    link: Link,
    idle: Duration,
    end: Instant,
    bytes: Vec<u8>,
    /// Held while the bytes of a large message are in memory.
    budget: Option<Room>,
}

impl Incoming {
    pub(crate) fn new(stream: RecvStream, link: Link, patience: Patience) -> Self {
        Self {
            stream,
            link,
            idle: patience.idle,
            end: Instant::now() + patience.total,
            bytes: Vec::new(),
            budget: None,
        }
    }

    /// Reads the four bytes that say what follows. They stay the beginning of the whole.
    pub(crate) async fn head(&mut self) -> Result<[u8; HEAD_BYTES], ReadError> {
        while self.bytes.len() < HEAD_BYTES {
            if !self.read_part(HEAD_BYTES - self.bytes.len()).await? {
                return Err(ReadError::Truncated);
            }
        }
        let head = self.bytes.first_chunk();
        Ok(*head.expect("four bytes were read"))
    }

    /// Reads to the end of the stream, the head included, and cuts the stream at the first byte
    /// beyond the bound.
    pub(crate) async fn whole(&mut self, bytes_max: usize) -> Result<Vec<u8>, ReadError> {
        while self
            .read_part(1 + bytes_max.saturating_sub(self.bytes.len()))
            .await?
        {
            if self.bytes.len() > bytes_max {
                return Err(self.cut(StreamCode::TooLarge, ReadError::TooLarge { bytes_max }));
            }
            if self.bytes.len() > SMALL_BYTES_MAX && self.budget.is_none() {
                self.claim_budget(bytes_max).await?;
            }
        }
        if self.bytes.len() > bytes_max {
            return Err(ReadError::TooLarge { bytes_max });
        }
        Ok(std::mem::take(&mut self.bytes))
    }

    /// Tells the peer that the rest is not wanted.
    pub(crate) fn stop(&mut self, code: StreamCode) {
        // A stream that has ended needs no stop.
        let _ = self.stream.stop(code.number());
    }

    /// Frees the budget for other streams of the connection.
    pub(crate) fn release_budget(&mut self) {
        self.budget = None;
    }

    /// Appends the next part, of at most `bytes_max` bytes. False at the end of the stream.
    async fn read_part(&mut self, bytes_max: usize) -> Result<bool, ReadError> {
        let silent_at = Instant::now() + self.idle;
        let read = self.stream.read_chunk(bytes_max, true);
        let Some(part) = within(silent_at.min(self.end), read).await else {
            let fault = if silent_at < self.end {
                ReadError::Silent
            } else {
                ReadError::Slow
            };
            return Err(self.cut(StreamCode::TooSlow, fault));
        };
        match part {
            Ok(Some(chunk)) => {
                self.bytes.extend_from_slice(&chunk.bytes);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(quinn::ReadError::ConnectionLost(error)) => {
                Err(ReadError::Closed(self.link.reason_of(&error)))
            }
            Err(_) => Err(ReadError::Abandoned),
        }
    }

    /// Claims the whole bound at once: streams that each held a part and waited for the rest
    /// would wait for each other.
    async fn claim_budget(&mut self, bytes_max: usize) -> Result<(), ReadError> {
        match within(self.end, self.link.room_to_read(bytes_max)).await {
            Some(permit) => {
                self.budget = permit;
                Ok(())
            }
            None => Err(self.cut(StreamCode::TooSlow, ReadError::Slow)),
        }
    }

    fn cut(&mut self, code: StreamCode, error: ReadError) -> ReadError {
        match error {
            ReadError::TooLarge { .. } => self.link.count_cut(Cut::TooLarge),
            ReadError::Silent => self.link.count_cut(Cut::Silent),
            _ => self.link.count_cut(Cut::Slow),
        }
        self.stop(code);
        self.bytes = Vec::new();
        error
    }
}

/// The result of a future, or `None` when the time has come first.
async fn within<F: Future>(end: Instant, future: F) -> Option<F::Output> {
    timeout_at(end, future).await.ok()
}

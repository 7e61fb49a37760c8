//! An established connection between two peers that proved their keys.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use maille_common::crypto::ed25519::VerifyingKey;
use quinn::ConnectionError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::close::{CloseCode, CloseReason, StreamCode};
use crate::common::Common;
use crate::gate::Bucket;
use crate::limits::{Limits, PUSH_STREAMS_MAX, REQUEST_STREAMS_MAX, URGENT_STREAMS};
use crate::memory::{Heap, Memory, Room};
use crate::priority::Priority;
use crate::push::PushStream;
use crate::request::{AnswerBound, IncomingRequest, RequestError, exchange};
use crate::session::Session;
use crate::stream::{Outgoing, Patience, SendError};
use crate::tally::Cut;

/// An established, mutually authenticated connection.
///
/// Clones are the same connection. When the last of them is dropped, and with it every stream
/// that was accepted from it, the connection closes with [`CloseCode::Done`].
///
/// The dialing side sends requests and accepts pushes; the listening side accepts requests and
/// sends pushes. Each stream is independent: accept in one loop, and serve each in a task of its
/// own, so that a slow one delays no other.
#[derive(Debug, Clone)]
pub struct Link {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    session: Arc<Session>,
    common: Arc<Common>,
    /// Turns for requests and pushes that are not urgent; urgent ones find streams left over.
    request_turns: Semaphore,
    push_turns: Semaphore,
    /// What this peer may have in memory, over all its connections.
    memory: Memory,
    faults: Mutex<Bucket>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.session.close(CloseCode::Done);
    }
}

impl Link {
    pub(crate) fn new(session: Arc<Session>, common: Arc<Common>, memory: Memory) -> Self {
        let turns = |streams: u32| Semaphore::new((streams - URGENT_STREAMS) as usize);
        Self {
            shared: Arc::new(Shared {
                request_turns: turns(REQUEST_STREAMS_MAX),
                push_turns: turns(PUSH_STREAMS_MAX),
                memory,
                faults: Mutex::new(Bucket::full(common.limits.faults, Instant::now())),
                session,
                common,
            }),
        }
    }

    /// The transport key that the peer proved.
    pub fn peer_key(&self) -> VerifyingKey {
        self.shared.session.peer
    }

    /// Where the peer is now; it may change while the connection lives.
    pub fn remote_address(&self) -> SocketAddr {
        self.shared.session.remote_address()
    }

    /// Sends a request and waits for its answer, on a stream of its own.
    ///
    /// Dropping the future takes the request back: the peer sees an abandoned stream, never a
    /// shortened request. After an error, whether the peer acted on the request is unknown.
    pub async fn request(
        &self,
        priority: Priority,
        request: &[u8],
        bound: AnswerBound,
    ) -> Result<Vec<u8>, RequestError> {
        let exchange = async {
            let _turn = turn(&self.shared.request_turns, priority).await;
            exchange(self, priority, request, bound).await
        };
        match tokio::time::timeout(bound.deadline, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(RequestError::Deadline),
        }
    }

    /// Waits for the peer's next request. Nothing of it is read yet.
    ///
    /// # Cancel safety
    /// Dropping the future loses no request.
    pub async fn accept_request(&self) -> Result<IncomingRequest, CloseReason> {
        let (send, receive) = self
            .connection()
            .accept_bi()
            .await
            .map_err(|error| self.reason_of(&error))?;
        Ok(IncomingRequest::new(self, send, receive))
    }

    /// Sends bytes on a stream of their own, and waits until the peer's transport has them all.
    ///
    /// That is no confirmation: only the peer's application can say that it stored something.
    /// Callers push several at once. Dropping the future before all bytes are under way takes the
    /// push back: the peer sees an abandoned stream, never a shortened push.
    pub async fn push(&self, priority: Priority, bytes: &[u8]) -> Result<(), SendError> {
        let _turn = turn(&self.shared.push_turns, priority).await;
        let stream = self
            .connection()
            .open_uni()
            .await
            .map_err(|error| SendError::Closed(self.reason_of(&error)))?;
        let mut outgoing = Outgoing::new(stream, self.clone(), StreamCode::Cancelled);
        outgoing.send(priority, bytes).await?;
        outgoing.acknowledged().await
    }

    /// Waits until an answer or push of at most so many bytes may be in memory. To be asked before
    /// it is read from anywhere, and kept until it is sent: a peer that takes nothing has no more
    /// than its share, and gives it back when it is given up.
    pub async fn room(&self, priority: Priority, bytes_max: usize) -> Result<Room, CloseReason> {
        tokio::select! {
            Some(room) = self.claim(Heap::Outgoing(priority), bytes_max) => Ok(room),
            reason = self.closed() => Err(reason),
        }
    }

    /// Waits for the peer's next push. Nothing of it is read yet.
    ///
    /// Read each in a task of its own: an urgent push overtakes a large one on the wire, and
    /// should not wait here until the large one is complete.
    ///
    /// # Cancel safety
    /// Dropping the future loses no push.
    pub async fn accept_push(&self) -> Result<PushStream, CloseReason> {
        let stream = self
            .connection()
            .accept_uni()
            .await
            .map_err(|error| self.reason_of(&error))?;
        Ok(PushStream::new(self, stream))
    }

    /// Closes the connection at once, with all its streams. The first code said is the one that
    /// the peer hears; closing again does nothing.
    pub fn close(&self, code: CloseCode) {
        self.shared.session.close(code);
    }

    /// Why the connection is over, if it is.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.shared.session.close_reason()
    }

    /// Waits until the connection is over, whoever ended it.
    pub async fn closed(&self) -> CloseReason {
        self.shared.session.closed().await
    }

    pub(crate) fn connection(&self) -> &quinn::Connection {
        &self.shared.session.connection
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.common.limits
    }

    /// Counts a stream that was cut.
    pub(crate) fn count_cut(&self, why: Cut) {
        self.shared.common.tally.cut(why);
    }

    /// How long an incoming request or push may take.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            idle: self.limits().stream_idle,
            total: self.limits().stream_total,
        }
    }

    pub(crate) fn reason_of(&self, error: &ConnectionError) -> CloseReason {
        self.shared.session.reason_of(error)
    }

    /// The reason of a connection that is known to be over.
    pub(crate) fn over(&self) -> CloseReason {
        self.close_reason().unwrap_or(CloseReason::Lost)
    }

    /// Waits until a large incoming message of at most so many bytes may be in memory.
    pub(crate) async fn room_to_read(&self, bytes_max: usize) -> Option<Room> {
        self.claim(Heap::Incoming, bytes_max).await
    }

    async fn claim(&self, heap: Heap, bytes_max: usize) -> Option<Room> {
        let Shared { common, memory, .. } = &*self.shared;
        common.memory.claim(memory, heap, bytes_max).await
    }

    /// Notes that a stream of the peer came to nothing, and closes a connection that makes a habit
    /// of it.
    pub(crate) fn note_fault(&self) {
        let Shared { common, faults, .. } = &*self.shared;
        let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
        if !faults.take(Instant::now()) && self.close_reason().is_none() {
            common.tally.faulty();
            tracing::warn!(key = %self.peer_key().short(), "too many streams came to nothing");
            self.close(CloseCode::Protocol);
        }
    }
}

/// Waits for a turn; urgent streams need none.
async fn turn(turns: &Semaphore, priority: Priority) -> Option<SemaphorePermit<'_>> {
    match priority {
        Priority::Urgent => None,
        Priority::Bulk | Priority::Normal => turns.acquire().await.ok(),
    }
}

#[cfg(test)]
mod tests;

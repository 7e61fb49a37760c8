//! One push, from its receiver's end.

use quinn::RecvStream;

use crate::link::Link;
use crate::stream::{Incoming, ReadError};

/// A push that has just begun.
#[derive(Debug)]
#[must_use = "a push that is dropped is refused"]
pub struct PushStream {
    incoming: Incoming,
}

impl PushStream {
    pub(crate) fn new(link: &Link, stream: RecvStream) -> Self {
        Self {
            incoming: Incoming::new(stream, link.clone(), link.patience()),
        }
    }

    /// Reads the whole push, up to a bound in bytes.
    ///
    /// Keep the stream until the bytes are dealt with: large pushes of one connection take turns in
    /// memory ([`Limits::large_bytes`](crate::Limits::large_bytes)).
    pub async fn read(&mut self, bytes_max: usize) -> Result<Vec<u8>, ReadError> {
        self.incoming.whole(bytes_max).await
    }
}

//! Why connections and streams end.

use quinn::VarInt;
use thiserror::Error;

/// What one side tells the other when it closes a connection on purpose.
///
/// It is a short, coarse table: details stay in the log of whoever closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// Nothing more to say.
    Done,
    /// The program stops; try again later, or elsewhere.
    Shutdown,
    /// The key is no longer admitted (PROTOCOL T1).
    Removed,
    /// The peer broke the protocol.
    Protocol,
    /// A newer connection of the same key took the place of this one.
    Replaced,
    /// The connection reached its greatest age; make a new one.
    Aged,
    /// The key has ended, and its holder has another in its place (PROTOCOL T1).
    Ended,
}

impl CloseCode {
    const ALL: [Self; 7] = [
        Self::Done,
        Self::Shutdown,
        Self::Removed,
        Self::Protocol,
        Self::Replaced,
        Self::Aged,
        Self::Ended,
    ];

    /// The name on the wire and in logs, stable.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Shutdown => "shutdown",
            Self::Removed => "removed",
            Self::Protocol => "protocol",
            Self::Replaced => "replaced",
            Self::Aged => "aged",
            Self::Ended => "ended",
        }
    }

    /// The number in the frame that closes the connection.
    pub(crate) const fn number(self) -> VarInt {
        VarInt::from_u32(match self {
            Self::Done => 0,
            Self::Shutdown => 1,
            Self::Removed => 2,
            Self::Protocol => 3,
            Self::Replaced => 4,
            Self::Aged => 5,
            Self::Ended => 6,
        })
    }

    /// An unknown number is a later version's: all that is sure is that the peer stopped.
    pub(crate) fn from_number(number: VarInt) -> Self {
        Self::ALL
            .into_iter()
            .find(|code| code.number() == number)
            .unwrap_or(Self::Shutdown)
    }
}

/// Why a connection is over, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// One side was done.
    #[error("The connection was closed because nothing more was to be said.")]
    Done,
    /// One side stopped its program.
    #[error("The connection was closed because one side stopped.")]
    Shutdown,
    /// A key was removed from the roster while its holder was connected.
    #[error("The connection was closed because the key is no longer admitted.")]
    Removed,
    /// One side broke the protocol, of the application, of QUIC or of TLS.
    #[error("The connection was closed because the protocol was broken.")]
    Protocol,
    /// A newer connection of the same key took the place of this one.
    #[error("The connection was replaced by a newer one of the same key.")]
    Replaced,
    /// The connection reached its greatest age.
    #[error("The connection reached its greatest age.")]
    Aged,
    /// The peer did not admit our key. TLS 1.3 lets a client learn it only after its own handshake
    /// is complete, so it may show at the first request.
    #[error("The peer does not admit our key.")]
    NotAdmitted,
    /// The peer admits our key no more, since its time is over and it knows a newer one of ours.
    /// While connecting it may show at the first request only.
    #[error("The peer does not admit our key any more: its time is over, and a newer one is ours.")]
    Ended,
    /// Nothing was heard of the peer for too long.
    #[error("The connection was lost: the peer was silent for too long.")]
    Idle,
    /// The connection broke, for example because the peer restarted. Also seen when the packet in
    /// which the peer gave its reason was lost on the way.
    #[error("The connection was lost.")]
    Lost,
}

impl CloseReason {
    /// The stable code of this reason, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "link-done",
            Self::Shutdown => "link-shutdown",
            Self::Removed => "link-removed",
            Self::Protocol => "link-protocol",
            Self::Replaced => "link-replaced",
            Self::Aged => "link-aged",
            Self::NotAdmitted => "link-not-admitted",
            Self::Ended => "link-ended",
            Self::Idle => "link-idle",
            Self::Lost => "link-lost",
        }
    }
}

impl From<CloseCode> for CloseReason {
    fn from(code: CloseCode) -> Self {
        match code {
            CloseCode::Done => Self::Done,
            CloseCode::Shutdown => Self::Shutdown,
            CloseCode::Removed => Self::Removed,
            CloseCode::Protocol => Self::Protocol,
            CloseCode::Replaced => Self::Replaced,
            CloseCode::Aged => Self::Aged,
            CloseCode::Ended => Self::Ended,
        }
    }
}

/// Why one stream is cut, as the peer hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamCode {
    /// Whoever waited for it went away.
    Cancelled,
    /// More bytes than this stream may carry.
    TooLarge,
    /// Silent or slow beyond its deadline.
    TooSlow,
    /// The request will get no answer.
    Unanswered,
    /// The answer is given; the rest of the request is not wanted.
    Enough,
}

impl StreamCode {
    pub(crate) const fn number(self) -> VarInt {
        VarInt::from_u32(match self {
            Self::Cancelled => 1,
            Self::TooLarge => 2,
            Self::TooSlow => 3,
            Self::Unanswered => 4,
            Self::Enough => 5,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_code_survives_the_wire() {
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::from_number(code.number()), code);
        }
    }

    #[test]
    fn a_close_code_of_a_later_version_reads_as_shutdown() {
        assert_eq!(
            CloseCode::from_number(VarInt::from_u32(99)),
            CloseCode::Shutdown
        );
    }
}

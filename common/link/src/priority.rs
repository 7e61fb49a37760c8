//! What goes first.

/// What goes first when several streams of a connection have bytes to send.
///
/// Besides, [`URGENT_STREAMS`](crate::limits::URGENT_STREAMS) streams are kept free for urgent
/// ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Pieces of attachments, roster documents: whatever can wait.
    Bulk,
    /// Everything else.
    Normal,
    /// Alerts that somebody must see now, and their receipts.
    Urgent,
}

impl Priority {
    /// The order among streams: QUIC sends higher ones first.
    pub(crate) const fn rank(self) -> i32 {
        match self {
            Self::Bulk => -1,
            Self::Normal => 0,
            Self::Urgent => 1,
        }
    }
}

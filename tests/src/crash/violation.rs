//! What must not happen, by name.

use serde::Serialize;

/// A promise that was not kept, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Violation {
    /// Which promise.
    pub(crate) code: Broken,
    /// Where.
    pub(crate) at: String,
}

/// The promises that the checker watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Broken {
    /// A store had acknowledged something, and does not have it.
    Lost,
    /// What a store holds is not what was written to it, or half of a batch.
    WrongContent,
    /// A store or a process does not open again, or is set aside though nothing is damaged.
    DoesNotOpen,
    /// A process stopped, or refused, and had no reason to.
    Stopped,
    /// A store trusted, after a power cut, what it had not verified, or did not trust what was
    /// closed in order.
    Mistrusted,
    /// A store went on after a write or a sync that failed.
    WentOn,
    /// Somebody who waited was not told.
    NotTold,
    /// Damage was served, or not noticed when it was read.
    NotNoticed,
    /// The rig did not see that a sync or an order was missing.
    NotCaught,
}

impl Violation {
    pub(crate) fn new(code: Broken, at: impl Into<String>) -> Self {
        let at = at.into();
        Self { code, at }
    }
}

//! What a heartbeat says, so that a withheld last alert is noticed (I4).

use crate::address::DeviceId;
use crate::codec::{Decode, Encode, List};
use crate::content::ContentFault;
use crate::content::check::{check_extensions, check_version};
use crate::extension::Extensions;
use crate::identifier::Epoch;
use crate::limits;
use crate::time::Timestamp;

/// The content of an envelope of kind heartbeat. Number and chain of the stream stand in its wrap.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Heartbeat {
    /// Format version, [`Heartbeat::VERSION`].
    pub version: u16,
    /// When the next one comes at the latest; past it, the sender is silent.
    pub next_due: Timestamp,
    /// The number of the sender's newest bundle of sealing keys.
    pub bundle: u64,
    /// What the sender itself misses of the recipient's streams.
    pub missing: List<Missing, { limits::MISSING_MAX }>,
    /// What later versions add.
    pub extensions: Extensions,
}

impl Heartbeat {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// Checks what the codec cannot: version and critical extensions (PROTOCOL E15).
    pub fn check(&self) -> Result<(), ContentFault> {
        check_version(self.version, Self::VERSION)?;
        check_extensions(&self.extensions)
    }
}

/// A hole in a stream: numbers that never came, both ends included.
///
/// The numbers are a stranger's: look up what was sent within them, and never count through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Missing {
    /// The device whose stream it is.
    pub device: DeviceId,
    /// The life of that device's store.
    pub epoch: Epoch,
    /// The first number missed.
    pub from: u64,
    /// The last number missed.
    pub to: u64,
}

//! Expiry: the sender's own clock ended an obligation.

use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::codec::{Decode, Encode};
use crate::evidence::{Proven, ReceiptFault, Signed, Statement};
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::label::Label;
use crate::roster::{Roster, Subject};
use crate::time::Timestamp;

/// Signed by a device of the sender's contact (I6). A relay's clock cannot expire anything.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Expiry {
    /// Format version, 1.
    pub version: u16,
    /// The alert.
    pub alert: AlertId,
    /// The recipient contact.
    pub recipient: ContactAddress,
    /// The device that signs.
    pub device: DeviceId,
    /// Its clock.
    pub time: Timestamp,
    /// The roster it used.
    pub roster: Hash,
    /// The machine was started anew while the deadline ran, and what passed meanwhile was taken
    /// from the wall's clock, which may have been set.
    pub uncertain: bool,
}

impl Statement for Expiry {
    const HASH: Label = Label::EXPIRY;
    const SIGNATURE: Label = Label::EXPIRY_SIGNATURE;
    const CHECK: Check = Check::Q6;
}

impl Expiry {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// The fault of one whose device may not end it.
    pub fn not_entitled(&self) -> ReceiptFault {
        ReceiptFault::NotEntitled {
            device: self.device,
            recipient: self.recipient.clone(),
        }
    }
}

impl Proven<Expiry> {
    /// Whether it ends alerts of `sender` that were made then: a device that was removed long
    /// before, or suspended before, ends none, nor does a key that was replaced and ended long
    /// before, whatever time is written (PROTOCOL Q6, as Q3).
    pub fn is_entitled(&self, roster: &Roster, sender: &ContactAddress, made: Timestamp) -> bool {
        let device = self.statement().device;
        let subject = Subject::Device(sender.clone(), device);
        let suspended = roster.suspended(&subject);
        let was_suspended = suspended.is_some_and(|suspension| suspension.issued <= made);
        let acts = roster.is_device_about(&device, sender, made);
        let ended = roster.ended_keys_about(&device, sender, made);
        Check::Q6.holds(acts && !was_suspended && !ended.contains(self.key()))
    }
}

impl Signed<Expiry> {
    /// Proves an expiry by the roster: it is by a device of the alert's sender (PROTOCOL Q6).
    /// Whether that was removed or suspended before the alert was made ([`Proven::is_entitled`]) is
    /// the caller's, who holds the alert, when it comes.
    pub fn verify(
        self,
        roster: &Roster,
        sender: &ContactAddress,
    ) -> Result<Proven<Expiry>, ReceiptFault> {
        let Expiry {
            version, device, ..
        } = *self.statement;
        if Check::W3.refuses(version != Expiry::VERSION) {
            return Err(ReceiptFault::Version(version));
        }
        let keys = roster.signing_keys_for(&device, sender);
        if keys.is_empty() {
            return Err(self.statement.not_entitled());
        }
        self.prove(&keys)
            .map_err(|_| ReceiptFault::Signature(device))
    }
}

//! Notices: what a relay did, or did not see, while it kept an alert.

use crate::address::{ContactAddress, DeviceId, Name};
use crate::check::Check;
use crate::codec::{Decode, Encode};
use crate::evidence::{AcceptedFault, Proven, Signed, Statement};
use crate::hash::Hash;
use crate::identifier::{AlertId, Incarnation};
use crate::label::Label;
use crate::roster::Roster;
use crate::terms::{NoticeKind, Status};
use crate::time::Timestamp;

/// A relay's word about one alert and recipient. It changes no obligation's state: the relay is
/// trusted with availability only.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Notice {
    /// Format version, 1.
    pub version: u16,
    /// The relay.
    pub relay: Name,
    /// The life of its store.
    pub incarnation: Incarnation,
    /// The alert.
    pub alert: AlertId,
    /// Real, a drill, or a test: whoever never saw it is not to take a drill for real.
    pub status: Status,
    /// Who sent it: whoever never saw it asks them to send it again.
    pub sender: ContactAddress,
    /// The recipient contact.
    pub recipient: ContactAddress,
    /// What happened.
    pub kind: NoticeKind,
    /// The step of deputies released or passed over, from 1; otherwise 0.
    pub step: u8,
    /// The device a tombstone is about; otherwise zero.
    pub device: DeviceId,
    /// When the relay accepted the alert, by its clock.
    pub accepted: Timestamp,
    /// The relay's clock.
    pub time: Timestamp,
    /// The roster it judged by.
    pub roster: Hash,
    /// The machine was started anew while the deadline ran, and what passed meanwhile was taken
    /// from the wall's clock, which may have been set.
    pub uncertain: bool,
}

impl Statement for Notice {
    const HASH: Label = Label::NOTICE;
    const SIGNATURE: Label = Label::NOTICE_SIGNATURE;
    const CHECK: Check = Check::Q6;
}

impl Notice {
    /// The one version of the format.
    pub const VERSION: u16 = 1;
}

impl Signed<Notice> {
    /// Proves a notice by the roster (PROTOCOL Q6).
    pub fn verify(self, roster: &Roster) -> Result<Proven<Notice>, AcceptedFault> {
        let notice: &Notice = &self.statement;
        if Check::W3.refuses(notice.version != Notice::VERSION) {
            return Err(AcceptedFault::Version(notice.version));
        }
        let relay = notice.relay.clone();
        let keys = roster.relay_keys_ever(&relay);
        self.prove(&keys)
            .map_err(|_| AcceptedFault::Signature(relay))
    }
}

//! A relay's clock, signed, against which a device checks its own.

use crate::address::Name;
use crate::check::Check;
use crate::codec::{Decode, Encode};
use crate::evidence::{AcceptedFault, Proven, Signed, Statement};
use crate::hash::Hash;
use crate::identifier::Incarnation;
use crate::label::Label;
use crate::roster::Roster;
use crate::time::Timestamp;

/// The time at a relay, for one connection: the challenge shows that it is fresh.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RelayTime {
    /// Format version, 1.
    pub version: u16,
    /// The relay.
    pub relay: Name,
    /// The life of its store.
    pub incarnation: Incarnation,
    /// The device's random challenge.
    pub challenge: [u8; 16],
    /// The relay's clock.
    pub time: Timestamp,
    /// The roster it uses.
    pub roster: Hash,
}

impl Statement for RelayTime {
    const HASH: Label = Label::RELAY_TIME;
    const SIGNATURE: Label = Label::RELAY_TIME_SIGNATURE;
    const CHECK: Check = Check::Q6;
}

impl RelayTime {
    /// The one version of the format.
    pub const VERSION: u16 = 1;
}

impl Signed<RelayTime> {
    /// Proves a relay's time by the roster (PROTOCOL Q6).
    pub fn verify(self, roster: &Roster) -> Result<Proven<RelayTime>, AcceptedFault> {
        let time: &RelayTime = &self.statement;
        if Check::W3.refuses(time.version != RelayTime::VERSION) {
            return Err(AcceptedFault::Version(time.version));
        }
        let relay = time.relay.clone();
        let keys = roster.relay_keys_ever(&relay);
        self.prove(&keys)
            .map_err(|_| AcceptedFault::Signature(relay))
    }
}

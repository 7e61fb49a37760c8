//! Accepted: a relay's signed answer for one recipient.

use thiserror::Error;

use crate::address::{ContactAddress, DeviceId, Name};
use crate::check::Check;
use crate::codec::{Decode, Encode};
use crate::evidence::{Proven, Signed, Statement};
use crate::hash::Hash;
use crate::identifier::{AlertId, Incarnation};
use crate::label::Label;
use crate::roster::Roster;
use crate::terms::{AcceptReason, Outcome};
use crate::time::{Span, Timestamp};

/// What a relay promises, or refuses, for one recipient. ETSI EN 319 522: SubmissionAcceptance or
/// SubmissionRejection.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Accepted {
    /// Format version, 1.
    pub version: u16,
    /// The relay.
    pub relay: Name,
    /// The life of its store.
    pub incarnation: Incarnation,
    /// Its number among the answers to this device in this incarnation, from 1 without gaps.
    pub number: u64,
    /// The device that submitted.
    pub device: DeviceId,
    /// The envelope.
    pub alert: AlertId,
    /// The recipient contact.
    pub recipient: ContactAddress,
    /// Taken or not.
    pub outcome: Outcome,
    /// Why not.
    pub reason: AcceptReason,
    /// When to try again; zero says that trying again is of no use as things are.
    pub retry_after: Span,
    /// The relay's clock when it was durable.
    pub time: Timestamp,
    /// The roster it judged by.
    pub roster: Hash,
}

/// Why a relay's statement is not believed (PROTOCOL Q6).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AcceptedFault {
    /// Another version.
    #[error("the relay's statement has version {0}, and this program reads version 1")]
    Version(u16),
    /// Outcome and reason contradict each other.
    #[error("the relay's outcome and reason do not fit together")]
    Form,
    /// No key of the relay signed it.
    #[error("no signing key of relay {0} made this statement")]
    Signature(Name),
}

impl Statement for Accepted {
    const HASH: Label = Label::ACCEPTED;
    const SIGNATURE: Label = Label::ACCEPTED_SIGNATURE;
    const CHECK: Check = Check::Q6;
}

impl Accepted {
    /// The one version of the format.
    pub const VERSION: u16 = 1;
}

impl Signed<Accepted> {
    /// Proves a relay's answer by the roster (PROTOCOL Q6).
    pub fn verify(self, roster: &Roster) -> Result<Proven<Accepted>, AcceptedFault> {
        let accepted: &Accepted = &self.statement;
        if Check::W3.refuses(accepted.version != Accepted::VERSION) {
            return Err(AcceptedFault::Version(accepted.version));
        }
        let taken = accepted.outcome == Outcome::Accepted;
        if Check::Q6.refuses(taken != (accepted.reason == AcceptReason::None)) {
            return Err(AcceptedFault::Form);
        }
        let relay = accepted.relay.clone();
        let keys = roster.relay_keys_ever(&relay);
        self.prove(&keys)
            .map_err(|_| AcceptedFault::Signature(relay))
    }
}

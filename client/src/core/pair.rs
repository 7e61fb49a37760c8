//! The two keys of this device, transport and signing: when others are made, and when they are
//! used.
//!
//! A desk makes its next pair itself and offers it in its bundle (PROTOCOL R12). Its organisation
//! puts it into the annex, and as soon as the roster in use has it the desk goes on with it. The
//! old pair stands beside it for longer than anybody is away, so neither step is urgent.

use maille_common::address::DeviceId;
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::roster::{DeviceKeys, Roster};
use maille_common::time::Timestamp;

use super::desk::Desk;

/// The public halves of the keys that a device offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedKeys {
    /// For the TLS handshake.
    pub transport: VerifyingKey,
    /// For signatures.
    pub signing: VerifyingKey,
    /// When they were made, by the desk's clock.
    pub made: Timestamp,
}

impl OfferedKeys {
    /// Whether a pair of a roster is this one.
    pub fn are(&self, pair: &DeviceKeys) -> bool {
        (pair.transport, pair.signing) == (self.transport, self.signing)
    }
}

/// What a device has to do about its two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairWork {
    /// Make the next pair, and offer it.
    Make,
    /// Use the next pair: the roster has it.
    Take,
}

/// What a device has to do about its two keys now, if anything.
///
/// `in_use` is the signing key that it signs with. Where the roster has a newer pair that is not
/// here, as after a backup, another one is made while the pair in use still counts.
pub fn pair_work(
    roster: &Roster,
    device: &DeviceId,
    in_use: &VerifyingKey,
    offered: Option<&OfferedKeys>,
    now: Timestamp,
) -> Option<PairWork> {
    let pairs = &roster.device(device)?.device.keys;
    if let Some(offered) = offered {
        let mut begun = pairs.iter().filter(|pair| pair.valid_from <= now);
        return begun
            .any(|pair| offered.are(pair))
            .then_some(PairWork::Take);
    }
    let at = pairs.iter().position(|pair| pair.signing == *in_use)?;
    (at > 0 || pairs[at].are_due(now)).then_some(PairWork::Make)
}

impl Desk {
    /// The keys that this desk signs with, as the roster in use has them; none where it has others.
    pub fn pair_in_use(&self) -> Option<&DeviceKeys> {
        let signing = self.identity.signing.verifying_key();
        let entry = self.roster.device(&self.identity.device)?;
        entry
            .device
            .keys
            .iter()
            .find(|pair| pair.signing == signing)
    }
}

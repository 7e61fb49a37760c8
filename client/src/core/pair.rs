//! The two keys of this device, transport and signing: when others are made, and when they are
//! used.
//!
//! A desk makes its next pair itself and offers it in its bundle (PROTOCOL R12). Its organisation
//! puts it into the annex, and as soon as the roster in use has it the desk goes on with it. The
//! old pair stands beside it for longer than anybody is away, so neither step is urgent.

use maille_common::address::DeviceId;
use maille_common::codec::coded_enum;
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::record::write_record;
use maille_common::roster::{DeviceKeys, Roster};
use maille_common::terms::Status;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::records::KeysToldRecord;
use super::tables;

/// Keys that are offered wait for so long before that is told, and it is told again after as long.
pub const RENEWAL_WAITS: Span = Span::from_days(14);

coded_enum! {
    /// What is wrong with the two keys of a device, so that its organisation has to act.
    pub enum KeysTrouble: u8 {
        /// It has offered others, and no roster has taken them up.
        Waiting = 1 => "renewal-waits",
        /// The roster has newer ones for it, which it does not hold.
        Others = 2 => "keys-of-others",
    }
}

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

    /// What is wrong with this desk's keys, and since when; none where its organisation has nothing
    /// to do. `offered` are those that it offers.
    pub fn keys_trouble(
        &self,
        offered: Option<&OfferedKeys>,
        now: Timestamp,
    ) -> Option<(KeysTrouble, Timestamp)> {
        let pairs = &self.roster.device(&self.identity.device)?.device.keys;
        let newest = pairs.first()?;
        let is_taken_up = offered.is_some_and(|offered| pairs.iter().any(|pair| offered.are(pair)));
        let in_use = self.identity.signing.verifying_key();
        if newest.signing != in_use && !is_taken_up {
            return Some((KeysTrouble::Others, newest.valid_from));
        }
        let made = offered.filter(|_| !is_taken_up)?.made;
        (now.since(made) >= RENEWAL_WAITS).then_some((KeysTrouble::Waiting, made))
    }

    /// Tells what is wrong with this desk's keys, once, and again as long as that lasts. What is
    /// well again is forgotten.
    pub fn tell_keys(
        &mut self,
        offered: Option<&OfferedKeys>,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        let told: Option<KeysToldRecord> = self.find(tables::KEYS_TOLD, tables::KEYS_TOLD_KEY)?;
        match self.keys_trouble(offered, now) {
            Some((trouble, since)) => {
                let again = told.is_none_or(|told| {
                    (told.trouble, told.since) != (trouble, since)
                        || now.since(told.at) >= RENEWAL_WAITS
                });
                if again {
                    let record = KeysToldRecord {
                        trouble,
                        since,
                        at: now,
                    };
                    let record = write_record(&record);
                    batch.put(tables::KEYS_TOLD, tables::KEYS_TOLD_KEY, &record);
                    let kind = EventKind::Keys { trouble, since };
                    self.event(&mut batch, kind, Status::Actual, now)?;
                }
            }
            None if told.is_some() => {
                batch.delete(tables::KEYS_TOLD, tables::KEYS_TOLD_KEY);
            }
            None => {}
        }
        self.settle(batch)
    }
}

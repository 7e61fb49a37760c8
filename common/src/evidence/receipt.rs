//! Receipts: what a recipient's device says it did with an alert.

use thiserror::Error;

use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::codec::{Decode, Encode};
use crate::evidence::{Proofs, Proven, Signed, Statement};
use crate::extension::Extensions;
use crate::hash::{Hash, hash};
use crate::identifier::{AlertId, Epoch};
use crate::label::Label;
use crate::roster::{Roster, Subject};
use crate::terms::{Actor, Reason, Stage};
use crate::time::Timestamp;

/// One stage of one alert at one device.
///
/// The relay sees all of it; names and notes stand in it only as salted hashes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// Format version, 1.
    pub version: u16,
    /// The alert; for an addendum the original.
    pub alert: AlertId,
    /// The contact whose obligation it is.
    pub recipient: ContactAddress,
    /// The contact that acts: the recipient, or its deputy. Of an `own` wrap, both are the sender.
    pub contact: ContactAddress,
    /// The device that signs.
    pub device: DeviceId,
    /// How far the alert came.
    pub stage: Stage,
    /// Officer or system.
    pub actor: Actor,
    /// Why it was refused or returned.
    pub reason: Reason,
    /// `H("officer", salt | name)`, zero for the system.
    pub officer: Hash,
    /// `H("note", sealed note)`, zero for none.
    pub note: Hash,
    /// The device's clock.
    pub time: Timestamp,
    /// The roster it judged by.
    pub roster: Hash,
    /// The number of its newest sealing-key bundle.
    pub bundle: u64,
    /// The life of the device's store.
    pub epoch: Epoch,
    /// Its number among this device's receipts to this sender's contact, from 1.
    pub number: u64,
    /// The hash of the receipt before it in that row, zero for the first.
    pub previous: Hash,
    /// What later versions add.
    pub extensions: Extensions,
}

/// Why a receipt is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReceiptFault {
    /// Q1: another version.
    #[error("the receipt has version {0}, and this program reads version 1")]
    Version(u16),
    /// Q1: the reason does not fit the stage, or an officer's act names no officer.
    #[error("the receipt's stage, actor and reason do not fit together")]
    Form,
    /// Q1: an extension that must be known.
    #[error("the receipt has the critical extension {0}, which this program does not know")]
    CriticalExtension(u32),
    /// Q2: no key of the device signed it.
    #[error("no signing key of device {0} made this receipt")]
    Signature(DeviceId),
    /// Q3: the device does not act for the contact, or the contact not for the recipient.
    #[error("device {device} may not answer for {recipient}")]
    NotEntitled {
        /// The device that signed.
        device: DeviceId,
        /// Whose obligation it claims to answer.
        recipient: ContactAddress,
    },
    /// Q4: it is about another alert, or another recipient, than the one it is held against.
    #[error("the receipt is about another alert or recipient")]
    Elsewhere,
}

impl ReceiptFault {
    /// The number of the check in PROTOCOL.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Version(_) | Self::Form | Self::CriticalExtension(_) => "Q1",
            Self::Signature(_) => "Q2",
            Self::NotEntitled { .. } => "Q3",
            Self::Elsewhere => "Q4",
        }
    }
}

impl Statement for Receipt {
    const HASH: Label = Label::RECEIPT;
    const SIGNATURE: Label = Label::RECEIPT_SIGNATURE;
    const CHECK: Check = Check::Q2;
}

impl Receipt {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// Checks what the codec cannot (PROTOCOL Q1).
    pub fn check(&self) -> Result<(), ReceiptFault> {
        if Check::W3.refuses(self.version != Self::VERSION) {
            return Err(ReceiptFault::Version(self.version));
        }
        let reason = self.reason.code();
        let reason_fits = match self.stage {
            Stage::Refused => (1..32).contains(&reason),
            Stage::Returned => reason >= 32,
            _ => reason == 0,
        };
        let deliberate = matches!(
            self.stage,
            Stage::Read | Stage::Acknowledged | Stage::Refused
        );
        let named = self.officer != Hash::ZERO;
        let officer_fits = match self.actor {
            Actor::Officer => named && deliberate,
            Actor::System => !named && !matches!(self.stage, Stage::Read | Stage::Refused),
        };
        if Check::Q1.refuses(!reason_fits || !officer_fits) {
            return Err(ReceiptFault::Form);
        }
        match crate::extension::first_unknown_critical(&self.extensions) {
            Some(number) => Check::Q1.found(Err(ReceiptFault::CriticalExtension(number))),
            None => Ok(()),
        }
    }

    /// Whether its device, or what that belongs to, is under a suspension that was issued by when
    /// the receipt says it was made (PROTOCOL Q3).
    pub fn is_under_suspension(&self, roster: &Roster) -> bool {
        self.was_suspended_by(roster, self.time)
    }

    /// The same of a receipt about an alert that was made then: whoever is suspended can date an
    /// answer back, and not the alert.
    pub fn is_suspended_about(&self, roster: &Roster, made: Timestamp) -> bool {
        self.was_suspended_by(roster, self.time.max(made))
    }

    fn was_suspended_by(&self, roster: &Roster, at: Timestamp) -> bool {
        let subject = Subject::Device(self.contact.clone(), self.device);
        roster
            .suspended(&subject)
            .is_some_and(|suspension| suspension.issued <= at)
    }

    /// The fault of one whose device, or contact, may not answer.
    pub fn not_entitled(&self) -> ReceiptFault {
        ReceiptFault::NotEntitled {
            device: self.device,
            recipient: self.recipient.clone(),
        }
    }

    /// Whether its device answers for its recipient about an alert that was made then, with
    /// whichever key.
    fn may_answer(&self, roster: &Roster, made: Timestamp) -> bool {
        let Self {
            contact, recipient, ..
        } = self;
        let answers = contact == recipient || roster.is_deputy_about(contact, recipient, made);
        let acts = roster.is_device_about(&self.device, contact, made);
        Check::Q3.holds(answers && acts && !self.was_suspended_by(roster, made))
    }
}

impl Proven<Receipt> {
    /// Whether it answers for its recipient about an alert that was made then: a deputy that was
    /// dismissed long before answers no more, nor does a device that was removed long before, or
    /// suspended before, nor a key that was replaced and ended long before, whatever time is
    /// written (PROTOCOL Q3).
    pub fn is_entitled(&self, roster: &Roster, made: Timestamp) -> bool {
        self.statement().may_answer(roster, made) && !self.is_by_ended_key(roster, made)
    }

    /// Whether its key proves nothing about an alert that was made then: another took its place,
    /// and its end was long before (PROTOCOL Q3).
    pub fn is_by_ended_key(&self, roster: &Roster, made: Timestamp) -> bool {
        let receipt = self.statement();
        let ended = roster.ended_keys_about(&receipt.device, &receipt.contact, made);
        Check::Q3.refuses(ended.contains(self.key()))
    }
}

impl Signed<Receipt> {
    /// The same as [`Proven::is_entitled`] of one that was proven when it came. By which key is
    /// only looked at where its device had one that ended long before the alert was made.
    pub fn is_entitled_again(&self, roster: &Roster, made: Timestamp, proofs: &mut Proofs) -> bool {
        let receipt: &Receipt = &self.statement;
        if !receipt.may_answer(roster, made) {
            return false;
        }
        let ended = roster.ended_keys_about(&receipt.device, &receipt.contact, made);
        let counts = |proven: Proven<Receipt>| !proven.is_by_ended_key(roster, made);
        ended.is_empty() || self.clone().verify_again(roster, proofs).is_ok_and(counts)
    }

    /// Proves a receipt by the roster (PROTOCOL Q1 to Q3).
    ///
    /// A device of the sender that answers for an `own` wrap does so for its own contact. Whether
    /// a deputy was dismissed, a device removed or suspended, or a key ended, before the alert was
    /// made ([`Proven::is_entitled`]), the alert is one of mine (Q4), and the row has no hole (Q5)
    /// is the caller's, who holds them.
    pub fn verify(self, roster: &Roster) -> Result<Proven<Receipt>, ReceiptFault> {
        let receipt: &Receipt = &self.statement;
        receipt.check()?;
        let Receipt {
            contact, recipient, ..
        } = receipt;
        let entitled = contact == recipient || roster.was_deputy(contact, recipient);
        if Check::Q3.refuses(receipt.is_under_suspension(roster) || !entitled) {
            return Err(receipt.not_entitled());
        }
        self.verify_again(roster, &mut Proofs::default())
    }

    /// Proves a receipt that passed [`Signed::verify`] when it came, as it is read from a store.
    ///
    /// Who is a deputy and who is suspended may have changed since, which takes nothing back: an
    /// obligation's state only climbs.
    pub fn verify_again(
        self,
        roster: &Roster,
        proofs: &mut Proofs,
    ) -> Result<Proven<Receipt>, ReceiptFault> {
        let receipt: &Receipt = &self.statement;
        let device = receipt.device;
        let keys = roster.signing_keys_for(&device, &receipt.contact);
        if keys.is_empty() {
            return Err(receipt.not_entitled());
        }
        self.prove_again(&keys, proofs)
            .map_err(|_| ReceiptFault::Signature(device))
    }
}

/// `H("officer", salt | name)`: names nobody to those who do not know the salt.
pub fn officer_hash(salt: &[u8; 16], name: &str) -> Hash {
    hash(Label::OFFICER, &[salt, name.as_bytes()])
}

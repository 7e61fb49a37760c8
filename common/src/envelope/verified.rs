//! An envelope whose writer, rules and place are proven.

use thiserror::Error;

use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::codec::Exact;
use crate::crypto::ed25519::VerifyingKey;
use crate::crypto::merkle;
use crate::envelope::signed::are_all_entries;
use crate::envelope::{
    Core, Delivery, Entry, Env, Original, SealedEnvelope, Signatures, body_hash, core_hash,
};
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::label::Label;
use crate::limits;
use crate::roster::{Designation, KeyTerm, Roster};
use crate::terms::{Kind, Release};
use crate::time::Timestamp;

/// A delivery to this device by a designated sender, allowed by a rule, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEnvelope {
    id: AlertId,
    delivery: Delivery,
}

/// Why an envelope is not believed. Each names the check of PROTOCOL that refused it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VerifyFault {
    /// E4: the sender is not designated.
    #[error("{contact} is not a designated sender: {designation}")]
    Sender {
        /// Who the envelope claims to be from.
        contact: ContactAddress,
        /// What the roster says of it.
        designation: Designation,
    },
    /// E4: the device does not act for the sender.
    #[error("device {0} does not act for the sender in this roster")]
    SenderDevice(DeviceId),
    /// E5: a signature is missing, by the wrong device, or does not hold.
    #[error("the signature of device {0} does not hold")]
    Signature(DeviceId),
    /// E5: a rule asks for a second person.
    #[error("the rule from {from} to {to} asks for two persons' signatures, and there is one")]
    TwoPersons {
        /// The sender.
        from: ContactAddress,
        /// The recipient whose rule it is.
        to: ContactAddress,
    },
    /// E6: no rule lets the sender reach the recipient.
    #[error("no rule allows {from} to reach {to}")]
    NoRule {
        /// The sender.
        from: ContactAddress,
        /// The recipient.
        to: ContactAddress,
    },
    /// E11: the entry is another device's.
    #[error("the entry is for device {0}, not for this one")]
    NotMine(DeviceId),
    /// E11: entry, path, wrap or body are not those that were signed.
    #[error("the {0} is not the one that was signed")]
    NotSigned(&'static str),
    /// E12: the entry's release does not fit this device's contact.
    #[error("the entry does not address this device's contact in the role it names")]
    Role,
    /// E17: an addendum is not by the contact that sent the original.
    #[error("the addendum is by another contact than the alert it extends")]
    OtherSender,
}

impl VerifyFault {
    /// The number of the check in PROTOCOL.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Sender { .. } | Self::SenderDevice(_) => "E4",
            Self::Signature(_) | Self::TwoPersons { .. } => "E5",
            Self::NoRule { .. } => "E6",
            Self::NotMine(_) | Self::NotSigned(_) => "E11",
            Self::Role => "E12",
            Self::OtherSender => "E17",
        }
    }

    /// Whether the sender alone can have brought it about, so that a refusal is answered for good.
    ///
    /// A relay can hand over another device's entry, another wrap or body, or keep the second
    /// signature back. An answer to that would let one relay refuse in a device's name what the
    /// next one, or the same one later, hands over whole (DESIGN I3).
    pub fn is_answerable(&self) -> bool {
        match self {
            Self::Sender { .. }
            | Self::SenderDevice(_)
            | Self::Signature(_)
            | Self::TwoPersons { .. }
            | Self::NotMine(_)
            | Self::NotSigned(_) => false,
            Self::NoRule { .. } | Self::Role | Self::OtherSender => true,
        }
    }

    /// Whether the envelope's signatures held, so that its id is one the sender gave.
    pub fn is_signed(&self) -> bool {
        !matches!(
            self,
            Self::Sender { .. } | Self::SenderDevice(_) | Self::Signature(_)
        )
    }
}

impl SealedEnvelope {
    /// Proves writer, rules and place (PROTOCOL E4 to E6, E11, E12, and E17 for an addendum).
    ///
    /// `me` is this device; `now` judges the designation of the sender: removal by the newest
    /// roster, whereas a designation that ended after the envelope was written is shown, not
    /// refused (DESIGN §3).
    pub fn verify(
        self,
        roster: &Roster,
        me: &DeviceId,
        now: Timestamp,
    ) -> Result<VerifiedEnvelope, VerifyFault> {
        let delivery = self.delivery();
        let core: &Core = &delivery.env.core;
        check_writer(
            &delivery.env,
            &delivery.signatures,
            roster,
            now.min(core.created),
        )?;
        let original = delivery.original.as_ref();
        if let Some(original) = original {
            check_extended(core, original, roster)?;
        }
        Check::E11.found(check_place(delivery, me))?;
        let recipient = check_role(core, &delivery.entry, roster, me)?;
        if let Some(recipient) = recipient {
            check_two_persons(core, &delivery.signatures, original, recipient, roster)?;
            check_rule(core, original, recipient, roster)?;
        }
        Ok(VerifiedEnvelope {
            id: self.id(),
            delivery: self.into_delivery(),
        })
    }
}

impl VerifiedEnvelope {
    /// The id of this envelope; for an addendum its own.
    pub fn id(&self) -> AlertId {
        self.id
    }

    /// The id of the alert it carries: for an addendum the original's.
    pub fn alert_id(&self) -> AlertId {
        match self.core().kind {
            Kind::Addendum => self.core().reference,
            _ => self.id,
        }
    }

    /// The envelope's core.
    pub fn core(&self) -> &Core {
        &self.delivery.env.core
    }

    /// The env whose body this is: for an addendum the original's.
    pub fn body_env(&self) -> &Exact<Env, { limits::ENV_BYTES_MAX }> {
        self.delivery
            .original
            .as_ref()
            .map_or(&self.delivery.env, |original| &original.env)
    }

    /// `H("core", core)` of the envelope itself, to which its wraps are bound.
    pub fn core_hash(&self) -> Hash {
        core_hash(&self.delivery.env.core)
    }

    /// The contact whose obligation this wrap serves: none for `own`.
    pub fn recipient(&self) -> Option<&ContactAddress> {
        self.core().recipient(self.delivery.entry.recipient)
    }

    /// What was received.
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }
}

/// E4 and E5: the sender is designated, and signed with keys that count at `at`.
pub(super) fn check_writer(
    env: &Exact<Env, { limits::ENV_BYTES_MAX }>,
    signatures: &Signatures,
    roster: &Roster,
    at: Timestamp,
) -> Result<(), VerifyFault> {
    let core: &Core = &env.core;
    let designation = roster.designated(&core.sender, at);
    if Check::E4.refuses(!designation.is_valid()) {
        return Err(VerifyFault::Sender {
            contact: core.sender.clone(),
            designation,
        });
    }
    check_signatures(env, signatures, |device| {
        if Check::E4.refuses(!roster.acts_for(device, &core.sender)) {
            return Vec::new();
        }
        signing_keys(roster, device, &core.sender, |term| {
            Check::E4.holds(term.current && term.counts_at(at))
        })
    })
}

/// E17 for an addendum: the alert it extends is the same contact's, and was signed.
///
/// A device that is gone by now, or has other keys, has signed nevertheless: whoever signs the
/// addendum, today, names this very alert by its id.
pub(super) fn check_extended(
    core: &Core,
    original: &Original,
    roster: &Roster,
) -> Result<(), VerifyFault> {
    if Check::E17.refuses(original.env.core.sender != core.sender) {
        return Err(VerifyFault::OtherSender);
    }
    check_written(&original.env, &original.signatures, roster, &core.sender)
}

/// E5 of what was written under an earlier roster: each signature holds under any key that its
/// device has had for the sender's contact.
pub(super) fn check_written(
    env: &Exact<Env, { limits::ENV_BYTES_MAX }>,
    signatures: &Signatures,
    roster: &Roster,
    sender: &ContactAddress,
) -> Result<(), VerifyFault> {
    check_signatures(env, signatures, |device| {
        signing_keys(roster, device, sender, |_| true)
    })
}

/// The keys with which a device signs for a contact, of those terms that count.
fn signing_keys(
    roster: &Roster,
    device: &DeviceId,
    contact: &ContactAddress,
    counts: impl Fn(&KeyTerm) -> bool,
) -> Vec<VerifyingKey> {
    roster
        .device_signing_keys(device)
        .into_iter()
        .filter(|(acted_for, term)| acted_for == contact && counts(term))
        .map(|(_, term)| term.key)
        .collect()
}

/// E5: the first signature is by the core's device, a second by another one, and each holds.
fn check_signatures(
    env: &Exact<Env, { limits::ENV_BYTES_MAX }>,
    signatures: &Signatures,
    keys_of: impl Fn(&DeviceId) -> Vec<VerifyingKey>,
) -> Result<(), VerifyFault> {
    Check::E5.found(check_signers(env.core.device, signatures))?;
    let id = Env::id(env.bytes());
    let signed = Hash::from_bytes(*id.as_bytes());
    for signature in signatures.iter() {
        let keys = keys_of(&signature.device);
        if Check::E4.refuses(keys.is_empty()) {
            return Err(VerifyFault::SenderDevice(signature.device));
        }
        let holds = keys.iter().any(|key| {
            key.verify(Label::ENVELOPE_SIGNATURE, &signed, &signature.signature)
                .is_ok()
        });
        if Check::E5.refuses(!holds) {
            return Err(VerifyFault::Signature(signature.device));
        }
    }
    Ok(())
}

/// E5: who signs, whether or not the signatures hold.
fn check_signers(device: DeviceId, signatures: &Signatures) -> Result<(), VerifyFault> {
    let first = signatures.first().ok_or(VerifyFault::Signature(device))?;
    if first.device != device {
        return Err(VerifyFault::Signature(first.device));
    }
    match signatures.get(1) {
        Some(second) if second.device == device => Err(VerifyFault::Signature(device)),
        _ => Ok(()),
    }
}

/// E5: where a rule asks for two persons, two signed.
///
/// An addendum is judged by the urgency of the alert it extends as well, or a sender could evade
/// the rule. Two who signed that alert for this recipient need not sign the addendum again.
pub(super) fn check_two_persons(
    core: &Core,
    signatures: &Signatures,
    original: Option<&Original>,
    to: &ContactAddress,
    roster: &Roster,
) -> Result<(), VerifyFault> {
    let extended = original.map(|original| &*original.env.core);
    let signed_before = original.is_some_and(|original| {
        original.signatures.len() > 1 && original.env.core.recipient_index(to).is_some()
    });
    let asked = [Some(core), extended]
        .into_iter()
        .flatten()
        .any(|core| roster.two_persons_required(&core.sender, to, core.urgency));
    if Check::E5.holds(signatures.len() > 1 || signed_before || !asked) {
        return Ok(());
    }
    Err(VerifyFault::TwoPersons {
        from: core.sender.clone(),
        to: to.clone(),
    })
}

/// E6: a rule carries this kind from the sender to the recipient. An addendum goes where the alert
/// it extends may go.
pub(super) fn check_rule(
    core: &Core,
    original: Option<&Original>,
    to: &ContactAddress,
    roster: &Roster,
) -> Result<(), VerifyFault> {
    let kind = original.map_or(core.kind, |original| original.env.core.kind);
    let forward = roster.allows(&core.sender, to);
    // A rule A -> B carries everything about A's alerts both ways (DESIGN §3).
    let both_ways = kind == Kind::Reply || !kind.carries_obligation();
    if Check::E6.holds(forward || (both_ways && roster.allows(to, &core.sender))) {
        return Ok(());
    }
    Err(VerifyFault::NoRule {
        from: core.sender.clone(),
        to: to.clone(),
    })
}

/// E11: entry, wrap and body are the signed ones, and the entry is mine.
fn check_place(delivery: &Delivery, me: &DeviceId) -> Result<(), VerifyFault> {
    let Delivery {
        env,
        proof,
        entry,
        wrap,
        entries,
        original,
        body,
        ..
    } = delivery;
    if entry.device != *me {
        return Err(VerifyFault::NotMine(entry.device));
    }
    let leaf = merkle::leaf_hash(entry.leaf().as_bytes());
    if !merkle::verify(
        &env.root,
        env.entries.into(),
        proof.index.into(),
        &leaf,
        &proof.path,
    ) {
        return Err(VerifyFault::NotSigned("entry"));
    }
    if Entry::wrap_hash(wrap) != entry.wrap {
        return Err(VerifyFault::NotSigned("wrap"));
    }
    let shown = match entry.release {
        Release::Own => are_all_entries(entries, env),
        Release::Now | Release::After => entries.is_empty(),
    };
    if !shown {
        return Err(VerifyFault::NotSigned("list of entries"));
    }
    check_body(
        original.as_ref().map_or(env, |original| &original.env),
        body,
    )
}

/// E11: the body is the signed one.
pub(super) fn check_body(env: &Env, body: &[u8]) -> Result<(), VerifyFault> {
    let length_holds = u64::try_from(body.len()) == Ok(env.body_length);
    if !length_holds || body_hash(body) != env.body_hash {
        return Err(VerifyFault::NotSigned("body"));
    }
    Ok(())
}

/// E12: the release fits this device's contact. The recipient served, if there is one.
fn check_role<'a>(
    core: &'a Core,
    entry: &Entry,
    roster: &Roster,
    me: &DeviceId,
) -> Result<Option<&'a ContactAddress>, VerifyFault> {
    if Check::E12.refuses(!entry.is_well_formed(core.recipients.len())) {
        return Err(VerifyFault::Role);
    }
    let recipient = core.recipient(entry.recipient);
    let fits = match (entry.release, recipient) {
        (Release::Now, Some(principal)) if entry.asks_now() => {
            core.kind == Kind::Addendum && roster.acts_for_deputy_of(me, principal)
        }
        (Release::Now, Some(recipient)) => roster.acts_for(me, recipient),
        (Release::Own, _) => roster.acts_for(me, &core.sender),
        (Release::After, Some(principal)) => roster.acts_for_deputy_of(me, principal),
        _ => false,
    };
    if Check::E12.holds(fits) {
        Ok(recipient)
    } else {
        Err(VerifyFault::Role)
    }
}

//! The envelopes of an export: the alert, its addenda and its cancels.

use std::collections::BTreeSet;

use super::file::Export;
use super::rosters::Rosters;
use super::{ExportFault, Piece};
use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::envelope::{Original, ProvenEnvelope, SignedEnvelope, SignedFault, VerifyFault};
use crate::evidence::Evidence;
use crate::identifier::AlertId;
use crate::terms::Kind;

/// The envelopes, proven.
pub(super) struct Letters {
    pub(super) alert: ProvenEnvelope,
    pub(super) addenda: Vec<ProvenEnvelope>,
    pub(super) cancels: Vec<ProvenEnvelope>,
}

impl Letters {
    /// Proves every envelope (PROTOCOL X4).
    pub(super) fn prove(export: &Export, rosters: &Rosters) -> Result<Self, ExportFault> {
        let id = export.head.alert;
        let all = || {
            export.pieces().filter_map(|piece| match piece {
                Piece::Envelope(envelope) => Some(&**envelope),
                _ => None,
            })
        };
        let is_alert = |envelope: &&SignedEnvelope| {
            let kind = envelope.core().kind;
            let stands_alone = kind.carries_obligation() && kind != Kind::Addendum;
            envelope.id() == id && stands_alone
        };
        let alert = all().find(is_alert).ok_or(ExportFault::NoEnvelope(id))?;
        let original = alert.original();
        let mut letters = Self {
            alert: prove(alert, rosters, None)?,
            addenda: Vec::new(),
            cancels: Vec::new(),
        };
        for other in all().filter(|other| *other != alert) {
            let core = other.core();
            let about = core.refers_to() == Some(id);
            match core.kind {
                Kind::Addendum if about => {
                    let proven = prove(other, rosters, Some(&original))?;
                    letters.addenda.push(proven);
                }
                Kind::Cancel if about => {
                    let proven = prove(other, rosters, None)?;
                    letters.cancels.push(letters.by_sender(proven)?);
                }
                _ => Check::X4.found(Err(ExportFault::OtherEnvelope(other.id())))?,
            }
        }
        letters.addenda.sort_by_key(|letter| letter.core().created);
        letters.cancels.sort_by_key(|letter| letter.core().created);
        Ok(letters)
    }

    /// A cancel is by the contact that sent what it cancels (PROTOCOL E17).
    fn by_sender(&self, cancel: ProvenEnvelope) -> Result<ProvenEnvelope, ExportFault> {
        if Check::E17.holds(cancel.core().sender == self.alert.core().sender) {
            return Ok(cancel);
        }
        let fault = SignedFault::Verify(VerifyFault::OtherSender);
        Err(ExportFault::Envelope {
            id: cancel.id(),
            fault,
        })
    }

    /// The contact that sent all of them.
    pub(super) fn sender(&self) -> &ContactAddress {
        &self.alert.core().sender
    }

    /// The alert and its addenda.
    pub(super) fn carriers(&self) -> impl Iterator<Item = &ProvenEnvelope> {
        std::iter::once(&self.alert).chain(&self.addenda)
    }

    /// Every contact that owes an answer, by address.
    pub(super) fn recipients(&self) -> BTreeSet<&ContactAddress> {
        self.carriers()
            .flat_map(|letter| letter.core().recipients.iter())
            .collect()
    }

    /// Any envelope of these, by its id.
    pub(super) fn of(&self, id: &AlertId) -> Option<&ProvenEnvelope> {
        self.carriers()
            .chain(&self.cancels)
            .find(|letter| letter.id() == *id)
    }

    /// The devices that were addressed `now` for a recipient by the alert, or by the addendum that
    /// named it first, where all are shown. Of some alone it could not be said that every one
    /// returned it (PROTOCOL O5).
    pub(super) fn addressed(&self, recipient: &ContactAddress) -> BTreeSet<DeviceId> {
        let mut naming = self
            .carriers()
            .filter(|letter| letter.core().recipients.has(recipient));
        let first = naming.next().filter(|letter| letter.is_whole());
        let entries = first
            .into_iter()
            .flat_map(|letter| letter.entries_for(recipient));
        entries
            .filter(|entry| entry.is_for_recipient())
            .map(|entry| entry.device)
            .collect()
    }

    /// What the cancels mean for an obligation.
    pub(super) fn cancelled(&self) -> impl Iterator<Item = Evidence> {
        // An exercise takes back nothing that is real.
        let real = self.alert.core().status.is_actual();
        let counts = move |cancel: &&ProvenEnvelope| {
            Check::E17.holds(cancel.core().status.is_actual() == real)
        };
        self.cancels
            .iter()
            .filter(counts)
            .map(|cancel| Evidence::Cancel {
                id: cancel.id(),
                alert: self.alert.id(),
                time: cancel.core().created,
            })
    }
}

fn prove(
    envelope: &SignedEnvelope,
    rosters: &Rosters,
    original: Option<&Original>,
) -> Result<ProvenEnvelope, ExportFault> {
    let roster = rosters.named(&envelope.core().roster);
    let proven = envelope.clone().verify(roster, original);
    proven.map_err(|fault| ExportFault::Envelope {
        id: envelope.id(),
        fault,
    })
}

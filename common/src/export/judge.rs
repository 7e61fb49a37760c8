//! From a file and an anchor to what it proves.

use std::collections::BTreeMap;

use super::file::Export;
use super::letters::Letters;
use super::rosters::Rosters;
use super::{ExportFault, Piece, ProvenExport, ProvenReceipt, ProvenRecipient};
use crate::address::ContactAddress;
use crate::check::Check;
use crate::content::Alert;
use crate::drill::Reachability;
use crate::envelope::Content;
use crate::evidence::{
    Accepted, Evidence, Expiry, Notice, Obligation, Proven, SealedNote, Signed, SignedReceipt,
    Statement, officer_hash,
};
use crate::hash::Hash;
use crate::label::Label;
use crate::roster::Anchor;

/// The statements of an export, proven.
#[derive(Default)]
struct Statements {
    accepted: Vec<Proven<Accepted>>,
    receipts: Vec<ProvenReceipt>,
    notices: Vec<Proven<Notice>>,
    expiries: Vec<Proven<Expiry>>,
}

impl Export {
    /// Proves everything in the file from an anchor that was had another way (PROTOCOL X2 to X7).
    pub fn verify(&self, anchor: &Anchor) -> Result<ProvenExport, ExportFault> {
        let rosters = Rosters::found(self, anchor)?;
        self.check_exporter(&rosters)?;
        let letters = Letters::prove(self, &rosters)?;
        let statements = self.prove_statements(&rosters, &letters)?;
        let content = self.prove_content(&letters)?;
        let evidence = statements.evidence(&letters);
        let contacts = letters.recipients().into_iter();
        let recipients: Vec<ProvenRecipient> = contacts
            .map(|contact| statements.of(contact, &letters, &rosters, &evidence))
            .collect();
        let under = rosters.named(&letters.alert.core().roster);
        let rosters_of = (under, &rosters.newest);
        let reachability =
            Reachability::of(&letters.alert, &recipients, content.as_deref(), rosters_of);
        let copies = statements.receipts_for(letters.sender());
        Ok(ProvenExport {
            network: anchor.network.as_str().to_owned(),
            alert: self.head.alert,
            exported_by: self.head.contact.clone(),
            exporter: self.head.device,
            exported: self.head.time,
            roster_number: rosters.newest.authority().number,
            roster: rosters.newest.hash(),
            envelope: letters.alert,
            addenda: letters.addenda,
            cancels: letters.cancels,
            recipients,
            copies,
            content,
            reachability,
        })
    }

    /// PROTOCOL X3: the whole is signed, so that nobody else leaves a piece out.
    fn check_exporter(&self, rosters: &Rosters) -> Result<(), ExportFault> {
        let device = self.head.device;
        let keys = rosters.newest.signing_keys_for(&device, &self.head.contact);
        let holds = keys.iter().any(|key| {
            key.verify(Label::EXPORT_SIGNATURE, &self.hash, &self.signature)
                .is_ok()
        });
        match Check::X3.holds(holds) {
            true => Ok(()),
            false => Err(ExportFault::Exporter(device)),
        }
    }

    fn prove_statements(
        &self,
        rosters: &Rosters,
        letters: &Letters,
    ) -> Result<Statements, ExportFault> {
        let mut found = Statements::default();
        for piece in self.pieces() {
            match piece {
                Piece::Accepted(signed) => {
                    let letter = letters.of(&signed.statement.alert);
                    let to = letter.is_some_and(|letter| {
                        letter.core().recipients.has(&signed.statement.recipient)
                    });
                    let proven = believe(signed, to, |signed| signed.verify(&rosters.newest))?;
                    found.accepted.push(proven);
                }
                Piece::Receipt { receipt, note } => {
                    let proven = prove_receipt(receipt, note.as_ref(), rosters, letters)?;
                    found.receipts.push(proven);
                }
                Piece::Notice(signed) => {
                    let (alert, recipient) = (signed.statement.alert, &signed.statement.recipient);
                    let about = alert == self.head.alert
                        && (letters.recipients().contains(recipient)
                            || recipient == letters.sender());
                    let proven = believe(signed, about, |signed| signed.verify(&rosters.newest))?;
                    found.notices.push(proven);
                }
                Piece::Expiry(signed) => {
                    found.expiries.push(prove_expiry(signed, rosters, letters)?);
                }
                _ => {}
            }
        }
        found.name_officers(self)?;
        found.accepted.sort_by_key(|proven| proven.statement().time);
        found.notices.sort_by_key(|proven| proven.statement().time);
        found.expiries.sort_by_key(|proven| proven.statement().time);
        found
            .receipts
            .sort_by_key(|proven| proven.receipt.statement().time);
        Ok(found)
    }

    /// PROTOCOL X7: the words are those whose sealed form was signed.
    fn prove_content(&self, letters: &Letters) -> Result<Option<Box<Alert>>, ExportFault> {
        let mut revealed = None;
        for piece in self.pieces() {
            let Piece::Content { key, body } = piece else {
                continue;
            };
            let Content::Alert(content) = letters.alert.reveal(key, body)? else {
                return Err(ExportFault::NoEnvelope(self.head.alert));
            };
            if revealed.replace(content).is_some() {
                return Err(ExportFault::ContentTwice);
            }
        }
        Ok(revealed)
    }
}

/// Proves a relay's statement about this alert (PROTOCOL X5, Q6).
fn believe<S: Statement + Clone>(
    signed: &Signed<S>,
    about: bool,
    verify: impl FnOnce(Signed<S>) -> Result<Proven<S>, crate::evidence::AcceptedFault>,
) -> Result<Proven<S>, ExportFault> {
    let hash = signed.hash();
    if Check::X5.refuses(!about) {
        return Err(ExportFault::OtherStatement(hash));
    }
    verify(signed.clone()).map_err(|fault| ExportFault::Relay { hash, fault })
}

/// Proves an expiry of this alert (PROTOCOL X5, Q6).
fn prove_expiry(
    signed: &Signed<Expiry>,
    rosters: &Rosters,
    letters: &Letters,
) -> Result<Proven<Expiry>, ExportFault> {
    let hash = signed.hash();
    let expiry = &signed.statement;
    let about = expiry.alert == letters.alert.id();
    if Check::X5.refuses(!about || !letters.recipients().contains(&expiry.recipient)) {
        return Err(ExportFault::OtherStatement(hash));
    }
    let (roster, sender) = (&rosters.newest, letters.sender());
    let made = letters.alert.core().created;
    let proven = signed.clone().verify(roster, sender);
    let proven = proven.and_then(|proven| match proven.is_entitled(roster, sender, made) {
        true => Ok(proven),
        false => Err(expiry.not_entitled()),
    });
    proven.map_err(|fault| ExportFault::Expiry { hash, fault })
}

/// Proves a receipt of this alert, by the roster that it names (PROTOCOL X5, X6, Q1 to Q4).
fn prove_receipt(
    signed: &SignedReceipt,
    note: Option<&SealedNote>,
    rosters: &Rosters,
    letters: &Letters,
) -> Result<ProvenReceipt, ExportFault> {
    let hash = signed.hash();
    let stated = &signed.statement;
    let to = letters.recipients().contains(&stated.recipient)
        || (stated.recipient == *letters.sender() && stated.contact == stated.recipient);
    if Check::X5.refuses(stated.alert != letters.alert.id() || !to) {
        return Err(ExportFault::OtherStatement(hash));
    }
    if Check::X6.refuses(note.is_some_and(|note| note.hash() != stated.note)) {
        return Err(ExportFault::Note(hash));
    }
    let roster = rosters.named(&stated.roster);
    // Known to the newest alone: one that nobody here had heard of when the receipt came.
    let made = letters.alert.core().created;
    let newest = &rosters.newest;
    let is_later = Check::X5.stands() && roster.hash() != newest.hash();
    let is_void = is_later && stated.is_suspended_about(newest, made);
    let is_addressed = letters
        .carriers()
        .flat_map(|letter| letter.entries_for(&stated.recipient))
        .any(|entry| entry.device == stated.device);
    let proven = signed.clone().verify(roster);
    let proven = proven.and_then(|proven| match proven.is_entitled(roster, made) {
        true => Ok(proven),
        false => Err(stated.not_entitled()),
    });
    let receipt = proven.map_err(|fault| ExportFault::Receipt { hash, fault })?;
    Ok(ProvenReceipt {
        by_named_roster: roster.hash() == stated.roster,
        is_addressed,
        is_void: is_void || (is_later && receipt.is_by_ended_key(newest, made)),
        has_note: note.is_some(),
        officer: None,
        receipt,
    })
}

impl Statements {
    /// PROTOCOL X6: a name is the officer's whose hash the receipt holds.
    fn name_officers(&mut self, export: &Export) -> Result<(), ExportFault> {
        let mut names: BTreeMap<Hash, (&[u8; 16], &str)> = BTreeMap::new();
        for piece in export.pieces() {
            if let Piece::Officer {
                receipt,
                salt,
                name,
            } = piece
            {
                names.insert(*receipt, (salt, name.as_str()));
            }
        }
        for proven in &mut self.receipts {
            let hash = proven.receipt.hash();
            let Some((salt, name)) = names.remove(&hash) else {
                continue;
            };
            if Check::X6.refuses(officer_hash(salt, name) != proven.receipt.statement().officer) {
                return Err(ExportFault::Officer(hash));
            }
            proven.officer = Some(name.to_owned());
        }
        match names.into_keys().next() {
            Some(stray) => Err(ExportFault::Officer(stray)),
            None => Ok(()),
        }
    }

    /// Everything that counts for an obligation.
    fn evidence(&self, letters: &Letters) -> Vec<Evidence> {
        let receipts = self.receipts.iter().filter(|proven| !proven.is_void);
        let receipts = receipts.map(|proven| Evidence::Receipt(proven.receipt.clone()));
        let expiries = self.expiries.iter().cloned().map(Evidence::Expiry);
        receipts
            .chain(expiries)
            .chain(letters.cancelled())
            .collect()
    }

    fn receipts_for(&self, recipient: &ContactAddress) -> Vec<ProvenReceipt> {
        let receipts = self.receipts.iter();
        receipts
            .filter(|proven| proven.receipt.statement().recipient == *recipient)
            .cloned()
            .collect()
    }

    fn of(
        &self,
        contact: &ContactAddress,
        letters: &Letters,
        rosters: &Rosters,
        evidence: &[Evidence],
    ) -> ProvenRecipient {
        let obligation = Obligation {
            alert: letters.alert.id(),
            recipient: contact.clone(),
            addressed: letters.addressed(contact),
            ack_rule: letters.alert.core().ack_rule,
            system_acknowledges: rosters.newest.system_acknowledges(contact),
        };
        let entries = letters
            .carriers()
            .flat_map(|letter| letter.entries_for(contact));
        ProvenRecipient {
            contact: contact.clone(),
            entries: entries.cloned().collect(),
            standing: obligation.standing(evidence),
            accepted: kept(&self.accepted, |stated| &stated.recipient == contact),
            receipts: self.receipts_for(contact),
            expiries: kept(&self.expiries, |stated| &stated.recipient == contact),
            notices: kept(&self.notices, |stated| &stated.recipient == contact),
        }
    }
}

fn kept<S: Statement + Clone>(
    proven: &[Proven<S>],
    belongs: impl Fn(&S) -> bool,
) -> Vec<Proven<S>> {
    let belongs = |proven: &&Proven<S>| belongs(proven.statement());
    proven.iter().filter(belongs).cloned().collect()
}

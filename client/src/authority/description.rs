//! A roster or proposal as one text for review: which documents it is, by whose signatures, and
//! what it describes.

use std::fmt::Write;

use maille_common::roster::{KeySignature, Roster};

use super::plan::NetworkPlan;
use super::proposal::Proposal;

/// The roster in force.
pub fn roster_text(roster: &Roster) -> String {
    let mut text = String::new();
    in_force(&mut text, roster);
    text + &format!("\n{}", NetworkPlan::of_roster(roster))
}

impl Proposal {
    /// The network as it would be with the proposal in force. None for an annex of an organisation
    /// that the roster does not have.
    pub fn text(&self, roster: Option<&Roster>) -> Option<String> {
        let mut text = String::new();
        if let Some(roster) = roster {
            in_force(&mut text, roster);
        }
        proposed(&mut text, self);
        Some(text + &format!("\n{}", self.describe(roster)?))
    }
}

/// The documents in force, and whose signatures put them there.
fn in_force(text: &mut String, roster: &Roster) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# roster {}", roster.hash());
    let documents = roster.documents();
    let part = roster.authority();
    for signed in documents
        .authority
        .iter()
        .filter(|signed| signed.part.number == part.number)
    {
        let (issued, renew_by) = (part.issued, part.renew_by);
        let _ = writeln!(
            text,
            "# authority part {}, {}, issued {issued}, renew by {renew_by}",
            part.number,
            signed.hash()
        );
        signatures(text, &signed.signatures);
    }
    for signed in &documents.annexes {
        let annex = signed.annex.value();
        if roster.annex(&annex.organisation) != Some(annex) {
            continue;
        }
        let (name, number) = (&annex.organisation, annex.number);
        let (issued, renew_by) = (annex.issued, annex.renew_by);
        let _ = writeln!(
            text,
            "# annex {number} of {name}, {}, issued {issued}, renew by {renew_by}",
            signed.hash()
        );
        signatures(text, &signed.signatures);
    }
    for suspension in roster.suspensions() {
        let (subject, issued) = (&suspension.subject, suspension.issued);
        let _ = writeln!(text, "# suspended: {subject}, since {issued}");
    }
}

fn proposed(text: &mut String, proposal: &Proposal) {
    let (hash, issued, renew_by, signed) = match proposal {
        Proposal::Authority(signed) => {
            let part = signed.part.value();
            (
                signed.hash(),
                part.issued,
                part.renew_by,
                &signed.signatures,
            )
        }
        Proposal::Annex(signed) => {
            let annex = signed.annex.value();
            (
                signed.hash(),
                annex.issued,
                annex.renew_by,
                &signed.signatures,
            )
        }
    };
    let document = proposal.name().to_string().replace('`', "");
    let _ = writeln!(
        text,
        "# proposed: {document}, {hash}, issued {issued}, renew by {renew_by}"
    );
    signatures(text, signed);
}

fn signatures(text: &mut String, signatures: &[KeySignature]) {
    for signature in signatures {
        let _ = writeln!(text, "#   signed with {}", signature.key);
    }
}

//! `maille authority describe`: the roster in force, or what a proposal makes of it, as text.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{NetworkPlan, Proposal, ProposalError};
use maille_common::roster::{KeySignature, Roster};
use serde::Serialize;

use crate::args::RosterArgs;
use crate::command::{Context, Run};
use crate::fault::Fault;

/// Arguments of `authority describe`.
#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// A proposal; the roster in force where none is given.
    #[arg(value_name = "PROPOSAL")]
    proposal: Option<PathBuf>,
    #[command(flatten)]
    roster: RosterArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Described {
    text: String,
}

impl Run for Describe {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let trusted = self.roster.load()?;
        let roster = trusted.roster.as_ref();
        let mut text = String::new();
        let plan = match &self.proposal {
            Some(path) => {
                let proposal = Proposal::read(path)?;
                if let Some(roster) = roster {
                    in_force(&mut text, roster);
                }
                proposed(&mut text, &proposal);
                proposal
                    .describe(roster)
                    .ok_or_else(|| ProposalError::UnknownOrganisation {
                        document: proposal.name(),
                    })?
            }
            None => {
                let roster = trusted.in_force()?;
                in_force(&mut text, roster);
                NetworkPlan::of_roster(roster)
            }
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{plan}");
        let described = Described {
            text: text.trim_end().to_owned(),
        };
        context.output.result(&described, &described.text)
    }
}

/// The documents in force, and whose signatures put them there.
fn in_force(text: &mut String, roster: &Roster) {
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

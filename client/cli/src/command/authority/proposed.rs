//! What a proposal changes and where it stands, as commands tell it.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use maille_client::authority::{Proposal, ProposalStanding, Warning};
use maille_common::roster::Roster;
use maille_common::roster::difference::{Change, Difference};
use serde::Serialize;

use crate::clock::now;
use crate::command::Context;
use crate::fault::{Fault, Hint};
use crate::safe_text::safe_name;
use crate::sentence::{authority, hint};

/// A proposal in JSON.
#[derive(Debug, Serialize)]
pub(super) struct Proposed {
    document: String,
    proposal_file: PathBuf,
    difference: Vec<Changed>,
    warnings: Vec<Warned>,
    #[serde(flatten)]
    standing: Option<Standing>,
}

/// One thing that changes.
#[derive(Debug, Serialize)]
struct Changed {
    change: &'static str,
    text: String,
}

/// What it does to somebody.
#[derive(Debug, Serialize)]
pub(super) struct Warned {
    effect: &'static str,
    code: &'static str,
    text: String,
}

/// Who signed.
#[derive(Debug, Serialize)]
struct Standing {
    threshold: u8,
    signed: usize,
    missing: usize,
    signers: Vec<Signer>,
}

/// Somebody who may sign.
#[derive(Debug, Serialize)]
struct Signer {
    key: String,
    organisation: Option<String>,
    holder: Option<String>,
    has_signed: bool,
}

/// What whoever signs has to have read.
#[derive(Debug)]
pub(super) struct Reading {
    difference: Difference,
    warnings: Vec<Warning>,
}

impl Reading {
    /// What it changes in the roster in force, and what that does to whom.
    pub(super) fn of(proposal: &Proposal, roster: Option<&Roster>) -> Self {
        Self {
            difference: proposal.difference(roster),
            warnings: proposal.warnings(roster, now()),
        }
    }
}

impl Proposed {
    /// A proposal, what it changes, and where it stands if that is known.
    pub(super) fn new(
        proposal: &Proposal,
        file: &Path,
        reading: &Reading,
        standing: Option<&ProposalStanding>,
    ) -> Self {
        let changed = reading.difference.lines.iter().map(|line| Changed {
            change: match line.change {
                Change::Added => "added",
                Change::Removed => "removed",
                Change::Changed => "changed",
            },
            text: line.text.clone(),
        });
        Self {
            document: proposal.name().to_string(),
            proposal_file: file.to_owned(),
            difference: changed.collect(),
            warnings: reading.warnings.iter().map(Warned::of).collect(),
            standing: standing.map(Standing::from),
        }
    }
}

impl Warned {
    pub(super) fn of(warning: &Warning) -> Self {
        Self {
            effect: warning.effect.word(),
            code: warning.code,
            text: warning.text.clone(),
        }
    }
}

impl From<&ProposalStanding> for Standing {
    fn from(standing: &ProposalStanding) -> Self {
        let signers = standing.signers.iter().map(|signer| Signer {
            key: signer.key.to_string(),
            organisation: signer.organisation.as_ref().map(ToString::to_string),
            holder: signer.holder.clone(),
            has_signed: signer.has_signed,
        });
        Self {
            threshold: standing.threshold,
            signed: standing.signed(),
            missing: standing.missing(),
            signers: signers.collect(),
        }
    }
}

/// Writes a new proposal into a folder, shows what it changes, and gives its JSON.
pub(super) fn write(
    context: &Context,
    proposal: &Proposal,
    folder: &Path,
    roster: Option<&Roster>,
) -> Result<(PathBuf, Proposed), Fault> {
    let here = folder == Path::new(".");
    let folder = if here { Path::new("") } else { folder };
    let path = folder.join(proposal.file_name());
    proposal.write(&path).hint(hint::OtherOutFolder)?;
    let reading = Reading::of(proposal, roster);
    show(context, proposal, &reading);
    let proposed = Proposed::new(proposal, &path, &reading, None);
    Ok((path, proposed))
}

/// Shows what a proposal changes, each line made harmless: names in it are strangers' words, and
/// whoever signs has to see a look-alike.
pub(super) fn show(context: &Context, proposal: &Proposal, reading: &Reading) {
    let Reading {
        difference,
        warnings,
    } = reading;
    let output = &context.output;
    let document = &proposal.name();
    output.say(authority::Changes { document });
    for line in &difference.lines {
        output.say(format_args!("  {}", safe_name(&line.to_string())));
    }
    if difference.is_empty() {
        output.say(format_args!("  {}", authority::NothingChanges));
    }
    warn(context, warnings);
}

/// What has to be understood, a full sentence a line.
pub(super) fn warn(context: &Context, warnings: &[Warning]) {
    for warning in warnings {
        let text = safe_name(&warning.text);
        context.output.say(format_args!("  ! {text}"));
    }
}

/// Where a proposal stands, for people.
pub(super) fn standing_text(standing: &ProposalStanding) -> String {
    let signatures = authority::Signatures {
        document: &standing.document,
        signed: &standing.signed(),
        threshold: &standing.threshold,
    };
    let mut text = signatures.to_string();
    for signer in &standing.signers {
        let state: &dyn Display = match signer.has_signed {
            true => &authority::Signed,
            false => &authority::NotYet,
        };
        let who: &dyn Display = match &signer.organisation {
            Some(name) => name,
            None => &authority::UnknownHolder,
        };
        let holder = signer
            .holder
            .as_deref()
            .map(|holder| format!(", {}", safe_name(holder)));
        text += &format!(
            "\n  {state:7}  {}  {who}{}",
            signer.key.short(),
            holder.unwrap_or_default()
        );
    }
    text
}

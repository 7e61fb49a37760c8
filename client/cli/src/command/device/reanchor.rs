//! `maille device reanchor`: trust another anchor, after a letter, by two officers.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::RosterFolder;
use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, Reanchoring, Unlock};
use maille_common::roster::Roster;
use maille_common::roster::difference::Difference;
use serde::Serialize;

use crate::args::ask;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::safe_text::safe_name;
use crate::sentence::{device, fault, hint};

/// Arguments of `device reanchor`.
#[derive(Debug, Args)]
pub(crate) struct Reanchor {
    /// The new anchor, as it came with the letter.
    #[arg(long, value_name = "FILE")]
    anchor: PathBuf,
    /// The roster of the new anchor: a folder of documents, or one file with all of them.
    #[arg(long, value_name = "DIR|FILE")]
    roster: PathBuf,
    /// The code of the new anchor, typed from the letter.
    #[arg(long, value_name = "CODE")]
    code: String,
    /// How the letter is found again, such as its number and date.
    #[arg(long, value_name = "TEXT")]
    letter: String,
    /// The first of two officers.
    #[arg(long, value_name = "NAME")]
    officer: String,
    /// A file whose first line is the first officer's passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The second of two officers.
    #[arg(long, value_name = "NAME")]
    second_officer: String,
    /// A file whose first line is the second officer's passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    second_passphrase_file: Option<PathBuf>,
    /// Trust it without being asked.
    #[arg(long)]
    yes: bool,
}

/// The result.
#[derive(Debug, Serialize)]
struct Reanchored {
    anchor_code: String,
    before: String,
    roster: String,
}

impl Run for Reanchor {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let path = context.home()?;
        let roster = self.prove()?;
        let first = ask(self.passphrase_file.as_deref(), &self.officer)?;
        let second = ask(self.second_passphrase_file.as_deref(), &self.second_officer)?;
        let unlock = Unlock::Officer {
            name: &self.officer,
            passphrase: &first,
        };
        let home = Home::open(path, unlock).hint(hint::CheckOfficer)?;
        let before = RosterFolder::of_home(path).load(home.anchor())?;
        show(context, before.as_ref(), &roster);
        if !self.yes {
            context.output.confirm(device::TrustThis)?;
        }
        let old = home.anchor().code().to_string();
        let new = Reanchoring {
            roster: &roster,
            letter: &self.letter,
            officers: [(&self.officer, &first), (&self.second_officer, &second)],
        };
        home.reanchor(&new, now(), &mut OsRandomness::new())?;
        let done = Reanchored {
            anchor_code: roster.anchor().code().to_string(),
            before: old,
            roster: roster.hash().to_string(),
        };
        let text = device::Reanchored {
            code: &done.anchor_code,
        };
        context.output.result(&done, &text.to_string())
    }
}

impl Reanchor {
    /// The roster, proved from the anchor that the letter speaks of.
    fn prove(&self) -> Result<Roster, Fault> {
        let anchor = RosterFolder::read_anchor(&self.anchor).hint(hint::CheckAnchor)?;
        if !anchor.code().is(&self.code) {
            let fault = Fault::new(Exit::Refused, "wrong-anchor-code", fault::WrongAnchorCode);
            return Err(fault.with_hint(hint::CompareLetter));
        }
        let proved = RosterFolder::at(&self.roster)
            .load(&anchor)
            .hint(hint::CheckRoster)?;
        proved.ok_or_else(|| {
            let path = &self.roster.display();
            let sentence = fault::NoAuthorityPart { path };
            Fault::new(Exit::Input, "no-roster", sentence).with_hint(hint::CheckRoster)
        })
    }
}

/// What is different under the new anchor, which no signature of the old one vouches for.
fn show(context: &Context, old: Option<&Roster>, new: &Roster) {
    let part = Difference::between(old.map(Roster::authority), new.authority());
    let mut lines = part.lines;
    for organisation in &new.authority().organisations {
        let before = old.and_then(|roster| roster.annex(&organisation.name));
        if let Some(annex) = new.annex(&organisation.name) {
            lines.extend(Difference::between_annexes(before, annex).lines);
        }
    }
    context.output.say(device::ReanchorChanges);
    for line in lines {
        let line = line.to_string();
        context.output.say(format_args!("  {}", safe_name(&line)));
    }
}

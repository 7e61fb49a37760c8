//! `maille verify`: what an export proves, from the anchor alone. Needs no home and no network.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::authority::RosterFolder;
use maille_common::export::{Export, ExportFault, ProvenExport};
use maille_common::limits;

use super::{Context, Run};
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::sentence::{fault, hint, verify};

mod moment;
mod report;
mod text;

use report::Report;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The export.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The anchor of the network, as it was handed over in person.
    #[arg(long, value_name = "FILE", env = "MAILLE_ANCHOR")]
    anchor: PathBuf,
}

/// What is proven, for people.
pub(crate) fn report_of(proven: &ProvenExport) -> String {
    Report::of(proven).text()
}

impl Run for VerifyArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let anchor = RosterFolder::read_anchor(&self.anchor).hint(hint::CheckAnchor)?;
        let bytes = read(&self.file).map_err(|error| unreadable(&self.file, &error))?;
        let proven = Export::parse(&bytes).and_then(|export| export.verify(&anchor));
        let report = Report::of(&proven.map_err(|fault| refused(&fault))?);
        context.output.result(&report, &report.text())?;
        context.output.say(verify::Limits);
        Ok(())
    }
}

/// All of a file, or one byte more than an export may have.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(limits::EXPORT_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let (path, why) = (&path.display(), error);
    let sentence = fault::FileUnreadable { path, why };
    Fault::new(Exit::Input, "export-file", sentence).with_hint(hint::CheckExportPath)
}

/// The file proves nothing, and this is the check that says so.
fn refused(fault: &ExportFault) -> Fault {
    let check = &fault.check();
    let sentence = fault::ExportRefused { check, fault };
    let hint: &dyn Display = match fault {
        ExportFault::Roster(_) => &hint::CompareAnchor,
        _ => &hint::AskForExportAgain,
    };
    Fault::new(Exit::Unproven, fault.code(), sentence).with_hint(hint)
}

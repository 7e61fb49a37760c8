//! `maille archive open`: list, prove and restore what is in an archive. Needs no home and no
//! network.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use maille_client::archive::{ArchiveKeyFile, ArchivedAlert, OpenedArchive, open};
use maille_client::authority::RosterFolder;
use maille_common::time::Timestamp;
use serde::Serialize;

use super::restore::restore;
use crate::args::ask;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::form::word;
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::{archive, fault, hint};

/// Arguments of `archive open`.
#[derive(Debug, Args)]
pub(crate) struct Open {
    /// The folder of the archive.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The private key of the archive.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A file whose first line is its passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The anchor of the network, as it was handed over in person.
    #[arg(long, value_name = "FILE", env = "MAILLE_ANCHOR")]
    anchor: PathBuf,
    /// A new folder for what is restored; without it the archive is listed and proven.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    chains: Vec<Chain>,
    alerts: Vec<Alert>,
    faults: Vec<RecordFault>,
    /// Files that are nothing of an archive.
    others: Vec<PathBuf>,
}

/// A row of records.
#[derive(Debug, Serialize)]
struct Chain {
    chain: String,
    /// The number of the last one here.
    records: u64,
    /// Its hash, which the desk knows of its newest.
    last: String,
}

/// An alert.
#[derive(Debug, Serialize)]
struct Alert {
    id: String,
    short: String,
    from: String,
    #[serde(with = "word")]
    created: Timestamp,
    /// `null` where its content had been purged before it was archived.
    subject: Option<String>,
    /// Of each recipient.
    states: Vec<String>,
    records: u64,
    /// Attachments that are not in the archive.
    attachments_missing: usize,
    /// Where it was restored to.
    folder: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct RecordFault {
    file: PathBuf,
    code: String,
    message: String,
}

impl Run for Open {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let anchor = RosterFolder::read_anchor(&self.anchor).hint(hint::CheckAnchor)?;
        let file = ArchiveKeyFile::read(&self.key).hint(hint::CheckArchiveKey)?;
        let whose = archive::Key.to_string();
        let passphrase = match file.is_sealed() {
            true => Some(ask(self.passphrase_file.as_deref(), &whose)?),
            false => None,
        };
        let key = file
            .open(passphrase.as_ref())
            .hint(hint::CheckPassphraseFile)?;
        let opened = open(&self.folder, &key, &anchor).hint(hint::CheckArchiveAndKey)?;
        let restored = match &self.to {
            Some(to) => restore(&opened.alerts, to)?,
            None => vec![None; opened.alerts.len()],
        };
        let found = Found::of(&opened, restored);
        context.output.result(&found, &found.text())?;
        for path in &found.others {
            let path = &path.display();
            context.output.say(archive::NotOurs { path });
        }
        context.output.say(archive::CompareNewest);
        found.judged()
    }
}

impl Found {
    fn of(opened: &OpenedArchive, restored: Vec<Option<PathBuf>>) -> Self {
        let chains = opened.chains.iter().map(|chain| Chain {
            chain: chain.chain.to_string(),
            records: chain.number,
            last: chain.last.to_string(),
        });
        let faults = opened.faults.iter().map(|(file, fault)| RecordFault {
            file: file.clone(),
            code: fault.code().to_owned(),
            message: safe_text(&fault.to_string()),
        });
        let alerts = opened.alerts.iter().zip(restored);
        Self {
            chains: chains.collect(),
            alerts: alerts
                .map(|(alert, folder)| Alert::of(alert, folder))
                .collect(),
            faults: faults.collect(),
            others: opened.others.clone(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for alert in &self.alerts {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", alert.text());
        }
        for chain in &self.chains {
            let (records, last) = (&chain.records, &chain.last);
            let chain = &chain.chain;
            let line = archive::Chain {
                records,
                chain,
                last,
            };
            let _ = writeln!(text, "{line}");
        }
        for fault in &self.faults {
            let (path, why) = (&fault.file.display(), &fault.message);
            let _ = writeln!(text, "{}", archive::Faulty { path, why });
        }
        text.trim_end().to_owned()
    }

    /// What was restored stands; that something is wrong is said by the exit code as well.
    fn judged(&self) -> Result<(), Fault> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let count = &self.faults.len();
        let sentence = fault::ArchiveFaulty { count };
        let fault = Fault::new(Exit::Unproven, "archive-faulty", sentence);
        Err(fault.with_hint(hint::OtherCopyOfArchive))
    }
}

impl Alert {
    fn of(alert: &ArchivedAlert, folder: Option<PathBuf>) -> Self {
        let proven = &alert.proven;
        let core = proven.envelope.core();
        let states = proven.recipients.iter();
        let missing = alert.attachments.iter().filter(|one| !one.is_here());
        Self {
            id: alert.id.to_string(),
            short: alert.id.prefix().to_string(),
            from: core.sender.to_string(),
            created: core.created,
            subject: proven
                .content
                .as_ref()
                .map(|content| content.subject(&[]).to_owned()),
            states: states
                .map(|one| format!("{} {}", one.contact, one.standing.state))
                .collect(),
            records: alert.records,
            attachments_missing: missing.count(),
            folder,
        }
    }

    fn text(&self) -> String {
        let subject = match &self.subject {
            Some(subject) => safe_text(subject),
            None => archive::Purged.to_string(),
        };
        let (short, from, time) = (&self.short, &self.from, local(self.created));
        let mut text = format!("{short}  {time}  {from}  {subject}");
        if self.attachments_missing > 0 {
            let count = &self.attachments_missing;
            text += &format!("  {}", archive::AttachmentsNotHere { count });
        }
        text
    }
}

//! Why this desk may not act any more, on whose signatures, and what of its own it can still read:
//! told by `status`, `contacts`, `inbox`, `doctor` and `device join` by themselves.

use std::path::Path;

use maille_client::Excluded as Known;
use maille_client::authority::{Exclusion, Removal, RosterFolder, exclusion};
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::roster::{Designation, DocumentName, Roster};
use serde::{Deserialize, Serialize};

use crate::agent::Desk;
use crate::clock::now;
use crate::fault::Fault;
use crate::local_time::local;
use crate::safe_text::{safe_name, safe_text};
use crate::sentence::excluded;

/// Why a desk is out, as it is told there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Excluded {
    /// `removed`, `ended`, `suspended`, `unknown` where it never was in a roster that is held here,
    /// or `not-admitted` where relays alone refuse it.
    why: String,
    /// What is out: the device, its contact or its organisation.
    subject: Option<String>,
    /// The document that says so, its hash, and when it was written.
    document: Option<String>,
    hash: Option<String>,
    issued: Option<String>,
    signers: Vec<String>,
    /// When the designation was over.
    ended: Option<String>,
    /// The reason that a suspension gives.
    reason: Option<String>,
    /// Relays that refuse the key of this device.
    relays: Vec<String>,
    /// So long content stays readable here after it came; `null`: without end.
    retention_days: Option<u32>,
    text: String,
    readable: String,
    #[serde(rename = "do")]
    remedy: String,
}

impl Excluded {
    /// What an open desk knows of it; none where all is well.
    pub(crate) async fn of(desk: &Desk) -> Result<Option<Self>, Fault> {
        let known = desk.client().excluded().await?;
        Ok(known.map(|known| Self::told(&known)))
    }

    /// What a roster that was just kept in a home says of its device, where a document of it says
    /// that it may not act any more.
    pub(crate) fn by_documents(
        home: &Path,
        roster: &Roster,
        contact: &ContactAddress,
        device: &DeviceId,
    ) -> Result<Option<Self>, Fault> {
        let kept = RosterFolder::of_home(home).read()?;
        let found = exclusion(roster, &kept, contact, device, now());
        let found = found.filter(|found| found.document.is_some());
        Ok(found.map(|found| Self::by_roster(&found, contact, None)))
    }

    fn told(known: &Known) -> Self {
        let relays: Vec<String> = known
            .by_relays
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        match &known.by_roster {
            Some(found) => Self {
                relays,
                ..Self::by_roster(found, &known.contact, known.retention_days)
            },
            None => Self::by_relays(known, relays),
        }
    }

    fn by_roster(found: &Exclusion, contact: &ContactAddress, retention: Option<u32>) -> Self {
        let document = found.document.as_ref();
        let signers = document.map_or_else(Vec::new, |document| {
            let signers = document.signers.iter();
            signers
                .map(|signer| safe_name(&signer.to_string()))
                .collect()
        });
        let organisation = contact.organisation();
        let remedy = match document.map(|document| &document.document) {
            Some(DocumentName::Authority(_)) => excluded::AskAuthority.to_string(),
            _ => excluded::AskOrganisation {
                organisation: &organisation,
            }
            .to_string(),
        };
        let readable = match found.designation {
            Designation::Ended => excluded::NothingGoes.to_string(),
            _ => excluded::NothingPasses.to_string(),
        };
        Self {
            why: match (found.designation, document) {
                (Designation::Unknown, Some(_)) => "removed".to_owned(),
                (designation, _) => designation.to_string(),
            },
            subject: Some(safe_name(&found.subject.to_string())),
            document: document.map(|document| document.document.to_string()),
            hash: document.map(|document| document.hash.to_string()),
            issued: document.map(|document| document.issued.to_string()),
            ended: found.ended.map(|end| end.to_string()),
            reason: found.reason.as_deref().map(safe_text),
            relays: Vec::new(),
            retention_days: retention,
            text: sentence(found, document, &signers.join("; ")),
            readable: format!("{readable} {}", stays(retention)),
            remedy,
            signers,
        }
    }

    fn by_relays(known: &Known, relays: Vec<String>) -> Self {
        let organisation = known.contact.organisation();
        let annex = known.roster.heads().annex(&organisation);
        let text = excluded::NotAdmitted {
            relays: &relays.join(", "),
            authority: &known.roster.authority().number,
            annex: &annex.map_or(0, |head| head.head().number),
            organisation: &organisation,
        };
        Self {
            why: "not-admitted".to_owned(),
            subject: None,
            document: None,
            hash: None,
            issued: None,
            signers: Vec::new(),
            ended: None,
            reason: None,
            text: text.to_string(),
            relays,
            retention_days: known.retention_days,
            readable: stays(known.retention_days),
            remedy: excluded::AskForRoster {
                organisation: &organisation,
            }
            .to_string(),
        }
    }

    /// Which document, and whose signatures; or which relays.
    pub(crate) fn found(&self) -> &str {
        &self.text
    }

    /// What can still be read.
    pub(crate) fn readable(&self) -> &str {
        &self.readable
    }

    /// Whom to ask.
    pub(crate) fn remedy(&self) -> &str {
        &self.remedy
    }

    /// All of it, for people: a line each.
    pub(crate) fn lines(&self) -> String {
        format!("{}\n{}\n{}", self.text, self.readable, self.remedy)
    }

    /// The same before something else, where there is anything to say.
    pub(crate) fn before(told: Option<&Self>, text: &str) -> String {
        match told {
            Some(told) => format!("{}\n\n{text}", told.lines()),
            None => text.to_owned(),
        }
    }
}

fn sentence(found: &Exclusion, document: Option<&Removal>, signers: &str) -> String {
    let Some(document) = document else {
        return excluded::NeverIn.to_string();
    };
    let subject = &safe_name(&found.subject.to_string());
    let (hash, issued) = (&document.hash.short(), &local(document.issued));
    let document = &document.document;
    let signers = &signers;
    match (found.designation, found.ended) {
        (Designation::Suspended, _) => excluded::Suspended {
            document,
            hash,
            issued,
            signers,
            reason: &safe_text(found.reason.as_deref().unwrap_or_default()),
        }
        .to_string(),
        (_, Some(end)) => excluded::Ended {
            subject,
            end: &local(end),
            document,
            hash,
            issued,
            signers,
        }
        .to_string(),
        _ => excluded::Removed {
            subject,
            document,
            hash,
            issued,
            signers,
        }
        .to_string(),
    }
}

fn stays(retention: Option<u32>) -> String {
    match retention {
        Some(count) => excluded::ReadableFor { count: &count }.to_string(),
        None => excluded::Readable.to_string(),
    }
}

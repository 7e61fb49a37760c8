//! What an export proves, for machines: the stable shape of `docs/commands.md`.

use maille_common::blob::BlobRef;
use maille_common::content::{Alert, Part, PartContent};
use maille_common::envelope::{Entry, ProvenEnvelope};
use maille_common::export::{ProvenExport, ProvenRecipient};
use maille_common::terms::{AckRule, Kind, PartRole, Release, Status, Tlp, Urgency};
use maille_common::time::{Span, Timestamp};
use serde::Serialize;

use super::moment::{self, Moment};
use crate::command::drill::record::Record;
use crate::form::word;

/// Everything that is proven.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) id: String,
    pub(super) short: String,
    pub(super) network: String,
    pub(super) roster: RosterUsed,
    pub(super) exported: Exported,
    #[serde(with = "word")]
    pub(super) kind: Kind,
    #[serde(with = "word")]
    pub(super) status: Status,
    #[serde(with = "word")]
    pub(super) urgency: Urgency,
    pub(super) refers_to: Option<String>,
    pub(super) from: String,
    /// The sending device first.
    pub(super) signers: Vec<String>,
    pub(super) recipients: Vec<Recipient>,
    /// By the sender's clock.
    #[serde(with = "word")]
    pub(super) created: Timestamp,
    #[serde(with = "word")]
    pub(super) ack_within: Span,
    #[serde(with = "word")]
    pub(super) expires_after: Span,
    #[serde(with = "word")]
    pub(super) ack_rule: AckRule,
    /// Whether the envelope was judged by the very roster that it names.
    pub(super) by_named_roster: bool,
    /// Whether every device that it addressed is shown.
    pub(super) whole: bool,
    pub(super) body: Body,
    pub(super) attachments: Vec<Attachment>,
    pub(super) addenda: Vec<Letter>,
    pub(super) cancels: Vec<Letter>,
    /// What the sender's other devices did.
    pub(super) copies: Vec<Moment>,
    /// `null` where it is not revealed.
    pub(super) content: Option<Content>,
    /// Whom it reached; `null` for what is actual, and in a recipient's file.
    pub(super) reachability: Option<Record>,
}

/// The newest roster in the file.
#[derive(Debug, Serialize)]
pub(super) struct RosterUsed {
    pub(super) number: u64,
    pub(super) hash: String,
}

/// Who made the file.
#[derive(Debug, Serialize)]
pub(super) struct Exported {
    pub(super) by: String,
    pub(super) device: String,
    #[serde(with = "word")]
    pub(super) time: Timestamp,
}

/// The sealed body, which the sender signed.
#[derive(Debug, Serialize)]
pub(super) struct Body {
    pub(super) hash: String,
    pub(super) bytes: u64,
}

/// A sealed attachment, which the sender signed.
#[derive(Debug, Serialize)]
pub(super) struct Attachment {
    pub(super) id: String,
    pub(super) bytes: u64,
}

/// An addendum or a cancel.
#[derive(Debug, Serialize)]
pub(super) struct Letter {
    pub(super) id: String,
    pub(super) device: String,
    #[serde(with = "word")]
    pub(super) created: Timestamp,
}

/// One recipient.
#[derive(Debug, Serialize)]
pub(super) struct Recipient {
    pub(super) contact: String,
    /// `open`, `expired`, `cancelled`, `refused` or `acknowledged`.
    pub(super) state: String,
    pub(super) devices: Vec<Addressed>,
    pub(super) timeline: Vec<Moment>,
}

/// A device that could open the alert.
#[derive(Debug, Serialize)]
pub(super) struct Addressed {
    pub(super) device: String,
    /// `now`, or `after` the step of deputies.
    #[serde(with = "word")]
    pub(super) release: Release,
    pub(super) step: u8,
}

/// What the alert says.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    pub(super) subjects: Vec<String>,
    #[serde(with = "word")]
    pub(super) tlp: Tlp,
    pub(super) signed_by: String,
    pub(super) parts: Vec<RevealedPart>,
}

/// One part of what it says.
#[derive(Debug, Serialize)]
pub(super) struct RevealedPart {
    /// From 1.
    pub(super) number: usize,
    #[serde(with = "word")]
    pub(super) role: PartRole,
    pub(super) media_type: String,
    pub(super) name: String,
    pub(super) bytes: u64,
    /// The words of a text.
    pub(super) text: Option<String>,
    /// SHA-256 of the plain bytes.
    pub(super) sha256: String,
}

impl Report {
    pub(super) fn of(proven: &ProvenExport) -> Self {
        let envelope = &proven.envelope;
        let (core, env) = (envelope.core(), &envelope.signed().env);
        Self {
            id: proven.alert.to_string(),
            short: proven.alert.prefix().to_string(),
            network: proven.network.clone(),
            roster: RosterUsed {
                number: proven.roster_number,
                hash: proven.roster.to_string(),
            },
            exported: Exported {
                by: proven.exported_by.to_string(),
                device: proven.exporter.to_string(),
                time: proven.exported,
            },
            kind: core.kind,
            status: core.status,
            urgency: core.urgency,
            refers_to: core.refers_to().map(|about| about.to_string()),
            from: core.sender.to_string(),
            signers: envelope
                .signers()
                .map(|signer| signer.to_string())
                .collect(),
            recipients: proven.recipients.iter().map(Recipient::of).collect(),
            created: core.created,
            ack_within: core.ack_within,
            expires_after: core.expires_after,
            ack_rule: core.ack_rule,
            by_named_roster: envelope.by_named_roster(),
            whole: envelope.is_whole(),
            body: Body {
                hash: env.body_hash.to_string(),
                bytes: env.body_length,
            },
            attachments: env.blobs.iter().map(Attachment::of).collect(),
            addenda: proven.addenda.iter().map(Letter::of).collect(),
            cancels: proven.cancels.iter().map(Letter::of).collect(),
            copies: proven.copies.iter().map(Moment::of_receipt).collect(),
            content: proven.content.as_deref().map(Content::of),
            reachability: proven.reachability.as_ref().map(Record::of),
        }
    }
}

impl Recipient {
    fn of(proven: &ProvenRecipient) -> Self {
        Self {
            contact: proven.contact.to_string(),
            state: proven.standing.state.to_string(),
            devices: proven.entries.iter().map(Addressed::of).collect(),
            timeline: moment::of(proven),
        }
    }
}

impl Addressed {
    fn of(entry: &Entry) -> Self {
        Self {
            device: entry.device.to_string(),
            release: entry.release,
            step: entry.step,
        }
    }
}

impl Attachment {
    fn of(blob: &BlobRef) -> Self {
        Self {
            id: blob.id.to_string(),
            bytes: blob.length,
        }
    }
}

impl Letter {
    fn of(envelope: &ProvenEnvelope) -> Self {
        let core = envelope.core();
        Self {
            id: envelope.id().to_string(),
            device: core.device.to_string(),
            created: core.created,
        }
    }
}

impl Content {
    fn of(alert: &Alert) -> Self {
        let subjects = alert.subjects.iter();
        let parts = alert.parts.iter().enumerate();
        Self {
            subjects: subjects.map(|subject| subject.text.to_string()).collect(),
            tlp: alert.tlp,
            signed_by: alert.signed_by.to_string(),
            parts: parts
                .map(|(index, part)| RevealedPart::of(index + 1, part))
                .collect(),
        }
    }
}

impl RevealedPart {
    fn of(number: usize, part: &Part) -> Self {
        let (bytes, digest) = match &part.content {
            PartContent::Inline(bytes) => {
                let digest = maille_common::hash::FileHash::of(bytes);
                (bytes.len() as u64, digest)
            }
            PartContent::Blob(blob) => (blob.length, blob.digest),
        };
        Self {
            number,
            role: part.role,
            media_type: part.media_type.to_string(),
            name: part.name.to_string(),
            bytes,
            text: part.text().map(str::to_owned),
            sha256: digest.to_string(),
        }
    }
}

//! An alert on paper: everything it says, for people and machines.

use maille_client::{Amendment, Attachment, InboxEntry};
use maille_common::content::{Alert, Part as Content, PartContent};
use maille_common::envelope::Core;
use maille_common::identifier::AlertId;
use maille_common::local_text::LocalText;
use maille_common::terms::{
    AckRule, Certainty, Kind, PartRole, Severity, Stage, Status, Tlp, Urgency,
};
use maille_common::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::amended::Amended;
use super::super::inbox::deputy_for;
use crate::form::{maybe, word};

/// An alert with its words.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Paper {
    pub(super) id: String,
    pub(super) short: String,
    #[serde(with = "word")]
    pub(super) kind: Kind,
    #[serde(with = "word")]
    pub(super) status: Status,
    #[serde(with = "word")]
    pub(super) urgency: Urgency,
    pub(super) from: String,
    pub(super) recipients: Vec<String>,
    #[serde(with = "word")]
    pub(super) created: Timestamp,
    #[serde(with = "word")]
    pub(super) ack_within: Span,
    #[serde(with = "word")]
    pub(super) expires_after: Span,
    #[serde(with = "word")]
    pub(super) ack_rule: AckRule,
    /// The alert it is about.
    pub(super) refers_to: Option<String>,
    /// What its sender has said about it since.
    pub(super) amendments: Vec<Amended>,
    /// `null` for an alert that was sent from here.
    pub(super) arrival: Option<Arrival>,
    pub(super) subjects: Vec<Words>,
    #[serde(with = "word")]
    pub(super) tlp: Tlp,
    pub(super) handling: Vec<Handling>,
    pub(super) categories: Vec<String>,
    #[serde(with = "word")]
    pub(super) severity: Severity,
    #[serde(with = "word")]
    pub(super) certainty: Certainty,
    pub(super) events: Vec<Pair>,
    pub(super) responses: Vec<String>,
    /// Source and information, as `B2`.
    pub(super) evaluation: Option<String>,
    #[serde(with = "maybe")]
    pub(super) onset: Option<Timestamp>,
    pub(super) areas: Vec<Words>,
    #[serde(with = "maybe")]
    pub(super) answer_within: Option<Span>,
    /// The names of the same matter in other channels.
    pub(super) external: Vec<Pair>,
    pub(super) incidents: Vec<String>,
    pub(super) related: Vec<String>,
    pub(super) signed_by: String,
    pub(super) parts: Vec<PaperPart>,
}

/// How an alert arrived here.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Arrival {
    #[serde(with = "word")]
    pub(super) received: Timestamp,
    #[serde(with = "word")]
    pub(super) ack_due: Timestamp,
    /// For whom it is answered here; `null` for a copy of what was sent.
    pub(super) recipient: Option<String>,
    /// In whose place this contact was asked, because nobody there acknowledged in time.
    pub(super) deputy_for: Vec<String>,
    /// Of what it is about, where that is held here.
    #[serde(default, with = "maybe")]
    pub(super) about_status: Option<Status>,
    #[serde(with = "word")]
    pub(super) stage: Stage,
    pub(super) possibly_seen: bool,
    /// Who has read it by this very command.
    pub(super) read_by: Option<String>,
}

/// Words in a language.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(super) language: String,
    pub(super) text: String,
}

/// A word of some scheme or channel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pair {
    pub(super) scheme: String,
    pub(super) value: String,
}

/// A handling code, with words for H3.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Handling {
    pub(super) code: String,
    pub(super) text: String,
}

/// One part.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaperPart {
    /// From 1; what `--part` takes.
    pub(super) number: usize,
    #[serde(with = "word")]
    pub(super) role: PartRole,
    pub(super) media_type: String,
    pub(super) schema: String,
    pub(super) language: String,
    pub(super) name: String,
    /// Its length in bytes.
    pub(super) bytes: u64,
    /// The words of a text.
    pub(super) text: Option<String>,
    /// Whether all of an attachment is here.
    pub(super) whole: Option<bool>,
    /// SHA-256 of an attachment's bytes.
    pub(super) sha256: Option<String>,
}

impl Arrival {
    pub(super) fn of(entry: &InboxEntry, read_by: Option<String>) -> Self {
        Self {
            received: entry.received,
            ack_due: entry.ack_due,
            recipient: entry.recipient.as_ref().map(ToString::to_string),
            deputy_for: deputy_for(entry),
            about_status: entry.about,
            stage: if read_by.is_some() {
                Stage::Read
            } else {
                entry.stage
            },
            possibly_seen: entry.possibly_seen,
            read_by,
        }
    }
}

impl Paper {
    /// Whether it came as a copy of what this contact sent itself, which wants no answer.
    #[cfg(unix)]
    pub(crate) fn is_copy(&self) -> bool {
        let arrival = self.arrival.as_ref();
        arrival.is_some_and(|arrival| arrival.recipient.is_none())
    }

    pub(super) fn new(
        alert: AlertId,
        core: &Core,
        content: &Alert,
        attachments: &[Attachment],
        (arrival, amendments): (Option<Arrival>, &[Amendment]),
    ) -> Self {
        let mut files = attachments.iter();
        let part = |(index, part)| PaperPart::new(index + 1, part, &mut files);
        Self {
            id: alert.to_string(),
            short: alert.prefix().to_string(),
            kind: core.kind,
            status: core.status,
            urgency: core.urgency,
            from: core.sender.to_string(),
            recipients: shown(core.recipients.iter()),
            created: core.created,
            ack_within: core.ack_within,
            expires_after: core.expires_after,
            ack_rule: core.ack_rule,
            refers_to: core.refers_to().map(|about| about.to_string()),
            amendments: Amended::all(&core.sender, amendments),
            arrival,
            subjects: words(&content.subjects),
            tlp: content.tlp,
            handling: content.handling.iter().map(Handling::of).collect(),
            categories: shown(content.categories.iter()),
            severity: content.severity,
            certainty: content.certainty,
            events: content
                .events
                .iter()
                .map(|code| pair(&code.scheme, &code.value))
                .collect(),
            responses: shown(content.responses.iter()),
            evaluation: content
                .evaluation
                .map(|grade| format!("{}{}", grade.source, grade.information)),
            onset: content.onset,
            areas: words(&content.areas),
            answer_within: content.answer_within,
            external: content
                .external
                .iter()
                .map(|name| pair(&name.channel, &name.reference))
                .collect(),
            incidents: shown(content.incidents.iter()),
            related: shown(content.related.iter()),
            signed_by: content.signed_by.to_string(),
            parts: content.parts.iter().enumerate().map(part).collect(),
        }
    }
}

impl Handling {
    fn of(handling: &maille_common::content::Handling) -> Self {
        Self {
            code: handling.code.to_string(),
            text: handling.text.to_string(),
        }
    }
}

impl PaperPart {
    /// Attachments come in the order of the parts that are attachments.
    fn new<'a>(
        number: usize,
        part: &Content,
        files: &mut impl Iterator<Item = &'a Attachment>,
    ) -> Self {
        let (bytes, whole, sha256) = match &part.content {
            PartContent::Inline(bytes) => (bytes.len() as u64, None, None),
            PartContent::Blob(blob) => {
                let whole = files.next().map(|file| file.progress().whole);
                (blob.length, whole, Some(blob.digest.to_string()))
            }
        };
        Self {
            number,
            role: part.role,
            media_type: part.media_type.to_string(),
            schema: part.schema.to_string(),
            language: part.language.to_string(),
            name: part.name.to_string(),
            bytes,
            text: part.text().map(str::to_owned),
            whole,
            sha256,
        }
    }
}

fn words(texts: &[LocalText]) -> Vec<Words> {
    let words = |text: &LocalText| Words {
        language: text.language.to_string(),
        text: text.text.to_string(),
    };
    texts.iter().map(words).collect()
}

fn pair(scheme: &impl ToString, value: &impl ToString) -> Pair {
    Pair {
        scheme: scheme.to_string(),
        value: value.to_string(),
    }
}

fn shown(items: impl Iterator<Item: ToString>) -> Vec<String> {
    items.map(|item| item.to_string()).collect()
}

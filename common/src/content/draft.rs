//! Writing an alert in plain strings.

use crate::blob::BlobRef;
use crate::content::{Alert, Evaluation};
use crate::crypto::chunked::ContentKey;
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::terms::{Category, Certainty, HandlingCode, Response, Severity, Tlp};
use crate::time::{Span, Timestamp};

/// Words in a language.
///
/// Made of `("fr", "Alerte")`, or of `"Alert"` alone, whose language is then `und`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The language and script, as a BCP 47 tag.
    pub language: String,
    /// The words.
    pub text: String,
}

impl<L: Into<String>, T: Into<String>> From<(L, T)> for Wording {
    fn from((language, text): (L, T)) -> Self {
        Self {
            language: language.into(),
            text: text.into(),
        }
    }
}

impl From<&str> for Wording {
    fn from(text: &str) -> Self {
        Self::from(("und", text))
    }
}

impl From<String> for Wording {
    fn from(text: String) -> Self {
        Self::from(("und", text))
    }
}

/// An alert while it is written: plain strings and vectors, no limit until it is built.
///
/// ```
/// use maille_common::content::Alert;
/// use maille_common::terms::{Category, Severity, Tlp};
///
/// let alert = Alert::draft(("en", "Ransomware at a hospital"))
///     .subject(("fr", "Rançongiciel dans un hôpital"))
///     .category(Category::Security)
///     .severity(Severity::Severe)
///     .tlp(Tlp::Amber)
///     .text(("en", "Please look for the sender named in the MISP event."))
///     .payload("application/json", "", br#"{"Event":{}}"#)
///     .external("siena", "2026-1183")
///     .build()?;
/// assert_eq!(alert.subject(&["fr"]), "Rançongiciel dans un hôpital");
/// # Ok::<(), maille_common::content::DraftError>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a draft becomes an alert when it is built"]
pub struct AlertDraft {
    /// What it is about; at least one.
    pub subjects: Vec<Wording>,
    /// CAP `category`.
    pub categories: Vec<Category>,
    /// CAP `severity`; unknown until said.
    pub severity: Severity,
    /// CAP `certainty`; unknown until said.
    pub certainty: Certainty,
    /// What happens: scheme and value of each code.
    pub events: Vec<(String, String)>,
    /// What to do.
    pub responses: Vec<Response>,
    /// How far it may be passed on; not beyond the recipient's organisation until said.
    pub tlp: Tlp,
    /// What may be done with it; words only with H3.
    pub handling: Vec<(HandlingCode, String)>,
    /// How good the source and the information are.
    pub evaluation: Option<Evaluation>,
    /// When the event begins or began.
    pub onset: Option<Timestamp>,
    /// Where it is.
    pub areas: Vec<Wording>,
    /// How soon an answer in substance is hoped for.
    pub answer_within: Option<Span>,
    /// Channel and reference of each name of the same matter elsewhere.
    pub external: Vec<(String, String)>,
    /// The names of the incidents it belongs to.
    pub incidents: Vec<String>,
    /// Other alerts it has to do with.
    pub related: Vec<AlertId>,
    /// Texts, payloads and attachments; at least one.
    pub parts: Vec<PartDraft>,
    /// The person who answers for it; may stay empty.
    pub signed_by: String,
}

/// A part while it is written.
#[derive(Debug, PartialEq, Eq)]
pub enum PartDraft {
    /// Words for the officer.
    Text(Wording),
    /// Bytes for a machine, which come out as they are.
    Payload(PayloadDraft),
    /// A file that was sealed already.
    Attachment(AttachmentDraft),
}

/// A payload while the alert is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadDraft {
    /// What the bytes are: `application/cap+xml`.
    pub media_type: String,
    /// Their schema, or nothing.
    pub schema: String,
    /// What people call it, or nothing.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A sealed file while the alert is written.
#[derive(Debug, PartialEq, Eq)]
pub struct AttachmentDraft {
    /// What the plain bytes are: `image/jpeg`.
    pub media_type: String,
    /// What people call it.
    pub name: String,
    /// The sealed file.
    pub blob: BlobRef,
    /// The key it is sealed under.
    pub key: ContentKey,
    /// The length of the plain bytes.
    pub length: u64,
    /// SHA-256 of the plain bytes.
    pub digest: Hash,
}

impl Alert {
    /// Begins an alert with its subject.
    pub fn draft(subject: impl Into<Wording>) -> AlertDraft {
        AlertDraft {
            subjects: vec![subject.into()],
            categories: Vec::new(),
            severity: Severity::Unknown,
            certainty: Certainty::Unknown,
            events: Vec::new(),
            responses: Vec::new(),
            tlp: Tlp::AmberStrict,
            handling: Vec::new(),
            evaluation: None,
            onset: None,
            areas: Vec::new(),
            answer_within: None,
            external: Vec::new(),
            incidents: Vec::new(),
            related: Vec::new(),
            parts: Vec::new(),
            signed_by: String::new(),
        }
    }
}

/// The fields can be written one by one; these write what most alerts have in a chain.
impl AlertDraft {
    /// Adds the subject in another language.
    pub fn subject(mut self, subject: impl Into<Wording>) -> Self {
        self.subjects.push(subject.into());
        self
    }

    /// Adds a category.
    pub fn category(mut self, category: Category) -> Self {
        self.categories.push(category);
        self
    }

    /// Says how severe it is.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says how certain it is.
    pub fn certainty(mut self, certainty: Certainty) -> Self {
        self.certainty = certainty;
        self
    }

    /// Adds a code of what happens: `("SAME", "CEM")`.
    pub fn event(mut self, scheme: impl Into<String>, value: impl Into<String>) -> Self {
        self.events.push((scheme.into(), value.into()));
        self
    }

    /// Adds something to do.
    pub fn response(mut self, response: Response) -> Self {
        self.responses.push(response);
        self
    }

    /// Says how far it may be passed on.
    pub fn tlp(mut self, tlp: Tlp) -> Self {
        self.tlp = tlp;
        self
    }

    /// Adds a handling code without words.
    pub fn handling(mut self, code: HandlingCode) -> Self {
        self.handling.push((code, String::new()));
        self
    }

    /// Adds a handling condition in words (H3).
    pub fn condition(mut self, words: impl Into<String>) -> Self {
        self.handling.push((HandlingCode::H3, words.into()));
        self
    }

    /// Says how good the source and the information are.
    pub fn evaluation(mut self, evaluation: Evaluation) -> Self {
        self.evaluation = Some(evaluation);
        self
    }

    /// Says when the event begins or began.
    pub fn onset(mut self, onset: Timestamp) -> Self {
        self.onset = Some(onset);
        self
    }

    /// Adds a place in words.
    pub fn area(mut self, area: impl Into<Wording>) -> Self {
        self.areas.push(area.into());
        self
    }

    /// Says how soon an answer in substance is hoped for.
    pub fn answer_within(mut self, span: Span) -> Self {
        self.answer_within = Some(span);
        self
    }

    /// Adds the name of the same matter in another channel: `("siena", "2026-1183")`.
    pub fn external(mut self, channel: impl Into<String>, reference: impl Into<String>) -> Self {
        self.external.push((channel.into(), reference.into()));
        self
    }

    /// Adds the name of an incident it belongs to.
    pub fn incident(mut self, incident: impl Into<String>) -> Self {
        self.incidents.push(incident.into());
        self
    }

    /// Adds another alert it has to do with.
    pub fn related(mut self, alert: AlertId) -> Self {
        self.related.push(alert);
        self
    }

    /// Adds words for the officer.
    pub fn text(mut self, text: impl Into<Wording>) -> Self {
        self.parts.push(PartDraft::Text(text.into()));
        self
    }

    /// Adds bytes for a machine, with their media type and schema, which may be empty.
    pub fn payload(mut self, media_type: &str, schema: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.parts.push(PartDraft::Payload(PayloadDraft {
            media_type: media_type.to_owned(),
            schema: schema.to_owned(),
            name: String::new(),
            bytes: bytes.into(),
        }));
        self
    }

    /// Adds a sealed file.
    pub fn attachment(mut self, attachment: AttachmentDraft) -> Self {
        self.parts.push(PartDraft::Attachment(attachment));
        self
    }

    /// Names the person who answers for it.
    pub fn signed_by(mut self, person: impl Into<String>) -> Self {
        self.signed_by = person.into();
        self
    }

    /// The sealed files, in the order the envelope must have them.
    pub fn blobs(&self) -> Vec<BlobRef> {
        let blob = |part: &PartDraft| match part {
            PartDraft::Attachment(attachment) => Some(attachment.blob),
            PartDraft::Text(_) | PartDraft::Payload(_) => None,
        };
        self.parts.iter().filter_map(blob).collect()
    }
}

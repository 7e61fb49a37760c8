//! From a draft to an alert within its limits.

use crate::codec::{Bytes, List, Text, TooLong, encode};
use crate::content::{
    Alert, AlertDraft, AttachmentDraft, Code, DraftError, External, Handling, Part, PartBlob,
    PartContent, PartDraft, PayloadDraft, Wording,
};
use crate::extension::Extensions;
use crate::limits;
use crate::local_text::LocalText;
use crate::terms::{HandlingCode, PartRole};

impl AlertDraft {
    /// Builds the alert, or names the field that is over its limit or breaks a rule.
    ///
    /// Nothing is shortened: what is wrong is for the author to mend. The blobs of
    /// [`AlertDraft::blobs`], in that order, go into the envelope.
    pub fn build(self) -> Result<Alert, DraftError> {
        let blobs = self.blobs();
        let alert = Alert {
            version: Alert::VERSION,
            subjects: items("subjects", "subject", self.subjects, local_text)?,
            categories: List::new(self.categories).map_err(DraftError::too_many("categories"))?,
            severity: self.severity,
            certainty: self.certainty,
            events: items("event codes", "event code", self.events, code)?,
            responses: List::new(self.responses).map_err(DraftError::too_many("responses"))?,
            tlp: self.tlp,
            handling: items("handling codes", "handling code", self.handling, handling)?,
            evaluation: self.evaluation,
            onset: self.onset,
            areas: items("areas", "area", self.areas, local_text)?,
            answer_within: self.answer_within,
            external: items("external names", "external name", self.external, external)?,
            incidents: items(
                "incidents",
                "incident",
                self.incidents,
                |field, incident| text(field, "name", incident),
            )?,
            related: List::new(self.related).map_err(DraftError::too_many("related alerts"))?,
            parts: build_parts(self.parts)?,
            signed_by: Text::new(self.signed_by).map_err(DraftError::text("name of the signer"))?,
            extensions: Extensions::empty(),
        };
        alert.check(&blobs)?;
        let found = encode(&alert).len();
        let limit = limits::CONTENT_BYTES_MAX;
        if found > limit {
            Err(DraftError::TooLarge { limit, found })
        } else {
            Ok(alert)
        }
    }
}

/// Builds each item of a list, which people count from 1.
fn items<D, T, const MAX: usize>(
    plural: &'static str,
    singular: &str,
    drafts: Vec<D>,
    mut build: impl FnMut(&str, D) -> Result<T, DraftError>,
) -> Result<List<T, MAX>, DraftError> {
    let found = drafts.len();
    if found > MAX {
        return Err(DraftError::TooMany {
            field: plural,
            limit: MAX,
            found,
        });
    }
    let built: Result<Vec<T>, _> = (1..)
        .zip(drafts)
        .map(|(number, draft): (usize, D)| build(&format!("{singular} {number}"), draft))
        .collect();
    List::new(built?).map_err(DraftError::too_many(plural))
}

fn text<const MAX: usize>(of: &str, field: &str, words: String) -> Result<Text<MAX>, DraftError> {
    Text::new(words).map_err(|fault| DraftError::text(format!("{field} of {of}"))(fault))
}

fn local_text(of: &str, words: Wording) -> Result<LocalText, DraftError> {
    let language = text(of, "language", words.language)?;
    Ok(LocalText {
        language,
        text: text(of, "text", words.text)?,
    })
}

fn code(of: &str, (scheme, value): (String, String)) -> Result<Code, DraftError> {
    Ok(Code {
        scheme: text(of, "scheme", scheme)?,
        value: text(of, "value", value)?,
    })
}

fn handling(of: &str, (code, words): (HandlingCode, String)) -> Result<Handling, DraftError> {
    Ok(Handling {
        code,
        text: text(of, "text", words)?,
    })
}

fn external(of: &str, (channel, name): (String, String)) -> Result<External, DraftError> {
    let channel = text(of, "channel", channel)?;
    Ok(External {
        channel,
        reference: text(of, "reference", name)?,
    })
}

/// Builds the parts; the blobs are counted in the order of their parts.
fn build_parts(parts: Vec<PartDraft>) -> Result<List<Part, { Alert::PARTS_MAX }>, DraftError> {
    let mut blobs = 0..;
    items("parts", "part", parts, |of, part| match part {
        PartDraft::Text(words) => text_part(of, words),
        PartDraft::Payload(payload) => payload_part(of, payload),
        PartDraft::Attachment(attachment) => {
            attachment_part(of, attachment, blobs.next().unwrap_or(u32::MAX))
        }
    })
}

fn text_part(of: &str, words: Wording) -> Result<Part, DraftError> {
    Ok(Part {
        role: PartRole::Text,
        media_type: text(of, "media type", Part::PLAIN_TEXT.to_owned())?,
        schema: Text::default(),
        language: text(of, "language", words.language)?,
        name: Text::default(),
        content: inline(words.text.into_bytes())?,
    })
}

fn payload_part(of: &str, payload: PayloadDraft) -> Result<Part, DraftError> {
    Ok(Part {
        role: PartRole::Payload,
        media_type: text(of, "media type", payload.media_type)?,
        schema: text(of, "schema", payload.schema)?,
        language: Text::default(),
        name: text(of, "name", payload.name)?,
        content: inline(payload.bytes)?,
    })
}

fn attachment_part(of: &str, file: AttachmentDraft, index: u32) -> Result<Part, DraftError> {
    let AttachmentDraft {
        media_type,
        name,
        key,
        length,
        digest,
        ..
    } = file;
    Ok(Part {
        role: PartRole::Attachment,
        media_type: text(of, "media type", media_type)?,
        schema: Text::default(),
        language: Text::default(),
        name: text(of, "name", name)?,
        content: PartContent::Blob(PartBlob {
            index,
            key,
            length,
            digest,
        }),
    })
}

/// Bytes in the body. One part over the limit is over the limit of all together.
fn inline(bytes: Vec<u8>) -> Result<PartContent, DraftError> {
    let too_large = |TooLong { limit, found }| DraftError::TooLarge { limit, found };
    Bytes::new(bytes)
        .map(PartContent::Inline)
        .map_err(too_large)
}

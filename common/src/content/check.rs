//! The checks A1 to A3 of content, which the codec cannot make.

use thiserror::Error;

use crate::blob::BlobRef;
use crate::check::Check;
use crate::content::{Alert, Handling, Part, PartContent};
use crate::crypto::chunked;
use crate::extension::{Extensions, first_unknown_critical};
use crate::terms::{HandlingCode, PartRole, Reason};

impl Alert {
    /// Checks what the codec cannot, against the blobs of the envelope it came in.
    ///
    /// Version and critical extensions come first: where one is unknown, nothing else in here
    /// means what this program thinks.
    pub fn check(&self, blobs: &[BlobRef]) -> Result<(), ContentFault> {
        check_version(self.version, Self::VERSION)?;
        check_extensions(&self.extensions)?;
        Check::A1.found(check_parts(self))?;
        Check::A2.found(check_blobs(&self.parts, blobs))?;
        Check::A3.found(check_handling(&self.handling))
    }
}

/// Whether this program reads the version of some content.
pub(super) fn check_version(found: u16, known: u16) -> Result<(), ContentFault> {
    if Check::W3.holds(found == known) {
        Ok(())
    } else {
        Err(ContentFault::Version(found))
    }
}

/// Whether every extension that has to be known is.
pub(super) fn check_extensions(extensions: &Extensions) -> Result<(), ContentFault> {
    match first_unknown_critical(extensions) {
        Some(number) => Check::E15.found(Err(ContentFault::CriticalExtension(number))),
        None => Ok(()),
    }
}

/// What an alert has at least, and where each part stands.
fn check_parts(alert: &Alert) -> Result<(), ContentFault> {
    if alert.subjects.is_empty() {
        return Err(ContentFault::NoSubject);
    }
    if alert.parts.is_empty() {
        return Err(ContentFault::NoPart);
    }
    for (index, part) in alert.parts.iter().enumerate() {
        match (&part.content, part.role) {
            (PartContent::Inline(bytes), PartRole::Text) if str::from_utf8(bytes).is_err() => {
                return Err(ContentFault::TextNotUtf8 { part: index });
            }
            (PartContent::Inline(_), PartRole::Text | PartRole::Payload)
            | (PartContent::Blob(_), PartRole::Attachment) => {}
            (_, role) => return Err(ContentFault::Place { part: index, role }),
        }
    }
    Ok(())
}

/// Whether parts and attachments of the envelope are each other's.
fn check_blobs(parts: &[Part], blobs: &[BlobRef]) -> Result<(), ContentFault> {
    let mut used = vec![false; blobs.len()];
    for (index, part) in parts.iter().enumerate() {
        let PartContent::Blob(blob) = &part.content else {
            continue;
        };
        let place = usize::try_from(blob.index).unwrap_or(usize::MAX);
        let Some(reference) = blobs.get(place) else {
            return Err(ContentFault::UnknownBlob {
                part: index,
                blob: blob.index,
            });
        };
        if std::mem::replace(&mut used[place], true) {
            return Err(ContentFault::BlobUsedTwice {
                part: index,
                blob: blob.index,
            });
        }
        if chunked::plain_len(reference.length) != Some(blob.length) {
            return Err(ContentFault::BlobLength { part: index });
        }
    }
    match used.iter().position(|used| !used) {
        Some(blob) => Err(ContentFault::BlobUnused { blob }),
        None => Ok(()),
    }
}

/// Whether only one handling code has words.
fn check_handling(handling: &[Handling]) -> Result<(), ContentFault> {
    let wordy =
        |handling: &&Handling| handling.code != HandlingCode::H3 && !handling.text.is_empty();
    match handling.iter().find(wordy) {
        Some(handling) => Err(ContentFault::HandlingText(handling.code)),
        None => Ok(()),
    }
}

/// Why content is refused. The fault of whoever wrote it; parts and blobs are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ContentFault {
    /// W3: another version.
    #[error("The content has version {0}, and this program reads version 1.")]
    Version(u16),
    /// E15: an extension that this version does not know, and must.
    #[error("The content has the critical extension {0}, which this program does not know.")]
    CriticalExtension(u32),
    /// V1: days, alerts or items do not each stand once in their order.
    #[error("The days, alerts or items of the reconciliation are not in their order.")]
    Disorder,
    /// A1: no subject.
    #[error("The alert has no subject.")]
    NoSubject,
    /// A1: no part.
    #[error("The alert has no part.")]
    NoPart,
    /// A1: a text is not UTF-8.
    #[error("Part {part} is a text, and not UTF-8.")]
    TextNotUtf8 {
        /// Its place among the parts.
        part: usize,
    },
    /// A1: a text or payload outside the body, or an attachment inside.
    #[error(
        "Part {part} is of the role {role}; \
         texts and payloads stand in the body, attachments beside it."
    )]
    Place {
        /// Its place among the parts.
        part: usize,
        /// Its role.
        role: PartRole,
    },
    /// A2: a part names a blob that the envelope has not.
    #[error("Part {part} is in the attached file {blob}, which the envelope does not have.")]
    UnknownBlob {
        /// Its place among the parts.
        part: usize,
        /// The place named.
        blob: u32,
    },
    /// A2: two parts name one blob.
    #[error("Part {part} is in the attached file {blob}, as another part is.")]
    BlobUsedTwice {
        /// The place of the later one among the parts.
        part: usize,
        /// The blob.
        blob: u32,
    },
    /// A2: no part names a blob of the envelope.
    #[error("The envelope has the attached file {blob}, and no part is in it.")]
    BlobUnused {
        /// The blob.
        blob: usize,
    },
    /// A2: plain and sealed length do not agree.
    #[error("Part {part} does not have the length of its attached file.")]
    BlobLength {
        /// Its place among the parts.
        part: usize,
    },
    /// A3: words with a handling code that has none.
    #[error("The handling code {0} has a text, and only H3 may have one.")]
    HandlingText(HandlingCode),
}

impl ContentFault {
    /// The check of the protocol that failed.
    pub const fn check(self) -> &'static str {
        match self {
            Self::Version(_) => "W3",
            Self::CriticalExtension(_) => "E15",
            Self::NoSubject | Self::NoPart | Self::TextNotUtf8 { .. } | Self::Place { .. } => "A1",
            Self::UnknownBlob { .. }
            | Self::BlobUsedTwice { .. }
            | Self::BlobUnused { .. }
            | Self::BlobLength { .. } => "A2",
            Self::HandlingText(_) => "A3",
            Self::Disorder => "V1",
        }
    }

    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Version(_) => "content-version",
            Self::CriticalExtension(_) => "content-critical-extension",
            Self::NoSubject => "content-no-subject",
            Self::NoPart => "content-no-part",
            Self::TextNotUtf8 { .. } => "content-text-not-utf8",
            Self::Place { .. } => "content-place",
            Self::UnknownBlob { .. } => "content-unknown-blob",
            Self::BlobUsedTwice { .. } => "content-blob-used-twice",
            Self::BlobUnused { .. } => "content-blob-unused",
            Self::BlobLength { .. } => "content-blob-length",
            Self::HandlingText(_) => "content-handling-text",
            Self::Disorder => "content-disorder",
        }
    }

    /// The reason a signed `Returned` gives for it (I7).
    pub const fn reason(self) -> Reason {
        match self {
            Self::Version(_) => Reason::VersionUnknown,
            Self::CriticalExtension(_) => Reason::CriticalExtension,
            _ => Reason::ContentMalformed,
        }
    }
}

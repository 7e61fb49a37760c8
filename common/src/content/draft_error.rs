//! Why a draft makes no alert.

use thiserror::Error;

use crate::codec::TooLong;
use crate::content::ContentFault;

/// Why a draft makes no alert. Always for the author to mend: each names the field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DraftError {
    /// A text is too long for its field.
    #[error("The {field} has {found} bytes, and at most {limit} are allowed.")]
    TextTooLong {
        /// The field, in words: `text of subject 2`.
        field: String,
        /// The most bytes of UTF-8 it may have.
        limit: usize,
        /// How many it has.
        found: usize,
    },
    /// A list has too many items.
    #[error("There are {found} {field}, and at most {limit} are allowed.")]
    TooMany {
        /// The list, in words: `subjects`.
        field: &'static str,
        /// The most items it may have.
        limit: usize,
        /// How many it has.
        found: usize,
    },
    /// Everything together is too large to stand in one body.
    #[error(
        "Texts and payloads together have {found} bytes, and at most {limit} are allowed; \
         larger files are sent as attachments."
    )]
    TooLarge {
        /// The most bytes the content may have.
        limit: usize,
        /// How many it has.
        found: usize,
    },
    /// A rule of the protocol is broken.
    #[error(transparent)]
    Content(#[from] ContentFault),
}

impl DraftError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TextTooLong { .. } => "draft-text-too-long",
            Self::TooMany { .. } => "draft-too-many",
            Self::TooLarge { .. } => "draft-too-large",
            Self::Content(fault) => fault.code(),
        }
    }

    /// A list that is too long.
    pub(super) fn too_many(field: &'static str) -> impl Fn(TooLong) -> Self {
        move |TooLong { limit, found }| Self::TooMany {
            field,
            limit,
            found,
        }
    }

    /// A text that is too long.
    pub(super) fn text(field: impl Into<String>) -> impl FnOnce(TooLong) -> Self {
        move |TooLong { limit, found }| Self::TextTooLong {
            field: field.into(),
            limit,
            found,
        }
    }
}

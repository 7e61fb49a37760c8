//! The parts of an alert: texts, payloads, attachments.

use crate::codec::{Bytes, Decode, Encode, Text};
use crate::crypto::chunked::ContentKey;
use crate::hash::Hash;
use crate::limits;
use crate::terms::PartRole;

/// One part of an alert. Its bytes are the sender's, as given.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Part {
    /// What it is for.
    pub role: PartRole,
    /// What the bytes are (RFC 6838): `text/plain;charset=utf-8`, `application/cap+xml`.
    pub media_type: Text<127>,
    /// The schema of the bytes: `urn:oasis:names:tc:emergency:cap:1.2`. Empty where there is none.
    pub schema: Text<256>,
    /// The language of the words, as a BCP 47 tag. Empty where there is none.
    pub language: Text<35>,
    /// What the sender calls it. For people: never a path, and not to be made one.
    pub name: Text<255>,
    /// The bytes, or where they are.
    pub content: PartContent,
}

impl Part {
    /// The media type of plain words.
    pub const PLAIN_TEXT: &'static str = "text/plain;charset=utf-8";

    /// The words of a text part that passed [`Alert::check`](super::Alert::check).
    pub fn text(&self) -> Option<&str> {
        match (&self.role, &self.content) {
            (PartRole::Text, PartContent::Inline(bytes)) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// Where the bytes of a part are.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum PartContent {
    /// 0: here. Texts and payloads.
    Inline(Bytes<{ limits::CONTENT_BYTES_MAX }>),
    /// 1: in a sealed file beside the body. Attachments.
    Blob(PartBlob),
}

/// How the sealed file of an attachment is found, opened and proven.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub struct PartBlob {
    /// Its place among the envelope's blobs.
    pub index: u32,
    /// The key it is sealed under, its own.
    pub key: ContentKey,
    /// The length of the plain bytes.
    pub length: u64,
    /// SHA-256 of the plain bytes, without a label.
    pub digest: Hash,
}

/// Content is drafted, built and shown as a plain value, so it is copied; each copy of the key
/// wipes itself.
impl Clone for PartBlob {
    fn clone(&self) -> Self {
        Self {
            key: ContentKey::from_bytes(*self.key.expose()),
            ..*self
        }
    }
}

//! `anchor`: the text form of an anchor, as the authority hands it over.

use std::path::{Path, PathBuf};

use maille_common::codec::{ListError, SortedList, Text, from_hex};
use maille_common::crypto::ed25519::{KeyError, VerifyingKey};
use maille_common::roster::{Anchor, Version};
use maille_common::toml_tokens::check_tokens;
use serde::Deserialize;
use thiserror::Error;

use crate::folder::read_bounded;

/// Sixteen keys of 70 bytes, a name, and room for comments.
const BYTES_MAX: usize = 16 * 1024;

/// The keys with their commas and breaks, and as many lines of comments.
const TOKENS_MAX: usize = 4096;
const VERSION: u16 = 1;

/// TOML, keys in hexadecimal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchorFile {
    version: u16,
    network: String,
    threshold: u8,
    keys: Vec<String>,
}

/// Why a file is no anchor.
#[derive(Debug, Error)]
pub enum AnchorFileError {
    /// It cannot be read.
    #[error("The anchor {} cannot be read: {source}.", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It has another form.
    #[error("{} is not an anchor: {why}. Ask the authority for its anchor file.", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A key is not acceptable (PROTOCOL K1).
    #[error("A key of the anchor {} is refused: {source}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// There are too many keys, or one stands twice.
    #[error("The keys of the anchor {} are refused: {source}", .path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ListError,
    },
}

impl AnchorFileError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "anchor-read",
            Self::Form { .. } => "anchor-form",
            Self::Key { .. } => "anchor-key",
            Self::Keys { .. } => "anchor-keys",
        }
    }
}

/// Reads an anchor and checks its keys. Its threshold is checked when a roster is founded on it.
pub fn read_anchor(path: &Path) -> Result<Anchor, AnchorFileError> {
    Ok(read_both(path)?.0)
}

/// An anchor, and the bytes of its file: whoever keeps a copy keeps what was looked at.
pub(crate) fn read_both(path: &Path) -> Result<(Anchor, Vec<u8>), AnchorFileError> {
    let failed = |source| AnchorFileError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = read_bounded(path, BYTES_MAX).map_err(failed)?;
    Ok((parse_anchor(path, bytes.clone())?, bytes))
}

/// Reads its bytes; `path` names it in errors.
pub(crate) fn parse_anchor(path: &Path, bytes: Vec<u8>) -> Result<Anchor, AnchorFileError> {
    let form = |why: String| AnchorFileError::Form {
        path: path.to_owned(),
        why,
    };
    let text = String::from_utf8(bytes).map_err(|_| form("it is not UTF-8".to_owned()))?;
    check_tokens(&text, TOKENS_MAX).map_err(|error| form(error.to_string()))?;
    let file: AnchorFile = toml::from_str(&text)
        .map_err(|error| form(error.message().trim_end_matches('.').to_owned()))?;
    if file.version != VERSION {
        return Err(form(format!(
            "it has version {}, and this is {VERSION}",
            file.version
        )));
    }
    let mut keys = Vec::with_capacity(file.keys.len());
    for text in &file.keys {
        let bytes = from_hex(text).map_err(|error| {
            form(
                format!("a key is wrong: {error}")
                    .trim_end_matches('.')
                    .into(),
            )
        })?;
        let key = VerifyingKey::strict(bytes);
        keys.push(key.map_err(|source| AnchorFileError::Key {
            path: path.to_owned(),
            source,
        })?);
    }
    keys.sort_unstable();
    Ok(Anchor {
        version: Version::ONE,
        network: Text::new(file.network)
            .map_err(|_| form("the name of its network has over 64 bytes".to_owned()))?,
        threshold: file.threshold,
        keys: SortedList::new(keys).map_err(|source| AnchorFileError::Keys {
            path: path.to_owned(),
            source,
        })?,
    })
}

//! `anchor`: the text form of an anchor, as it is handed over, read aloud and compared.

use std::path::Path;

use maille_common::codec::{ListError, SortedList, Text};
use maille_common::crypto::ed25519::{KeyError, VerifyingKey};
use maille_common::roster::{Anchor, Version};
use maille_common::toml_tokens::check_tokens;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::error::HomeError;
use super::files;

/// The name of the file.
pub(super) const FILE: &str = "anchor";

/// Sixteen keys of 70 bytes, a name, and room for comments.
const BYTES_MAX: usize = 16 * 1024;

/// The keys with their commas and breaks, and as many lines of comments.
const TOKENS_MAX: usize = 4096;

/// The only version of an anchor so far.
const VERSION: u16 = 1;

/// The text form: TOML, keys in lowercase hexadecimal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchorFile {
    version: u16,
    network: String,
    threshold: u8,
    keys: Vec<String>,
}

/// Writes an anchor as text.
pub fn format_anchor(anchor: &Anchor) -> String {
    let file = AnchorFile {
        version: VERSION,
        network: anchor.network.to_string(),
        threshold: anchor.threshold,
        keys: anchor.keys.iter().map(VerifyingKey::to_string).collect(),
    };
    files::to_toml(&file)
}

/// Reads an anchor from text and checks it: strict keys (PROTOCOL K1), none twice, a threshold
/// that can be met and is not zero (R4). The keys may stand in any order.
pub fn parse_anchor(text: &str) -> Result<Anchor, AnchorFileError> {
    let form = |why| AnchorFileError::NotAnAnchor { why };
    check_tokens(text, TOKENS_MAX).map_err(|error| form(error.to_string()))?;
    let file: AnchorFile = toml::from_str(text)
        .map_err(|error| form(error.message().trim_end_matches('.').to_owned()))?;
    if file.version != VERSION {
        return Err(AnchorFileError::OtherVersion {
            found: file.version,
        });
    }
    let key = |(number, text): (usize, &String)| {
        text.parse()
            .map_err(|source| AnchorFileError::Key { number, source })
    };
    let mut keys: Vec<VerifyingKey> = (1..).zip(&file.keys).map(key).collect::<Result<_, _>>()?;
    keys.sort_unstable();
    let count = keys.len();
    if file.threshold == 0 || usize::from(file.threshold) > count {
        return Err(AnchorFileError::Threshold {
            threshold: file.threshold,
            keys: count,
        });
    }
    Ok(Anchor {
        version: Version::ONE,
        network: Text::new(file.network).map_err(|_| AnchorFileError::NetworkTooLong)?,
        threshold: file.threshold,
        keys: SortedList::new(keys).map_err(AnchorFileError::Keys)?,
    })
}

/// Why a text is not an anchor.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnchorFileError {
    /// It is not of the form of an anchor.
    #[error("This is not an anchor: {why}; ask the authority of your network for its anchor file.")]
    NotAnAnchor {
        /// What is wrong, as a clause.
        why: String,
    },
    /// It has a version that this program does not read.
    #[error(
        "The anchor has version {found}, and this program reads version {VERSION}; use a newer \
         Maille."
    )]
    OtherVersion {
        /// The version found.
        found: u16,
    },
    /// The name of the network is too long.
    #[error("The name of the network has over 64 bytes; ask the authority for its anchor file.")]
    NetworkTooLong,
    /// A key is not acceptable.
    #[error(
        "Key {number} of the anchor is refused: {source} Ask the authority for its anchor file."
    )]
    Key {
        /// Which one, from 1.
        number: usize,
        /// Why.
        source: KeyError,
    },
    /// There are too many keys, or one stands twice.
    #[error("The keys of the anchor are refused: {0} Ask the authority for its anchor file.")]
    Keys(ListError),
    /// The threshold cannot be met, or asks for nobody.
    #[error(
        "The anchor asks for {threshold} of {keys} signatures, which nobody or anybody could \
         give; ask the authority for its anchor file."
    )]
    Threshold {
        /// Signatures asked for.
        threshold: u8,
        /// Keys there are.
        keys: usize,
    },
}

impl AnchorFileError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnAnchor { .. } => "not-an-anchor",
            Self::OtherVersion { .. } => "anchor-other-version",
            Self::NetworkTooLong => "anchor-network-too-long",
            Self::Key { source, .. } => source.code(),
            Self::Keys(_) => "anchor-keys",
            Self::Threshold { .. } => "anchor-threshold",
        }
    }
}

/// Refuses an anchor that could not be read again.
pub(super) fn check(folder: &Path, anchor: &Anchor) -> Result<(), HomeError> {
    parse(folder, &format_anchor(anchor)).map(drop)
}

/// Writes the anchor of a new home.
pub(super) fn create(folder: &Path, anchor: &Anchor) -> Result<(), HomeError> {
    files::create(&folder.join(FILE), format_anchor(anchor).as_bytes())
}

/// Reads the anchor of a home.
pub(super) fn load(folder: &Path) -> Result<Anchor, HomeError> {
    parse(folder, &files::read_text(&folder.join(FILE), BYTES_MAX)?)
}

fn parse(folder: &Path, text: &str) -> Result<Anchor, HomeError> {
    let corrupt = |error: AnchorFileError| {
        let why = format!("it is not an anchor ({})", error.code());
        files::corrupt(&folder.join(FILE), why)
    };
    parse_anchor(text).map_err(corrupt)
}

#[cfg(test)]
mod tests {
    use maille_common::crypto::ed25519::SigningKey;

    use super::*;

    fn key(seed: u8) -> String {
        SigningKey::from_seed([seed; 32])
            .verifying_key()
            .to_string()
    }

    fn text(threshold: u8, keys: &[String]) -> String {
        format!("version = 1\nnetwork = \"dialogue\"\nthreshold = {threshold}\nkeys = {keys:?}\n")
    }

    #[test]
    fn an_anchor_survives_its_text_form() {
        let anchor = parse_anchor(&text(2, &[key(1), key(2), key(3)])).unwrap();
        assert_eq!(anchor.network.as_str(), "dialogue");
        assert_eq!(anchor.keys.len(), 3);
        assert_eq!(parse_anchor(&format_anchor(&anchor)), Ok(anchor));
    }

    #[test]
    fn keys_may_stand_in_any_order() {
        assert_eq!(
            parse_anchor(&text(1, &[key(1), key(2)])),
            parse_anchor(&text(1, &[key(2), key(1)]))
        );
    }

    #[test]
    fn what_is_no_anchor_is_refused_with_its_reason() {
        let code = |text: &str| parse_anchor(text).unwrap_err().code();
        assert_eq!(code("hello"), "not-an-anchor");
        assert_eq!(
            code(&format!("{}extra = 1\n", text(1, &[key(1)]))),
            "not-an-anchor"
        );
        assert_eq!(
            code(&text(1, &[key(1)]).replace("= 1\nn", "= 2\nn")),
            "anchor-other-version"
        );
        assert_eq!(code(&text(0, &[key(1)])), "anchor-threshold");
        assert_eq!(code(&text(2, &[key(1)])), "anchor-threshold");
        assert_eq!(code(&text(1, &[key(1), key(1)])), "anchor-keys");
        assert_eq!(code(&text(1, &[key(1)[..62].to_owned()])), "key-not-hex");
        // A key of small order (PROTOCOL K1).
        assert_eq!(
            code(&text(1, &[format!("01{}", "00".repeat(31))])),
            "key-small-order"
        );
        let many: Vec<_> = (0..17).map(key).collect();
        assert_eq!(code(&text(1, &many)), "anchor-keys");
        let long = text(1, &[key(1)]).replace("dialogue", &"n".repeat(65));
        assert_eq!(code(&long), "anchor-network-too-long");
    }
}

//! `.pub`: what others get of a holder's key, as text that people read and compare.

use std::path::Path;

use maille_common::address::{Name, NameError};
use maille_common::crypto::ed25519::{KeyError, VerifyingKey};
use maille_common::toml_tokens::check_tokens;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::files::{self, Access, FileError};

/// A key, a name and a holder, with room for comments.
const BYTES_MAX: usize = 4096;
/// Some lines, and as many of comments as anybody may add.
const TOKENS_MAX: usize = 1024;
/// Longest holder in bytes, as in the roster.
pub(super) const HOLDER_BYTES_MAX: usize = 128;

/// The public half of a holder's key, and who holds it. Not secret and not proved: whoever takes it
/// compares the key by telephone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeyFile {
    /// The organisation.
    pub organisation: Name,
    /// The office or person who keeps the key.
    pub holder: String,
    /// The key.
    pub key: VerifyingKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    organisation: String,
    holder: String,
    key: String,
}

impl PublicKeyFile {
    /// The text: TOML, the key in lowercase hexadecimal.
    pub fn to_text(&self) -> String {
        let form = Form {
            organisation: self.organisation.to_string(),
            holder: self.holder.clone(),
            key: self.key.to_string(),
        };
        toml::to_string(&form).expect("three texts are always TOML")
    }

    /// Reads the text and checks the key strictly (PROTOCOL K1).
    pub fn parse(text: &str) -> Result<Self, PublicKeyFileError> {
        let refuse = |why| PublicKeyFileError::Form { why };
        check_tokens(text, TOKENS_MAX).map_err(|error| refuse(error.to_string()))?;
        let form: Form = toml::from_str(text)
            .map_err(|error| refuse(error.message().trim_end_matches('.').to_owned()))?;
        if form.holder.len() > HOLDER_BYTES_MAX {
            return Err(PublicKeyFileError::HolderTooLong);
        }
        Ok(Self {
            organisation: form
                .organisation
                .parse()
                .map_err(PublicKeyFileError::Organisation)?,
            holder: form.holder,
            key: form.key.parse().map_err(PublicKeyFileError::Key)?,
        })
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, PublicKeyFileError> {
        Self::parse(&files::read_text(path, BYTES_MAX)?)
    }

    /// Writes a new file.
    pub fn write(&self, path: &Path) -> Result<(), PublicKeyFileError> {
        Ok(files::create(
            path,
            self.to_text().as_bytes(),
            Access::Shared,
        )?)
    }
}

/// Why a public key file is not one.
#[derive(Debug, Error)]
pub enum PublicKeyFileError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not of the form.
    #[error("This is not a public key file: {why}. It has `organisation`, `holder` and `key`.")]
    Form {
        /// What is wrong, as a clause.
        why: String,
    },
    /// The organisation is not a name.
    #[error("The organisation of the public key file is refused. {0}")]
    Organisation(NameError),
    /// The holder is too long.
    #[error("The holder of a key has at most {HOLDER_BYTES_MAX} bytes. Shorten it.")]
    HolderTooLong,
    /// The key is not acceptable.
    #[error("The key of the public key file is refused. {0}")]
    Key(KeyError),
}

impl PublicKeyFileError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(fault) => fault.code(),
            Self::Form { .. } => "public-key-form",
            Self::Organisation(_) => "public-key-organisation",
            Self::HolderTooLong => "public-key-holder",
            Self::Key(fault) => fault.code(),
        }
    }
}

//! The private key of one holder at rest: of the authority, or of an organisation's annex.
//!
//! The seed is sealed under a passphrase, or stands in the clear where a machine signs without a
//! person. One file, one key, one holder: nothing here makes two.

use std::fmt;
use std::path::Path;

use maille_common::address::Name;
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::label::Label;
use maille_common::randomness::Randomness;
use maille_common::toml_tokens::check_tokens;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use super::files::{self, Access, FileError};
use super::public_key_file::{HOLDER_BYTES_MAX, PublicKeyFile};
use crate::home::{Cost, Passphrase};
use crate::stored_seed::{KeyProtection, SealedForm, SeedFault, StoredSeed};

/// Names, a key, a sealed seed and a salt, with room for comments.
const BYTES_MAX: usize = 4096;
/// Some lines, and as many of comments as anybody may add.
const TOKENS_MAX: usize = 1024;
/// The only format so far.
const FORMAT: u16 = 1;
/// The place of the seed, as homes name theirs: padded to 16.
const PLACE: &[u8; 16] = b"holder key\0\0\0\0\0\0";

/// A key as it lies on disk: whose it is, and the seed, mostly sealed.
pub struct KeyFile {
    public: PublicKeyFile,
    seed: StoredSeed,
}

/// An open key, ready to sign.
#[derive(Debug)]
pub struct HolderKey {
    /// Who holds it.
    pub public: PublicKeyFile,
    /// The key.
    pub key: SigningKey,
}

impl KeyFile {
    /// Makes a fresh key.
    pub fn generate(
        organisation: Name,
        holder: &str,
        protection: KeyProtection<'_>,
        randomness: &mut impl Randomness,
    ) -> Result<Self, KeyFileError> {
        if holder.is_empty() || holder.len() > HOLDER_BYTES_MAX {
            return Err(KeyFileError::Holder);
        }
        let seed: Zeroizing<[u8; 32]> = randomness.secret();
        let key = SigningKey::from_seed(*seed).verifying_key();
        let seed = StoredSeed::protect(seed, protection, &bound(&key), randomness)?;
        let public = PublicKeyFile {
            organisation,
            holder: holder.to_owned(),
            key,
        };
        Ok(Self { public, seed })
    }

    /// Reads a key file, which only its owner may reach.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let bytes = files::read_secret(path, BYTES_MAX)?;
        Self::parse(std::str::from_utf8(&bytes).map_err(|_| form("it is not text"))?)
    }

    /// Reads the text of such a file.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        check_tokens(text, TOKENS_MAX).map_err(|error| form(error.to_string()))?;
        let form: Form = toml::from_str(text).map_err(|error| KeyFileError::Form {
            why: error.message().trim_end_matches('.').to_owned(),
        })?;
        form.into_key_file()
    }

    /// Writes a new file for its owner alone.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let text = Zeroizing::new(self.to_text());
        Ok(files::create(path, text.as_bytes(), Access::Owner)?)
    }

    /// The same key under another passphrase, given the present one where there is one.
    ///
    /// A copy of the file made before still opens with the old passphrase.
    pub fn change_passphrase(
        self,
        present: Option<&Passphrase>,
        (new, cost): (&Passphrase, Cost),
        randomness: &mut impl Randomness,
    ) -> Result<Self, KeyFileError> {
        let bound = bound(&self.public.key);
        let seed = self.seed.open(&bound, present)?;
        let protection = KeyProtection::Passphrase(new, cost);
        Ok(Self {
            public: self.public,
            seed: StoredSeed::protect(seed, protection, &bound, randomness)?,
        })
    }

    /// Puts the file in the place of the one it was read from: after a power cut there is the old
    /// one or the new one.
    pub fn replace(&self, path: &Path) -> Result<(), KeyFileError> {
        let text = Zeroizing::new(self.to_text());
        Ok(files::replace(path, text.as_bytes(), Access::Owner)?)
    }

    /// The public half.
    pub fn public(&self) -> &PublicKeyFile {
        &self.public
    }

    /// Whether a passphrase is needed.
    pub fn is_sealed(&self) -> bool {
        self.seed.is_sealed()
    }

    /// Opens the key. A passphrase that is not needed is not looked at.
    pub fn open(self, passphrase: Option<&Passphrase>) -> Result<HolderKey, KeyFileError> {
        let seed = self.seed.open(&bound(&self.public.key), passphrase)?;
        let key = SigningKey::from_seed(*seed);
        if key.verifying_key() != self.public.key {
            return Err(form("its private key belongs to another public key"));
        }
        Ok(HolderKey {
            public: self.public,
            key,
        })
    }

    fn to_text(&self) -> String {
        let (seed, argon2id) = self.seed.written();
        let form = Form {
            format: FORMAT,
            organisation: self.public.organisation.to_string(),
            holder: self.public.holder.clone(),
            key: self.public.key.to_string(),
            seed,
            argon2id,
        };
        toml::to_string(&form).expect("texts and numbers are always TOML")
    }
}

/// The seed stays out of logs.
impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFile({:?}, ..)", self.public)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    format: u16,
    organisation: String,
    holder: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argon2id: Option<SealedForm>,
}

impl Form {
    fn into_key_file(mut self) -> Result<KeyFile, KeyFileError> {
        if self.format != FORMAT {
            return Err(KeyFileError::OtherFormat { found: self.format });
        }
        let seed = StoredSeed::read(self.seed.take(), "seed", self.argon2id)?;
        let organisation = self.organisation.parse();
        let key = self.key.parse();
        let public = PublicKeyFile {
            organisation: organisation.map_err(|_| form("`organisation` is not a name"))?,
            holder: self.holder,
            key: key.map_err(|_| form("`key` is not an Ed25519 key"))?,
        };
        Ok(KeyFile { public, seed })
    }
}

/// "key file" padded to 32 | place padded to 16 | public key: a seed does not open in another file.
fn bound(public: &VerifyingKey) -> Vec<u8> {
    [&Label::KEY_FILE.padded()[..], PLACE, public.as_bytes()].concat()
}

fn form(why: impl Into<String>) -> KeyFileError {
    KeyFileError::Form { why: why.into() }
}

impl From<SeedFault> for KeyFileError {
    fn from(fault: SeedFault) -> Self {
        match fault {
            SeedFault::Form(why) => Self::Form { why },
            SeedFault::PassphraseNeeded => Self::PassphraseNeeded,
            SeedFault::WrongPassphrase => Self::WrongPassphrase,
            SeedFault::PassphraseTooShort => Self::PassphraseTooShort,
            SeedFault::NoMemory { memory_kib } => Self::NoMemory { memory_kib },
        }
    }
}

/// Why a key was not made or opened.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not of the form.
    #[error("This is not a key file: {why}. Restore it from a backup.")]
    Form {
        /// What is wrong, as a clause.
        why: String,
    },
    /// The file has a format that this program does not read.
    #[error(
        "The key file has format {found}, and this program reads format {FORMAT}. Use the version \
         of Maille that made it."
    )]
    OtherFormat {
        /// The format found.
        found: u16,
    },
    /// The holder is empty or too long.
    #[error("The holder of a key has 1 to {HOLDER_BYTES_MAX} bytes. Name an office or a person.")]
    Holder,
    /// The key is sealed, and no passphrase was given.
    #[error("The key is sealed under a passphrase, and none was given.")]
    PassphraseNeeded,
    /// The passphrase does not open the key.
    #[error("The passphrase does not open this key. Try again.")]
    WrongPassphrase,
    /// A new passphrase could be guessed.
    #[error(
        "A passphrase has at least {} characters. Choose a longer one, for example five words.",
        Passphrase::CHARS_MIN
    )]
    PassphraseTooShort,
    /// Stretching a passphrase takes more memory than there is.
    #[error(
        "The passphrase needs {memory_kib} KiB of memory to be checked. Free some, and try again."
    )]
    NoMemory {
        /// What was asked of the system.
        memory_kib: u32,
    },
}

impl KeyFileError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(fault) => fault.code(),
            Self::Form { .. } => "key-file-form",
            Self::OtherFormat { .. } => "key-file-other-format",
            Self::Holder => "key-file-holder",
            Self::PassphraseNeeded => "passphrase-needed",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::PassphraseTooShort => "passphrase-too-short",
            Self::NoMemory { .. } => "no-memory",
        }
    }
}

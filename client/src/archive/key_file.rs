//! The archive key as files: the private half stays on the offline machine, sealed under a
//! passphrase; desks are given the public half.

use std::fmt;
use std::path::Path;

use maille_common::codec::to_hex;
use maille_common::crypto::hpke::{SealingPublicKey, SealingSecretKey};
use maille_common::hash::Hash;
use maille_common::label::Label;
use maille_common::randomness::Randomness;
use maille_common::toml_tokens::check_tokens;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::authority::{Access, FileError, files};
use crate::home::Passphrase;
use crate::stored_seed::{KeyProtection, SealedForm, SeedFault, StoredSeed, hex};

/// A public key in digits is 2,432 of them.
const BYTES_MAX: usize = 8 * 1024;

/// Ten lines, and as many of comments as anybody may add.
const TOKENS_MAX: usize = 1024;
/// The only format so far.
const FORMAT: u16 = 1;
/// The place of the seed, as homes name theirs: padded to 16.
const PLACE: &[u8; 16] = b"archive key\0\0\0\0\0";

/// The public half: what desks seal to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivePublicFile {
    /// The key.
    pub key: SealingPublicKey,
}

/// The private half as it lies on disk.
pub struct ArchiveKeyFile {
    public: SealingPublicKey,
    seed: StoredSeed,
}

/// The private half, open.
#[derive(Debug)]
pub struct ArchiveKey(pub(super) SealingSecretKey);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicForm {
    format: u16,
    archive_key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivateForm {
    format: u16,
    archive_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    archive_seed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argon2id: Option<SealedForm>,
}

impl ArchivePublicFile {
    /// What people compare: the first sixteen bytes of the key's id.
    pub fn code(&self) -> String {
        code_of(&self.key.id())
    }

    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, ArchiveKeyError> {
        Self::parse(&files::read_text(path, BYTES_MAX)?)
    }

    /// Reads the text of such a file.
    pub fn parse(text: &str) -> Result<Self, ArchiveKeyError> {
        let form: PublicForm = parse(text)?;
        check_format(form.format)?;
        let key = public_key(&form.archive_key)?;
        Ok(Self { key })
    }

    /// Writes a new file, for everybody.
    pub fn write(&self, path: &Path) -> Result<(), ArchiveKeyError> {
        let form = PublicForm {
            format: FORMAT,
            archive_key: to_hex(self.key.as_bytes()),
        };
        Ok(files::create(
            path,
            to_text(&form).as_bytes(),
            Access::Shared,
        )?)
    }
}

impl ArchiveKeyFile {
    /// Makes a fresh key.
    pub fn generate(
        protection: KeyProtection<'_>,
        randomness: &mut impl Randomness,
    ) -> Result<Self, ArchiveKeyError> {
        let seed: Zeroizing<[u8; 32]> = randomness.secret();
        let public = SealingSecretKey::from_seed(*seed).public_key();
        let seed = StoredSeed::protect(seed, protection, &bound(&public), randomness)?;
        Ok(Self { public, seed })
    }

    /// Reads the file, which only its owner may reach.
    pub fn read(path: &Path) -> Result<Self, ArchiveKeyError> {
        let bytes = files::read_secret(path, BYTES_MAX)?;
        Self::parse(std::str::from_utf8(&bytes).map_err(|_| form("it is not text"))?)
    }

    /// Reads the text of such a file.
    pub fn parse(text: &str) -> Result<Self, ArchiveKeyError> {
        let mut read: PrivateForm = parse(text)?;
        check_format(read.format)?;
        let (plain, sealed) = (read.archive_seed.take(), read.argon2id);
        let seed = StoredSeed::read(plain, "archive_seed", sealed)?;
        let public = public_key(&read.archive_key)?;
        Ok(Self { public, seed })
    }

    /// Writes a new file for its owner alone.
    pub fn write(&self, path: &Path) -> Result<(), ArchiveKeyError> {
        let (archive_seed, argon2id) = self.seed.written();
        let form = PrivateForm {
            format: FORMAT,
            archive_key: to_hex(self.public.as_bytes()),
            archive_seed,
            argon2id,
        };
        let text = Zeroizing::new(to_text(&form));
        Ok(files::create(path, text.as_bytes(), Access::Owner)?)
    }

    /// The public half.
    pub fn public(&self) -> ArchivePublicFile {
        let key = self.public.clone();
        ArchivePublicFile { key }
    }

    /// Whether a passphrase is needed.
    pub fn is_sealed(&self) -> bool {
        self.seed.is_sealed()
    }

    /// Opens the key. A passphrase that is not needed is not looked at.
    pub fn open(self, passphrase: Option<&Passphrase>) -> Result<ArchiveKey, ArchiveKeyError> {
        let seed = self.seed.open(&bound(&self.public), passphrase)?;
        let key = SealingSecretKey::from_seed(*seed);
        match key.public_key() == self.public {
            true => Ok(ArchiveKey(key)),
            false => Err(form("its private key belongs to another public key")),
        }
    }
}

impl ArchiveKey {
    /// The id of the key, which stands in every record.
    pub fn id(&self) -> Hash {
        self.0.public_key().id()
    }
}

/// The seed stays out of logs.
impl fmt::Debug for ArchiveKeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArchiveKeyFile({:?}, ..)", self.public)
    }
}

/// The code of an archive key by its id.
pub(crate) fn code_of(id: &Hash) -> String {
    let digits = to_hex(&id.as_bytes()[..16]);
    let groups: Vec<&str> = (0..8).map(|at| &digits[at * 4..at * 4 + 4]).collect();
    groups.join("-")
}

/// "key file" padded to 32 | place padded to 16 | id of the public key: a seed does not open in
/// another file.
fn bound(public: &SealingPublicKey) -> Vec<u8> {
    let id = public.id();
    [&Label::KEY_FILE.padded()[..], PLACE, id.as_bytes()].concat()
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ArchiveKeyError> {
    check_tokens(text, TOKENS_MAX).map_err(|error| form(error.to_string()))?;
    toml::from_str(text).map_err(|error| form(error.message().trim_end_matches('.')))
}

fn to_text(form: &impl Serialize) -> String {
    toml::to_string(form).expect("texts and numbers are always TOML")
}

fn check_format(found: u16) -> Result<(), ArchiveKeyError> {
    match found {
        FORMAT => Ok(()),
        _ => Err(ArchiveKeyError::OtherFormat { found }),
    }
}

fn public_key(digits: &str) -> Result<SealingPublicKey, ArchiveKeyError> {
    let bytes = hex(digits, "archive_key")?;
    SealingPublicKey::parse(bytes).map_err(|_| form("`archive_key` is no X-Wing key"))
}

fn form(why: impl Into<String>) -> ArchiveKeyError {
    ArchiveKeyError::Form { why: why.into() }
}

impl From<SeedFault> for ArchiveKeyError {
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

/// Why an archive key was not made, read or opened.
#[derive(Debug, Error)]
pub enum ArchiveKeyError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not of the form.
    #[error("This is no file of an archive key: {why}. Restore it from a backup.")]
    Form {
        /// What is wrong, as a clause.
        why: String,
    },
    /// The file has a format that this program does not read.
    #[error(
        "The file of the archive key has format {found}, and this program reads format {FORMAT}. \
         Use the version of Maille that made it."
    )]
    OtherFormat {
        /// The format found.
        found: u16,
    },
    /// The key is sealed, and no passphrase was given.
    #[error("The archive key is sealed under a passphrase, and none was given.")]
    PassphraseNeeded,
    /// The passphrase does not open the key.
    #[error("The passphrase does not open this archive key. Try again.")]
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

impl ArchiveKeyError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(fault) => fault.code(),
            Self::Form { .. } => "archive-key-form",
            Self::OtherFormat { .. } => "archive-key-other-format",
            Self::PassphraseNeeded => "passphrase-needed",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::PassphraseTooShort => "passphrase-too-short",
            Self::NoMemory { .. } => "no-memory",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsRandomness;
    use crate::home::Cost;

    const CHEAP: Option<Cost> = Cost::new(8, 1, 1);

    #[test]
    fn both_halves_come_back_from_their_files_and_the_private_one_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("nine grey stone river otters");
        let protection = KeyProtection::Passphrase(&passphrase, CHEAP.unwrap());
        let made = ArchiveKeyFile::generate(protection, &mut OsRandomness::new()).unwrap();
        let (private, public) = (folder.path().join("a.key"), folder.path().join("a.pub"));
        made.write(&private).unwrap();
        made.public().write(&public).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&private).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let read = ArchivePublicFile::read(&public).unwrap();
        assert_eq!(read, made.public());
        assert_eq!(read.code().len(), 39);
        let open = |passphrase| ArchiveKeyFile::read(&private).unwrap().open(passphrase);
        assert_eq!(open(Some(&passphrase)).unwrap().id(), read.key.id());
        let other = Passphrase::new("nine grey stone river herons");
        assert_eq!(open(Some(&other)).unwrap_err().code(), "wrong-passphrase");
        assert_eq!(open(None).unwrap_err().code(), "passphrase-needed");
        // Neither half is taken for the other, and none is written over.
        assert!(ArchiveKeyFile::read(&public).is_err());
        assert_eq!(
            ArchivePublicFile::read(&private).unwrap_err().code(),
            "archive-key-form"
        );
        assert_eq!(
            made.write(&private).unwrap_err().code(),
            "file-already-there"
        );
    }

    #[test]
    fn the_private_half_of_another_key_is_refused() {
        let plain = |_| ArchiveKeyFile::generate(KeyProtection::Plain, &mut OsRandomness::new());
        let (one, two) = (plain(1).unwrap(), plain(2).unwrap());
        let mixed = ArchiveKeyFile {
            public: one.public,
            seed: two.seed,
        };
        assert_eq!(mixed.open(None).unwrap_err().code(), "archive-key-form");
        let short = Passphrase::new("too short");
        let protection = KeyProtection::Passphrase(&short, CHEAP.unwrap());
        let refused = ArchiveKeyFile::generate(protection, &mut OsRandomness::new());
        assert_eq!(refused.unwrap_err().code(), "passphrase-too-short");
    }
}

//! The relay's two private keys, made where they live.

use std::io;
use std::path::{Path, PathBuf};

use maille_common::codec::{from_hex, to_hex};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::folder::{RelayFolder, create_file, read_bounded};

/// The names of the files, transport first.
pub(crate) const KEY_FILES: [&str; 2] = ["transport.key", "signing.key"];

/// 64 digits and a line feed.
const BYTES_MAX: usize = 65;

/// The keys of one relay. They stand in the roster together.
#[derive(Debug)]
pub struct RelayKeyPair {
    /// Proves the relay in the TLS handshake.
    pub transport: SigningKey,
    /// Signs what the relay states.
    pub signing: SigningKey,
}

/// Why keys cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// A key is there already, and is never overwritten: the roster may name it.
    #[error(
        "{} is there already and is not overwritten. Keep it, or move the whole folder away first.",
        .path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("The key {} cannot be read or written: {source}.", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others on this machine could read the key.
    #[error(
        "The key {} can be read by others. If nobody did, `chmod 600` it; else make new keys and \
         ask the authority to replace this relay's.", .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It is no key.
    #[error("{} is not a key: 64 hexadecimal digits are expected.", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
}

impl KeyFileError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "key-exists",
            Self::Io { .. } => "key-io",
            Self::Open { .. } => "key-open-to-others",
            Self::Form { .. } => "key-form",
        }
    }
}

impl RelayKeyPair {
    /// Makes both keys, in files of mode 0600 that were not there before.
    pub fn create(
        folder: &RelayFolder,
        random: &mut impl Randomness,
    ) -> Result<Self, KeyFileError> {
        for path in [folder.transport_key(), folder.signing_key()] {
            if path.exists() {
                return Err(KeyFileError::Exists { path });
            }
        }
        Ok(Self {
            transport: create_key(&folder.transport_key(), random)?,
            signing: create_key(&folder.signing_key(), random)?,
        })
    }

    /// Reads both keys, and refuses those that others could read. Where the next pair is being
    /// taken into use, and that was cut off, it is the next pair.
    pub fn load(folder: &RelayFolder) -> Result<Self, KeyFileError> {
        let taking = folder.keys_being_taken();
        let [transport, signing] = KEY_FILES.map(|name| {
            let fresh = taking.join(name);
            match fresh.exists() {
                true => fresh,
                false => folder.root().join(name),
            }
        });
        Ok(Self {
            transport: load_key(&transport)?,
            signing: load_key(&signing)?,
        })
    }

    /// Reads the next pair, where there is one.
    pub(crate) fn load_next(folder: &RelayFolder) -> Result<Option<Self>, KeyFileError> {
        let next = folder.next_keys();
        match next.exists() {
            true => Self::load(&RelayFolder::new(next)).map(Some),
            false => Ok(None),
        }
    }

    /// Reads whichever of the two keys lie in a folder.
    pub(crate) fn each_in(folder: &Path) -> Result<Vec<SigningKey>, KeyFileError> {
        let paths = KEY_FILES.map(|name| folder.join(name));
        let there = paths.iter().filter(|path| path.exists());
        there.map(|path| load_key(path)).collect()
    }
}

fn create_key(path: &Path, random: &mut impl Randomness) -> Result<SigningKey, KeyFileError> {
    let seed = random.secret::<32>();
    let text = Zeroizing::new(format!(
        "{}\n",
        Zeroizing::new(to_hex(seed.as_ref())).as_str()
    ));
    create_file(path, text.as_bytes()).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists {
            path: path.to_owned(),
        },
        _ => KeyFileError::Io {
            path: path.to_owned(),
            source,
        },
    })?;
    Ok(SigningKey::from_seed(*seed))
}

fn load_key(path: &Path) -> Result<SigningKey, KeyFileError> {
    let failed = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let form = || KeyFileError::Form {
        path: path.to_owned(),
    };
    if is_open_to_others(path).map_err(failed)? {
        return Err(KeyFileError::Open {
            path: path.to_owned(),
        });
    }
    let bytes = Zeroizing::new(read_bounded(path, BYTES_MAX).map_err(failed)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| form())?;
    let seed = Zeroizing::new(from_hex::<32>(text.trim_end()).map_err(|_| form())?);
    Ok(SigningKey::from_seed(*seed))
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata(path)?.mode() & 0o077 != 0)
}

/// On Windows the folder's own access list counts, and nothing is checked.
#[cfg(not(unix))]
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    std::fs::metadata(path).map(|_| false)
}

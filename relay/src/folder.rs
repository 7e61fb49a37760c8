//! The relay's folder: the names in it, and writing that survives a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The folder of one relay. docs/operations.md says of each file whether it is secret, whether it
/// is trusted, and what is lost with it.
#[derive(Debug, Clone)]
pub struct RelayFolder {
    root: PathBuf,
}

impl RelayFolder {
    /// Names the folder; nothing is read.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.root.join("relay.toml")
    }

    /// Where trust in the network begins.
    pub fn anchor(&self) -> PathBuf {
        self.root.join("anchor")
    }

    /// The private key of the TLS handshake.
    pub fn transport_key(&self) -> PathBuf {
        self.root.join("transport.key")
    }

    /// The private key that signs what the relay states.
    pub fn signing_key(&self) -> PathBuf {
        self.root.join("signing.key")
    }

    /// The next pair of keys, until it is used.
    pub fn next_keys(&self) -> PathBuf {
        self.root.join("next")
    }

    /// The next pair of keys, while it takes the place of the present one.
    pub fn keys_being_taken(&self) -> PathBuf {
        self.root.join("taking")
    }

    /// The pair of keys that was used before, until the roster names it no more.
    pub fn former_keys(&self) -> PathBuf {
        self.root.join("former")
    }

    /// Held by whoever makes the next pair of keys, or takes it into use.
    pub fn keys_lock(&self) -> PathBuf {
        self.root.join("keys.lock")
    }

    /// What the authority needs to admit this relay.
    pub fn request(&self) -> PathBuf {
        self.root.join("relay-request.toml")
    }

    /// The signed documents of the roster.
    pub fn roster(&self) -> PathBuf {
        self.root.join("roster")
    }

    /// The heads of every roster that was in force here.
    pub fn roster_heads(&self) -> PathBuf {
        self.root.join("roster.heads")
    }

    /// The durable store.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Held by whoever makes a backup.
    pub fn backup_lock(&self) -> PathBuf {
        self.root.join("backup.lock")
    }

    /// The running relay's copy of its store, until a backup has taken it.
    pub fn backup_extract(&self) -> PathBuf {
        self.root.join("backup.extract")
    }

    /// Sealed attachments.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// The socket of `maille-relay status` and `maille-relay roster`.
    pub fn admin_socket(&self) -> PathBuf {
        self.root.join("admin.sock")
    }
}

/// Makes a folder that only its owner can enter, with those above it.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    for_its_owner().recursive(true).create(path)
}

/// Makes folders that their owner alone can enter.
#[cfg(unix)]
pub(crate) fn for_its_owner() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Makes folders; whom else they are open to, this system's own rules say.
#[cfg(not(unix))]
pub(crate) fn for_its_owner() -> fs::DirBuilder {
    fs::DirBuilder::new()
}

/// Writes a file that must not be there yet, with mode 0600, and returns when it is durable.
pub(crate) fn create_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_parent(path)
}

/// Opens a file to be locked, with mode 0600; what is in it does not matter.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Puts a file in place as a whole: after a power cut there is the old one or the new one.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = with_suffix(path, "new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create_file(&fresh, bytes)?;
    fs::rename(&fresh, path)?;
    sync_parent(path)
}

/// Reads a file, but not more than so many bytes of it.
pub(crate) fn read_bounded(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        let sentence = format!("it has more than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, sentence));
    }
    Ok(bytes)
}

/// Makes the names in the folder of a file durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable. Windows does so by itself, and has no call for it.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes the names in a folder durable. Windows does so by itself, and has no call for it.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The same path with something more at its end.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod vectors;

//! A backup of a relay, made while it serves.
//!
//! The store comes first, as it stood at one commit; then the attachments that this copy of it
//! names, which never change. One that went meanwhile went with the alerts that named it. The
//! configuration, the anchor and the roster's documents are files that are replaced as a whole.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use maille_durable::{DurableStore, ExtractError, each_backed_up};
use thiserror::Error;

use crate::admin::{AdminAnswer, AdminRequest, ask, nobody_listens};
use crate::blobs::blob_path;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError};
use crate::copying::{Unfinished, copy, measure};
use crate::core::BackedUp;
use crate::core::PublicKeys;
use crate::folder::{RelayFolder, create_folder, open_lock};
use crate::identity::{KEY_FILES, KeyFileError, RelayKeyPair};

mod lines;
mod manifest;
pub use manifest::{Manifest, ManifestError, ManifestFile};

/// The store's records in a backup.
pub(crate) const STORE: &str = "store.checkpoint";

/// Why no backup was made. Nothing of it is left.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The folder holds no relay.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Somebody makes another.
    #[error("Another backup of {} is being made.", .folder.display())]
    Busy {
        /// The relay's folder.
        folder: PathBuf,
    },
    /// The target is taken.
    #[error("{} is there already; a backup needs a name of its own.", .path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The store was not copied.
    #[error("The store was not copied: {0}")]
    Store(#[from] ExtractError),
    /// The running relay did not copy its store.
    #[error("The relay did not copy its store: {sentence}")]
    Relay {
        /// What it said.
        sentence: String,
    },
    /// Its keys cannot be read.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A file cannot be read or written.
    #[error("{} cannot be copied: {source}.", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl BackupError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            Self::Busy { .. } => "backup-busy",
            Self::Exists { .. } => "backup-exists",
            Self::Store(error) => error.code(),
            Self::Relay { .. } => "backup-relay",
            Self::Key(error) => error.code(),
            Self::File { .. } => "backup-file",
        }
    }
}

/// Makes a backup of the relay in `folder` at `target`, which must not be there: of a relay at work
/// through its admin socket, of one that is stopped by itself. It is there whole, synced and with
/// its manifest, or not at all.
///
/// Private keys are in it only if asked for: who holds them can be the relay.
///
/// # Errors
/// [`BackupError`].
pub fn backup(folder: &RelayFolder, target: &Path, keys: bool) -> Result<Manifest, BackupError> {
    let config = Config::read(&folder.config())?;
    let _turn = take_turn(folder)?;
    let target = &std::path::absolute(target).map_err(|source| unread(target, source))?;
    let unfinished = begin(target)?;
    let mut copying = Copying {
        from: folder,
        to: unfinished.path(),
        manifest: Manifest {
            version: Manifest::VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made: SystemClock.now().to_string(),
            relay: config.name.to_string(),
            network: config.network,
            incarnation: String::new(),
            commit: 0,
            keys,
            gone: Vec::new(),
            files: Vec::new(),
        },
    };
    let store = copying.store()?;
    copying.blobs(&store)?;
    copying.texts()?;
    let manifest = copying.manifest;
    let written = manifest.write(unfinished.path());
    written.map_err(|source| unread(target, source))?;
    unfinished
        .finish()
        .map_err(|source| unread(target, source))?;
    Ok(manifest)
}

/// One at a time: the relay writes its store's copy under one name.
fn take_turn(folder: &RelayFolder) -> Result<File, BackupError> {
    let path = folder.backup_lock();
    let lock = open_lock(&path).map_err(|source| unread(&path, source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(BackupError::Busy {
            folder: folder.root().to_path_buf(),
        }),
        Err(TryLockError::Error(source)) => Err(unread(&path, source)),
    }
}

fn begin(target: &Path) -> Result<Unfinished, BackupError> {
    let exists = |path: &Path| BackupError::Exists {
        path: path.to_path_buf(),
    };
    if target.symlink_metadata().is_ok() {
        return Err(exists(target));
    }
    Unfinished::begin(target).map_err(|source| match source.kind() {
        // A backup that was cut off, or another that is being made at this very moment.
        io::ErrorKind::AlreadyExists => exists(&crate::folder::with_suffix(target, "unfinished")),
        _ => unread(target, source),
    })
}

/// The copy, while it is made.
struct Copying<'a> {
    from: &'a RelayFolder,
    to: &'a Path,
    manifest: Manifest,
}

impl Copying<'_> {
    /// Copies the store as it stands at one commit, and reads from the copy what it names.
    fn store(&mut self) -> Result<BackedUp, BackupError> {
        let file = self.to.join(STORE);
        let extract = Extract(self.from.backup_extract());
        remove_if_there(&extract.0)?;
        match ask(self.from, &AdminRequest::BackUp) {
            Ok(AdminAnswer::BackedUp { .. }) => extract.move_to(&file)?,
            Ok(AdminAnswer::Failed { sentence }) => return Err(BackupError::Relay { sentence }),
            Ok(_) => {
                let sentence = "it has another version than this program.".to_owned();
                return Err(BackupError::Relay { sentence });
            }
            Err(error) if nobody_listens(&error) => {
                DurableStore::back_up_stopped(&self.from.store(), &file, &|| true)?;
            }
            Err(source) => return Err(unread(&self.from.admin_socket(), source)),
        }
        let mut backed_up = BackedUp::default();
        let commit = each_backed_up(&file, |table, key, value| backed_up.note(table, key, value))?;
        self.manifest.commit = commit.0;
        let incarnation = backed_up.incarnation.as_ref();
        self.manifest.incarnation = incarnation.map_or_else(String::new, ToString::to_string);
        let measured = measure(&file).map_err(|source| unread(&file, source))?;
        self.manifest.add(STORE, measured);
        Ok(backed_up)
    }

    fn blobs(&mut self, store: &BackedUp) -> Result<(), BackupError> {
        let (from, to) = (self.from.blobs(), self.to.join("blobs"));
        for blob in &store.blobs {
            let [content, manifest] = ["blob", "manifest"].map(|kind| {
                let path = blob_path(&from, blob, kind);
                let copy = blob_path(&to, blob, kind);
                (path, copy)
            });
            if let Some(folder) = content.1.parent() {
                create_folder(folder).map_err(|source| unread(folder, source))?;
            }
            let copied = self.one(&content.0, &content.1)? && self.one(&manifest.0, &manifest.1)?;
            if !copied {
                // Half of it may have been there a moment ago.
                remove_if_there(&content.1)?;
                let gone = self.name_of(&content.1);
                self.manifest.files.retain(|file| file.path != gone);
                self.manifest.gone.push(blob.to_string());
            }
        }
        Ok(())
    }

    fn texts(&mut self) -> Result<(), BackupError> {
        let folder = self.from;
        for path in [folder.config(), folder.anchor()] {
            if !self.in_its_place(&path)? {
                return Err(unread(&path, io::ErrorKind::NotFound.into()));
            }
        }
        if self.manifest.keys {
            self.keys()?;
        }
        for path in [folder.request(), folder.roster_heads()] {
            self.in_its_place(&path)?;
        }
        let roster = folder.roster();
        let copy = self.to.join("roster");
        create_folder(&copy).map_err(|source| unread(&copy, source))?;
        let mut documents = Vec::new();
        for entry in fs::read_dir(&roster).map_err(|source| unread(&roster, source))? {
            let path = entry.map_err(|source| unread(&roster, source))?.path();
            let is_document = path
                .extension()
                .is_some_and(|extension| extension == "part");
            if is_document && path.is_file() {
                documents.push(path);
            }
        }
        documents.sort();
        for path in documents {
            self.in_its_place(&path)?;
        }
        Ok(())
    }

    /// The keys in use, the next pair, and what taking one into use has left in between.
    fn keys(&mut self) -> Result<(), BackupError> {
        let folder = self.from;
        let in_use = || Ok::<_, BackupError>(PublicKeys::of(&RelayKeyPair::load(folder)?));
        let before = in_use()?;
        for path in [folder.transport_key(), folder.signing_key()] {
            self.in_its_place(&path)?;
        }
        for keys in [
            folder.next_keys(),
            folder.keys_being_taken(),
            folder.former_keys(),
        ] {
            if !keys.exists() {
                continue;
            }
            let inside = keys.strip_prefix(folder.root()).unwrap_or(&keys);
            let copy = self.to.join(inside);
            create_folder(&copy).map_err(|source| unread(&copy, source))?;
            for name in KEY_FILES {
                self.in_its_place(&keys.join(name))?;
            }
        }
        if in_use()? != before {
            let sentence = "it took its next keys into use meanwhile; make another.".to_owned();
            return Err(BackupError::Relay { sentence });
        }
        Ok(())
    }

    /// Copies a file of the relay's folder to where it stands in it; whether it was there.
    fn in_its_place(&mut self, path: &Path) -> Result<bool, BackupError> {
        let inside = path.strip_prefix(self.from.root()).unwrap_or(path);
        self.one(path, &self.to.join(inside))
    }

    fn one(&mut self, from: &Path, to: &Path) -> Result<bool, BackupError> {
        let measured = match copy(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            measured => measured.map_err(|source| unread(from, source))?,
        };
        let name = self.name_of(to);
        self.manifest.add(&name, measured);
        Ok(true)
    }

    /// How the manifest names a file of the backup.
    fn name_of(&self, path: &Path) -> String {
        let inside = path.strip_prefix(self.to).unwrap_or(path);
        let parts = inside.iter().map(|part| part.to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    }
}

/// The relay's own copy of its store, which lies in its folder: it may write nowhere else.
struct Extract(PathBuf);

impl Extract {
    fn move_to(&self, file: &Path) -> Result<(), BackupError> {
        if fs::rename(&self.0, file).is_ok() {
            return Ok(());
        }
        // Another volume.
        let copied = copy(&self.0, file);
        copied.map_err(|source| unread(&self.0, source)).map(drop)
    }
}

impl Drop for Extract {
    fn drop(&mut self) {
        // The next backup removes what stays behind.
        let _ = fs::remove_file(&self.0);
    }
}

fn remove_if_there(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unread(path, error)),
        _ => Ok(()),
    }
}

fn unread(path: &Path, source: io::Error) -> BackupError {
    BackupError::File {
        path: path.to_path_buf(),
        source,
    }
}

//! From a backup to a relay's folder. What begins there is a new incarnation, always: desks have
//! seen more of the old one than the backup knows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maille_common::randomness::Randomness;
use maille_durable::{ExtractError, StoreId};
use thiserror::Error;

use crate::admin::{AdminRequest, ask};
use crate::backup::{Manifest, ManifestError, ManifestFile, STORE};
use crate::copying::{Measured, Unfinished, copy, measure};
use crate::core::is_restored;
use crate::folder::{RelayFolder, create_folder, with_suffix};

/// Why nothing was restored. The folder is as it was.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// A relay serves there.
    #[error("A relay serves {}. Restore into a new folder.", .folder.display())]
    Running {
        /// The folder.
        folder: PathBuf,
    },
    /// A store lies there.
    #[error(
        "{} holds a store, which nothing replaces. Restore into a new folder, and move the keys \
         there.",
        .folder.display()
    )]
    HoldsStore {
        /// The folder.
        folder: PathBuf,
    },
    /// Something lies there.
    #[error("{} is not empty. Restore into a new folder.", .folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// There is no whole backup.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file of the backup is not what its manifest says.
    #[error("The backup is damaged: {path} is not the file that its manifest names.")]
    Changed {
        /// The file, as the manifest names it.
        path: String,
    },
    /// A file of the backup is missing.
    #[error("The backup is not whole: {path} is missing.")]
    Missing {
        /// The file, as the manifest names it.
        path: String,
    },
    /// The store of the backup cannot be used.
    #[error("The store was not restored: {0}")]
    Store(#[from] ExtractError),
    /// A file cannot be read or written.
    #[error("{} cannot be restored: {source}.", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl RestoreError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Running { .. } => "restore-running",
            Self::HoldsStore { .. } => "restore-holds-store",
            Self::NotEmpty { .. } => "restore-not-empty",
            Self::Manifest(_) => "restore-manifest",
            Self::Changed { .. } => "restore-changed",
            Self::Missing { .. } => "restore-missing",
            Self::Store(error) => error.code(),
            Self::File { .. } => "restore-file",
        }
    }

    /// Whether it is the backup that cannot be used, and not the folder.
    pub fn blames_backup(&self) -> bool {
        matches!(
            self,
            Self::Manifest(_) | Self::Changed { .. } | Self::Missing { .. } | Self::Store(_)
        )
    }
}

/// Restores a backup into `folder`, which is new or empty. Every file is held against the manifest;
/// the folder is there whole and synced, or not at all. The first start begins a new incarnation.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(
    backup: &Path,
    folder: &RelayFolder,
    random: &mut impl Randomness,
) -> Result<Manifest, RestoreError> {
    must_be_free(folder)?;
    let manifest = Manifest::read(backup)?;
    let root = folder.root();
    let target = std::path::absolute(root).map_err(|source| unwritten(root, source))?;
    let unfinished = Unfinished::begin(&target)
        .map_err(|source| unwritten(&with_suffix(&target, "unfinished"), source))?;
    let fresh = RelayFolder::new(unfinished.path());
    for file in &manifest.files {
        let from = backup.join(&file.path);
        if file.path == STORE {
            expect(file, measure(&from), &from)?;
            let store_id = StoreId(random.array());
            maille_durable::restore(&from, &fresh.store(), store_id, is_restored)?;
            continue;
        }
        let to = fresh.root().join(&file.path);
        let above = to.parent().unwrap_or(fresh.root());
        create_folder(above).map_err(|source| unwritten(above, source))?;
        expect(file, copy(&from, &to), &from)?;
    }
    if !fresh.store().exists() {
        let path = STORE.to_owned();
        return Err(RestoreError::Missing { path });
    }
    let finished = unfinished.finish();
    finished.map_err(|source| unwritten(&target, source))?;
    Ok(manifest)
}

fn must_be_free(folder: &RelayFolder) -> Result<(), RestoreError> {
    let root = folder.root().to_path_buf();
    if ask(folder, &AdminRequest::Status).is_ok() {
        return Err(RestoreError::Running { folder: root });
    }
    if folder.store().exists() {
        return Err(RestoreError::HoldsStore { folder: root });
    }
    match fs::read_dir(&root).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(RestoreError::NotEmpty { folder: root }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(unwritten(&root, source)),
    }
}

/// A file of the backup is what the manifest says of it.
fn expect(
    file: &ManifestFile,
    measured: io::Result<Measured>,
    from: &Path,
) -> Result<(), RestoreError> {
    let path = file.path.clone();
    match measured {
        Ok(measured) if file.is(&measured) => Ok(()),
        Ok(_) => Err(RestoreError::Changed { path }),
        Err(_) if !from.exists() => Err(RestoreError::Missing { path }),
        Err(source) => Err(unwritten(from, source)),
    }
}

fn unwritten(path: &Path, source: io::Error) -> RestoreError {
    RestoreError::File {
        path: path.to_path_buf(),
        source,
    }
}

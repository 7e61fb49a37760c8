//! The files of attachments: `ab/abcd….manifest` beside `ab/abcd….part` while pieces come, and
//! `ab/abcd….blob` once it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use maille_common::blob::{BlobId, Manifest};
use maille_common::codec::{decode, encode};
use maille_common::limits;
use maille_common::time::Timestamp;

use crate::clock::timestamp;
use crate::folder::{create_folder, read_bounded, replace_file, sync_folder, sync_parent};

/// The folder of attachments.
#[derive(Debug)]
pub(super) struct BlobFiles {
    root: PathBuf,
}

/// An attachment found at the start.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: BlobId,
    pub(super) length: u64,
    pub(super) whole: bool,
    pub(super) touched: Timestamp,
}

impl BlobFiles {
    pub(super) fn open(root: PathBuf) -> io::Result<Self> {
        create_folder(&root)?;
        Ok(Self { root })
    }

    /// Everything that has a manifest. A manifest that cannot be read is passed over, and logged.
    pub(super) fn list(&self) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let name = file?.file_name();
                let stem = name
                    .to_str()
                    .and_then(|name| name.strip_suffix(".manifest"));
                let Some(id) = stem.and_then(|stem| stem.parse().ok()) else {
                    continue;
                };
                match self.found(id) {
                    Ok(one) => found.push(one),
                    Err(error) => {
                        tracing::error!(blob = %id, %error, "an attachment cannot be read");
                    }
                }
            }
        }
        Ok(found)
    }

    fn found(&self, id: BlobId) -> io::Result<Found> {
        let manifest = self.manifest(&id)?;
        let path = self.path(&id, "blob");
        let whole = path.exists();
        let touched = fs::metadata(if whole {
            path
        } else {
            self.path(&id, "manifest")
        })?;
        let touched = timestamp(touched.modified()?);
        Ok(Found {
            id,
            length: manifest.length(),
            whole,
            touched,
        })
    }

    /// Makes the files of a new attachment.
    pub(super) fn begin(&self, id: &BlobId, manifest: &Manifest) -> io::Result<()> {
        let path = self.path(id, "manifest");
        let folder = path.parent().unwrap_or(&self.root);
        if !folder.exists() {
            create_folder(folder)?;
            sync_folder(&self.root)?;
        }
        replace_file(&path, &encode(manifest))
    }

    /// The manifest, which proves itself by the name of its file.
    pub(super) fn manifest(&self, id: &BlobId) -> io::Result<Manifest> {
        let bytes = read_bounded(&self.path(id, "manifest"), limits::FRAME_MANIFEST_BYTES_MAX)?;
        let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let manifest: Manifest = decode(&bytes).map_err(|_| damaged("the manifest is damaged"))?;
        if manifest.id() != *id {
            return Err(damaged("the manifest is of another attachment"));
        }
        Ok(manifest)
    }

    /// Writes a piece in its place. It is not durable before [`BlobFiles::finish`].
    pub(super) fn write_piece(&self, id: &BlobId, start: u64, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(self.path(id, "part"))?;
        file.seek(SeekFrom::Start(start))?;
        file.write_all(bytes)
    }

    /// Makes a whole attachment durable under its final name.
    pub(super) fn finish(&self, id: &BlobId) -> io::Result<()> {
        let (part, whole) = (self.path(id, "part"), self.path(id, "blob"));
        OpenOptions::new().write(true).open(&part)?.sync_all()?;
        fs::rename(part, &whole)?;
        sync_parent(&whole)
    }

    /// Reads a piece of a whole attachment.
    pub(super) fn read_piece(&self, id: &BlobId, place: Range<u64>) -> io::Result<Vec<u8>> {
        read_range(File::open(self.path(id, "blob"))?, place)
    }

    /// Reads where a piece of an unfinished attachment would stand; less, if the file ends before.
    pub(super) fn read_part(&self, id: &BlobId, place: Range<u64>) -> io::Result<Vec<u8>> {
        match File::open(self.path(id, "part")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            file => read_range(file?, place),
        }
    }

    /// Removes the files. Without its manifest, what a power cut leaves is not found again.
    pub(super) fn remove(&self, id: &BlobId) -> io::Result<()> {
        for kind in ["blob", "part", "manifest"] {
            match fs::remove_file(self.path(id, kind)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Bytes left on the volume.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        fs4::available_space(&self.root)
    }

    fn path(&self, id: &BlobId, kind: &str) -> PathBuf {
        blob_path(&self.root, id, kind)
    }
}

/// Where a file of an attachment stands below the folder of all of them.
pub(crate) fn blob_path(root: &Path, id: &BlobId, kind: &str) -> PathBuf {
    let name = id.to_string();
    root.join(&name[..2]).join(format!("{name}.{kind}"))
}

fn read_range(mut file: File, place: Range<u64>) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(place.start))?;
    let mut bytes = Vec::new();
    file.take(place.end - place.start).read_to_end(&mut bytes)?;
    Ok(bytes)
}

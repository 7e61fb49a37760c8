//! A file becomes an attachment: sealed under a key of its own to a file of our own.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use maille_common::blob::{BlobError, BlobRef, Manifest, ManifestBuilder};
use maille_common::content::AttachmentDraft;
use maille_common::crypto::chunked::{CHUNK_LEN, ContentKey, SALT_LEN, Sealer};
use maille_common::hash::{FileHash, Hash};
use maille_common::label::Label;
use maille_common::limits;
use maille_common::randomness::Randomness;
use thiserror::Error;

use super::folder::BlobFolder;
use crate::durable_file;
use crate::entropy::OsRandomness;

/// A file to be attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileToAttach {
    /// Where it is. Its bytes are read when the message is sent.
    pub path: PathBuf,
    /// What people call it; its file name, unless another is given.
    pub name: String,
    /// What its bytes are: `image/jpeg`.
    pub media_type: String,
}

impl FileToAttach {
    /// The file at this path, under its own name, of no known type.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Self {
            path,
            name,
            media_type: "application/octet-stream".to_owned(),
        }
    }
}

/// Why a file is not attached. Nothing was sent.
#[derive(Debug, Error)]
pub enum SealFileError {
    /// It cannot be read.
    #[error("The attachment {} cannot be read: {source}.", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Our sealed copy cannot be written.
    #[error("The attachment {} cannot be sealed in the home: {source}.", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No relay takes it unless its operator says so.
    #[error(
        "The attachment {} has {length} bytes, and {} are the most that relays take. Bring it \
         another way, and say in the alert where it is.",
        .path.display(),
        limits::ATTACHMENT_BYTES_MAX
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// It is longer than any blob can be.
    #[error("The attachment {} is refused: {source}", .path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// The limit.
        source: BlobError,
    },
}

impl SealFileError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "attachment-unreadable",
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "disk-full"
            }
            Self::Write { .. } => "attachment-not-sealed",
            Self::TooLong { .. } | Self::Length { .. } => "attachment-too-long",
        }
    }
}

/// Seals a file to the folder: durable when this returns. Blocks.
pub(crate) fn seal_file(
    folder: &BlobFolder,
    file: &FileToAttach,
) -> Result<AttachmentDraft, SealFileError> {
    seal_with(folder, file, &mut OsRandomness::new())
}

fn seal_with(
    folder: &BlobFolder,
    file: &FileToAttach,
    random: &mut impl Randomness,
) -> Result<AttachmentDraft, SealFileError> {
    let fresh = folder.fresh(&Hash::from_bytes(random.array()).to_string()[..16]);
    let draft = seal_and_keep(folder, &fresh, file, random);
    if draft.is_err() {
        // What was begun is of no use to anybody; the next sweep would take it too.
        let _ = durable_file::remove(&fresh);
    }
    draft
}

fn seal_and_keep(
    folder: &BlobFolder,
    fresh: &Path,
    file: &FileToAttach,
    random: &mut impl Randomness,
) -> Result<AttachmentDraft, SealFileError> {
    let Sealed {
        manifest,
        key,
        length,
        digest,
    } = seal_to(folder, fresh, &file.path, random)?;
    let blob: BlobRef = manifest.reference();
    let kept = folder
        .keep_manifest(&manifest)
        .and_then(|()| durable_file::settle(fresh, &folder.whole(&blob.id)));
    if let Err(source) = kept {
        let _ = folder.remove(&blob.id);
        let path = file.path.clone();
        return Err(SealFileError::Write { path, source });
    }
    Ok(AttachmentDraft {
        media_type: file.media_type.clone(),
        name: file.name.clone(),
        blob,
        key,
        length,
        digest,
    })
}

struct Sealed {
    manifest: Manifest,
    key: ContentKey,
    length: u64,
    digest: Hash,
}

/// Seals chunk by chunk (PROTOCOL section 6); the whole is never in memory.
fn seal_to(
    folder: &BlobFolder,
    fresh: &Path,
    path: &Path,
    random: &mut impl Randomness,
) -> Result<Sealed, SealFileError> {
    let read = |source| SealFileError::Read {
        path: path.to_owned(),
        source,
    };
    let write = |source| SealFileError::Write {
        path: path.to_owned(),
        source,
    };
    let length_fault = |source| SealFileError::Length {
        path: path.to_owned(),
        source,
    };
    let mut plain = File::open(path).map_err(read)?;
    let metadata = plain.metadata().map_err(read)?;
    if metadata.is_dir() {
        return Err(read(io::ErrorKind::IsADirectory.into()));
    }
    // Before it is sealed: a relay would refuse it when the alert already stands.
    let length = metadata.len();
    if length > limits::ATTACHMENT_BYTES_MAX {
        let path = path.to_owned();
        return Err(SealFileError::TooLong { path, length });
    }
    folder.has_room_for(length).map_err(write)?;
    let mut sealed = durable_file::create(fresh).map_err(write)?;
    let mut builder = ManifestBuilder::new();
    let mut put = |bytes: &[u8]| {
        builder.update(bytes).map_err(length_fault)?;
        sealed.write_all(bytes).map_err(write)
    };
    let key = ContentKey::from_bytes(*random.secret());
    let salt: [u8; SALT_LEN] = random.array();
    let mut sealer = Sealer::new(&key, &salt, &Label::ATTACHMENT.padded());
    put(sealer.header())?;
    let (mut digest, mut length) = (FileHash::new(), 0u64);
    let mut chunk = [0; CHUNK_LEN];
    let last = loop {
        let filled = fill(&mut plain, &mut chunk).map_err(read)?;
        digest.update(&chunk[..filled]);
        length += filled as u64;
        if filled < CHUNK_LEN {
            break filled;
        }
        put(&sealer
            .seal_chunk(&chunk)
            .map_err(|_| length_fault(BlobError::TooLong))?)?;
    };
    put(&sealer
        .finish(&chunk[..last])
        .map_err(|_| length_fault(BlobError::TooLong))?)?;
    sealed.sync_all().map_err(write)?;
    let manifest = builder.finish().map_err(length_fault)?;
    Ok(Sealed {
        manifest,
        key,
        length,
        digest: digest.finish(),
    })
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use maille_common::codec::encode;
    use maille_common::content::PartBlob;
    use maille_common::vectors::{Counted, Page, Vectors};

    use super::*;
    use crate::attachments::open;

    /// The files on disk: what a desk sealed or fetched before, it sends and saves.
    #[test]
    fn a_sealed_attachment_has_its_pinned_files_and_is_saved_from_them() {
        let at = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = BlobFolder::at(at.path().join(name));
            folder.make().unwrap();
            folder
        };
        let path = at.path().join("words.txt");
        fs::write(&path, "Look for the sender.").unwrap();
        let made = folder("made");
        let random = &mut Counted::default();
        let draft = seal_with(&made, &FileToAttach::at(&path), random).unwrap();
        let id = draft.blob.id;
        let name = id.to_string();
        let mut files: Vec<_> = fs::read_dir(at.path().join("made"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, [name.clone(), format!("{name}.manifest")]);

        let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors/attachments");
        let sealed = fs::read(made.whole(&id)).unwrap();
        let mut page = Page::default();
        let parts = [("salt", 24), ("commitment", 32), ("chunk", 20), ("tag", 16)];
        page.parts("sealed", &sealed, &parts);
        let sealed = vectors.page("sealed", &page);
        let manifest = made.manifest(&id).unwrap().unwrap();
        vectors.value("manifest", &manifest);
        vectors.end();
        let kept = at.path().join("made").join(format!("{name}.manifest"));
        assert_eq!(fs::read(kept).unwrap(), encode(&manifest));

        let pinned = folder("pinned");
        pinned.keep_manifest(&manifest).unwrap();
        pinned.write_piece(&manifest, 0, &sealed).unwrap();
        pinned.finish(&manifest).unwrap();
        let part = PartBlob {
            index: 0,
            key: ContentKey::from_bytes([2; 32]),
            length: draft.length,
            digest: draft.digest,
        };
        let saved = at.path().join("saved");
        open::save(&pinned.whole(&id), &part, &saved).unwrap();
        assert_eq!(fs::read(saved).unwrap(), b"Look for the sender.");
    }
}

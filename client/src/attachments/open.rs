//! Opening a sealed attachment, chunk by chunk.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use maille_common::content::PartBlob;
use maille_common::crypto::chunked::{HEADER_LEN, Opener, SEALED_CHUNK_LEN};
use maille_common::hash::FileHash;
use maille_common::label::Label;

use super::AttachmentError;
use crate::durable_file;
use crate::office::blocking;

/// Reads an attachment's plain bytes in order.
///
/// Each chunk is authentic at its place. The whole is proven by its last chunk and the sender's
/// digest, so act on nothing that was read before [`AttachmentReader::next`] gave `None`.
#[derive(Debug)]
pub struct AttachmentReader {
    reader: Option<ChunkReader>,
}

impl AttachmentReader {
    pub(super) fn open(sealed: &Path, part: &PartBlob) -> Result<Self, AttachmentError> {
        Ok(Self {
            reader: Some(ChunkReader::open(sealed, part)?),
        })
    }

    /// The next plain bytes, at most 16 KiB; `None` once all are read and the digest agrees.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, AttachmentError> {
        let Some(mut reader) = self.reader.take() else {
            return Ok(None);
        };
        let (chunk, reader) = blocking(move || (reader.next(), reader)).await;
        let chunk = chunk?;
        if chunk.is_some() {
            self.reader = Some(reader);
        }
        Ok(chunk)
    }
}

/// Saves the plain bytes to a file that is there whole or not at all. Blocks.
pub(crate) fn save(sealed: &Path, part: &PartBlob, path: &Path) -> Result<(), AttachmentError> {
    let write = |source| AttachmentError::Write {
        path: path.to_owned(),
        source,
    };
    // Told before the work; whoever comes between is met at the end.
    if path.symlink_metadata().is_ok() {
        return Err(write(io::ErrorKind::AlreadyExists.into()));
    }
    let mut reader = ChunkReader::open(sealed, part)?;
    let fresh: PathBuf = durable_file::beside(path);
    let mut file = durable_file::create(&fresh).map_err(write)?;
    let copied = copy(&mut reader, &mut file, &write);
    if copied.is_err() {
        // Half an attachment must not be taken for one.
        let _ = durable_file::remove(&fresh);
    }
    copied?;
    let settled = durable_file::settle_new(&fresh, path);
    if settled.is_err() {
        let _ = durable_file::remove(&fresh);
    }
    settled.map_err(write)
}

fn copy(
    reader: &mut ChunkReader,
    file: &mut File,
    write: &impl Fn(io::Error) -> AttachmentError,
) -> Result<(), AttachmentError> {
    while let Some(chunk) = reader.next()? {
        file.write_all(&chunk).map_err(write)?;
    }
    file.sync_all().map_err(write)
}

struct ChunkReader {
    file: File,
    opener: Opener,
    next: u64,
    digest: FileHash,
    expected: maille_common::hash::Hash,
}

impl ChunkReader {
    fn open(sealed: &Path, part: &PartBlob) -> Result<Self, AttachmentError> {
        let mut file = File::open(sealed).map_err(AttachmentError::Read)?;
        let length = file.metadata().map_err(AttachmentError::Read)?.len();
        let mut header = [0; HEADER_LEN];
        file.read_exact(&mut header)
            .map_err(AttachmentError::Read)?;
        let opener = Opener::new(&part.key, &Label::ATTACHMENT.padded(), &header, length)?;
        let expected = part.digest;
        Ok(Self {
            file,
            opener,
            next: 0,
            digest: FileHash::new(),
            expected,
        })
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, AttachmentError> {
        if self.next == self.opener.chunk_count() {
            let found = std::mem::take(&mut self.digest).finish();
            return if found == self.expected {
                Ok(None)
            } else {
                Err(AttachmentError::Digest)
            };
        }
        let mut sealed = Vec::with_capacity(SEALED_CHUNK_LEN);
        let mut chunk = (&mut self.file).take(SEALED_CHUNK_LEN as u64);
        chunk
            .read_to_end(&mut sealed)
            .map_err(AttachmentError::Read)?;
        let plain = self.opener.open_chunk(self.next, &sealed)?;
        self.digest.update(&plain);
        self.next += 1;
        Ok(Some(plain))
    }
}

impl std::fmt::Debug for ChunkReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChunkReader(at chunk {}, ..)", self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachments::{BlobFolder, FileToAttach, seal_file};

    fn sealed(length: usize) -> (tempfile::TempDir, BlobFolder, PathBuf, PartBlob, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::at(folder.path().join("blobs"));
        blobs.make().unwrap();
        let plain: Vec<u8> = (0..=250).cycle().take(length).collect();
        let path = folder.path().join("plan.pdf");
        std::fs::write(&path, &plain).unwrap();
        let draft = seal_file(&blobs, &FileToAttach::at(&path)).unwrap();
        assert_eq!(
            (draft.name.as_str(), draft.length),
            ("plan.pdf", length as u64)
        );
        let whole = blobs.whole(&draft.blob.id);
        let part = PartBlob {
            index: 0,
            key: draft.key,
            length: draft.length,
            digest: draft.digest,
        };
        (folder, blobs, whole, part, plain)
    }

    #[test]
    fn a_sealed_file_is_saved_byte_for_byte() {
        for length in [
            0,
            1,
            16 * 1024 - 1,
            16 * 1024,
            16 * 1024 + 1,
            5 * 1024 * 1024,
        ] {
            let (folder, _, whole, part, plain) = sealed(length);
            let to = folder.path().join("saved");
            save(&whole, &part, &to).unwrap();
            assert_eq!(std::fs::read(&to).unwrap(), plain, "{length}");
            assert_eq!(
                save(&whole, &part, &to).unwrap_err().code(),
                "attachment-write"
            );
        }
    }

    /// A file that came there while this one was written was replaced before.
    #[test]
    fn a_name_that_was_taken_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (fresh, path) = (folder.path().join("fresh"), folder.path().join("plan.pdf"));
        std::fs::write(&fresh, "new").unwrap();
        std::fs::write(&path, "there before").unwrap();
        let error = durable_file::settle_new(&fresh, &path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"there before");
        std::fs::remove_file(&path).unwrap();
        durable_file::settle_new(&fresh, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert!(!fresh.exists());
    }

    #[tokio::test]
    async fn a_changed_or_shortened_file_is_refused_and_leaves_nothing() {
        let (folder, _, whole, part, _) = sealed(40_000);
        let good = std::fs::read(&whole).unwrap();
        let mut flipped = good.clone();
        flipped[30_000] ^= 1;
        for bad in [&flipped[..], &good[..good.len() - 1], &good[..16_472]] {
            std::fs::write(&whole, bad).unwrap();
            let to = folder.path().join("saved");
            assert!(save(&whole, &part, &to).is_err());
            assert!(!to.exists() && !durable_file::beside(&to).exists());
        }
        std::fs::write(&whole, &good).unwrap();
        let other = PartBlob {
            digest: maille_common::hash::Hash::ZERO,
            ..part
        };
        let mut reader = AttachmentReader::open(&whole, &other).unwrap();
        let mut read = Ok(Some(Vec::new()));
        while let Ok(Some(_)) = read {
            read = reader.next().await;
        }
        assert_eq!(read.unwrap_err().code(), "attachment-digest");
    }
}

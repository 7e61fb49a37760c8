//! A folder of sealed attachments: plain files named by their hash, never store values.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use maille_common::blob::{BlobId, Manifest, PieceSet};
use maille_common::codec::{decode, encode};
use maille_durable::available_bytes;

use crate::config::LOW_WATER_BYTES;
use crate::durable_file;

/// Sealed attachments, whole or on their way, each with its manifest.
///
/// `<id>` is a whole blob, `<id>.part` one that is being fetched, `<id>.manifest` the hashes of its
/// pieces. Names are hashes, so nothing a stranger chose becomes a path.
#[derive(Debug, Clone)]
pub(crate) struct BlobFolder {
    folder: PathBuf,
}

impl BlobFolder {
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes the folder if it is not there.
    pub(crate) fn make(&self) -> io::Result<()> {
        durable_file::folder(&self.folder)
    }

    /// Whether so many bytes more leave the store beside it the room it needs for receipts. A
    /// volume that does not tell will say so when it is written to.
    pub(crate) fn has_room_for(&self, bytes: u64) -> io::Result<()> {
        let available = available_bytes(&self.folder).unwrap_or(u64::MAX);
        if available >= LOW_WATER_BYTES.saturating_add(bytes) {
            return Ok(());
        }
        let sentence = format!(
            "the volume has {available} bytes left, and {LOW_WATER_BYTES} must remain beside the \
             {bytes} of it"
        );
        Err(io::Error::new(ErrorKind::StorageFull, sentence))
    }

    /// Where a whole blob is, or will be.
    pub(crate) fn whole(&self, blob: &BlobId) -> PathBuf {
        self.folder.join(blob.to_string())
    }

    /// A name for a file that has no hash yet.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.sealing"))
    }

    /// Whether all of a blob is here. The manifest is kept first, so that a whole blob has one.
    pub(crate) fn is_whole(&self, blob: &BlobId) -> bool {
        self.whole(blob).exists()
    }

    /// The manifest of a blob, where it is kept and is the one its name is the hash of.
    pub(crate) fn manifest(&self, blob: &BlobId) -> io::Result<Option<Manifest>> {
        let bytes = match fs::read(self.manifest_path(blob)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(decode::<Manifest>(&bytes)
            .ok()
            .filter(|manifest| manifest.id() == *blob))
    }

    /// Keeps a manifest.
    pub(crate) fn keep_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        durable_file::write(&self.manifest_path(&manifest.id()), &encode(manifest))
    }

    /// Reads a piece of a whole blob.
    pub(crate) fn piece(&self, manifest: &Manifest, index: u32) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.whole(&manifest.id()))?;
        read_piece(&mut file, manifest, index)
    }

    /// Finds which pieces of a blob on its way are here, by their hashes: what a power cut left is
    /// believed no more than what a relay gives.
    pub(crate) fn pieces_here(&self, manifest: &Manifest) -> io::Result<PieceSet> {
        let mut here = PieceSet::none_of(manifest.piece_count());
        let mut file = match File::open(self.part(&manifest.id())) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(here),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        for index in 0..manifest.piece_count() {
            let within = manifest
                .piece_range(index)
                .is_some_and(|range| range.end <= length);
            if within {
                let bytes = read_piece(&mut file, manifest, index)?;
                if manifest.verify_piece(index, &bytes).is_ok() {
                    here.insert(index);
                }
            }
        }
        Ok(here)
    }

    /// Writes a piece that was verified.
    pub(crate) fn write_piece(
        &self,
        manifest: &Manifest,
        index: u32,
        bytes: &[u8],
    ) -> io::Result<()> {
        let start = manifest.piece_range(index).map_or(0, |range| range.start);
        let mut file = durable_file::resume(&self.part(&manifest.id()))?;
        file.seek(SeekFrom::Start(start))?;
        file.write_all(bytes)
    }

    /// Makes a blob durable whose pieces are all here.
    pub(crate) fn finish(&self, manifest: &Manifest) -> io::Result<()> {
        let (blob, part) = (manifest.id(), self.part(&manifest.id()));
        let file = durable_file::resume(&part)?;
        file.set_len(manifest.length())?;
        file.sync_all()?;
        durable_file::settle(&part, &self.whole(&blob))
    }

    /// Removes a blob and its manifest; one that is not there is no error.
    pub(crate) fn remove(&self, blob: &BlobId) -> io::Result<()> {
        durable_file::remove(&self.whole(blob))?;
        durable_file::remove(&self.manifest_path(blob))
    }

    /// Removes everything that belongs to no blob of `named`.
    pub(crate) fn keep_only(&self, named: &BTreeSet<BlobId>) -> io::Result<()> {
        let named: BTreeSet<String> = named.iter().map(BlobId::to_string).collect();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let stem = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let stem = stem.split('.').next().unwrap_or_default();
            if !named.contains(stem) {
                durable_file::remove(&path)?;
            }
        }
        Ok(())
    }

    fn part(&self, blob: &BlobId) -> PathBuf {
        self.folder.join(format!("{blob}.part"))
    }

    fn manifest_path(&self, blob: &BlobId) -> PathBuf {
        self.folder.join(format!("{blob}.manifest"))
    }
}

fn read_piece(file: &mut File, manifest: &Manifest, index: u32) -> io::Result<Vec<u8>> {
    let missing = || io::Error::from(ErrorKind::UnexpectedEof);
    let range = manifest.piece_range(index).ok_or_else(missing)?;
    let length = usize::try_from(range.end - range.start).map_err(|_| missing())?;
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(range.start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use maille_common::blob::ManifestBuilder;
    use maille_common::limits;

    use super::*;

    fn blob() -> (Vec<u8>, Manifest) {
        let bytes: Vec<u8> = (0..=250)
            .cycle()
            .take(limits::PIECE_BYTES * 2 + 5)
            .collect();
        let mut builder = ManifestBuilder::new();
        builder.update(&bytes).unwrap();
        (bytes, builder.finish().unwrap())
    }

    #[test]
    fn an_interrupted_blob_goes_on_with_the_pieces_that_hold() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::at(folder.path().to_owned());
        let (bytes, manifest) = blob();
        let pieces: Vec<&[u8]> = bytes.chunks(limits::PIECE_BYTES).collect();
        assert!(blobs.pieces_here(&manifest).unwrap().missing().eq([0..=2]));

        blobs.write_piece(&manifest, 2, pieces[2]).unwrap();
        blobs
            .write_piece(&manifest, 0, &vec![1; limits::PIECE_BYTES])
            .unwrap();
        // Another process would find the same: the wrong piece does not count.
        assert!(blobs.pieces_here(&manifest).unwrap().missing().eq([0..=1]));

        for (index, piece) in (0..).zip(&pieces) {
            blobs.write_piece(&manifest, index, piece).unwrap();
        }
        assert!(blobs.pieces_here(&manifest).unwrap().is_whole());
        blobs.keep_manifest(&manifest).unwrap();
        blobs.finish(&manifest).unwrap();
        assert!(blobs.is_whole(&manifest.id()));
        assert_eq!(blobs.piece(&manifest, 1).unwrap(), pieces[1]);
        assert_eq!(blobs.manifest(&manifest.id()).unwrap(), Some(manifest));
    }

    #[test]
    fn what_nobody_names_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::at(folder.path().to_owned());
        let (_, manifest) = blob();
        let id = manifest.id();
        blobs.keep_manifest(&manifest).unwrap();
        fs::write(blobs.whole(&id), "blob").unwrap();
        fs::write(blobs.fresh("leftover"), "half").unwrap();
        blobs.keep_only(&BTreeSet::from([id])).unwrap();
        assert!(blobs.is_whole(&id) && !blobs.fresh("leftover").exists());
        blobs.keep_only(&BTreeSet::new()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

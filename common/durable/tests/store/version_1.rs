//! Files of the previous format, as its program wrote them.

use std::fs;
use std::path::{Path, PathBuf};

/// Files of format 1, as its program wrote them.
pub(crate) struct Version1 {
    folder: PathBuf,
}

impl Version1 {
    const STORE_ID: [u8; 16] = [7; 16];

    pub(crate) fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder.join("log")).unwrap();
        let folder = folder.to_path_buf();
        Self { folder }
    }

    fn head(magic: &[u8; 8], number: u64) -> Vec<u8> {
        let mut head = magic.to_vec();
        head.extend([0, 1, 0, 0]);
        head.extend(Self::STORE_ID);
        head.extend(number.to_be_bytes());
        head.extend(crc32c::crc32c(&head).to_be_bytes());
        head
    }

    fn frame(out: &mut Vec<u8>, number: u64, synced: u64, payload: &[u8]) {
        let seed = crc32c::crc32c(&out[..36]);
        let mut head = b"mFrm".to_vec();
        head.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        head.extend(number.to_be_bytes());
        head.extend(synced.to_be_bytes());
        head.extend(crc32c::crc32c_append(seed, payload).to_be_bytes());
        head.extend(crc32c::crc32c_append(seed, &head).to_be_bytes());
        out.extend(head);
        out.extend(payload);
    }

    fn put(key: u32, value: &[u8]) -> Vec<u8> {
        let mut op = vec![1, 5, 1];
        op.extend(key.to_be_bytes());
        op.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        op.extend(value);
        op
    }

    /// A checkpoint up to batch `covers`, of these keys.
    pub(crate) fn checkpoint(&self, covers: u64, keys: impl Iterator<Item = u32>) {
        let mut file = Self::head(b"MAILCKP\n", covers);
        let mut frames = 0;
        for key in keys {
            frames += 1;
            Self::frame(&mut file, frames, covers, &Self::put(key, &[7; 100]));
        }
        Self::frame(&mut file, frames + 1, covers, &[]);
        fs::write(self.folder.join("checkpoint"), file).unwrap();
    }

    /// A segment that begins with batch `first` and puts one of these keys in each batch.
    pub(crate) fn segment(&self, first: u64, keys: impl Iterator<Item = u32>) {
        let mut file = Self::head(b"MAILLOG\n", first);
        for (number, key) in (first..).zip(keys) {
            let payload = Self::put(key, &[7; 100]);
            Self::frame(&mut file, number, number - 1, &payload);
        }
        fs::write(self.folder.join(format!("log/{first:020}.log")), file).unwrap();
    }
}

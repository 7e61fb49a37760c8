//! The marker beside the index: whether it may be trusted at the next open.

use std::fs;
use std::io;
use std::path::Path;

use crate::disk::{self, Disk};
use crate::store_id::StoreId;

const MAGIC: [u8; 8] = *b"MAILIDX\n";
const VERSION: u8 = 1;
const HEAD_LEN: usize = 36;

/// How the store was last left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is being served, or was when its process died.
    Serving,
    /// It was closed, and every file of the index synced.
    Clean,
    /// Damage was seen while it was served: everything is to be verified.
    Suspect,
}

impl Stop {
    fn code(self) -> u8 {
        match self {
            Self::Serving => 0,
            Self::Clean => 1,
            Self::Suspect => 2,
        }
    }
}

/// What is known of the index without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) store_id: StoreId,
    pub(crate) stop: Stop,
    /// The newest durable batch when the marker was written.
    pub(crate) newest: u64,
    /// The boot during which it was written; empty where that is unknown.
    pub(crate) boot_id: String,
}

impl Marker {
    /// Reads the marker; `None` if there is none, or not a whole one of this version.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Self::decode(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts the marker in place, durably.
    pub(crate) fn write(&self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        disk::replace(disk, path, &self.encode())
    }

    /// Tells whether the index has all that it was told, and the runs need not be verified.
    pub(crate) fn trusts_index(&self, boot_id: &str) -> bool {
        match self.stop {
            Stop::Clean => true,
            Stop::Serving => !boot_id.is_empty() && self.boot_id == boot_id,
            Stop::Suspect => false,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_LEN + self.boot_id.len() + 4);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[VERSION, self.stop.code(), 0, 0]);
        bytes.extend_from_slice(&self.store_id.0);
        bytes.extend_from_slice(&self.newest.to_be_bytes());
        bytes.extend_from_slice(self.boot_id.as_bytes());
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_be_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        if crc32c::crc32c(body).to_be_bytes() != *crc {
            return None;
        }
        let (head, boot_id) = body.split_first_chunk::<HEAD_LEN>()?;
        if head[..8] != MAGIC || head[8] != VERSION || head[10..12] != [0, 0] {
            return None;
        }
        Some(Self {
            store_id: StoreId(*head[12..].first_chunk()?),
            stop: match head[9] {
                0 => Stop::Serving,
                1 => Stop::Clean,
                2 => Stop::Suspect,
                _ => return None,
            },
            newest: u64::from_be_bytes(*head[28..].first_chunk()?),
            boot_id: String::from_utf8(boot_id.to_vec()).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_comes_back_and_no_flipped_bit_passes() {
        let (store_id, boot_id) = (StoreId([3; 16]), "boot".to_owned());
        let marker = Marker {
            store_id,
            stop: Stop::Clean,
            newest: 9,
            boot_id,
        };
        let bytes = marker.encode();
        assert_eq!(Marker::decode(&bytes), Some(marker));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Marker::decode(&flipped), None);
        }
    }
}

//! The index: every live record, in one sled tree, for reading.
//!
//! Nothing here is the truth and nothing here is trusted: each record carries a checksum over its
//! key and value, and a tally beside the records says how many there are, what their checksums add
//! up to, and up to which batch they go, so that a record that vanished is noticed when the store
//! is opened. This is the only file that names sled.

use std::collections::BTreeMap;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::StoreError;
use crate::overlay::ScanBounds;
use crate::store::{Row, Table};
use crate::store_id::StoreId;

/// Where the tally stands: a table byte without a key, which no record has.
const TALLY_KEY: [u8; 1] = [0];
const RECORD_VERSION: u8 = 1;
const TALLY_VERSION: u8 = 1;
/// Version and checksum before each value.
const RECORD_HEAD_LEN: usize = 5;
const TALLY_LEN: usize = 45;

/// What a batch, or several, leave behind: the last write of each key.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Arc<[u8]>>>;

/// Why the index is of no use; it is rebuilt from the log when the store is opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    /// sled says so.
    #[error("sled: {0}")]
    Sled(#[from] sled::Error),
    /// sled panicked.
    #[error("sled panicked on its own files")]
    Panicked,
    /// There is no tally, or not a whole one.
    #[error("it has no readable tally")]
    Tally,
    /// It belongs to another store.
    #[error("it belongs to another store")]
    OtherStore,
    /// A record does not match its checksum.
    #[error("a record does not match its checksum")]
    Record,
    /// The records are not those that the tally counts.
    #[error("its records are not those it counts")]
    Count,
}

/// How many records there are, and their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// The batch up to which every write is in the index.
    pub(crate) applied: u64,
    /// How many records there are.
    pub(crate) records: u64,
    /// The wrapping sum of their checksums.
    pub(crate) sum: u64,
}

/// The index of one store.
#[derive(Debug)]
pub(crate) struct Index {
    db: sled::Db,
    store_id: StoreId,
    tally: Mutex<Tally>,
}

impl Index {
    /// Creates an empty index in `folder`, which does not exist.
    pub(crate) fn create(
        folder: &Path,
        store_id: StoreId,
        cache_bytes: u64,
    ) -> Result<Self, IndexError> {
        let db = open_sled(folder, cache_bytes)?;
        Ok(Self {
            db,
            store_id,
            tally: Mutex::new(Tally::default()),
        })
    }

    /// Opens the index in `folder` and checks every record of it.
    pub(crate) fn open(
        folder: &Path,
        store_id: StoreId,
        cache_bytes: u64,
    ) -> Result<Self, IndexError> {
        // On rotten files sled sometimes panics instead of returning an error.
        catch_unwind(AssertUnwindSafe(|| {
            let db = open_sled(folder, cache_bytes)?;
            let bytes = db.get(TALLY_KEY)?.ok_or(IndexError::Tally)?;
            let (found, tally) = decode_tally(&bytes).ok_or(IndexError::Tally)?;
            if found != store_id {
                return Err(IndexError::OtherStore);
            }
            check_records(&db, tally)?;
            Ok(Self {
                db,
                store_id,
                tally: Mutex::new(tally),
            })
        }))
        .unwrap_or(Err(IndexError::Panicked))
    }

    /// Returns what the index holds.
    pub(crate) fn tally(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads one record.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let stored = self.db.get(key).map_err(unreadable)?;
        stored
            .map(|stored| decode_record(key, &stored).ok_or_else(|| corrupt(key)))
            .transpose()
    }

    /// Reads the records between two bounds, whole keys and values.
    pub(crate) fn range(
        &self,
        bounds: &ScanBounds,
    ) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> {
        self.db.range::<&[u8], _>(bounds.as_range()).map(|row| {
            let (key, stored) = row.map_err(unreadable)?;
            let value = decode_record(&key, &stored).ok_or_else(|| corrupt(&key))?;
            Ok((key.to_vec(), value))
        })
    }

    /// Applies the changes that lead to batch `applied`, all of them or none.
    pub(crate) fn apply(&self, changes: &Changes, applied: u64) -> Result<(), IndexError> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Tally { applied, ..*tally };
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            if let Some(old) = self.db.get(key)? {
                next.records = next.records.wrapping_sub(1);
                next.sum = next.sum.wrapping_sub(u64::from(stored_crc(&old)));
            }
            match value {
                Some(value) => {
                    let record = encode_record(key, value);
                    next.records = next.records.wrapping_add(1);
                    next.sum = next.sum.wrapping_add(u64::from(stored_crc(&record)));
                    batch.insert(key.as_slice(), record);
                }
                None => batch.remove(key.as_slice()),
            }
        }
        batch.insert(&TALLY_KEY, &encode_tally(self.store_id, next)[..]);
        self.db.apply_batch(batch)?;
        *tally = next;
        Ok(())
    }

    /// Hands everything to the operating system. Syncing the files is left to the caller: sled's
    /// own flush does not reach the disk.
    pub(crate) fn flush(&self) -> Result<(), IndexError> {
        self.db.flush()?;
        Ok(())
    }
}

fn open_sled(folder: &Path, cache_bytes: u64) -> Result<sled::Db, sled::Error> {
    // Without regular flushes sled reclaims no space.
    let config = sled::Config::new().path(folder).cache_capacity(cache_bytes);
    config.flush_every_ms(Some(500)).open()
}

fn check_records(db: &sled::Db, tally: Tally) -> Result<(), IndexError> {
    let mut found = Tally {
        applied: tally.applied,
        ..Tally::default()
    };
    for row in db.iter() {
        let (key, stored) = row?;
        if *key == TALLY_KEY {
            continue;
        }
        let intact = stored.len() >= RECORD_HEAD_LEN
            && stored[0] == RECORD_VERSION
            && stored_crc(&stored) == record_crc(&key, &stored[RECORD_HEAD_LEN..]);
        if !intact {
            return Err(IndexError::Record);
        }
        found.records += 1;
        found.sum = found.sum.wrapping_add(u64::from(stored_crc(&stored)));
    }
    if found == tally {
        Ok(())
    } else {
        Err(IndexError::Count)
    }
}

fn record_crc(key: &[u8], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), value)
}

fn stored_crc(stored: &[u8]) -> u32 {
    stored
        .get(1..RECORD_HEAD_LEN)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |b| u32::from_be_bytes(*b))
}

fn encode_record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(RECORD_HEAD_LEN + value.len());
    record.push(RECORD_VERSION);
    record.extend_from_slice(&record_crc(key, value).to_be_bytes());
    record.extend_from_slice(value);
    record
}

fn decode_record(key: &[u8], stored: &[u8]) -> Option<Vec<u8>> {
    let (head, value) = stored.split_at_checked(RECORD_HEAD_LEN)?;
    (head[0] == RECORD_VERSION && stored_crc(head) == record_crc(key, value))
        .then(|| value.to_vec())
}

fn encode_tally(store_id: StoreId, tally: Tally) -> [u8; TALLY_LEN] {
    let mut bytes = [0; TALLY_LEN];
    bytes[0] = TALLY_VERSION;
    bytes[1..17].copy_from_slice(&store_id.0);
    bytes[17..25].copy_from_slice(&tally.applied.to_be_bytes());
    bytes[25..33].copy_from_slice(&tally.records.to_be_bytes());
    bytes[33..41].copy_from_slice(&tally.sum.to_be_bytes());
    let crc = crc32c::crc32c(&bytes[..41]);
    bytes[41..].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn decode_tally(bytes: &[u8]) -> Option<(StoreId, Tally)> {
    let bytes: &[u8; TALLY_LEN] = bytes.try_into().ok()?;
    let (body, crc) = bytes.split_at(41);
    if body[0] != TALLY_VERSION || crc32c::crc32c(body).to_be_bytes() != crc {
        return None;
    }
    let number = |offset: usize| body[offset..].first_chunk().map(|b| u64::from_be_bytes(*b));
    let tally = Tally {
        applied: number(17)?,
        records: number(25)?,
        sum: number(33)?,
    };
    Some((StoreId(*body[1..].first_chunk()?), tally))
}

fn unreadable(error: sled::Error) -> StoreError {
    let error: Arc<dyn Error + Send + Sync> = Arc::new(error);
    StoreError::Index(error)
}

fn corrupt(key: &[u8]) -> StoreError {
    let (table, key) = key
        .split_first()
        .map_or((0, key), |(table, key)| (*table, key));
    StoreError::Corrupt {
        table: Table(table),
        key: key.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: StoreId = StoreId([9; 16]);

    #[test]
    fn records_and_tally_have_the_pinned_bytes() {
        // version | crc32c("\x01k" then "v") | value
        assert_eq!(
            encode_record(b"\x01k", b"v"),
            [&[1, 0xbb, 0x73, 0xcc, 0xc6][..], b"v"].concat()
        );
        let tally = Tally {
            applied: 3,
            records: 2,
            sum: 1,
        };
        let bytes = encode_tally(ID, tally);
        assert_eq!(bytes[41..], [0x2c, 0xd7, 0x0d, 0x16]);
        assert_eq!(decode_tally(&bytes), Some((ID, tally)));
    }

    #[test]
    fn a_changed_record_is_an_error_that_names_it_and_fails_the_check() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::create(&folder.path().join("index"), ID, 1 << 20).unwrap();
        let changes = Changes::from([(b"\x05key".to_vec(), Some(Arc::from(&b"value"[..])))]);
        index.apply(&changes, 1).unwrap();
        check_records(&index.db, index.tally()).unwrap();
        let mut stored = index.db.get(b"\x05key").unwrap().unwrap().to_vec();
        stored[7] ^= 1;
        index.db.insert(b"\x05key", stored).unwrap();
        let error = index.get(b"\x05key").unwrap_err();
        assert_eq!(
            error.to_string(),
            "The record 6b6579 of table Table(5) is corrupt."
        );
        assert!(matches!(
            check_records(&index.db, index.tally()),
            Err(IndexError::Record)
        ));
        index.db.remove(b"\x05key").unwrap();
        assert!(matches!(
            check_records(&index.db, index.tally()),
            Err(IndexError::Count)
        ));
    }
}

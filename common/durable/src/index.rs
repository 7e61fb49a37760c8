//! The index: where in the runs a key stands, in one sled tree.
//!
//! It holds one entry for every block of every run: the block's first key and its place. Nothing
//! here is the truth and nothing here is trusted: a record for each run says how many entries it
//! has and what their checksums add up to, so that one that vanished is noticed when the store is
//! opened; a block is verified when it is read; and all of it is made anew from the runs in a
//! fraction of the time it takes to read them. This is the only file that names sled.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::error::StoreError;
use crate::log::ops;
use crate::log::reader::ReadError;
use crate::places::{Places, PlacesIter};
use crate::run::id::RunId;
use crate::run::reader::{BlockPlace, RunReader};
use crate::store::after_prefix;
use crate::store_id::StoreId;

/// Where the tally stands: shorter than every key of a run.
const TALLY_KEY: [u8; 1] = [0];
const TALLY_VERSION: u8 = 2;
const TALLY_LEN: usize = 29;
const ENTRY_LEN: usize = 16;
const RUN_RECORD_LEN: usize = 20;

/// How many entries are written at once. Large batches keep sled from freeing what it replaced:
/// with 4,096 its memory grew by 2.8 KB for every record written.
const ENTRIES_AT_ONCE: usize = 256;

/// What sled hands to the operating system at once takes milliseconds.
const FLUSH_PATIENCE: Duration = Duration::from_secs(60);

/// Why the index is of no use; it is made anew from the runs when the store is opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    /// sled says so.
    #[error("sled: {0}")]
    Sled(#[from] sled::Error),
    /// sled panicked.
    #[error("sled panicked on its own files")]
    Panicked,
    /// sled did not come back.
    #[error("sled has been waiting for its files for a minute")]
    Stuck,
    /// There is no tally, or not a whole one.
    #[error("it has no readable tally")]
    Tally,
    /// It belongs to another store.
    #[error("it belongs to another store")]
    OtherStore,
    /// An entry does not match its checksum.
    #[error("an entry does not match its checksum")]
    Entry,
}

impl From<IndexError> for StoreError {
    fn from(error: IndexError) -> Self {
        let error: Arc<dyn Error + Send + Sync> = Arc::new(error);
        Self::Index(error)
    }
}

/// Why a run could not be indexed.
#[derive(Debug)]
pub(crate) enum IndexingError {
    /// The run cannot be read, or is damaged.
    Read(ReadError),
    /// The index does not take it.
    Index(IndexError),
}

impl From<ReadError> for IndexingError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl<E: Into<IndexError>> From<E> for IndexingError {
    fn from(error: E) -> Self {
        Self::Index(error.into())
    }
}

/// The index of one store.
#[derive(Debug)]
pub(crate) struct Index {
    db: Tidied,
    store_id: StoreId,
}

/// sled, which panics when it is dropped and cannot sync its files.
#[derive(Debug)]
struct Tidied(Option<sled::Db>);

impl Drop for Tidied {
    fn drop(&mut self) {
        let db = self.0.take();
        // Whoever embeds the store goes on, and the index can be made anew.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(db)));
    }
}

impl Index {
    /// Creates an empty index in `folder`, which does not exist.
    pub(crate) fn create(
        folder: &Path,
        store_id: StoreId,
        cache_bytes: u64,
    ) -> Result<Self, IndexError> {
        let db = open_sled(folder, cache_bytes)?;
        let db = Tidied(Some(db));
        let index = Self { db, store_id };
        index.note_durable(0)?;
        Ok(index)
    }

    /// Opens the index in `folder`, and returns the newest batch it was told of.
    pub(crate) fn open(
        folder: &Path,
        store_id: StoreId,
        cache_bytes: u64,
    ) -> Result<(Self, u64), IndexError> {
        unless_it_panics(|| {
            let db = open_sled(folder, cache_bytes)?;
            let bytes = db.get(TALLY_KEY)?.ok_or(IndexError::Tally)?;
            let (found, durable) = decode_tally(&bytes).ok_or(IndexError::Tally)?;
            if found != store_id {
                return Err(IndexError::OtherStore);
            }
            let db = Tidied(Some(db));
            Ok((Self { db, store_id }, durable))
        })
    }

    /// Notes the newest batch that had been synced: a log that ends before it has lost something.
    /// Only when there is more to be written: a group of batches must not depend on sled.
    pub(crate) fn note_durable(&self, durable: u64) -> Result<(), IndexError> {
        let tally = encode_tally(self.store_id, durable);
        self.db().insert(TALLY_KEY, &tally[..])?;
        Ok(())
    }

    /// Tells whether every entry of a run is there.
    pub(crate) fn holds(&self, id: RunId, blocks: u64) -> Result<bool, IndexError> {
        unless_it_panics(|| {
            let Some(record) = self.db().get(id.key())? else {
                return Ok(false);
            };
            let mut found = RunRecord::default();
            for entry in self.db().scan_prefix(id.key()) {
                let (key, entry) = entry?;
                if key.len() > RunId::KEY_LEN {
                    decode_entry(&key, &entry).ok_or(IndexError::Entry)?;
                    found.add(&entry);
                }
            }
            Ok(found.blocks == blocks && record == found.encode(id)[..])
        })
    }

    /// Lists the runs that are known, whole or not.
    pub(crate) fn runs(&self) -> Result<Vec<RunId>, IndexError> {
        unless_it_panics(|| {
            let mut runs = Vec::new();
            let mut from = vec![0; RunId::KEY_LEN];
            while let Some(next) = self.db().range(from.clone()..).next() {
                let (key, _) = next?;
                let prefix = key.get(..RunId::KEY_LEN).ok_or(IndexError::Entry)?;
                runs.push(id_of(prefix).ok_or(IndexError::Entry)?);
                from = after_prefix(prefix);
                if from.is_empty() {
                    break;
                }
            }
            Ok(runs)
        })
    }

    /// Reads a run whole and takes it in; `progress` hears of every block's bytes.
    pub(crate) fn add(
        &self,
        id: RunId,
        mut reader: RunReader,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), IndexingError> {
        self.remove(id)?;
        let mut record = RunRecord::default();
        let mut batch = sled::Batch::default();
        while let Some(block) = reader.next_block()? {
            // A block that the reader returned has operations.
            let ops = ops::decode(&block.payload).unwrap_or_default();
            let first = ops.first().ok_or(IndexError::Entry)?;
            let key = [&id.key()[..], first.key].concat();
            let entry = encode_entry(&key, block.place);
            record.add(&entry);
            batch.insert(key, &entry[..]);
            if record.blocks.is_multiple_of(ENTRIES_AT_ONCE as u64) {
                self.db().apply_batch(std::mem::take(&mut batch))?;
            }
            progress(block.payload.len() as u64);
        }
        self.db().apply_batch(batch)?;
        // Last, so that a run is known whole or not at all.
        self.db().insert(id.key(), &record.encode(id)[..])?;
        Ok(())
    }

    /// Forgets a run that nobody reads any more.
    pub(crate) fn remove(&self, id: RunId) -> Result<(), IndexError> {
        self.db().remove(id.key())?;
        let mut batch = sled::Batch::default();
        let mut count = 0;
        for key in self.db().scan_prefix(id.key()).keys() {
            batch.remove(key?);
            count += 1;
            if count % ENTRIES_AT_ONCE == 0 {
                self.db().apply_batch(std::mem::take(&mut batch))?;
            }
        }
        self.db().apply_batch(batch)?;
        Ok(())
    }

    /// Hands everything to the operating system. Syncing the files is left to the caller: sled's
    /// own flush does not reach the disk. Behind it sled writes only to tidy its own files.
    ///
    /// After a failed write sled may wait for ever for what will not be written.
    pub(crate) fn flush(&self) -> Result<(), IndexError> {
        let db = self.db().clone();
        let (say, said) = channel();
        let flush = move || {
            let flushed = db.flush();
            // Before it is said: whoever hears it may close the store, and open it again.
            drop(db);
            let _ = say.send(flushed);
        };
        let flushing = thread::Builder::new().name("maille-index".to_owned());
        flushing.spawn(flush).map_err(sled::Error::Io)?;
        match said.recv_timeout(FLUSH_PATIENCE) {
            Ok(flushed) => Ok(flushed.map(drop)?),
            Err(RecvTimeoutError::Timeout) => Err(IndexError::Stuck),
            Err(RecvTimeoutError::Disconnected) => Err(IndexError::Panicked),
        }
    }

    fn db(&self) -> &sled::Db {
        self.db
            .0
            .as_ref()
            .expect("it is taken only when it is dropped")
    }
}

impl Places for Index {
    fn block(&self, id: RunId, key: &[u8]) -> Result<Option<BlockPlace>, IndexError> {
        let to = [&id.key()[..], key].concat();
        let mut before = self.db().range(&id.key()[..]..=&to[..]);
        match before.next_back() {
            Some(entry) => place_in(entry),
            None => Ok(None),
        }
    }

    fn blocks(
        &self,
        id: RunId,
        from: &[u8],
        to: Option<&[u8]>,
    ) -> Result<PlacesIter<'_>, IndexError> {
        let from = [&id.key()[..], from].concat();
        let begin = match self.db().range(&id.key()[..]..=&from[..]).next_back() {
            Some(entry) => entry?.0.to_vec(),
            None => from,
        };
        let end = match to {
            Some(to) => [&id.key()[..], to].concat(),
            None => after_prefix(&id.key()),
        };
        // A range that ends where it begins is empty; sled wants it so, too.
        let end = end.max(begin.clone());
        let entries = self.db().range(begin..end);
        Ok(Box::new(
            entries.filter_map(|entry| place_in(entry).transpose()),
        ))
    }
}

/// On rotten files sled sometimes panics instead of returning an error.
fn unless_it_panics<T>(read: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(IndexError::Panicked))
}

fn open_sled(folder: &Path, cache_bytes: u64) -> Result<sled::Db, sled::Error> {
    // Without regular flushes sled reclaims no space.
    let config = sled::Config::new().path(folder).cache_capacity(cache_bytes);
    config.flush_every_ms(Some(500)).open()
}

fn id_of(key: &[u8]) -> Option<RunId> {
    let number = |at: usize| key.get(at..)?.first_chunk().map(|b| u64::from_be_bytes(*b));
    Some(RunId {
        last: number(0)?,
        first: number(8)?,
    })
}

/// Reads an entry; the record of a run itself has no place.
fn place_in(
    entry: sled::Result<(sled::IVec, sled::IVec)>,
) -> Result<Option<BlockPlace>, IndexError> {
    let (key, entry) = entry?;
    if key.len() == RunId::KEY_LEN {
        return Ok(None);
    }
    let place = decode_entry(&key, &entry).ok_or(IndexError::Entry)?;
    Ok(Some(place))
}

fn encode_entry(key: &[u8], place: BlockPlace) -> [u8; ENTRY_LEN] {
    let mut bytes = [0; ENTRY_LEN];
    bytes[..8].copy_from_slice(&place.offset.to_be_bytes());
    bytes[8..12].copy_from_slice(&place.payload_bytes.to_be_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(key), &bytes[..12]);
    bytes[12..].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn decode_entry(key: &[u8], bytes: &[u8]) -> Option<BlockPlace> {
    let bytes: &[u8; ENTRY_LEN] = bytes.try_into().ok()?;
    let place = BlockPlace {
        offset: u64::from_be_bytes(*bytes.first_chunk()?),
        payload_bytes: u32::from_be_bytes(*bytes[8..].first_chunk()?),
    };
    (encode_entry(key, place) == *bytes).then_some(place)
}

/// How many entries a run has, and the wrapping sum of their checksums.
#[derive(Debug, Default, PartialEq, Eq)]
struct RunRecord {
    blocks: u64,
    sum: u64,
}

impl RunRecord {
    fn add(&mut self, entry: &[u8]) {
        let crc = entry.last_chunk().map_or(0, |crc| u32::from_be_bytes(*crc));
        self.blocks += 1;
        self.sum = self.sum.wrapping_add(u64::from(crc));
    }

    fn encode(&self, id: RunId) -> [u8; RUN_RECORD_LEN] {
        let mut bytes = [0; RUN_RECORD_LEN];
        bytes[..8].copy_from_slice(&self.blocks.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.sum.to_be_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(&id.key()), &bytes[..16]);
        bytes[16..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }
}

fn encode_tally(store_id: StoreId, durable: u64) -> [u8; TALLY_LEN] {
    let mut bytes = [0; TALLY_LEN];
    bytes[0] = TALLY_VERSION;
    bytes[1..17].copy_from_slice(&store_id.0);
    bytes[17..25].copy_from_slice(&durable.to_be_bytes());
    let crc = crc32c::crc32c(&bytes[..25]);
    bytes[25..].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn decode_tally(bytes: &[u8]) -> Option<(StoreId, u64)> {
    let bytes: &[u8; TALLY_LEN] = bytes.try_into().ok()?;
    let store_id = StoreId(*bytes[1..].first_chunk()?);
    let durable = u64::from_be_bytes(*bytes[17..].first_chunk()?);
    (encode_tally(store_id, durable) == *bytes).then_some((store_id, durable))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: StoreId = StoreId([9; 16]);
    const RUN: RunId = RunId { first: 1, last: 5 };

    fn index_of(keys: &[&[u8]]) -> (Index, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::create(&folder.path().join("index"), ID, 1 << 20).unwrap();
        let mut record = RunRecord::default();
        for (offset, key) in (0..).zip(keys) {
            let key = [&RUN.key()[..], key].concat();
            let place = BlockPlace {
                offset,
                payload_bytes: 1,
            };
            let entry = encode_entry(&key, place);
            record.add(&entry);
            index.db().insert(key, &entry[..]).unwrap();
        }
        index
            .db()
            .insert(RUN.key(), &record.encode(RUN)[..])
            .unwrap();
        (index, folder)
    }

    fn offsets(index: &Index, from: &[u8], to: Option<&[u8]>) -> Vec<u64> {
        let forward = |place: Result<BlockPlace, IndexError>| place.unwrap().offset;
        let found: Vec<u64> = index.blocks(RUN, from, to).unwrap().map(forward).collect();
        let mut back: Vec<u64> = index
            .blocks(RUN, from, to)
            .unwrap()
            .rev()
            .map(forward)
            .collect();
        back.reverse();
        assert_eq!(found, back);
        found
    }

    #[test]
    fn blocks_are_found_by_what_can_stand_in_them() {
        let (index, _folder) = index_of(&[b"\x01b", b"\x01d", b"\x01f"]);
        let block = |key: &[u8]| index.block(RUN, key).unwrap().map(|place| place.offset);
        assert_eq!(block(b"\x01a"), None);
        assert_eq!(block(b"\x01b"), Some(0));
        assert_eq!(block(b"\x01e"), Some(1));
        assert_eq!(block(b"\x02"), Some(2));
        assert_eq!(offsets(&index, b"\x01a", None), [0, 1, 2]);
        assert_eq!(offsets(&index, b"\x01c", Some(b"\x01d")), [0]);
        assert_eq!(offsets(&index, b"\x01c", Some(b"\x01e")), [0, 1]);
        assert_eq!(offsets(&index, b"\x01g", None), [2]);
        assert_eq!(offsets(&index, b"\x00", Some(b"\x01a")), Vec::<u64>::new());
    }

    #[test]
    fn an_entry_that_vanished_or_changed_is_noticed() {
        let (index, _folder) = index_of(&[b"\x01b", b"\x01d"]);
        assert!(index.holds(RUN, 2).unwrap());
        assert_eq!(index.runs().unwrap(), [RUN]);
        assert!(!index.holds(RUN, 3).unwrap());
        let key = [&RUN.key()[..], b"\x01d"].concat();
        let entry = index.db().remove(&key).unwrap().unwrap();
        assert!(!index.holds(RUN, 1).unwrap());
        let mut changed = entry.to_vec();
        changed[7] ^= 1;
        index.db().insert(&key, changed).unwrap();
        assert!(matches!(index.holds(RUN, 2), Err(IndexError::Entry)));
        index.remove(RUN).unwrap();
        assert_eq!(index.runs().unwrap(), []);
        assert!(!index.holds(RUN, 0).unwrap());
    }

    #[test]
    fn the_tally_has_the_pinned_bytes() {
        let bytes = encode_tally(ID, 3);
        assert_eq!(bytes[25..], [0x3d, 0x63, 0xc2, 0xb6]);
        assert_eq!(decode_tally(&bytes), Some((ID, 3)));
    }
}

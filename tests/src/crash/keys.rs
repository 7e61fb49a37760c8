//! What submitters write into a store: everything about a version of a key follows from the seed,
//! so that whoever opens the store afterwards knows what it must hold.
//!
//! Each version is one batch over three tables, which a store holds wholly or not at all:
//! a record with its version and a filler; a marker under key and version, which moves; and now and
//! then a body in pieces, replaced or taken away.

use maille_durable::{Batch, Scan, Store, StoreError, Table, VALUE_BYTES_MAX};

use super::chance::Chance;

/// Submitters of one store.
pub(crate) const SUBMITTERS: u32 = 64;
/// Keys of one submitter.
const KEYS: u32 = 8;
/// All keys.
pub(crate) const KEYS_ALL: u32 = SUBMITTERS * KEYS;

const RECORDS: Table = Table(1);
const MARKERS: Table = Table(2);
const BODIES: Table = Table(3);

/// What a version does with the body of its key.
enum Body {
    Stays,
    Goes,
    Becomes(usize),
}

/// All versions of all keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys {
    pub(crate) seed: u64,
}

impl Keys {
    /// The keys of a submitter.
    pub(crate) fn of(submitter: u32) -> impl Iterator<Item = u32> {
        let first = submitter * KEYS;
        first..first + KEYS
    }

    /// The batch that takes a key to a version, counted from 1.
    pub(crate) fn batch(self, key: u32, version: u64) -> Batch {
        let mut batch = Batch::new();
        batch.put(RECORDS, &key.to_be_bytes(), &self.record(key, version));
        batch.put(MARKERS, &marker(key, version), b"");
        if version > 1 {
            batch.delete(MARKERS, &marker(key, version - 1));
        }
        match self.body(key, version) {
            Body::Stays => {}
            Body::Goes => drop(batch.delete_pieces(BODIES, &key.to_be_bytes())),
            Body::Becomes(length) => {
                let body = self.bytes(key, version, length);
                batch.put_pieces(BODIES, &key.to_be_bytes(), &body);
            }
        }
        batch
    }

    /// Reads the version of every key, and says what is not as that version left it.
    pub(crate) fn read(self, store: &impl Store) -> Result<(Vec<u64>, Vec<String>), StoreError> {
        let mut versions = vec![0; KEYS_ALL as usize];
        let mut wrong = Vec::new();
        for (key, value) in store.scan(Scan::table(RECORDS, usize::MAX))? {
            let known = key.try_into().ok().map(u32::from_be_bytes);
            let version = value
                .first_chunk::<8>()
                .map(|bytes| u64::from_be_bytes(*bytes));
            match (known.filter(|key| *key < KEYS_ALL), version) {
                (Some(key), Some(version)) if self.record(key, version) == value => {
                    versions[key as usize] = version;
                }
                (key, version) => wrong.push(format!("the record {key:?} of {version:?}")),
            }
        }
        for (key, version) in (0..).zip(&versions) {
            let from = key_markers(key);
            let end = maille_durable::after_prefix(&from);
            let markers = store.scan(Scan::range(MARKERS, &from, &end, usize::MAX))?;
            let markers: Vec<Vec<u8>> = markers.into_iter().map(|(key, _)| key).collect();
            let expected = (*version > 0).then(|| marker(key, *version));
            if !markers.iter().eq(expected.iter()) {
                wrong.push(format!(
                    "{} markers of key {key} at {version}",
                    markers.len()
                ));
            }
            let body = store.pieces(BODIES, &key.to_be_bytes())?;
            if body != self.body_at(key, *version) {
                let length = body.map(|body| body.len());
                wrong.push(format!("a body of {length:?} of key {key} at {version}"));
            }
        }
        Ok((versions, wrong))
    }

    /// The body that a key has at a version.
    fn body_at(self, key: u32, version: u64) -> Option<Vec<u8>> {
        for earlier in (1..=version).rev() {
            match self.body(key, earlier) {
                Body::Stays => {}
                Body::Goes => return None,
                Body::Becomes(length) => return Some(self.bytes(key, earlier, length)),
            }
        }
        None
    }

    /// From a version alone up to the longest value.
    fn record(self, key: u32, version: u64) -> Vec<u8> {
        let drawn = Chance::about(self.seed, &[u64::from(key), version, 1]).next();
        let most = VALUE_BYTES_MAX - 8;
        let length = match drawn % 8 {
            0 => 0,
            1 | 2 => most,
            _ => usize::try_from(drawn / 8).unwrap_or_default() % (most + 1),
        };
        [
            &version.to_be_bytes()[..],
            &self.bytes(key, version, length),
        ]
        .concat()
    }

    fn body(self, key: u32, version: u64) -> Body {
        let mut chance = Chance::about(self.seed, &[u64::from(key), version, 2]);
        let drawn = match chance.below(400) {
            0 => chance.between(100 << 10, 200 << 10),
            1..=8 => chance.between(8 << 10, 40 << 10),
            9..=40 => chance.between(0, 8 << 10),
            41..=60 => return Body::Goes,
            _ => return Body::Stays,
        };
        Body::Becomes(usize::try_from(drawn).expect("a few hundred KiB"))
    }

    fn bytes(self, key: u32, version: u64, length: usize) -> Vec<u8> {
        Chance::about(self.seed, &[u64::from(key), version, 3]).bytes(length)
    }
}

fn key_markers(key: u32) -> [u8; 4] {
    key.to_be_bytes()
}

fn marker(key: u32, version: u64) -> Vec<u8> {
    [&key.to_be_bytes()[..], &version.to_be_bytes()].concat()
}

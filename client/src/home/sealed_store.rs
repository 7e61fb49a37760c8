//! A store whose values only this home can read.
//!
//! ```text
//! sealed  = salt (12) | nonce (12) | ciphertext | tag (16)
//! subkey  = HMAC-SHA256(store key, "at rest" padded to 32 | salt)
//! ciphertext, tag = AES-256-GCM(subkey, nonce, aad = table | key, value)
//! ```
//!
//! Salt and nonce are fresh random bytes of each write: the shape of XAES-256-GCM
//! (c2sp.org/XAES-256-GCM) with HMAC as the derivation. One store key with random 96-bit nonces
//! would be good for 2^32 writes (SP 800-38D, 8.3), which a desk with backfills could reach, and
//! counting them would fail when a backup or a snapshot is restored. Two writes harm each other
//! only if all 192 bits agree: q writes do so with probability below q²/2^193, that is 2^-97 after
//! 2^48 writes, eight million a second for a year. No state is kept, so nothing can be rolled back.
//!
//! Long byte strings are sealed piece by piece, so that scans of their tables read like others.
//!
//! Not hidden: tables, keys, lengths, and how many records there are. **Keys stay in the clear, so
//! they hold ids and numbers, never names or texts**; that is the caller's duty. Not prevented: an
//! older value of the same key, or the absence of one, put in place by somebody who can write to
//! the disk.

use std::fmt;

use maille_common::crypto::aead::{self, AtRestKey};
use maille_common::label::Label;
use maille_durable::{
    Batch, CommitNumber, DurableCallback, Scan, Store, StoreError, Table, VALUE_BYTES_MAX, Write,
};
use ring::hmac;
use zeroize::Zeroizing;

use super::store_key::StoreKey;

/// Fills bytes from the operating system's generator, from any thread.
pub type NonceSource = Box<dyn Fn(&mut [u8]) + Send + Sync>;

/// A [`Store`] that seals every value on its way into another one.
///
/// A value that does not open, because it was changed, or moved from another key or store, is
/// [`StoreError::Corrupt`] and names its record.
pub struct SealedStore<S> {
    inner: S,
    key: hmac::Key,
    nonces: NonceSource,
}

/// Length of the salt of a subkey.
const SALT_LEN: usize = 12;

impl<S: Store> SealedStore<S> {
    /// How much longer than its value a sealed one is, in bytes.
    pub const OVERHEAD: usize = SALT_LEN + aead::OVERHEAD;

    /// The longest value that [`Batch::put`] may hold here, and the length of a full piece.
    pub const VALUE_BYTES_MAX: usize = VALUE_BYTES_MAX - Self::OVERHEAD;

    /// Seals what goes into `inner`. `nonces` must give fresh random bytes at each call: a fixed
    /// source breaks the encryption.
    pub fn new(inner: S, key: &StoreKey, nonces: NonceSource) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
        Self { inner, key, nonces }
    }

    /// The pieces of a string, each sealed: all but the last fill a piece of the inner store.
    fn seal_pieces(&self, table: Table, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        let count = bytes.len() / Self::VALUE_BYTES_MAX + 1;
        let mut sealed = Vec::with_capacity(bytes.len() + count * Self::OVERHEAD);
        // The last piece is shorter than a full one, and so empty where the others are all full.
        let last = bytes
            .len()
            .is_multiple_of(Self::VALUE_BYTES_MAX)
            .then_some(&[][..]);
        let pieces = bytes.chunks(Self::VALUE_BYTES_MAX).chain(last);
        for (number, piece) in (0u32..).zip(pieces) {
            sealed.extend(self.seal(table, &piece_key(key, number), piece));
        }
        sealed
    }

    fn open_pieces(&self, table: Table, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(sealed.len());
        for (number, piece) in (0u32..).zip(sealed.chunks(VALUE_BYTES_MAX)) {
            bytes.extend(self.open(table, &piece_key(key, number), piece)?);
        }
        Ok(bytes)
    }

    fn seal(&self, table: Table, key: &[u8], value: &[u8]) -> Vec<u8> {
        let (mut salt, mut nonce) = ([0; SALT_LEN], [0; 12]);
        (self.nonces)(&mut salt);
        (self.nonces)(&mut nonce);
        let sealed = aead::seal(&self.subkey(&salt), nonce, &place(table, key), value);
        [salt.as_slice(), &sealed].concat()
    }

    fn open(&self, table: Table, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let corrupt = || StoreError::Corrupt {
            table,
            key: key.to_vec(),
        };
        let (salt, sealed) = sealed.split_first_chunk().ok_or_else(corrupt)?;
        let mut value =
            aead::open(&self.subkey(salt), &place(table, key), sealed).map_err(|_| corrupt())?;
        Ok(std::mem::take(&mut *value))
    }

    fn subkey(&self, salt: &[u8; SALT_LEN]) -> AtRestKey {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&Label::AT_REST.padded());
        context.update(salt);
        let mut subkey = Zeroizing::new([0; AtRestKey::LEN]);
        subkey.copy_from_slice(context.sign().as_ref());
        AtRestKey::from_bytes(*subkey)
    }
}

impl<S: Store> Store for SealedStore<S> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.inner.get(table, key)? {
            Some(sealed) => self.open(table, key, &sealed).map(Some),
            None => Ok(None),
        }
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        let rows = self.inner.scan(scan)?.into_iter();
        rows.map(|(key, sealed)| {
            let value = self.open(scan.table, &key, &sealed)?;
            Ok((key, value))
        })
        .collect()
    }

    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        let mut sealed = Batch::new();
        for write in batch.writes() {
            match write {
                Write::Put(table, key, value) => {
                    sealed.put(*table, key, &self.seal(*table, key, value))
                }
                Write::PutPieces(table, key, bytes) => {
                    sealed.put_pieces(*table, key, &self.seal_pieces(*table, key, bytes))
                }
                Write::Delete(table, key) => sealed.delete(*table, key),
                Write::DeletePieces(table, key) => sealed.delete_pieces(*table, key),
            };
        }
        if batch.is_urgent() {
            sealed.urgent();
        }
        self.inner.append(sealed)
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        self.inner.when_durable(commit, then);
    }

    fn newest(&self) -> CommitNumber {
        self.inner.newest()
    }

    fn pieces(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.inner.pieces(table, key)? {
            Some(sealed) => self.open_pieces(table, key, &sealed).map(Some),
            None => Ok(None),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for SealedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedStore")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// The key under which [`Batch::put_pieces`] stores one piece.
fn piece_key(key: &[u8], number: u32) -> Vec<u8> {
    [key, &number.to_be_bytes()].concat()
}

/// Where a value belongs; a table has one byte, so the two parts cannot run into each other.
fn place(table: Table, key: &[u8]) -> Vec<u8> {
    [&[table.0], key].concat()
}

#[cfg(test)]
mod tests;

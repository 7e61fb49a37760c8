//! What a backup of a relay's store says, and what a store restored from it holds.

use std::collections::BTreeSet;

use maille_common::blob::BlobId;
use maille_common::identifier::Incarnation;
use maille_common::record::read_record;
use maille_durable::Table;

use super::records::MetaRecord;
use super::tables;

/// What a backup says, record by record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// The life of the store it was made of.
    pub incarnation: Option<Incarnation>,
    /// The attachments that its alerts name.
    pub blobs: BTreeSet<BlobId>,
}

impl BackedUp {
    /// Takes note of a record.
    pub fn note(&mut self, table: Table, key: &[u8], value: &[u8]) {
        match table {
            tables::META => {
                let meta = read_record::<MetaRecord>(value);
                self.incarnation = meta.ok().map(|meta| meta.incarnation);
            }
            tables::NAMED => {
                let blob = key.first_chunk().copied();
                self.blobs.extend(blob.map(BlobId::from_bytes));
            }
            _ => {}
        }
    }
}

/// What a restored store holds: everything but the description of its incarnation, so that its
/// first start begins a new one.
///
/// What was accepted after the backup is not in it. Desks that meet another incarnation submit
/// again what is open, and their cursors of the old one say nothing here. Numbers of mailboxes and
/// answers go on from where they were: under a new incarnation that is as good as from 1.
pub fn is_restored(table: Table, _key: &[u8]) -> bool {
    table != tables::META
}

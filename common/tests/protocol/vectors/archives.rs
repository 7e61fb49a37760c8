//! A record of an archive, sealed with fixed randomness to a fixed key.

use maille_common::archive::{ArchivePlace, ArchiveRecord, ChainId, MAGIC};
use maille_common::crypto::hpke::{ENCAPSULATED_LEN, SealingSecretKey};
use maille_common::hash::Hash;
use maille_common::vectors::{Page, Vectors};

pub(crate) fn check_all(check: &mut Vectors) {
    let key = SealingSecretKey::from_seed([0xa5; 32]);
    let place = ArchivePlace {
        version: ArchivePlace::VERSION,
        key: key.public_key().id(),
        chain: ChainId::from_bytes([0xc4; 16]),
        number: 258,
        previous: Hash::from_bytes([7; 32]),
    };
    let record = place.seal(&key.public_key(), b"an export", &[5; 64]);
    let pinned = check.page("archive-record", &page_of(&place, &record));
    let parsed = ArchiveRecord::parse(&pinned).unwrap();
    assert_eq!(parsed.to_bytes(), pinned);
    assert_eq!(parsed.open(&key).unwrap().as_slice(), b"an export");
}

fn page_of(place: &ArchivePlace, record: &[u8]) -> Page {
    let mut page = Page::default();
    page.line("record.magic", &MAGIC);
    page.line("record.place.version", &place.version.to_le_bytes());
    page.line("record.place.key", place.key.as_bytes());
    page.line("record.place.chain", place.chain.as_bytes());
    page.line("record.place.number: 258", &place.number.to_le_bytes());
    page.line("record.place.previous", place.previous.as_bytes());
    let rest = record.strip_prefix(page.bytes()).unwrap();
    let sealed = rest.len() - 4 - 32;
    let parts = [
        ("sealed: bytes", 4),
        ("sealed.encapsulated", ENCAPSULATED_LEN),
        ("sealed.ciphertext", sealed - ENCAPSULATED_LEN),
        ("hash", 32),
    ];
    page.parts("record", rest, &parts);
    page
}

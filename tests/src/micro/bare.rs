//! The primitives under the parts, with nothing of Maille around them.
//!
//! X-Wing alone goes through our own file, which chooses it: `maille_common::crypto::hpke` adds
//! nothing to what the library does.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::hint::black_box;
use std::io::Write;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::crypto::hpke::SealingSecretKey;
use maille_common::limits;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::Place;
use super::accept::Accept;

/// What is signed.
const MESSAGE: &[u8; 64] = &[9; 64];

/// What HPKE binds a wrap to.
const INFO: &[u8; 96] = &[8; 96];

/// Ed25519 of `ring`: signs 64 bytes.
pub fn sign() -> impl FnMut() {
    let pair = pair();
    move || _ = black_box(pair.sign(black_box(MESSAGE)))
}

/// Ed25519 of `ring`: verifies a signature of 64 bytes.
pub fn verify() -> impl FnMut() {
    let pair = pair();
    let (key, signature) = (pair.public_key().as_ref().to_vec(), pair.sign(MESSAGE));
    move || {
        let key = UnparsedPublicKey::new(&ED25519, &key);
        key.verify(black_box(MESSAGE), signature.as_ref()).unwrap();
    }
}

/// X-Wing HPKE: seals a wrap to so many devices.
pub fn hpke_seal(devices: usize) -> impl FnMut() {
    let public = SealingSecretKey::from_seed([6; 32]).public_key();
    move || {
        for _ in 0..devices {
            let wrap = public.seal(INFO, black_box(&[1; limits::WRAP_PLAIN_BYTES]), &[2; 64]);
            drop(black_box(wrap));
        }
    }
}

/// X-Wing HPKE: opens a wrap.
pub fn hpke_open() -> impl FnMut() {
    let secret = SealingSecretKey::from_seed([6; 32]);
    let plain = [1; limits::WRAP_PLAIN_BYTES];
    let wrap = secret.public_key().seal(INFO, &plain, &[2; 64]);
    move || drop(black_box(secret.open(INFO, black_box(&wrap)).unwrap()))
}

/// AES-256-GCM of `ring` over so many bytes in place, in one go.
pub fn aes_gcm(bytes: usize) -> impl FnMut() {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[3; 32]).unwrap());
    let mut room = vec![7; bytes];
    move || {
        let nonce = Nonce::assume_unique_for_key([4; 12]);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), black_box(&mut room));
        _ = black_box(tag.unwrap());
    }
}

/// SHA-256 of `ring` over each of these.
pub fn sha256(strings: Vec<Vec<u8>>) -> impl FnMut() {
    move || {
        for bytes in &strings {
            _ = black_box(digest(&SHA256, black_box(bytes)));
        }
    }
}

/// A copy of these bytes on the heap.
pub fn copy(bytes: Vec<u8>) -> impl FnMut() {
    move || drop(black_box(black_box(&bytes).clone()))
}

/// A look into the standard library's map by hash, of as many devices as the roster has.
pub fn hash_lookup(place: &Place) -> impl FnMut() + use<'_> {
    let (crowd, mut at) = (place.crowd(), 0);
    let ids = crowd.members.iter().map(|(_, device)| *device);
    let map: HashMap<DeviceId, usize> = ids.zip(0..).collect();
    move || {
        let (_, device) = &crowd.members[crowd.step(&mut at)];
        assert!(black_box(map.get(device)).is_some());
    }
}

/// A look into the standard library's ordered map, of as many contacts as the roster has.
pub fn ordered_lookup(place: &Place) -> impl FnMut() + use<'_> {
    let (crowd, mut at) = (place.crowd(), 0);
    let addresses = crowd.members.iter().map(|(contact, _)| contact.clone());
    let map: BTreeMap<ContactAddress, usize> = addresses.zip(0..).collect();
    move || {
        let (contact, _) = &crowd.members[crowd.step(&mut at)];
        assert!(black_box(map.get(contact)).is_some());
    }
}

/// Fills the three maps that a roster of as many devices has at the least: by address, by device,
/// and by transport key.
pub fn maps(place: &Place) -> impl FnMut() + use<'_> {
    let crowd = place.crowd();
    let of = |device: &DeviceId| {
        let entry = crowd.roster.device(device)?;
        Some(entry.device.keys.first()?.transport)
    };
    let keyed: Vec<(ContactAddress, DeviceId, VerifyingKey)> = crowd
        .members
        .iter()
        .filter_map(|(contact, device)| Some((contact.clone(), *device, of(device)?)))
        .collect();
    move || {
        let by_address: BTreeMap<ContactAddress, DeviceId> = keyed
            .iter()
            .map(|(contact, device, _)| (contact.clone(), *device))
            .collect();
        let mut by_device = HashMap::new();
        let mut by_transport = HashMap::new();
        for (at, (_, device, transport)) in keyed.iter().enumerate() {
            by_device.insert(*device, at);
            by_transport.insert(*transport, *device);
        }
        drop(black_box((by_address, by_device, by_transport)));
    }
}

/// Ten numbers in order: what the clocks of an obligation with eight steps are at the most.
pub fn sort() -> impl FnMut() {
    move || {
        let mut numbers: Vec<(u64, u64)> =
            (0..10).map(|number| (number * 7 % 10, number)).collect();
        black_box(&mut numbers).sort_unstable();
        drop(black_box(numbers));
    }
}

/// The records of an accepted alert, put into an ordered map.
pub fn ordered_insert() -> impl FnMut() {
    let (accept, mut turn) = (Accept::taken(), 0);
    let mut map = BTreeMap::new();
    move || {
        if turn % Accept::ROOM == 0 {
            map = BTreeMap::new();
        }
        map.extend(accept.records(turn));
        turn += 1;
    }
}

/// The records of an accepted alert, behind each other at the end of a file, and `fdatasync`.
pub fn synced_write(place: &Place) -> impl FnMut() + use<> {
    let folder = tempfile::tempdir_in(&place.dir).unwrap();
    let mut file = File::create(folder.path().join("log")).unwrap();
    let accept = Accept::taken();
    let bytes: Vec<u8> = accept
        .records(0)
        .flat_map(|(key, value)| [key, value].concat())
        .collect();
    move || {
        // It is removed with the file.
        let _ = &folder;
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
    }
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap()
}

//! Every file of a home that is our own, pinned to the byte: `client/vectors/home`. What an earlier
//! program wrote opens.

use std::collections::BTreeSet;

use maille_common::codec::{coded, decode, encode};
use maille_common::hash::Hash;
use maille_common::vectors::{Annotate, Counted, Page, Vectors, annotate_fields};

use super::*;
use crate::home::owner::Owner;
use crate::home::pair::Beside;
use crate::home::place::Place;
use crate::own_keys::{load_bundle, make_bundle};

annotate_fields! {
    Bound { owner, anchor }
    Owner { network, contact, device, label, created }
    RingBytes { format, number, previous, keys }
    RingKey { valid_from, valid_to, seed }
    BesideBytes { next, former_transport }
    PairBytes { transport, signing, made }
}

coded! {
    /// What stands beside the keys in use, described in the same way.
    struct BesideBytes {
        next: Option<PairBytes>,
        former_transport: Option<[u8; 32]>,
    }
}

coded! {
    struct PairBytes {
        transport: [u8; 32],
        signing: [u8; 32],
        made: Timestamp,
    }
}

coded! {
    /// A ring of sealing keys, described apart from the code that writes it.
    struct RingBytes {
        format: u16,
        number: u64,
        previous: Hash,
        keys: maille_common::codec::List<RingKey, 520>,
    }
}

coded! {
    struct RingKey {
        valid_from: Timestamp,
        valid_to: Timestamp,
        seed: [u8; 32],
    }
}

const LATER: Timestamp = Timestamp::from_unix_ms(1_796_000_000_000);

/// The files that are text, and those that are sealed.
const TEXTS: [&str; 4] = ["anchor", "home.toml", "machine.key", "slots.toml"];
const SEALED: [&str; 2] = ["identity.sealed", "sealing.keys"];

/// The master key is 01…, transport, signing and store key are 02…, 03… and 04….
const MASTER: AtRestKey = AtRestKey::from_bytes([1; 32]);

/// A home that a machine and an officer open, which another officer has left.
fn make(world: &World) -> Home {
    let random = &mut Counted::default();
    let made = Home::create(&world.path(), new_home(), Protection::Machine, NOW, random);
    let mut home = made.unwrap();
    home.add_officer(world.amina(), NOW, random).unwrap();
    home.add_officer(world.boris(), NOW, random).unwrap();
    home.remove_officer("boris", LATER).unwrap();
    let mut ring = SealingRing::new();
    let bundle = make_bundle(&home, &mut ring, NOW, random).unwrap();
    // It lies there as it travels; the protocol pins its bytes.
    assert_eq!(fs::read(world.file("bundle")).unwrap(), encode(&bundle));
    assert_eq!(load_bundle(&home, &ring), Some(bundle));
    home
}

#[test]
fn every_file_of_a_home_has_its_pinned_bytes_and_opens() {
    let (world, pinned) = (World::new(), World::new());
    let home = make(&world);
    let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors/home");
    files::create_folder(&pinned.path()).unwrap();
    for name in TEXTS {
        let text = fs::read_to_string(world.file(name)).unwrap();
        let text = vectors.text(name, &text);
        files::create(&pinned.file(name), text.as_bytes()).unwrap();
    }
    for name in SEALED {
        let bytes = vectors.page(name, &sealed(name, &fs::read(world.file(name)).unwrap()));
        files::create(&pinned.file(name), &bytes).unwrap();
    }
    let plain = identity_plain(&home);
    let opened = Place::Identity.open(
        &MASTER,
        &[],
        &fs::read(world.file("identity.sealed")).unwrap(),
    );
    assert_eq!(*opened.unwrap(), vectors.page("identity", &plain));
    let ring = home.load_ring().unwrap().unwrap().to_bytes();
    let beside = BesideBytes {
        next: Some(PairBytes {
            transport: [5; 32],
            signing: [6; 32],
            made: LATER,
        }),
        former_transport: Some([7; 32]),
    };
    let read: Beside = decode(&encode(&beside)).unwrap();
    assert_eq!(encode(&read), encode(&beside));
    vectors.value("identity-beside", &beside);
    vectors.value("ring", &decode::<RingBytes>(&ring).unwrap());
    vectors.end();
    let made = identity(&home);
    drop(home);

    let by_machine = pinned.open_by_machine().unwrap();
    assert_eq!(identity(&by_machine), made);
    assert_eq!(by_machine.load_ring().unwrap().unwrap().to_bytes(), ring);
    drop(by_machine);
    let by_officer = pinned.open_as(pinned.amina()).unwrap();
    assert_eq!(identity(&by_officer), made);
    assert_eq!(by_officer.created(), NOW);
    assert_eq!(by_officer.anchor(), &new_home().anchor);
    drop(by_officer);
    assert_eq!(code(pinned.open_as(pinned.boris())), "officer-removed");
}

/// So that a new file of a home gets a vector too.
#[test]
fn no_file_of_a_home_is_without_a_vector() {
    let world = World::new();
    let _home = make(&world);
    let entries = fs::read_dir(world.path()).unwrap();
    let files: BTreeSet<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    // The lock names a process, and the bundle lies there as it travels.
    let pinned = TEXTS.iter().chain(&SEALED).chain(&["bundle", "lock"]);
    assert_eq!(files, pinned.map(|name| (*name).to_owned()).collect());
}

fn sealed(name: &str, bytes: &[u8]) -> Page {
    let mut page = Page::default();
    let ciphertext = ("ciphertext", bytes.len() - 28);
    page.parts(name, bytes, &[("nonce", 12), ciphertext, ("tag", 16)]);
    page
}

fn identity_plain(home: &Home) -> Page {
    let mut page = Page::default();
    page.line("identity.transport_seed", &[2; 32]);
    page.line("identity.signing_seed", &[3; 32]);
    page.line("identity.store_key", &[4; 32]);
    home.bound.annotate(&mut page, "identity");
    page
}

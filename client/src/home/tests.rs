//! What a home promises, on real files.

use std::fs;
use std::path::PathBuf;

use maille_common::codec::SortedList;
use maille_common::crypto::ed25519::VerifyingKey;
use tempfile::TempDir;

use super::*;
use crate::entropy::OsRandomness;

mod officers;
mod pairs;
mod reanchoring;
mod tampering;
mod vectors;

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

/// A folder for one home, and the officers' passphrases.
struct World {
    folder: TempDir,
    amina: Passphrase,
    boris: Passphrase,
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            amina: Passphrase::new("five small grey harbour cats"),
            boris: Passphrase::new("a lamp above the old bridge"),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn amina(&self) -> NewOfficer<'_> {
        NewOfficer {
            name: "amina",
            passphrase: &self.amina,
            cost: Cost::LEAST,
        }
    }

    fn boris(&self) -> NewOfficer<'_> {
        NewOfficer {
            name: "boris",
            passphrase: &self.boris,
            cost: Cost::LEAST,
        }
    }

    fn create(&self) -> Home {
        self.create_with(Protection::Officer(self.amina())).unwrap()
    }

    fn create_with(&self, protection: Protection<'_>) -> Result<Home, HomeError> {
        Home::create(
            &self.path(),
            new_home(),
            protection,
            NOW,
            &mut OsRandomness::new(),
        )
    }

    fn open_as(&self, officer: NewOfficer<'_>) -> Result<Home, HomeError> {
        let NewOfficer {
            name, passphrase, ..
        } = officer;
        Home::open(&self.path(), Unlock::Officer { name, passphrase })
    }

    fn open_by_machine(&self) -> Result<Home, HomeError> {
        Home::open(&self.path(), Unlock::Machine)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

fn anchor_key(seed: u8) -> VerifyingKey {
    SigningKey::from_seed([seed; 32]).verifying_key()
}

fn new_home() -> NewHome {
    NewHome {
        anchor: Anchor {
            version: Version::ONE,
            network: Text::new("dialogue").unwrap(),
            threshold: 2,
            keys: SortedList::new([1, 2, 3].map(anchor_key)).unwrap(),
        },
        contact: "interpol/fr/cyber".parse().unwrap(),
        device: DeviceId::from_bytes([0xd1; 16]),
        label: Text::new("night desk, left").unwrap(),
    }
}

/// The secrets and names of a home, to be compared over time.
fn identity(home: &Home) -> ([u8; 32], VerifyingKey, [u8; 32], DeviceId) {
    let signing = home.signing_key().verifying_key();
    (
        *home.transport_seed(),
        signing,
        *home.store_key().expose(),
        home.device(),
    )
}

fn code(result: Result<impl Sized, HomeError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

#[test]
fn a_home_opens_again_as_it_was_made() {
    let world = World::new();
    let home = world.create();
    let made = identity(&home);
    drop(home);
    let home = world.open_as(world.amina()).unwrap();
    assert_eq!(identity(&home), made);
    assert_eq!(home.network(), "dialogue");
    assert_eq!(home.contact().as_str(), "interpol/fr/cyber");
    assert_eq!(home.label(), "night desk, left");
    assert_eq!(home.created(), NOW);
    assert_eq!(home.anchor(), &new_home().anchor);
    assert!(home.store_path().is_dir() && home.blob_path().is_dir());
}

#[test]
fn two_homes_have_nothing_in_common() {
    let (one, other) = (World::new(), World::new());
    let (one, other) = (identity(&one.create()), identity(&other.create()));
    assert!(one.0 != other.0 && one.1 != other.1 && one.2 != other.2);
    assert_ne!(one.0, one.2);
}

#[test]
fn a_request_for_admission_is_signed_with_both_keys() {
    let world = World::new();
    let home = world.create();
    let request = home.device_request(NOW);
    let verified = request.verify("dialogue").unwrap();
    assert_eq!(verified.request().device, home.device());
    assert_eq!(
        verified.request().signing,
        home.signing_key().verifying_key()
    );
}

#[test]
fn a_machine_opens_its_home_without_a_person() {
    let world = World::new();
    let home = world.create_with(Protection::Machine).unwrap();
    let made = identity(&home);
    drop(home);
    let mut home = world.open_by_machine().unwrap();
    assert_eq!(identity(&home), made);
    // Officers may come and go beside the machine: its key stays a way in.
    home.add_officer(world.amina(), NOW, &mut OsRandomness::new())
        .unwrap();
    home.remove_officer("amina", NOW).unwrap();
    drop(home);
    fs::write(world.file("machine.key"), "not a key").unwrap();
    assert_eq!(code(world.open_by_machine()), "home-file-corrupt");
    let other = format!("{}\n", "07".repeat(32));
    fs::write(world.file("machine.key"), other).unwrap();
    assert_eq!(code(world.open_by_machine()), "home-file-corrupt");
}

#[test]
fn a_home_is_never_made_over_anything() {
    let world = World::new();
    let made = identity(&world.create());
    let again = world.create_with(Protection::Machine);
    assert_eq!(code(again), "home-already-there");
    assert_eq!(identity(&world.open_as(world.amina()).unwrap()), made);

    let other = World::new();
    fs::create_dir(other.path()).unwrap();
    fs::write(other.file("letter.txt"), "mine").unwrap();
    assert_eq!(
        code(other.create_with(Protection::Machine)),
        "home-already-there"
    );
    fs::remove_file(other.file("letter.txt")).unwrap();
    assert_eq!(code(other.create_with(Protection::Machine)), "ok");
}

#[test]
fn an_anchor_that_nobody_could_meet_makes_no_home() {
    let world = World::new();
    let mut new = new_home();
    new.anchor.threshold = 4;
    let randomness = &mut OsRandomness::new();
    let refused = Home::create(&world.path(), new, Protection::Machine, NOW, randomness);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("anchor-threshold")
    );
    assert!(!world.path().exists());
}

#[test]
fn one_process_holds_a_home_and_the_next_one_learns_which() {
    let world = World::new();
    let home = world.create();
    let refused = world.open_as(world.amina()).unwrap_err();
    assert_eq!(refused.code(), "home-locked");
    assert!(
        refused
            .to_string()
            .contains(&format!("process {}", std::process::id()))
    );
    drop(home);
    assert_eq!(code(world.open_as(world.amina())), "ok");
}

#[test]
fn the_description_of_a_home_names_every_file() {
    let world = World::new();
    let mut home = world.create_with(Protection::Machine).unwrap();
    let randomness = &mut OsRandomness::new();
    home.add_officer(world.amina(), NOW, randomness).unwrap();
    home.save_ring(&SealingRing::new(), randomness).unwrap();
    let described = include_str!("../../HOME.md");
    for entry in fs::read_dir(world.path()).unwrap() {
        let entry = entry.unwrap();
        let slash = if entry.path().is_dir() { "/" } else { "" };
        let name = entry.file_name().into_string().unwrap();
        assert!(
            described.contains(&format!("| `{name}{slash}` |")),
            "{name}"
        );
    }
}

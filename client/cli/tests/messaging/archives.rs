//! An archive is written by a desk that cannot read it, and opened with its key elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use maille_client::home::{Home, Unlock, format_anchor};
use maille_common::archive::ArchiveRecord;
use maille_common::codec::SortedList;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::crypto::hpke::SealingSecretKey;
use serde_json::Value;

use crate::desk::{Answer, Desk};
use crate::world::World;

const SUBJECT: &str = "Kingfisher over the estuary";
const BODY: &str = "The brown ledger lies under the floor.";
const NOTE: &str = "Inspector Okafor takes it over.";
const PLATE: &str = "{\"plate\": \"QX-417-KF\"}";

/// The machine that has the key, and neither home nor network.
struct Vault {
    folder: PathBuf,
}

impl Vault {
    fn of(world: &World) -> Self {
        let folder = world.path("vault");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("anchor.toml"), format_anchor(world.anchor())).unwrap();
        fs::write(folder.join("pass"), "nine grey stone river otters\n").unwrap();
        Self { folder }
    }

    fn run(&self, words: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_maille"))
            .args(["--json", "archive"])
            .args(words)
            .current_dir(&self.folder)
            .env_clear()
            .output()
            .unwrap();
        Answer::from(output)
    }

    /// Makes a key, and gives its code.
    fn key(&self, name: &str) -> String {
        let file = format!("{name}.key");
        let made = self.run(&["init", "--out", &file, "--passphrase-file", "pass"]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        made["code"].as_str().unwrap().to_owned()
    }

    fn public(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pub"))
    }

    /// Opens an archive; what it printed where it was opened, and how it ended.
    fn open(&self, archive: &Path, key: &str, more: &[&str]) -> (i32, Value, String) {
        let key = format!("{key}.key");
        let words = [
            &["open", archive.to_str().unwrap(), "--key", &key][..],
            &["--passphrase-file", "pass", "--anchor", "anchor.toml"],
            more,
        ];
        let answer = self.run(&words.concat());
        let printed = serde_json::from_slice(&answer.stdout).unwrap_or(Value::Null);
        (answer.code, printed, answer.stderr)
    }
}

/// Tunis writes to an archive while it collects, and Lyon alerts it.
struct Scene {
    world: World,
    vault: Vault,
    archive: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let world = World::new().introduced();
        let vault = Vault::of(&world);
        let archive = world.path("archive");
        fs::create_dir(&archive).unwrap();
        let code = vault.key("ours");
        let scene = Self {
            world,
            vault,
            archive,
        };
        let standing = scene.tunis().json(&scene.words(&code));
        assert_eq!(standing["archive"]["records"], 0);
        scene
    }

    fn words<'a>(&self, code: &'a str) -> [&'a str; 7] {
        let leak = |path: PathBuf| -> &'a str { path.display().to_string().leak() };
        let (key, to) = (leak(self.vault.public("ours")), leak(self.archive.clone()));
        ["archive", "use", key, "--to", to, "--code", code]
    }

    fn lyon(&self) -> Desk {
        self.world.lyon()
    }

    fn tunis(&self) -> Desk {
        self.world.tunis()
    }

    /// Lyon alerts Tunis, which takes it on.
    fn alert(&self, more: &[&str]) -> String {
        let (lyon, tunis) = (self.lyon(), self.tunis());
        let to = ["send", "--to", "afripol/tn/tunis", "--subject", SUBJECT];
        let sent = lyon.json(&[&to[..], &["--body", BODY], more].concat());
        let id = sent["id"].as_str().unwrap().to_owned();
        tunis.until("test", |event| {
            event["alert"] == id && event["event"] == "arrived"
        });
        tunis.done(&["ack", &id, "--note", NOTE]);
        id
    }

    fn standing(&self) -> Value {
        self.tunis().json(&["archive", "status"])["archive"].clone()
    }

    fn records(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.archive).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let mut records: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|end| end == "record"))
            .collect();
        records.sort();
        records
    }

    /// A copy of the archive in which something was done.
    fn tampered(&self, name: &str, how: impl FnOnce(&[PathBuf])) -> PathBuf {
        let copy = self.world.path(name);
        fs::create_dir(&copy).unwrap();
        let copied = self.records().into_iter().map(|from| {
            let to = copy.join(from.file_name().unwrap());
            fs::copy(&from, &to).unwrap();
            to
        });
        let copied: Vec<PathBuf> = copied.collect();
        how(&copied);
        copy
    }
}

fn codes(found: &Value) -> Vec<&str> {
    let faults = found["faults"].as_array().unwrap().iter();
    faults
        .map(|fault| fault["code"].as_str().unwrap())
        .collect()
}

fn is_in(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|at| at == text.as_bytes())
}

#[test]
fn everything_that_came_is_restored_with_the_key_and_nothing_without_it() {
    let scene = Scene::new();
    let tunis = scene.tunis();
    let agent = tunis.agent();
    let payload = scene.world.write("plates.json", PLATE);
    let photograph = scene.world.write("boathouse.jpeg", vec![7; 300_000]);
    let files = [
        ["--payload", payload.to_str().unwrap()],
        ["--attach", photograph.to_str().unwrap()],
    ];
    let id = scene.alert(files.as_flattened());
    let saved = scene.world.path("saved");
    tunis.done(&["read", &id, "--save", saved.to_str().unwrap()]);
    let reply = tunis.json(&["reply", &id, "--body", "Our man saw it leave."]);
    scene
        .lyon()
        .until("test", |event| event["event"] == "arrived");
    let standing = scene.standing();
    assert_eq!(
        (
            &standing["behind"],
            &standing["attachments"],
            &standing["left_out"]
        ),
        (&0.into(), &0.into(), &0.into())
    );
    assert_eq!(agent.terminate(), 0);

    // With everything in its home the desk cannot read what it wrote.
    let home = Home::open(tunis.home(), Unlock::Machine).unwrap();
    let ring = home.load_ring().unwrap().unwrap().to_bytes();
    let seeds = ring[46..].chunks(48).map(|key| &key[16..]);
    let own = [
        home.transport_seed(),
        home.signing_key().expose(),
        home.store_key().expose(),
    ];
    let seeds = seeds
        .map(|seed| seed.try_into().unwrap())
        .chain(own.map(|seed| *seed));
    let keys: Vec<SealingSecretKey> = seeds.map(SealingSecretKey::from_seed).collect();
    for path in scene.records() {
        let bytes = fs::read(path).unwrap();
        let record = ArchiveRecord::parse(&bytes).unwrap();
        assert!(keys.iter().all(|key| record.open(key).is_err()));
        let texts = [SUBJECT, BODY, NOTE, PLATE, "interpol/fr/lyon"];
        assert!(texts.iter().all(|text| !is_in(&bytes, text)));
    }
    drop(home);

    let (code, found, said) = scene.vault.open(&scene.archive, "ours", &["--to", "out"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(found["chains"][0]["records"], standing["records"]);
    assert_eq!(found["chains"][0]["last"], standing["last"]);
    let alerts = found["alerts"].as_array().unwrap();
    let ids: BTreeSet<&str> = alerts
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, BTreeSet::from([&*id, reply["id"].as_str().unwrap()]));
    let out = scene.vault.folder.join("out");
    assert_eq!(
        fs::metadata(&out).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let folder = out.join(&id);
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "1-text.txt",
        "2-plates.json",
        "3-boathouse.jpeg",
        "alert.txt",
        "evidence.export",
    ];
    assert_eq!(names, expected);
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    assert_eq!(read("1-text.txt"), BODY.as_bytes());
    assert_eq!(read("2-plates.json"), PLATE.as_bytes());
    assert_eq!(read("3-boathouse.jpeg"), vec![7; 300_000]);
    let text = String::from_utf8(read("alert.txt")).unwrap();
    for said in [SUBJECT, "afripol/tn/tunis: acknowledged", "S. Ben Ali"] {
        assert!(text.contains(said), "{text}");
    }
    // The evidence proves itself to others, as what the desk exports does.
    let evidence = folder.join("evidence.export");
    let anchor = scene.vault.folder.join("anchor.toml");
    let words = ["verify", evidence.to_str().unwrap(), "--anchor"];
    let proven = scene
        .lyon()
        .json(&[&words[..], &[anchor.to_str().unwrap()]].concat());
    assert_eq!(proven["id"], id);
    assert_eq!(proven["content"]["subjects"][0], SUBJECT);

    // Nothing is written over.
    let (code, _, said) = scene.vault.open(&scene.archive, "ours", &["--to", "out"]);
    assert_eq!(code, 3, "{said}");
}

#[test]
fn a_record_that_is_altered_dropped_exchanged_or_cut_off_is_noticed() {
    let scene = Scene::new();
    // Each has a record at least, however many of its events were seen together.
    for _ in 0..4 {
        scene.alert(&[]);
    }
    assert_eq!(scene.standing()["behind"], 0);
    assert!(scene.records().len() >= 4, "{:?}", scene.records());
    let open = |folder: &Path| scene.vault.open(folder, "ours", &[]);

    let altered = scene.tampered("altered", |records| {
        let mut bytes = fs::read(&records[1]).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&records[1], bytes).unwrap();
    });
    let (code, found, _) = open(&altered);
    assert_eq!(code, 1);
    assert_eq!(
        codes(&found),
        ["archive-record-altered", "archive-chain-broken"]
    );
    // A record at fault keeps no other from being read.
    assert!(found["alerts"].as_array().unwrap().len() >= 3);

    let dropped = scene.tampered("dropped", |records| fs::remove_file(&records[1]).unwrap());
    let (code, found, said) = open(&dropped);
    assert_eq!(code, 1, "{said}");
    assert_eq!(
        codes(&found),
        ["archive-record-missing", "archive-chain-broken"]
    );

    let exchanged = scene.tampered("exchanged", |records| {
        let beside = records[0].with_extension("aside");
        fs::rename(&records[0], &beside).unwrap();
        fs::rename(&records[1], &records[0]).unwrap();
        fs::rename(&beside, &records[1]).unwrap();
    });
    let (code, found, _) = open(&exchanged);
    assert_eq!(code, 1);
    assert!(codes(&found).contains(&"archive-chain-broken"), "{found}");

    // What a power cut left of the last one: it never had its name.
    let torn = scene.tampered("torn", |records| {
        let last = records.last().unwrap();
        let bytes = fs::read(last).unwrap();
        let half = &bytes[..bytes.len() / 2];
        fs::write(last.with_extension("record.new"), half).unwrap();
        fs::remove_file(last).unwrap();
    });
    let (code, found, said) = open(&torn);
    assert_eq!(code, 0, "{said}");
    assert_eq!(found["others"].as_array().unwrap().len(), 1);
    // What a bad disk left of it.
    let cut = scene.tampered("cut", |records| {
        let last = records.last().unwrap();
        let bytes = fs::read(last).unwrap();
        fs::write(last, &bytes[..bytes.len() - 1]).unwrap();
    });
    let (code, found, _) = open(&cut);
    assert_eq!((code, codes(&found)), (1, vec!["archive-record-altered"]));
    // The desk knows of the record that was cut off.
    let standing = scene.standing();
    let (_, found, _) = open(&torn);
    assert_ne!(found["chains"][0]["last"], standing["last"]);
}

#[test]
fn the_key_of_another_archive_and_the_anchor_of_another_network_open_nothing() {
    let scene = Scene::new();
    scene.alert(&[]);
    assert_eq!(scene.standing()["behind"], 0);
    scene.vault.key("theirs");
    let (code, found, said) = scene.vault.open(&scene.archive, "theirs", &[]);
    assert_eq!((code, found), (4, Value::Null), "{said}");
    assert!(said.contains("archive-other-key"), "{said}");
    let mut other = World::new().anchor().clone();
    let theirs = SigningKey::from_seed([9; 32]).verifying_key();
    other.keys = SortedList::new([theirs]).unwrap();
    let anchor = format_anchor(&other);
    fs::write(scene.vault.folder.join("anchor.toml"), anchor).unwrap();
    let (code, found, _) = scene.vault.open(&scene.archive, "ours", &[]);
    assert_eq!((code, found["alerts"].as_array().unwrap().len()), (1, 0));

    // A key that somebody exchanged on its way is not taken.
    let code = "0000-0000-0000-0000-0000-0000-0000-0000";
    scene
        .tunis()
        .refused(&scene.words(code), 4, "wrong-archive-code");
    assert!(scene.standing()["records"].as_u64().unwrap() > 0);
    let stopped = scene.tunis().json(&["archive", "stop"]);
    assert_eq!(stopped["stopped"], true);
    assert_eq!(scene.standing(), Value::Null);
    assert_eq!(scene.tunis().json(&["archive", "stop"])["stopped"], false);
}

/// A full or missing volume of the archive is an alarm, and holds no alert up.
#[test]
fn an_archive_that_cannot_be_written_holds_nothing_up_and_is_caught_up_with() {
    let scene = Scene::new();
    let tunis = scene.tunis();
    let agent = tunis.agent();
    scene.alert(&[]);
    let before = scene.standing()["records"].as_u64().unwrap();
    assert!(before > 0);
    let away = scene.world.path("away");
    fs::rename(&scene.archive, &away).unwrap();
    let id = scene.alert(&[]);
    tunis.until("alarm", |event| event["event"] == "archive-failing");
    let standing = scene.standing();
    assert_eq!(standing["records"], before);
    assert!(standing["failing_since"].is_string(), "{standing}");
    assert!(standing["trouble"].as_str().unwrap().contains("archive"));
    assert_eq!(tunis.json(&["status"])["archive"]["failing"], true);
    let doctor = tunis.answer(&["doctor"], "");
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains("BAD   archive"), "{said}");
    assert!(said.contains("cannot be written since"), "{said}");
    // It is an alarm after a restart as well.
    assert_eq!(agent.terminate(), 0);
    let agent = tunis.agent();
    assert!(scene.standing()["failing_since"].is_string());
    fs::rename(&away, &scene.archive).unwrap();
    let after = scene.alert(&[]);
    tunis.until("alarm", |event| event["event"] == "archive-working");
    let standing = scene.standing();
    assert_eq!(
        (&standing["behind"], &standing["trouble"]),
        (&0.into(), &Value::Null)
    );
    let said = String::from_utf8(tunis.answer(&["doctor"], "").stdout).unwrap();
    assert!(said.contains("good  archive"), "{said}");
    assert_eq!(agent.terminate(), 0);
    let (code, found, said) = scene.vault.open(&scene.archive, "ours", &[]);
    assert_eq!(code, 0, "{said}");
    let alerts = found["alerts"].as_array().unwrap().iter();
    let ids: BTreeSet<&str> = alerts.map(|one| one["id"].as_str().unwrap()).collect();
    assert!(
        ids.contains(&*id) && ids.contains(&*after) && ids.len() == 3,
        "{ids:?}"
    );
}

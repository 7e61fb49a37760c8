//! The folder of a device is stolen: what its thief learns without a passphrase, and how the same
//! search finds everything where nothing is sealed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use maille_client::home::{Home, Unlock};
use maille_common::codec::{from_hex, to_hex};
use maille_common::content::PartContent;
use maille_common::export::{Export, Piece};

use crate::desk::Desk;
use crate::world::{PASSPHRASE, World};

const SUBJECT: &str = "Kingfisher over the estuary";
const BODY: &str = "The brown ledger lies under the floor.";
const REPLY: &str = "Our man saw it leave on Tuesday.";
const UPDATE: &str = "It was the green one after all.";
const CANCEL: &str = "Both were found in the boathouse.";
const NOTES: [&str; 2] = [
    "Inspector Okafor takes it over.",
    "Nobody at the boathouse answers.",
];
const PAYLOAD: &str = "{\"plate\": \"QX-417-KF\"}";
const ATTACHED: &str = "photograph of the boathouse, frame by frame";
const NAMES: [&str; 2] = ["boathouse.jpeg", "plates.json"];
const REFERENCE: &str = "case-2026-0417";
const READER: &str = "case-register";

/// What opens both homes, which have no key of the machine.
struct Officers<'a> {
    world: &'a World,
    file: String,
}

/// One thing that must not be found.
struct Secret {
    called: String,
    bytes: Vec<u8>,
}

impl<'a> Officers<'a> {
    fn alone(world: &'a World) -> Self {
        for home in ["lyon", "tunis"] {
            fs::remove_file(world.path(home).join("machine.key")).unwrap();
        }
        let file = world.write("right.pass", format!("{PASSPHRASE}\n"));
        let file = file.display().to_string();
        Self { world, file }
    }

    fn unlock(&self, name: &'static str) -> [&str; 4] {
        ["--officer", name, "--passphrase-file", &self.file]
    }

    /// Everything that a desk writes down is written at Lyon; gives the ids of what went and came.
    fn converse(&self) -> [String; 2] {
        let (lyon, tunis) = (self.world.lyon(), self.world.tunis());
        let payload = self.world.write(NAMES[1], PAYLOAD);
        let photograph = self.world.write(NAMES[0], ATTACHED.repeat(3_000));
        let words = [
            ["--subject", SUBJECT],
            ["--body", BODY],
            ["--reference", REFERENCE],
            ["--payload", payload.to_str().unwrap()],
            ["--attach", photograph.to_str().unwrap()],
        ];
        let to = ["send", "--to", "afripol/tn/tunis"];
        let sent = lyon.json(&[&to[..], words.as_flattened()].concat());
        let id = sent["id"].as_str().unwrap();
        tunis.until("test", |event| event["event"] == "arrived");
        tunis.done(&["read", id]);
        tunis.done(&["ack", id, "--note", NOTES[0]]);
        lyon.until(READER, |event| event["state"] == "acknowledged");
        let reply = tunis.json(&["reply", id, "--body", REPLY, "--attach", &self.file]);
        let came = reply["id"].as_str().unwrap();
        lyon.until(READER, |event| event["event"] == "arrived");
        lyon.done(&["read", came]);
        lyon.done(&["ack", came, "--note", NOTES[1]]);
        lyon.done(&["update", id, "--body", UPDATE]);
        lyon.done(&["cancel", id, "--reason", CANCEL]);
        tunis.until("test", |event| event["kind"] == "cancel");
        [id, came].map(str::to_owned)
    }
}

impl Secret {
    fn text(text: &str) -> Self {
        Self {
            called: text.to_owned(),
            bytes: text.as_bytes().to_vec(),
        }
    }

    /// A key, and its digits.
    fn key(called: &str, bytes: &[u8]) -> [Self; 2] {
        let digits = to_hex(bytes).into_bytes();
        let called = called.to_owned();
        let other = format!("{called} in digits");
        let bytes = bytes.to_vec();
        [
            Self { called, bytes },
            Self {
                called: other,
                bytes: digits,
            },
        ]
    }
}

/// The content keys of an alert and of its attachments, by what its desk exports.
fn content_keys(world: &World, desk: &Desk, id: &str) -> Vec<Secret> {
    let file = world.path(&format!("{id}.export"));
    desk.done(&["export", id, "--reveal", "--to", file.to_str().unwrap()]);
    let export = Export::parse(&fs::read(file).unwrap()).unwrap();
    let body = export.pieces().find_map(|piece| match piece {
        Piece::Content { key, .. } => Some(*key.expose()),
        _ => None,
    });
    let content = export.verify(world.anchor()).unwrap().content.unwrap();
    let blobs = content.parts.iter().filter_map(|part| match &part.content {
        PartContent::Blob(blob) => Some(*blob.key.expose()),
        PartContent::Inline(_) => None,
    });
    let blobs: Vec<[u8; 32]> = blobs.collect();
    assert_eq!(blobs.len(), 1);
    let keys = blobs.into_iter().chain([body.unwrap()]);
    keys.flat_map(|key| Secret::key("a content key", &key))
        .collect()
}

/// The keys of the device itself.
fn keys_of(home: &Path, unlock: Unlock<'_>) -> Vec<Secret> {
    let home = Home::open(home, unlock).unwrap();
    let ring = home.load_ring().unwrap().unwrap().to_bytes();
    let seeds: Vec<&[u8]> = ring[46..].chunks(48).map(|key| &key[16..]).collect();
    assert!(seeds.len() >= 9 && seeds.iter().all(|seed| seed.len() == 32));
    let own: [(&str, &[u8]); 3] = [
        ("transport seed", home.transport_seed()),
        ("signing seed", home.signing_key().expose()),
        ("store key", home.store_key().expose()),
    ];
    let sealing = seeds.into_iter().map(|seed| ("sealing seed", seed));
    own.into_iter()
        .chain(sealing)
        .flat_map(|(called, key)| Secret::key(called, key))
        .collect()
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_under(&path)),
            false if path.is_file() => found.push(path),
            false => {}
        }
    }
    found
}

/// Which secrets stand in which files; what everybody in the network has is left out.
fn found_in(home: &Path, secrets: &[Secret]) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    // One look at every place of megabytes: whether any of them begins so.
    let mut begins = vec![false; 1 << 16];
    for secret in secrets {
        begins[usize::from(u16::from_be_bytes([secret.bytes[0], secret.bytes[1]]))] = true;
    }
    for file in files_under(home) {
        let name = file.strip_prefix(home).unwrap();
        if name.starts_with("roster") {
            continue;
        }
        let bytes = fs::read(&file).unwrap();
        for pair in 0..bytes.len().saturating_sub(1) {
            let rest = &bytes[pair..];
            if begins[usize::from(u16::from_be_bytes([rest[0], rest[1]]))] {
                let here = secrets.iter().filter(|one| rest.starts_with(&one.bytes));
                found.extend(here.map(|one| (one.called.clone(), name.to_owned())));
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in files_under(from) {
        let there = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(&file, there).unwrap();
    }
}

fn texts() -> Vec<Secret> {
    let texts = [
        SUBJECT, BODY, REPLY, UPDATE, CANCEL, PAYLOAD, ATTACHED, REFERENCE, READER,
    ];
    // Whom it wrote to, and who there acted.
    let correspondent = ["afripol/tn/tunis", "S. Ben Ali"];
    let all = texts.iter().chain(&NOTES).chain(&NAMES);
    let all = all.chain(&correspondent).copied();
    all.chain([PASSPHRASE]).map(Secret::text).collect()
}

/// While the agent runs, and after it has ended: a laptop that was carried off, and one that was
/// shut down before.
#[test]
fn a_stolen_folder_without_its_passphrase_has_no_text_name_or_key_in_it() {
    let world = World::new().introduced();
    let master = fs::read_to_string(world.path("lyon").join("machine.key")).unwrap();
    let master: [u8; 32] = from_hex(master.trim()).unwrap();
    let officers = Officers::alone(&world);
    let lyon = world.lyon();
    let at_lyon = lyon.agent_by(&officers.unlock("A. Diallo"));
    let at_tunis = world.tunis().agent_by(&officers.unlock("S. Ben Ali"));
    let ids = officers.converse();
    let mut secrets = texts();
    secrets.extend(Secret::key("master key", &master));
    for id in &ids {
        secrets.extend(content_keys(&world, &lyon, id));
    }
    let running = world.path("carried-off");
    copy(lyon.home(), &running);
    assert_eq!(at_lyon.terminate(), 0);
    assert_eq!(at_tunis.terminate(), 0);
    let passphrase = maille_client::home::Passphrase::new(PASSPHRASE);
    let name = "A. Diallo";
    let unlock = Unlock::Officer {
        name,
        passphrase: &passphrase,
    };
    secrets.extend(keys_of(lyon.home(), unlock));
    for home in [running.as_path(), lyon.home()] {
        assert_eq!(found_in(home, &secrets), []);
        only_known_files(home);
    }
    what_is_visible(lyon.home());
    the_search_finds_what_is_there(&world, &lyon, &ids[1], &secrets);
    it_opens_with_nothing_else(&world, &running);
}

/// The page of the home tells of every file what lies in it.
fn only_known_files(home: &Path) {
    let page = include_str!("../../../HOME.md");
    let names = fs::read_dir(home).unwrap();
    for name in names.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        let known = [format!("| `{name}` |"), format!("| `{name}/` |")];
        assert!(known.iter().any(|row| page.contains(row)), "{name}");
    }
}

/// The page says that these are in the clear.
fn what_is_visible(home: &Path) {
    let visible = ["interpol/fr/lyon", "testing", "A. Diallo"].map(Secret::text);
    let found = found_in(home, &visible);
    let files: BTreeSet<(&str, &str)> = found
        .iter()
        .map(|(called, file)| (called.as_str(), file.to_str().unwrap()))
        .collect();
    let expected = [
        ("A. Diallo", "officer.toml"),
        ("A. Diallo", "slots.toml"),
        ("interpol/fr/lyon", "bundle"),
        ("interpol/fr/lyon", "home.toml"),
        ("testing", "anchor"),
        ("testing", "home.toml"),
    ];
    assert_eq!(files, BTreeSet::from(expected));
}

/// The same search, over what the desk says when it is opened: it would not miss a text.
fn the_search_finds_what_is_there(world: &World, lyon: &Desk, came: &str, secrets: &[Secret]) {
    let folder = world.path("opened");
    fs::create_dir(&folder).unwrap();
    let officers = Officers {
        world,
        file: world.path("right.pass").display().to_string(),
    };
    let unlock = officers.unlock("A. Diallo");
    let read = lyon.done(&[&["read", came, "--unread"], &unlock[..]].concat());
    fs::write(folder.join("read"), read).unwrap();
    let saved = folder.join("saved");
    let save = ["read", came, "--unread", "--save", saved.to_str().unwrap()];
    lyon.done(&[&save[..], &unlock].concat());
    let found: BTreeSet<String> = found_in(&folder, secrets)
        .into_iter()
        .map(|(called, _)| called)
        .collect();
    for text in [REPLY, PASSPHRASE, "afripol/tn/tunis"] {
        assert!(found.contains(text), "{found:?}");
    }
}

/// Neither does the program open it for the thief.
fn it_opens_with_nothing_else(world: &World, stolen: &Path) {
    let thief = Desk::of(stolen.to_owned());
    let guess = world.write("guess.pass", "five small grey harbour dogs\n");
    let officer = ["--officer", "A. Diallo", "--passphrase-file"];
    let guessed = [&["inbox"], &officer[..], &[guess.to_str().unwrap()]].concat();
    let keeps_out = |words: &[&str], why: &str| {
        let refused = thief.answer(words, "");
        assert_eq!((refused.code, refused.stdout.as_slice()), (5, &b""[..]));
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    };
    keeps_out(&guessed, "The passphrase of A. Diallo is wrong");
    fs::remove_file(stolen.join("officer.toml")).unwrap();
    keeps_out(&["--json", "inbox"], "no-machine-key");
}

//! certs-example/: the committed files prove themselves, and `maille example` makes the same anew.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are tests too, and what is skipped is said loudly"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use maille_client::authority::{RosterFolder, parse_plan};
use maille_client::{Client, ClientConfig, OpenError};
use maille_common::address::Name;
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::roster::Roster;
use maille_common::terms::{Reach, Standing};
use maille_common::time::Span;

const BODIES: [(&str, Standing); 10] = [
    ("afripol", Standing::Member),
    ("ameripol", Standing::Member),
    ("aseanapol", Standing::Member),
    ("cmai", Standing::Member),
    ("europol", Standing::Member),
    ("frontex", Standing::Member),
    ("gccpol", Standing::Member),
    ("interpol", Standing::Member),
    ("rats-sco", Standing::Observer),
    ("unodc", Standing::Observer),
];

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../certs-example")
}

fn roster_of(folder: &Path) -> Roster {
    let roster = RosterFolder::at(folder.join("roster"));
    let anchor = RosterFolder::read_anchor(&roster.anchor_path()).unwrap();
    roster.load(&anchor).unwrap().unwrap()
}

fn maille(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_maille"))
        .args(arguments)
        .output()
        .unwrap()
}

/// A fresh example; the relay's port does not matter where nothing runs.
fn example() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("net");
    let output = maille(&["example", dir.to_str().unwrap()]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (folder, dir)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| {
        if path.is_dir() {
            files_below(&path)
        } else {
            vec![path]
        }
    };
    entries.flat_map(below).collect()
}

#[test]
fn the_committed_documents_verify_from_the_anchor() {
    let roster = roster_of(&committed());
    let part = roster.authority();
    assert_eq!((part.threshold, part.keys.len()), (2, 3));
    assert_eq!(part.reach, Reach::Loopback);
    let bodies: Vec<_> = part
        .organisations
        .iter()
        .map(|body| (body.name.as_str(), body.standing))
        .collect();
    assert_eq!(bodies, BODIES);
    assert_eq!(roster.contacts().count(), BODIES.len());
    assert!(
        roster
            .contacts()
            .all(|entry| entry.contact.devices.len() == 1)
    );
    for language in ["en", "fr", "es", "ar"] {
        let named = |names: &[maille_common::local_text::LocalText]| {
            names.iter().any(|name| name.language.as_str() == language)
        };
        let count = part
            .organisations
            .iter()
            .filter(|body| named(&body.names))
            .count();
        assert!(count >= 4, "{language}: {count}");
    }
}

#[test]
fn the_committed_plan_says_what_the_roster_says() {
    let roster = roster_of(&committed());
    let plan = parse_plan(&fs::read_to_string(committed().join("network.toml")).unwrap()).unwrap();
    let soon = roster.authority().issued + Span::from_days(1);
    assert!(plan.build(Some(&roster), soon).unwrap().is_empty());
}

#[test]
fn the_committed_text_names_every_key_of_the_roster() {
    let text = fs::read_to_string(committed().join("roster.txt")).unwrap();
    let roster = roster_of(&committed());
    assert!(text.contains(&roster.hash().to_string()));
    for key in transport_keys(&roster) {
        assert!(text.contains(&key.to_string()));
    }
}

#[test]
fn each_certificate_holds_a_transport_key_of_the_roster_and_openssl_shows_it() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: no openssl on this machine");
        return;
    }
    let keys = transport_keys(&roster_of(&committed()));
    let mut shown = Vec::new();
    for file in files_below(&committed().join("certificates")) {
        let output = Command::new("openssl")
            .args(["x509", "-noout", "-text", "-in"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", file.display());
        let text = String::from_utf8(output.stdout).unwrap();
        shown.push(public_key_in(&text));
    }
    let mut expected: Vec<String> = keys.iter().map(VerifyingKey::to_string).collect();
    expected.sort();
    shown.sort();
    assert_eq!(shown, expected);
}

#[test]
fn no_private_key_is_committed() {
    for file in files_below(&committed()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let secret = [".key", ".sealed", ".keys"]
            .iter()
            .any(|end| name.ends_with(end));
        assert!(
            !secret && !name.starts_with("machine"),
            "{}",
            file.display()
        );
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("PRIVATE") && !text.contains("seed ="),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_one_command_makes_the_same_network_with_fresh_keys() {
    let (_folder, dir) = example();
    let (fresh, committed) = (roster_of(&dir), roster_of(&committed()));
    let bodies = |roster: &Roster| {
        let part = roster.authority();
        let named = part
            .organisations
            .iter()
            .map(|body| (body.name.clone(), body.names.clone()));
        let contacts = roster.contacts().map(|entry| entry.contact.address.clone());
        (
            named.collect::<Vec<_>>(),
            contacts.collect::<Vec<_>>(),
            part.rules.clone(),
        )
    };
    assert_eq!(bodies(&fresh), bodies(&committed));
    let old = transport_keys(&committed);
    assert!(transport_keys(&fresh).iter().all(|key| !old.contains(key)));
    for (body, _) in BODIES {
        assert!(fs::read_dir(dir.join("homes")).unwrap().any(|home| {
            home.unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with(body)
        }));
    }
    assert!(dir.join("relay/relay.toml").is_file());
}

#[test]
fn a_relay_refuses_the_example_on_any_address_but_loopback() {
    let (_folder, dir) = example();
    let relay = dir.join("relay");
    let output = maille(&[
        "demo-relay",
        relay.to_str().unwrap(),
        "--listen",
        "0.0.0.0:0",
    ]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(errors.contains("loopback"), "{errors}");
    let served = maille(&[
        "demo-relay",
        relay.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ]);
    assert!(
        served.status.success(),
        "{}",
        String::from_utf8_lossy(&served.stderr)
    );
}

#[test]
fn a_desk_refuses_the_example_with_a_relay_elsewhere() {
    let (_folder, dir) = example();
    let relay: Name = "lyon".parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let config = ClientConfig::new(dir.join("homes/interpol-duty"));
        let elsewhere = config.relay_address(relay, "192.0.2.1:443");
        let refused = Client::open(elsewhere).await.unwrap_err();
        assert!(
            matches!(refused, OpenError::NotLoopback { .. }),
            "{refused}"
        );
        let config = ClientConfig::new(dir.join("homes/interpol-duty"));
        Client::open(config).await.unwrap().shutdown().await;
    });
}

#[test]
fn an_example_is_not_made_for_another_address_than_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("net");
    let output = maille(&[
        "example",
        dir.to_str().unwrap(),
        "--listen",
        "192.0.2.1:443",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!dir.exists());
}

/// Of the relay and of every device.
fn transport_keys(roster: &Roster) -> Vec<VerifyingKey> {
    let relays = roster.authority().relays.iter();
    let relays = relays.flat_map(|relay| relay.keys.iter().map(|keys| keys.transport));
    let devices = roster
        .contacts()
        .flat_map(|entry| entry.contact.devices.iter());
    let devices = devices.flat_map(|device| device.keys.iter().map(|keys| keys.transport));
    relays.chain(devices).collect()
}

/// The hexadecimal digits between `pub:` and the signature, as `openssl x509 -text` shows them.
fn public_key_in(text: &str) -> String {
    let after = text.split("pub:").nth(1).unwrap();
    let digits = after.chars().filter(|letter| letter.is_ascii_hexdigit());
    digits.take(64).collect()
}

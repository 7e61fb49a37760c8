//! Every naughty string as the name of a key's holder, of a device and of an officer in ceremonies:
//! it is shown whole and not obeyed, or refused by the rule for it.

use maille_client::clock::{Clock, SystemClock};
use maille_client::entropy::OsRandomness;
use maille_client::home::{Cost, Home, NewHome, NewOfficer, Passphrase, Protection, parse_anchor};
use maille_common::address::DeviceId;
use maille_common::codec::Text;
use maille_common::safe_text::safe_text;
use serde_json::Value;

use crate::console::{Answer, Console};
use crate::hostile::harmless;
use crate::naughty_strings::{naughty_strings, read_back, texts_under, times_visible};

/// The most keys that an authority has.
const KEYS_MAX: usize = 16;
const HOLDER_BYTES_MAX: usize = 128;
const LABEL_BYTES_MAX: usize = 64;
const OFFICER_BYTES_MAX: usize = 64;

/// Runs a command and looks at every character of what it says.
fn shown(console: &Console, words: &[&str]) -> Answer {
    let answer = console.maille(words);
    harmless(words, &answer.stdout);
    harmless(words, &answer.stderr);
    answer
}

/// For people, and for machines.
fn both(console: &Console, words: &[&str]) -> (String, Value) {
    let (text, json) = (
        shown(console, words),
        shown(console, &[&["--json"], words].concat()),
    );
    for answer in [&text, &json] {
        assert_eq!(answer.code, 0, "{words:?}: {}", answer.stderr);
    }
    let json = serde_json::from_str(&json.stdout).unwrap();
    (read_back(&(text.stdout + &text.stderr)), json)
}

/// The fault of a command that was refused, shown to both.
fn fault(console: &Console, words: &[&str]) -> Value {
    let text = shown(console, words);
    let json = shown(console, &[&["--json"], words].concat());
    assert_eq!(text.code, json.code, "{words:?}: {}", json.stderr);
    let line = json.stderr.lines().last().unwrap_or_default();
    let fault: Value = serde_json::from_str(line).unwrap();
    fault["error"].clone()
}

#[test]
fn every_naughty_name_of_a_holder_is_shown_whole_by_the_ceremonies_or_refused() {
    let console = Console::new();
    let strings = naughty_strings();
    let mut keys = Vec::new();
    for (index, string) in strings.iter().enumerate() {
        let organisation = format!("o{}", index % KEYS_MAX);
        let (holder, out) = (format!("--holder={string}"), format!("{index}.key"));
        let words = [
            &["authority", "key", "new", "--plain", &holder][..],
            &["--organisation", &organisation, "--out", &out],
        ]
        .concat();
        if !(1..=HOLDER_BYTES_MAX).contains(&string.len()) {
            let fault = fault(&console, &words);
            assert_eq!(fault["code"], "key-file-holder", "{string:?}: {fault}");
            continue;
        }
        let made = shown(&console, &[&["--json"], &words[..]].concat());
        assert_eq!(made.code, 0, "{string:?}: {}", made.stderr);
        let made: Value = serde_json::from_str(&made.stdout).unwrap();
        assert_eq!(made["holder"], **string, "{made}");
        keys.push((string, format!("{index}.pub"), index % KEYS_MAX));
    }
    assert_eq!(keys.len(), 492);
    let mut network = Vec::new();
    let mut founded = 0;
    for (at, key) in keys.iter().enumerate() {
        network.push(key);
        let next = keys.get(at + 1).map_or(0, |next| next.2);
        if next > key.2 {
            continue;
        }
        a_network_names_its_holders(&console, founded, &network);
        network.clear();
        founded += 1;
    }
    assert!(founded > 30, "{founded}");
}

fn a_network_names_its_holders(
    console: &Console,
    number: usize,
    keys: &[&(&String, String, usize)],
) {
    let folder = format!("n{number}");
    std::fs::create_dir(console.path(&folder)).unwrap();
    let roster = format!("{folder}/roster");
    let network = ["authority", "init", "--network", &folder, "-k", "1"];
    let mut init = [&network[..], &["--out", &folder, "--roster", &roster]].concat();
    for (_, file, _) in keys {
        init.extend(["--key", file]);
    }
    let said = shown(console, &init);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let proposal = format!("{folder}/authority-000001.proposal");
    let words = ["authority", "status", &proposal, "--roster", &roster];
    let (status, standing) = both(console, &words);
    let words = ["authority", "describe", &proposal, "--roster", &roster];
    let (_, described) = both(console, &words);
    let review: toml::Value = toml::from_str(described["text"].as_str().unwrap()).unwrap();
    let review = serde_json::to_value(review).unwrap();
    let said = read_back(&said.stderr);
    for (holder, _, _) in keys {
        assert!(times_visible(&said, holder) > 0, "{holder:?}: {said}");
        assert!(times_visible(&status, holder) > 1, "{holder:?}: {status}");
        for object in [&standing, &review] {
            let texts = texts_under(object, "holder");
            assert!(texts.contains(*holder), "{holder:?}: {object}");
        }
    }
}

/// A network's anchor in the folder.
fn anchor(console: &Console) {
    console.done("authority key new --organisation interpol --holder h --out h.key --plain");
    console.done("authority init --network test --key h.pub -k 1");
}

#[test]
fn every_naughty_label_that_is_too_long_is_refused_before_a_home_is_made() {
    let console = Console::new();
    anchor(&console);
    let strings = naughty_strings();
    let long = strings.iter().filter(|label| label.len() > LABEL_BYTES_MAX);
    for label in long {
        let label = format!("--label={label}");
        let words = [
            &["--home", "desk", "device", "request", "--machine-key"][..],
            &["--contact", "interpol/fr", &label],
            &["--anchor", "roster/anchor.toml"],
        ]
        .concat();
        let refused = shown(&console, &words);
        // Of a word as it is quoted, harmless.
        let length = safe_text(&label[8..]).len();
        let limit = format!("A length of {length} is above the limit of 64");
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(&limit), "{}", refused.stderr);
        let said = read_back(&refused.stderr);
        assert!(times_visible(&said, &label[8..]) > 0, "{label:?}: {said}");
        assert!(!console.path("desk").exists());
    }
}

#[test]
fn every_naughty_name_of_an_officer_goes_on_and_off_duty_whole_or_is_refused_by_its_form() {
    let console = Console::new();
    anchor(&console);
    let anchor =
        parse_anchor(&std::fs::read_to_string(console.path("roster/anchor.toml")).unwrap())
            .unwrap();
    let (mut random, now) = (OsRandomness::new(), SystemClock.now());
    let passphrase = Passphrase::new("five small grey harbour cats");
    let (mut on_duty, mut refused) = (0, 0);
    // A home has room for 256 names, of those that left as well.
    for (number, names) in naughty_strings().chunks(200).enumerate() {
        let home = format!("desk-{number}");
        let path = console.path(&home);
        let new = NewHome {
            anchor: anchor.clone(),
            contact: "interpol/fr".parse().unwrap(),
            device: DeviceId::from_bytes([number.try_into().unwrap(); 16]),
            label: Text::new("desk").unwrap(),
        };
        let mut desk = Home::create(&path, new, Protection::Machine, now, &mut random).unwrap();
        let mut taken = Vec::new();
        for name in names {
            let officer = NewOfficer {
                name,
                passphrase: &passphrase,
                cost: Cost::LEAST,
            };
            let form = (1..=OFFICER_BYTES_MAX).contains(&name.len())
                && !name.chars().any(char::is_control)
                && name.trim() == name;
            match desk.add_officer(officer, now, &mut random) {
                Ok(()) => {
                    assert!(form, "{name:?}");
                    taken.push(name);
                }
                // The list has four strings twice.
                Err(error) if error.code() == "officer-exists" => assert!(form, "{name:?}"),
                Err(error) => {
                    assert_eq!(error.code(), "bad-officer-name", "{error}");
                    harmless(&["officer"], &error.to_string());
                    assert!(!form, "{name:?}");
                    refused += 1;
                }
            }
        }
        drop(desk);
        on_duty += taken.len();
        for name in taken {
            on_and_off_duty(&console, &home, name);
        }
    }
    assert_eq!((on_duty, refused), (410, 102));
}

fn on_and_off_duty(console: &Console, home: &str, name: &str) {
    let duty = toml::to_string(&serde_json::json!({ "officer": name, "since": "now" })).unwrap();
    for format in [&[][..], &["--json"]] {
        console.write(&format!("{home}/officer.toml"), &duty);
        let words = [format, &["--home", home, "officer", "out"]].concat();
        let out = shown(console, &words);
        assert_eq!(out.code, 0, "{name:?}: {}", out.stderr);
        let seen = times_visible(&read_back(&out.stdout), name);
        match format.is_empty() {
            true => assert!(seen > 0, "{name:?}: {}", out.stdout),
            false => {
                let out: Value = serde_json::from_str(&out.stdout).unwrap();
                assert_eq!(out["officer"], name);
            }
        }
    }
}

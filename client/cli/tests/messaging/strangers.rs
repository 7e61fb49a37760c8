//! Text of strangers, through every field that holds some and every command that prints: whatever
//! it is, it is shown and not obeyed, and no line that it begins is taken for one of ours.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use maille_client::attachments::FileToAttach;
use maille_client::home::format_anchor;
use maille_client::{By, Message};
use maille_common::content::{Alert, AlertDraft};
use maille_common::identifier::AlertId;
use maille_common::safe_text::is_harmful;
use maille_common::terms::{HandlingCode, Reach};

use crate::desk::{Answer, Desk};
use crate::hostile::{FORGED, HOSTILE, harmless};
use crate::world::World;

/// What a name of a file may be, for whoever sends it.
const NAMES: &[&str] = &[
    HOSTILE,
    "../../../FORGED",
    "/etc/passwd",
    "C:\\Windows\\System32\\a.dll",
    "CON",
    "nul.txt",
    "com1",
    "a.txt:stream",
    ".bashrc",
    "-rf",
    "~",
    "a\0b",
    "..",
    "",
    "=cmd|' /C calc'!A0",
    "invoice\u{202e}fdp.exe",
    "\u{ff0e}\u{ff0e}\u{ff0f}a",
    "trailing. . .",
    "$(touch FORGED)",
];

/// Runs a command for people and for machines, and looks at every character of both.
pub(crate) fn shown(desk: &Desk, words: &[&str]) -> String {
    let text = desk.answer(words, "");
    let machine = desk.answer(&[&["--json"], words].concat(), "");
    harmless(words, &machine.stderr);
    harmless_output(words, &machine);
    harmless_output(words, &text)
}

fn harmless_output(words: &[&str], answer: &Answer) -> String {
    harmless(words, &answer.stderr);
    let shown = String::from_utf8(answer.stdout.clone()).unwrap();
    harmless(words, &shown);
    shown
}

/// Everything that an alert can say is hostile.
pub(crate) fn hostile_draft() -> AlertDraft {
    let draft = Alert::draft((HOSTILE, HOSTILE))
        .subject(("fr", HOSTILE))
        .event(HOSTILE, HOSTILE)
        .handling(HandlingCode::H1)
        .condition(HOSTILE)
        .area((HOSTILE, HOSTILE))
        .external(HOSTILE, HOSTILE)
        .incident(HOSTILE)
        .text((HOSTILE, format!("{HOSTILE}\n{FORGED}\r{FORGED}")))
        .payload(HOSTILE, HOSTILE, HOSTILE.as_bytes())
        .signed_by(HOSTILE);
    draft
        .text(("en", "e\u{301}".to_owned() + &"\u{301}".repeat(200)))
        .text(("en", "W".repeat(1_000_000)))
}

/// To Tunis, with files that are called so.
fn with_files(draft: AlertDraft, folder: &Path, names: &[String]) -> Message {
    let file = folder.join("sealed");
    fs::write(&file, "content").unwrap();
    let message = Message::new(draft).to("afripol/tn/tunis");
    names.iter().fold(message, |message, name| {
        let mut file = FileToAttach::at(&file);
        file.name.clone_from(name);
        file.media_type = HOSTILE.to_owned();
        message.attach(file)
    })
}

/// Every command that shows anything of an alert, or of those who send and answer.
fn every_command(world: &World, id: &str) {
    let (lyon, tunis) = (world.lyon(), world.tunis());
    for desk in [&lyon, &tunis] {
        for words in [
            &["contacts"][..],
            &["contacts", "**"],
            &["inbox"],
            &["inbox", "--all"],
            &["status"],
            &["doctor"],
            &["ledger"],
            &["ledger", "--all"],
            &["handover"],
            &["track", id],
            &["read", id, "--unread"],
            &["reconcile", "afripol/tn/tunis", "--wait", "100ms"],
        ] {
            shown(desk, words);
        }
        let reader = "hostile";
        let answer = desk.answer(&["listen", "--all", "--reader", reader, "--count", "1"], "");
        harmless_output(&["listen"], &answer);
        let words = [
            "--json", "listen", "--all", "--reader", "other", "--count", "1",
        ];
        harmless_output(&words, &desk.answer(&words, ""));
    }
    for words in [
        &["send", "--to", HOSTILE, "--subject", "a", "--body", "b"][..],
        &["send", "--to", "**", "--subject", "a", "--cap", HOSTILE],
        &["read", HOSTILE],
        &["read", id, "--part", "99"],
        &["track", HOSTILE],
        &["contacts", HOSTILE],
        &["ack", id, "--note", HOSTILE, "--officer", HOSTILE],
        &["listen", "--reader", HOSTILE, "--count", HOSTILE],
        &["verify", "--anchor", HOSTILE, HOSTILE],
        &["officer", "in", HOSTILE],
        &["authority", "status", HOSTILE],
        &["drill", "--to", HOSTILE],
        &["export", id, "--to", "no-such-folder/\u{1b}/FORGED"],
    ] {
        shown(&tunis, words);
    }
}

#[test]
fn nothing_that_a_stranger_writes_escapes_from_any_command() {
    let (bare, with_port) = (HOSTILE, format!("{HOSTILE}:1"));
    let world = World::with(HOSTILE, &[bare, &with_port], |plan| {
        plan.reach = Reach::Anywhere;
        plan.keys[0].holder = HOSTILE.to_owned();
        for organisation in &mut plan.organisations {
            organisation
                .names
                .insert("fr".to_owned(), HOSTILE.to_owned());
            for contact in organisation.contacts.iter_mut().flatten() {
                contact.names.insert("fr".to_owned(), HOSTILE.to_owned());
                contact.role = HOSTILE.to_owned();
                contact.telephones = vec![HOSTILE.to_owned()];
                contact.languages = vec![HOSTILE.to_owned()];
            }
        }
    });
    let world = world.introduced();
    let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let message = with_files(hostile_draft(), &world.path("."), &names);
    let id = sent(&world, message);
    let tunis = world.tunis();
    tunis.until("test", |event| event["event"] == "arrived");
    let short = short(id);
    every_command(&world, &short);
    world.with_client("tunis", async |client| {
        client.mark_read(id, By::Officer(HOSTILE)).await.unwrap();
        let officer = By::Officer(HOSTILE);
        client.acknowledge(id, officer, HOSTILE).await.unwrap();
        assert!(client.settled(PATIENCE).await);
    });
    let lyon = world.lyon();
    lyon.until("test", |event| event["state"] == "acknowledged");
    every_command(&world, &short);
    an_export_shows_nothing_harmful(&world, &short);
    a_drill_shows_nothing_harmful(&world);
    every_attachment_has_a_safe_name(&world, &short, NAMES.len());
}

fn an_export_shows_nothing_harmful(world: &World, id: &str) {
    let (lyon, file) = (world.lyon(), world.path("case.export"));
    let anchor = world.write("anchor-of-court.toml", format_anchor(world.anchor()));
    let file = file.to_str().unwrap();
    shown(&lyon, &["export", id, "--reveal", "--to", file]);
    let words = ["verify", file, "--anchor", anchor.to_str().unwrap()];
    let proven = shown(&lyon, &words);
    assert!(proven.contains("<U+202E>"), "{proven}");
}

/// Its words are our own; whom it asks is called by names, numbers and languages of strangers.
fn a_drill_shows_nothing_harmful(world: &World) {
    let lyon = world.lyon();
    let begun = lyon.json(&["drill", "--to", "afripol/**"]);
    let id = begun["short"].as_str().unwrap();
    shown(&lyon, &["drill", "show", id]);
    let table = shown(&lyon, &["drill", "show", id, "--csv"]);
    assert!(table.contains("<U+202E>"), "{table}");
    assert_eq!(table.lines().count(), 2, "{table}");
}

/// As many files as attachments, all in the folder, none in another's place.
fn every_attachment_has_a_safe_name(world: &World, id: &str, count: usize) {
    let tunis = world.tunis();
    let (outside, folder) = (world.path("outside"), world.path("outside/saved"));
    fs::create_dir(&outside).unwrap();
    let words = ["read", id, "--save", folder.to_str().unwrap()];
    let answer = tunis.answer(&words, "");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    harmless_output(&words, &answer);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    let files: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files.len(), count, "{files:?}");
    for file in &files {
        let sound = |c: char| c.is_alphanumeric() && !is_harmful(c) || "-_.".contains(c);
        let numbered = file.starts_with(|c: char| c.is_ascii_digit());
        assert!(file.chars().all(sound) && numbered, "{file:?}");
        assert!(!file.ends_with('.') && file.len() <= 120, "{file:?}");
        assert_eq!(fs::read(folder.join(file)).unwrap(), b"content");
    }
    // What is there stays: nothing is written in its place.
    let again = tunis.refused(&words, 6, "attachment-write");
    harmless(&words, &again.to_string());
}

pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

pub(crate) fn sent(world: &World, message: Message) -> AlertId {
    world.with_client("lyon", async |client| {
        let sent = client.send(message).await.unwrap();
        assert!(client.settled(PATIENCE).await);
        sent.id
    })
}

pub(crate) fn short(id: AlertId) -> String {
    id.prefix().to_string()
}

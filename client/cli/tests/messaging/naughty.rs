//! Every naughty string, through each field of an alert and of what answers it: every command, the
//! log, a hook and an export show it whole and obey none of it, or a limit refuses it and says so.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use maille_client::attachments::FileToAttach;
use maille_client::home::format_anchor;
use maille_client::{By, Message, RefuseReason};
use maille_common::content::Alert;
use maille_common::identifier::AlertId;
use maille_common::safe_text::{is_harmful, safe_event, safe_json};
use serde_json::Value;

use crate::desk::{Desk, Running};
use crate::hostile::harmless;
use crate::naughty_strings::{naughty_strings, read_back, texts_under, times_visible};
use crate::strangers::{PATIENCE, sent, short};
use crate::world::World;

/// What a subject, the name of an officer in an answer, and the name of a file have at most.
const SUBJECT_BYTES_MAX: usize = 256;
const OFFICER_BYTES_MAX: usize = 128;
const FILE_NAME_BYTES_MAX: usize = 255;

/// An alert that says a string wherever it can, and was answered with it.
struct Told {
    id: AlertId,
    short: String,
    string: String,
}

impl Told {
    fn is_subject(&self) -> bool {
        self.string.len() <= SUBJECT_BYTES_MAX
    }

    fn is_officer(&self) -> bool {
        self.string.len() <= OFFICER_BYTES_MAX
    }
}

/// Runs a command for people, and gives what can be read in it.
pub(crate) fn text(desk: &Desk, words: &[&str]) -> String {
    let answer = desk.answer(words, "");
    assert_eq!(answer.code, 0, "maille {words:?}\n{}", answer.stderr);
    let shown = String::from_utf8(answer.stdout).unwrap();
    harmless(words, &answer.stderr);
    harmless(words, &shown);
    read_back(&shown)
}

/// The same for machines.
pub(crate) fn object(desk: &Desk, words: &[&str]) -> Value {
    let words = [&["--json"], words].concat();
    let answer = desk.answer(&words, "");
    assert_eq!(answer.code, 0, "maille {words:?}\n{}", answer.stderr);
    harmless(&words, &answer.stderr);
    let shown = String::from_utf8(answer.stdout).unwrap();
    harmless(&words, &shown);
    serde_json::from_str(&shown).unwrap()
}

/// The string stands so often in a text, and in each of these texts of an object.
fn has(told: &Told, text: &str, times: usize, fields: &[&BTreeSet<String>]) {
    let string = &told.string;
    let seen = times_visible(text, string);
    assert!(seen >= times, "{seen} times {string:?}: {text}");
    for texts in fields {
        let is_there = string.is_empty() || texts.contains(string);
        assert!(is_there, "{string:?}: {texts:?}");
    }
}

/// A program that keeps what it is told, and in which environment.
fn program(world: &World) -> (String, PathBuf) {
    let told = world.path("told");
    fs::create_dir(&told).unwrap();
    let text = format!(
        "#!/bin/sh\ncd '{}'\nenv > env-$$\ncat > .$$\nmv .$$ told-$$\n",
        told.display()
    );
    let path = world.write("page", text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    (path.to_str().unwrap().to_owned(), told)
}

/// The files of a folder whose names begin so.
fn files(folder: &Path, beginning: &str) -> Vec<String> {
    let all = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let meant = all.filter(|file| file.file_name().to_str().unwrap().starts_with(beginning));
    meant
        .map(|file| fs::read_to_string(file.path()).unwrap())
        .collect()
}

/// From Lyon to Tunis: each string as subject and as body. Where it is too long for a subject, that
/// is refused, and it goes as body alone.
fn send_all(world: &World) -> Vec<Told> {
    world.with_client("lyon", async |client| {
        let mut all = Vec::new();
        for string in naughty_strings() {
            let message = |subject: &str| {
                let words = Alert::draft(("en", subject)).text(("en", &*string));
                Message::new(words).to("afripol/tn/tunis")
            };
            let sent = match client.send(message(&string)).await {
                Ok(sent) => sent,
                Err(error) => {
                    assert_eq!(error.code(), "draft-text-too-long");
                    assert!(string.len() > SUBJECT_BYTES_MAX, "{string:?}: {error}");
                    client.send(message("Too long")).await.unwrap()
                }
            };
            all.push(Told {
                id: sent.id,
                short: short(sent.id),
                string,
            });
        }
        assert!(client.settled(PATIENCE).await);
        all
    })
}

/// At Tunis each is answered with itself, as the officer and as the note; one in two is refused.
fn answer_all(world: &World, all: &[Told]) {
    world.with_client("tunis", async |client| {
        for (told, taken) in all.iter().zip([true, false].into_iter().cycle()) {
            let mut officer = told.string.as_str();
            loop {
                let (by, note) = (By::Officer(officer), told.string.as_str());
                let acted = match taken {
                    true => client.acknowledge(told.id, by, note).await,
                    false => {
                        let why = RefuseReason::Other;
                        client.refuse(told.id, why, by, note).await
                    }
                };
                let Err(error) = acted else { break };
                assert_eq!(error.code(), "name-too-long");
                assert!(!told.is_officer(), "{error}");
                officer = "A. Diallo";
            }
        }
        assert!(client.settled(PATIENCE).await);
    });
}

/// What a hook is told is an object in one line, with the strings in it, and its environment has
/// nothing of them.
fn hooks_are_told(folder: &Path, all: &[Told]) {
    let mut subjects = BTreeSet::new();
    let mut bodies = BTreeSet::new();
    for told in files(folder, "told") {
        harmless(&["hook"], &told);
        let told: Value = serde_json::from_str(&told).unwrap();
        subjects.extend(texts_under(&told, "subjects"));
        subjects.extend(texts_under(&told["alert"]["subjects"], "text"));
        bodies.extend(texts_under(&told["alert"]["parts"], "text"));
    }
    for told in all {
        assert!(
            !told.is_subject() || subjects.contains(&told.string),
            "{}",
            told.string
        );
        assert!(
            bodies.contains(&told.string),
            "{:?}: {bodies:?}",
            told.string
        );
    }
    let environments: BTreeSet<String> = files(folder, "env").into_iter().collect();
    let known = [
        "MAILLE_HOME=",
        "PWD=",
        "OLDPWD=",
        "SHLVL=",
        "_=",
        "TZ=",
        "RUST_LOG=",
        "PATH=",
    ];
    for line in environments
        .iter()
        .flat_map(|environment| environment.lines())
    {
        assert!(known.iter().any(|name| line.starts_with(name)), "{line:?}");
    }
}

/// Each in its story at Lyon, and in the file that proves it.
fn tracked_and_proven(world: &World, all: &[Told]) {
    let lyon = world.lyon();
    let anchor = world.write("court.toml", format_anchor(world.anchor()));
    let file = world.path(&format!("{}.export", all[0].short));
    let (file, anchor) = (file.to_str().unwrap(), anchor.to_str().unwrap());
    for told in all {
        let words = ["track", &told.short];
        let (shown, story) = (text(&lyon, &words), object(&lyon, &words));
        let mut fields = vec![texts_under(&story, "note")];
        fields.extend(told.is_officer().then(|| texts_under(&story, "officer")));
        has(
            told,
            &shown,
            fields.len(),
            &fields.iter().collect::<Vec<_>>(),
        );
        text(&lyon, &["export", &told.short, "--reveal", "--to", file]);
        let words = ["verify", file, "--anchor", anchor];
        let (shown, report) = (text(&lyon, &words), object(&lyon, &words));
        fs::remove_file(file).unwrap();
        let mut fields = vec![texts_under(&report, "text")];
        fields.extend(told.is_subject().then(|| texts_under(&report, "subjects")));
        fields.extend(told.is_officer().then(|| texts_under(&report, "officer")));
        has(
            told,
            &shown,
            fields.len(),
            &fields.iter().collect::<Vec<_>>(),
        );
    }
}

/// Each where it is read at Tunis.
fn read(world: &World, all: &[Told]) {
    let tunis = world.tunis();
    for told in all {
        let words = ["read", &told.short, "--unread"];
        let (shown, read) = (text(&tunis, &words), object(&tunis, &words));
        let mut fields = vec![texts_under(&read["parts"], "text")];
        fields.extend(
            told.is_subject()
                .then(|| texts_under(&read["subjects"], "text")),
        );
        has(
            told,
            &shown,
            fields.len(),
            &fields.iter().collect::<Vec<_>>(),
        );
    }
}

/// The subjects in a list that a command shows.
fn lists<'a>(desk: &Desk, words: &[&str], all: impl IntoIterator<Item = &'a Told>) {
    let (shown, list) = (text(desk, words), object(desk, words));
    let subjects = texts_under(&list, "subject");
    for told in all.into_iter().filter(|told| told.is_subject()) {
        has(told, &shown, 1, &[&subjects]);
    }
}

/// What is open lists all of them at both desks.
fn open(world: &World, all: &[Told]) {
    for desk in [world.lyon(), world.tunis()] {
        lists(&desk, &["ledger", "--limit", "1000"], all);
        lists(&desk, &["handover"], all);
    }
    lists(&world.tunis(), &["inbox"], all);
}

/// When all are answered, those that were taken on are promises of Tunis.
fn answered(world: &World, all: &[Told]) {
    lists(&world.tunis(), &["inbox", "--all"], all);
    lists(&world.tunis(), &["handover"], all.iter().step_by(2));
    for desk in [world.lyon(), world.tunis()] {
        for words in [&["status"][..], &["doctor"]] {
            text(&desk, words);
            object(&desk, words);
        }
        let words = ["listen", "--all", "--reader", "naughty", "--count", "9"];
        text(&desk, &words);
    }
}

/// Whatever an event quotes, the log has one line of it, and all of it; JSON means what it said.
#[test]
fn every_naughty_string_that_an_event_quotes_stays_one_line_of_the_log() {
    for string in naughty_strings() {
        let event = safe_event(&format!("WARN it failed: {string}\n"));
        assert_eq!(event.lines().count(), 1, "{event}");
        harmless(&["log"], &event);
        assert_eq!(read_back(&event), format!("WARN it failed: {string}\n"));
        let json = serde_json::to_string(&string).unwrap();
        let json = safe_json(&json);
        harmless(&["json"], &json);
        let meant: String = serde_json::from_str(&json).unwrap();
        assert_eq!(meant, string);
    }
}

fn logging(desk: &Desk, log: &Path, words: &[&str]) -> Running {
    desk.agent_logging(&[&["agent"], words].concat(), log)
}

#[test]
fn every_naughty_string_of_an_alert_and_its_answer_is_shown_whole_and_obeyed_nowhere() {
    let world = World::new().introduced();
    let (program, folder) = program(&world);
    let [arrivals, at_lyon, at_tunis] =
        ["arrivals.log", "lyon.log", "tunis.log"].map(|name| world.path(name));
    let agent = logging(&world.tunis(), &arrivals, &["--on-alert", &program]);
    let all = send_all(&world);
    while files(&folder, "told").len() < all.len() {
        world.tunis().done(&["status"]);
    }
    open(&world, &all);
    assert_eq!(agent.terminate(), 0);
    hooks_are_told(&folder, &all);
    answer_all(&world, &all);
    let lyon = logging(&world.lyon(), &at_lyon, &[]);
    let tunis = logging(&world.tunis(), &at_tunis, &["--json"]);
    while object(&world.lyon(), &["ledger"])["total"] != 0 {}
    answered(&world, &all);
    std::thread::scope(|scope| {
        for half in all.chunks(all.len().div_ceil(2)) {
            scope.spawn(|| {
                tracked_and_proven(&world, half);
                read(&world, half);
            });
        }
    });
    for agent in [lyon, tunis] {
        assert_eq!(agent.terminate(), 0);
    }
    for log in [arrivals, at_lyon, at_tunis] {
        let log = fs::read_to_string(log).unwrap();
        assert!(!log.is_empty());
        harmless(&["agent"], &log);
    }
}

/// From Lyon to Tunis, with files of these names.
fn with_files(world: &World, names: &[&String]) -> Message {
    let file = world.write("sealed", "content");
    let message = Message::text("Files", "See there.").to("afripol/tn/tunis");
    names.iter().fold(message, |message, name| {
        let mut file = FileToAttach::at(&file);
        file.name = (*name).clone();
        message.attach(file)
    })
}

#[test]
fn every_naughty_name_of_an_attachment_is_shown_whole_and_never_a_path() {
    let world = World::new().introduced();
    let strings = naughty_strings();
    let (fit, long): (Vec<&String>, Vec<&String>) = strings
        .iter()
        .partition(|name| name.len() <= FILE_NAME_BYTES_MAX);
    assert_eq!((fit.len(), long.len()), (508, 7));
    world.with_client("lyon", async |client| {
        for name in long {
            let error = client.send(with_files(&world, &[name])).await.unwrap_err();
            assert_eq!(error.code(), "draft-text-too-long", "{error}");
            harmless(&["send"], &error.to_string());
        }
    });
    // An alert has at most 64 attachments.
    for names in fit.chunks(64) {
        let short = short(sent(&world, with_files(&world, names)));
        world
            .tunis()
            .until("files", |event| event["event"] == "arrived");
        let folder = world.path(&format!("saved-{short}"));
        let export = world.path(&format!("{short}.export"));
        let anchor = world.write("court.toml", format_anchor(world.anchor()));
        let (folder, export) = (folder.to_str().unwrap(), export.to_str().unwrap());
        text(
            &world.lyon(),
            &["export", &short, "--reveal", "--to", export],
        );
        let verify = ["verify", export, "--anchor", anchor.to_str().unwrap()];
        for (desk, words, list) in [
            (
                world.tunis(),
                &["read", &short, "--unread"][..],
                "attachments",
            ),
            (world.lyon(), &verify, "content"),
        ] {
            let (shown, object) = (text(&desk, words), object(&desk, words));
            let all = texts_under(&object, "name");
            for name in names {
                assert!(times_visible(&shown, name) > 0, "{name:?}: {shown}");
                assert!(
                    name.is_empty() || all.contains(*name),
                    "{list} {name:?}: {object}"
                );
            }
        }
        let saved = text(&world.tunis(), &["read", &short, "--save", folder]);
        assert_eq!(
            fs::read_dir(folder).unwrap().count(),
            names.len(),
            "{saved}"
        );
        for file in fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let sound = |c: char| c.is_alphanumeric() && !is_harmful(c) || "-_.".contains(c);
            assert!(name.chars().all(sound) && name.len() <= 120, "{name:?}");
            assert_eq!(fs::read(Path::new(folder).join(name)).unwrap(), b"content");
        }
    }
}

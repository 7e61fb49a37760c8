//! Text of strangers at a relay: names of files that somebody drops into its folder, what an
//! anchor, a roster and the settings say, words of a command. An operator is shown it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use maille_common::safe_text::is_harmful;
use maille_common::terms::Reach;

use crate::world::World;

/// Clears the screen, turns what follows round, hides something, and goes on in another line.
const HOSTILE: &str = "\u{1b}[2J\u{9b}1m\u{202e}\u{2066}\u{200b}\r\nFORGED\t\u{7f}";

const BINARY: &str = env!("CARGO_BIN_EXE_maille-relay");

fn relay(words: &[&str]) -> Output {
    Command::new(BINARY).args(words).output().unwrap()
}

/// Looks at every character, and at the beginning of every line; gives all of it.
fn harmless(words: &[&str], output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    for line in text.lines() {
        let bad = line.chars().find(|c| is_harmful(*c));
        assert_eq!(bad, None, "maille-relay {words:?} escapes in {line:?}");
        assert!(!line.starts_with("FORGED"), "{words:?}: {text}");
    }
    text
}

fn shown(words: &[&str]) -> String {
    harmless(words, &relay(words))
}

fn configured(world: &World, log: &str) {
    let config = "name = \"north\"\nnetwork = \"testing\"\nlisten = \"127.0.0.1:0\"\n";
    fs::write(world.folder.config(), format!("{config}log = \"{log}\"\n")).unwrap();
}

/// As a file is called whose name forges a line of the check.
fn forged_line() -> String {
    format!("x{HOSTILE}\nplace    ok       FORGED.part")
}

#[test]
fn what_an_operator_is_shown_of_folders_and_settings_is_harmless() {
    let world = World::new(Reach::Loopback);
    configured(&world, "text");
    let root = world.folder.root().to_str().unwrap();
    world.drop_in(&forged_line(), HOSTILE.as_bytes());
    let said = shown(&["check", root]);
    assert!(said.contains("x<U+001B>[2J<U+009B>1m<U+202E>"), "{said}");
    let places = said.lines().filter(|line| line.starts_with("place"));
    assert_eq!(places.count(), 1, "{said}");

    let strange = world
        .folder
        .root()
        .with_file_name("strange\u{1b}[2J\u{202e}\nFORGED");
    let strange = strange.to_str().unwrap();
    for words in [
        &["check", strange][..],
        &["run", strange],
        &["status", strange],
        &["status", strange, "--json"],
        &["account", strange, "--day", "2026-01-01"],
        &["account", strange, "--day", HOSTILE],
        &["backup", root, strange],
        &["restore", strange, "somewhere"],
        &["roster", "add", root, strange],
        &["roster", "reload", strange],
        &[
            "reanchor", strange, "--anchor", HOSTILE, "--roster", HOSTILE, "--code", HOSTILE,
        ],
        &[
            "init",
            strange,
            "--name",
            HOSTILE,
            "--organisation",
            "a",
            "--network",
            "n",
        ],
        &[HOSTILE],
        &["check", root, HOSTILE],
    ] {
        shown(words);
    }

    let anchor = fs::read_to_string(world.folder.anchor()).unwrap();
    let named = "te\\u001b[2Jst\\u202eing\\nFORGED";
    fs::write(world.folder.anchor(), anchor.replace("testing", named)).unwrap();
    let said = shown(&["check", root]);
    assert!(said.contains("te<U+001B>[2Jst<U+202E>ing"), "{said}");
    shown(&["run", root]);

    for config in [
        format!("name = \"{named}\""),
        "name = 'north'\nnetwork = 'testing'\n\u{202e}\u{9b}FORGED = 1\n".to_owned(),
        format!("\"{named}\" = 1\nname = 'north'\nnetwork = 'testing'\n"),
        format!("name = 'north'\nnetwork = 'testing'\nlog = \"{named}\"\n"),
    ] {
        fs::write(world.folder.config(), config).unwrap();
        for command in ["check", "run"] {
            shown(&[command, root]);
        }
    }
}

#[test]
fn the_log_of_a_relay_shows_strange_names_and_obeys_none_as_lines_and_as_json() {
    for format in ["text", "json"] {
        let world = World::new(Reach::Loopback);
        configured(&world, format);
        world.drop_in(&forged_line(), HOSTILE.as_bytes());
        let log = logged(world.folder.root());
        let words = ["run", format];
        let text = harmless(&words, &log);
        assert!(text.contains("FORGED"), "it says which file it was: {text}");
        for line in String::from_utf8(log.stderr).unwrap().lines() {
            match format {
                "json" => {
                    serde_json::from_str::<serde_json::Value>(line).unwrap();
                }
                _ => assert!(
                    line.starts_with("20"),
                    "an event begins with its time: {line}"
                ),
            }
        }
    }
}

/// Runs a relay with all that it can log until it listens, and ends it.
fn logged(folder: &Path) -> Output {
    let mut relay = Command::new(BINARY)
        .arg("run")
        .arg(folder)
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(relay.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    assert!(line.starts_with("relay north listens on"), "{line}");
    let pid = relay.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    let status = relay.wait().unwrap();
    Output {
        status,
        stdout: Vec::new(),
        stderr: fs::read(folder.join("log")).unwrap(),
    }
}

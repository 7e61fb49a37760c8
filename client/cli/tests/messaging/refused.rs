//! Bad input gets a clear error, and loses nothing.

use crate::world::World;

#[test]
fn recipients_that_mean_nobody_are_refused() {
    let world = World::new();
    let lyon = world.lyon();
    let words = |to: &'static str| {
        [
            "--patience",
            "1ms",
            "--to",
            to,
            "--subject",
            "a",
            "--body",
            "b",
        ]
    };
    let send = |to| [&["send"], &words(to)[..]].concat();
    lyon.refused(&send("afripol/tn/tripoli"), 3, "nobody-matches");
    lyon.refused(&send("europol/**"), 3, "nobody-matches");
    lyon.refused(&send("@europe"), 3, "unknown-list");
    lyon.refused(&send("Tunis!"), 3, "not-a-recipient");
    lyon.refused(
        &["send", "--subject", "a", "--body", "b"],
        3,
        "no-recipient",
    );
    lyon.refused(&["contacts", "europol/**"], 3, "nobody-matches");
    assert_eq!(lyon.json(&["status"])["open"], 0);
}

#[test]
fn files_that_are_missing_or_not_cap_are_refused_before_anybody_is_told() {
    let world = World::new();
    let lyon = world.lyon();
    let refused = |flag: &str, path: &str, code: &str| {
        let words = [
            "send",
            "--patience",
            "1ms",
            "--to",
            "afripol/**",
            "--subject",
            "a",
            "--body",
            "b",
            flag,
            path,
        ];
        lyon.refused(&words, 3, code);
    };
    let missing = world.path("missing");
    for flag in ["--attach", "--payload", "--cap"] {
        refused(flag, missing.to_str().unwrap(), "file-unreadable");
    }
    let doctype = world.write(
        "bomb.xml",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><alert>&b;</alert>",
    );
    refused("--cap", doctype.to_str().unwrap(), "cap-doctype");
    let text = world.write("words.xml", "no XML at all");
    refused("--cap", text.to_str().unwrap(), "cap-not-xml");
    let other = world.write("other.xml", "<feed/>");
    refused("--cap", other.to_str().unwrap(), "cap-not-cap");
    assert_eq!(lyon.json(&["status"])["open"], 0);
}

#[test]
fn an_id_that_means_nothing_here_is_refused() {
    let world = World::new();
    let lyon = world.lyon();
    for command in ["read", "track", "ack"] {
        lyon.refused(
            &[command, "7QK4-M2DX", "--patience", "1ms"],
            3,
            "unknown-alert",
        );
        lyon.refused(
            &[command, "not an id!", "--patience", "1ms"],
            3,
            "not-an-id",
        );
    }
}

#[test]
fn words_that_are_missing_or_malformed_are_refused() {
    let world = World::new();
    let lyon = world.lyon();
    let send = [
        "send",
        "--patience",
        "1ms",
        "--to",
        "afripol/**",
        "--body",
        "b",
    ];
    lyon.refused(&send, 2, "no-subject");
    let with = |more: &[&'static str]| [&send[..], &["--subject", "a"], more].concat();
    lyon.refused(&with(&["--handling", "H9"]), 3, "handling-form");
    lyon.refused(&with(&["--also", "siena"]), 3, "also-form");
    lyon.refused(&["listen", "--reader", ""], 3, "reader-name");
    let answer = lyon.answer(&with(&["--urgency", "soon"]), "");
    assert_eq!(answer.code, 2, "{}", answer.stderr);
}

#[test]
fn nobody_on_duty_refuses_nothing_and_the_system_acknowledges() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let sent = lyon.send(&["--body", "Look."]);
    let id = sent["short"].as_str().unwrap();
    tunis.until("test", |event| event["event"] == "arrived");
    std::fs::remove_file(tunis.home().join("officer.toml")).unwrap();
    tunis.refused(&["refuse", id, "--reason", "handling"], 5, "officer-only");
    assert_eq!(tunis.json(&["ack", id])["officer"], serde_json::Value::Null);
}

//! Two desks compare what they hold of the alerts between them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::world::World;

const TUNIS: &str = "afripol/tn/tunis";

fn short(sent: &Value) -> &str {
    sent["short"].as_str().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn a_desk_that_was_restored_from_a_backup_gets_the_evidence_back_that_it_forgot() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let _at_tunis = tunis.agent();
    let at_lyon = lyon.agent();
    let sent = lyon.send(&["--body", "Look."]);
    tunis.until("test", |event| event["event"] == "arrived");
    lyon.until("test", |event| event["stage"] == "delivered");
    assert_eq!(at_lyon.terminate(), 0);
    let (home, saved) = (world.path("lyon"), world.path("lyon.saved"));
    copy(&home, &saved);
    let at_lyon = lyon.agent();
    tunis.done(&["ack", short(&sent), "--note", "We are on it."]);
    lyon.until("after", |event| event["state"] == "acknowledged");
    assert_eq!(at_lyon.terminate(), 0);
    fs::remove_dir_all(&home).unwrap();
    copy(&saved, &home);

    let _at_lyon = lyon.agent();
    let before = lyon.json(&["track", short(&sent)]);
    assert_eq!(before["recipients"][0]["state"], "open");
    let compared = lyon.json(&["reconcile", TUNIS]);
    let device = &compared["devices"][0];
    assert_eq!(device["end"], "mended", "{compared}");
    assert_eq!((&device["given"], &device["taken"]), (&json!(0), &json!(1)));
    assert_eq!(device["days"][0]["sent"], 1);
    assert_eq!(device["days"][0]["received_there"], 1);
    let after = lyon.json(&["track", short(&sent)]);
    assert_eq!(after["recipients"][0]["state"], "acknowledged");
    // The note came with it: it is sealed to Lyon.
    assert!(
        lyon.done(&["track", short(&sent)])
            .contains("We are on it.")
    );

    let told = lyon.done(&["reconcile", TUNIS]);
    for words in [
        "afripol/tn/tunis device ",
        ": the same on both sides\n",
        ": 1 sent, 1 received there; 0 received, 0 sent there",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let told = tunis.done(&["reconcile", "interpol/fr/lyon"]);
    assert!(
        told.contains(": 0 sent, 0 received there; 1 received, 1 sent there"),
        "{told}"
    );
}

#[test]
fn who_does_not_answer_and_who_is_nobody_is_said_by_the_exit_code() {
    let world = World::new().introduced();
    let lyon = world.lyon();
    let _at_lyon = lyon.agent();
    lyon.send(&["--body", "Look."]);
    let asked = lyon.answer(&["reconcile", TUNIS, "--wait", "1s"], "");
    assert_eq!(asked.code, 10);
    for nobody in ["interpol/fr/lyon", "afripol/tn/nobody"] {
        assert_eq!(lyon.answer(&["reconcile", nobody], "").code, 3);
    }
}

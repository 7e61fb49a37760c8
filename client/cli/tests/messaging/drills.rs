//! Drills at the command line: never taken for real, answered as always, proven by one file.

use std::fs;

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::world::World;

fn short(sent: &Value) -> &str {
    sent["short"].as_str().unwrap()
}

/// The one contact of a record.
fn only(shown: &Value) -> &Value {
    let contacts = shown["contacts"].as_array().unwrap();
    assert_eq!(contacts.len(), 1, "{shown}");
    &contacts[0]
}

/// Lyon drills Tunis, which acknowledges.
fn acknowledged(lyon: &Desk, tunis: &Desk) -> Value {
    let begun = lyon.json(&["drill", "--to", "afripol/**"]);
    tunis.until("test", |event| event["event"] == "arrived");
    tunis.done(&["ack", short(&begun)]);
    lyon.until("test", |event| event["state"] == "acknowledged");
    begun
}

#[test]
fn a_drill_is_told_apart_from_everything_real_wherever_it_is_shown() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (_at_lyon, _at_tunis) = (lyon.agent(), tunis.agent());
    let begun = lyon.json(&["drill", "--to", "afripol/**"]);
    assert_eq!(begun["left_out"], json!([]));
    tunis.until("test", |event| event["event"] == "arrived");

    let told = tunis.done(&["inbox"]);
    assert!(told.starts_with("Nothing waits for an answer."), "{told}");
    assert!(told.contains("maille inbox --exercises"), "{told}");
    let told = tunis.done(&["inbox", "--exercises"]);
    let banner = "EXERCISES AND TESTS - NOTHING BELOW IS REAL\n";
    assert!(told.starts_with(banner), "{told}");
    assert!(told.contains("immediate [EXERCISE] alert"), "{told}");
    let told = tunis.done(&["read", "--unread", short(&begun)]);
    let banner = "EXERCISE EXERCISE EXERCISE - NOTHING HERE IS REAL";
    assert!(
        told.starts_with(banner) && told.trim_end().ends_with(banner),
        "{told}"
    );
    for words in [
        "subject (en): EXERCISE EXERCISE EXERCISE",
        "subject (fr): EXERCICE EXERCICE EXERCICE",
        "subject (ar): ",
        "| This is an exercise: nothing has happened.",
        &format!("events: maille:drill:{}", begun["drill"].as_str().unwrap()),
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    for desk in [&lyon, &tunis] {
        let status = desk.json(&["status"]);
        assert_eq!(
            (&status["unanswered"], &status["open"], &status["overdue"]),
            (&json!(0), &json!(0), &json!(0))
        );
        assert_eq!(desk.json(&["ledger"])["total"], 0);
        assert_eq!(desk.json(&["handover"])["obligations"], json!([]));
        let told = desk.done(&["ledger", "--all"]);
        assert!(told.starts_with("0 open, 0 of them OVERDUE"), "{told}");
        assert!(told.contains("NOTHING BELOW IS REAL"), "{told}");
    }
}

#[test]
fn whom_a_drill_reached_is_shown_as_a_table_as_json_and_for_spreadsheets() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (_at_lyon, _at_tunis) = (lyon.agent(), tunis.agent());
    let begun = acknowledged(&lyon, &tunis);
    let shown = lyon.json(&["drill", "show", short(&begun)]);
    assert_eq!(
        (&shown["id"], &shown["drill"]),
        (&begun["id"], &begun["drill"])
    );
    assert_eq!(shown["status"], "exercise");
    assert_eq!(shown["counts"]["acknowledged"], 1);
    let contact = only(&shown);
    assert_eq!(
        (&contact["outcome"], &contact["reached"], &contact["state"]),
        (&"acknowledged".into(), &true.into(), &"acknowledged".into())
    );
    let moment = &contact["acknowledged"];
    assert_eq!(
        (&moment["step"], &moment["actor"]),
        (&0.into(), &"officer".into())
    );
    assert!(moment["after_ms"].as_u64() >= contact["delivered"]["after_ms"].as_u64());

    let told = lyon.done(&["drill", "show", short(&begun)]);
    for words in [
        "EXERCISE for one contact, sent ",
        "\n1 reached, 1 acknowledged\n",
        "\nACKNOWLEDGED\n  afripol/tn/tunis  delivered ",
        "an officer, device ",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let table = lyon.done(&["drill", "show", short(&begun), "--csv"]);
    let rows: Vec<&str> = table.split("\r\n").collect();
    assert!(
        rows[0].starts_with("\"contact\",\"outcome\",\"reason\""),
        "{table}"
    );
    assert!(
        rows[1].starts_with("\"afripol/tn/tunis\",\"acknowledged\""),
        "{table}"
    );
    assert!(
        rows[1].contains("\"'+216 71 000 000\""),
        "no formula: {table}"
    );
    assert_eq!((rows.len(), rows[2]), (3, ""));

    let card = lyon.json(&["contacts", "afripol/**"])["contacts"][0]["last_drill"].clone();
    assert_eq!(
        (&card["id"], &card["stage"]),
        (&begun["id"], &"acknowledged".into())
    );
    assert_eq!(card["reached"], contact["delivered"]["time"]);
    assert!(lyon.done(&["contacts"]).contains("last drill "));
    assert_eq!(
        tunis.json(&["contacts"])["contacts"][0]["last_drill"],
        Value::Null
    );

    let real = lyon.send(&["--body", "Look."]);
    for desk in [&lyon, &tunis] {
        let of = if desk.home() == lyon.home() {
            &real
        } else {
            &begun
        };
        desk.refused(&["drill", "show", short(of)], 3, "not-a-drill");
    }
}

#[test]
fn the_record_of_a_drill_is_proven_by_one_file_of_which_no_byte_can_be_altered() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (_at_lyon, _at_tunis) = (lyon.agent(), tunis.agent());
    let begun = acknowledged(&lyon, &tunis);
    let file = world.path("drill.export");
    let (path, anchor) = (file.to_str().unwrap(), world.path("anchor.toml"));
    let words = ["drill", "show", short(&begun), "--out", path];
    let shown = lyon.json(&words);
    assert_eq!(shown["file"], path);
    let verify = ["verify", path, "--anchor", anchor.to_str().unwrap()];
    let proven = lyon.json(&verify);
    for field in ["drill", "status", "sent", "counts", "contacts"] {
        assert_eq!(proven["reachability"][field], shown[field], "{field}");
    }
    let told = lyon.done(&verify);
    assert!(told.contains("EXERCISE for one contact"), "{told}");
    assert!(
        !told.contains("S. Ben Ali"),
        "who acted is nobody's business: {told}"
    );
    lyon.refused(&words, 3, "export-in-the-way");

    let honest = fs::read(&file).unwrap();
    for at in (0..honest.len()).step_by(honest.len() / 16) {
        let mut altered = honest.clone();
        altered[at] ^= 1;
        fs::write(&file, altered).unwrap();
        let mut words = vec!["--json"];
        words.extend(verify);
        assert_eq!(lyon.answer(&words, "").code, 1, "byte {at}");
    }
}

#[test]
fn whoever_waits_is_shown_the_silent_ones_with_the_telephone_when_nobody_is_asked_any_more() {
    let world = World::new().introduced();
    let lyon = world.lyon();
    let _agent = lyon.agent();
    let words = [
        "drill",
        "--to",
        "afripol/**",
        "--ack-within",
        "1s",
        "--expires",
        "2s",
        "--wait",
    ];
    let told = lyon.done(&words);
    for words in [
        "0 reached, 0 acknowledged, 1 silent",
        "SILENT\n  afripol/tn/tunis  call +216 71 000 000; spoken there: fr, ar",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let short = told.lines().next().unwrap();
    let shown = lyon.json(&["drill", "show", short]);
    assert_eq!(only(&shown)["state"], "expired");
    let told = lyon.done(&["contacts", "afripol/**"]);
    assert!(told.contains("NO ANSWER"), "{told}");

    let words = [
        "drill",
        "--to",
        "afripol/**",
        "--wait",
        "--wait-within",
        "1s",
    ];
    let told = lyon.done(&words);
    assert!(told.contains("1 silent"), "as it stands: {told}");
}

#[test]
fn what_claims_to_be_real_and_is_about_a_drill_is_shown_with_a_warning() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (_at_lyon, _at_tunis) = (lyon.agent(), tunis.agent());
    let begun = lyon.json(&["drill", "--to", "afripol/**"]);
    tunis.until("test", |event| event["event"] == "arrived");
    tunis.done(&["reply", short(&begun), "--body", "Understood."]);
    let event = lyon.until("test", |event| event["event"] == "arrived");
    assert_eq!(
        event["status"], "exercise",
        "unless somebody says otherwise"
    );

    let words = [
        "reply",
        short(&begun),
        "--body",
        "A real one.",
        "--status",
        "actual",
    ];
    tunis.done(&words);
    let event = lyon.until("test", |event| event["event"] == "arrived");
    let warning = "WARNING: it claims to be real, and is about an exercise.";
    assert!(lyon.done(&["inbox"]).contains(warning));
    let claim = event["short"].as_str().unwrap();
    assert!(lyon.done(&["read", claim]).contains(warning));
    let line = lyon.json(&["inbox"])["alerts"][0].clone();
    assert_eq!(
        (&line["status"], &line["about_status"]),
        (&"actual".into(), &"exercise".into())
    );
}

//! What is open, and what one officer leaves to the next.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::world::{PASSPHRASE, World};

fn short(sent: &Value) -> &str {
    sent["short"].as_str().unwrap()
}

/// The one obligation that is open.
fn only(desk: &Desk) -> Value {
    let open = desk.json(&["ledger"]);
    assert_eq!(open["total"], 1, "{open}");
    open["obligations"][0].clone()
}

#[test]
fn the_ledger_tells_both_sides_who_owes_whom_and_whom_to_call_when_it_is_overdue() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (at_lyon, _at_tunis) = (lyon.agent(), tunis.agent());
    let sent = lyon.send(&["--body", "Look.", "--ack-within", "2s", "--expires", "1d"]);
    lyon.until("test", |event| event["event"] == "overdue");
    tunis.until("test", |event| event["event"] == "arrived");

    let owed = only(&lyon);
    assert_eq!(owed["id"], sent["id"]);
    assert_eq!(
        (&owed["owed"], &owed["overdue"], &owed["state"]),
        (&"to-us".into(), &true.into(), &"open".into())
    );
    assert_eq!(owed["contact"], "afripol/tn/tunis");
    assert_eq!(owed["telephones"], json!(["+216 71 000 000"]));
    assert_eq!(owed["languages"], json!(["fr", "ar"]));
    assert_eq!(owed["coming"][0]["what"], "end");
    assert_eq!(owed["coming"][0]["time"], owed["expires"]);
    let told = lyon.done(&["ledger"]);
    for words in [
        "1 open, 1 of them OVERDUE; on duty: A. Diallo",
        &format!("{}  expected alert: Ransomware", short(&sent)),
        "afripol/tn/tunis owes us an acknowledgement",
        "call afripol/tn/tunis: +216 71 000 000; spoken there: fr, ar",
        "interpol/fr/lyon signs that it expired",
        " +00:00",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let owing = only(&tunis);
    assert_eq!(owing["owed"], "by-us");
    assert_eq!(owing["contact"], "interpol/fr/lyon");
    assert_eq!(owing["taken"], Value::Null);

    // Without an agent the same is told.
    assert_eq!(at_lyon.terminate(), 0);
    let alone = only(&lyon);
    for field in ["id", "owed", "contact", "since", "overdue", "telephones"] {
        assert_eq!(alone[field], owed[field], "{field}");
    }
    assert_eq!(alone["coming"][0]["what"], "end");

    let _again = lyon.agent();
    tunis.done(&["ack", short(&sent), "--note", "We are on it."]);
    lyon.until("test", |event| event["state"] == "acknowledged");
    for desk in [&lyon, &tunis] {
        assert_eq!(desk.json(&["ledger"])["total"], 0);
        let told = desk.done(&["ledger"]);
        assert!(told.starts_with("0 open, 0 of them OVERDUE"), "{told}");
    }
}

#[test]
fn the_ledger_comes_in_pages_and_says_what_it_leaves_out() {
    let world = World::new().introduced();
    let lyon = world.lyon();
    let _agent = lyon.agent();
    for body in ["One.", "Two.", "Three."] {
        lyon.send(&["--body", body]);
    }
    lyon.send(&["--body", "A drill.", "--status", "exercise"]);
    let page = lyon.json(&["ledger", "--limit", "2"]);
    assert_eq!(page["obligations"].as_array().unwrap().len(), 2);
    assert_eq!((&page["total"], &page["hidden"]), (&3.into(), &1.into()));
    let told = lyon.done(&["ledger", "--limit", "2"]);
    assert!(told.contains("1 more with --skip 2."), "{told}");
    assert!(told.contains("1 more with --all."), "{told}");
    let rest = lyon.json(&["ledger", "--limit", "2", "--skip", "2", "--all"]);
    assert_eq!(rest["obligations"].as_array().unwrap().len(), 2);
    assert!(lyon.done(&["ledger", "--all"]).contains("[EXERCISE]"));
    assert_eq!(lyon.answer(&["ledger", "--limit", "0"], "").code, 2);
}

#[test]
fn the_next_officer_gets_what_is_open_and_promised_and_owns_the_list_by_signing_in() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (_at_lyon, _at_tunis) = (lyon.agent(), tunis.agent());
    let promised = lyon.send(&["--body", "First.", "--ack-within", "20h"]);
    let open = lyon.send(&["--body", "Second.", "--ack-within", "2h"]);
    for _ in [&promised, &open] {
        tunis.until("test", |event| event["event"] == "arrived");
    }
    tunis.done(&[
        "ack",
        short(&promised),
        "--note",
        "We send\nthe file tonight.",
    ]);
    tunis.done(&["read", short(&open)]);

    let told = tunis.done(&["handover"]);
    for words in [
        "HANDOVER at afripol/tn/tunis",
        "on duty: S. Ben Ali, since ",
        "we owe interpol/fr/lyon an acknowledgement by ",
        "  read by S. Ben Ali, ",
        "  acknowledged by S. Ben Ali, ",
        "  | We send\n  | the file tonight.",
        &format!("  {}  overdue, unless afripol/tn/tunis", short(&open)),
        "signs in with maille officer in NAME",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let handed = tunis.json(&["handover", "--hours", "1"]);
    assert_eq!(handed["due"], json!([]), "two hours are not in the shift");
    assert_eq!(handed["obligations"][0]["taken"]["officer"], "S. Ben Ali");
    assert_eq!(handed["promises"][0]["id"], promised["id"]);
    assert_eq!(
        handed["promises"][0]["taken"]["note"],
        "We send\nthe file tonight."
    );
    let handed = tunis.json(&["handover"]);
    assert_eq!(handed["due"][0]["id"], open["id"]);
    assert_eq!(handed["due"][0]["what"], "overdue");

    let file = world.write("pass", format!("{PASSPHRASE}\n"));
    let next = world.write("next.pass", "one large green mountain goat\n");
    let (file, next) = (file.to_str().unwrap(), next.to_str().unwrap());
    let by = ["--officer", "S. Ben Ali", "--passphrase-file", file];
    let words = ["officer", "add", "L. Haddad", "--new-passphrase-file", next];
    tunis.done(&[&words[..], &by].concat());
    tunis.done(&["officer", "in", "L. Haddad", "--passphrase-file", next]);
    let owned = tunis.json(&["ledger"]);
    assert_eq!(owned["officer"], "L. Haddad");
    assert_eq!(owned["obligations"][0]["taken"]["officer"], "S. Ben Ali");
    tunis.done(&["reply", short(&promised), "--body", "Here it is."]);
    assert_eq!(tunis.json(&["handover"])["promises"], json!([]));
}

#[test]
fn an_answer_that_was_asked_for_and_does_not_come_alarms_at_both_desks() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (_at_lyon, _at_tunis) = (lyon.agent(), tunis.agent());
    let words = ["--body", "Who is it?", "--answer-within", "4s"];
    let sent = lyon.send(&words);
    tunis.until("test", |event| event["event"] == "arrived");
    let read = tunis.done(&["read", short(&sent)]);
    assert!(read.contains("answer asked for within: 4s"), "{read}");
    tunis.done(&["ack", short(&sent), "--note", "We ask around."]);
    for desk in [&lyon, &tunis] {
        let event = desk.until("test", |event| event["event"] == "unanswered");
        assert_eq!(event["alert"], sent["id"]);
        assert_eq!(event["recipient"], "afripol/tn/tunis");
        let owed = only(desk);
        assert_eq!(
            (&owed["awaits"], &owed["overdue"]),
            (&"answer".into(), &true.into())
        );
    }
    let told = lyon.done(&["ledger"]);
    for words in [
        "UNANSWERED since ",
        "afripol/tn/tunis owes us an answer",
        "call afripol/tn/tunis: +216 71 000 000",
        "  | We ask around.",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    tunis.done(&["reply", short(&sent), "--body", "It is nobody."]);
    lyon.until("test", |event| event["event"] == "arrived");
    let open = lyon.json(&["ledger"]);
    assert_eq!(open["total"], 1, "the reply is to be acknowledged: {open}");
    assert_eq!(open["obligations"][0]["kind"], "reply");
}

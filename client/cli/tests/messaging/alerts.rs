//! An alert from Lyon to Tunis and back.

use crate::world::World;

#[test]
fn an_alert_is_sent_received_read_acknowledged_and_tracked() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let words = [
        "send",
        "--to",
        "@africa",
        "--urgency",
        "immediate",
        "--tlp",
        "amber",
        "--handling",
        "H1",
        "--handling",
        "H3:not to be shown to the press",
        "--subject",
        "Ransomware at a hospital",
        "--body",
        "-",
        "--also",
        "siena:2026-1183",
        "--ack-within",
        "15m",
        "--expires",
        "1d",
    ];
    let sent = lyon.answer(&words, "Please look for the sender.\n\u{1b}[2J");
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    for told in [
        "afripol/tn/tunis (مكتب تونس)",
        "+216 71 000 000",
        "on duty",
        "within 15m",
    ] {
        assert!(sent.stderr.contains(told), "{}", sent.stderr);
    }
    let printed = String::from_utf8(sent.stdout).unwrap();
    let id = printed.lines().next().unwrap();
    assert!(id.len() == 9 && id.chars().nth(4) == Some('-'), "{printed}");
    assert!(
        printed.contains("sent to afripol/tn/tunis through hub"),
        "{printed}"
    );

    tunis.until("test", |event| event["event"] == "arrived");
    let inbox = tunis.json(&["inbox"]);
    assert_eq!(inbox["alerts"][0]["short"], id);
    assert_eq!(inbox["alerts"][0]["subject"], "Ransomware at a hospital");
    assert_eq!(inbox["alerts"][0]["stage"], "delivered");
    assert!(
        tunis
            .done(&["inbox"])
            .contains("immediate alert from interpol/fr/lyon")
    );

    // Any unique beginning is enough, in any case.
    let read = tunis.done(&["read", &id[..3].to_lowercase()]);
    for shown in [
        "AMBER",
        "H3 not to be shown to the press",
        "siena:2026-1183",
        "S. Ben Ali",
    ] {
        assert!(read.contains(shown), "{read}");
    }
    assert!(
        read.contains("| Please look for the sender.\n| <U+001B>[2J"),
        "{read}"
    );

    let acknowledged = tunis.json(&["ack", id, "--note", "We are on it."]);
    assert_eq!(acknowledged["officer"], "S. Ben Ali");
    let again = tunis.json(&["ack", id, "--note", "We are on it."]);
    assert_eq!(again["receipt"], acknowledged["receipt"]);
    assert_eq!(again["already"], true);
    assert_eq!(tunis.json(&["inbox"])["alerts"], serde_json::json!([]));
    assert_eq!(
        tunis.json(&["inbox", "--all"])["alerts"][0]["stage"],
        "acknowledged"
    );

    lyon.until("test", |event| event["state"] == "acknowledged");
    let track = lyon.json(&["track", id]);
    let recipient = &track["recipients"][0];
    assert_eq!(recipient["state"], "acknowledged");
    let stages: Vec<&str> = recipient["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|moment| moment["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["accepted", "delivered", "read", "acknowledged"]);
    let last = recipient["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["proof"], acknowledged["receipt"]);
    assert_eq!(
        (&last["officer"], &last["note"]),
        (&"S. Ben Ali".into(), &"We are on it.".into())
    );
    let told = lyon.done(&["track", id]);
    assert!(told.contains("| We are on it."), "{told}");
}

#[test]
fn the_same_reference_is_the_same_alert_and_other_words_under_it_are_refused() {
    let world = World::new().introduced();
    let lyon = world.lyon();
    let words = ["--body", "Look out.", "--reference", "case-1"];
    let first = lyon.send(&words);
    let second = lyon.send(&words);
    assert_eq!(first["id"], second["id"]);
    assert_eq!(
        (&first["already"], &second["already"]),
        (&false.into(), &true.into())
    );
    let other = [
        "send",
        "--to",
        "afripol/tn/tunis",
        "--subject",
        "Ransomware",
        "--body",
        "Other words.",
        "--reference",
        "case-1",
    ];
    lyon.refused(&other, 4, "reference-reused");
}

#[test]
fn a_sender_waits_until_its_alert_is_acknowledged() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let words = [
        "--json",
        "send",
        "--to",
        "afripol/tn/tunis",
        "--subject",
        "Ransomware",
        "--body",
        "Look.",
        "--wait",
        "acknowledged",
        "--wait-within",
        "5m",
    ];
    let mut sending = lyon.start(&words);
    let sent: serde_json::Value = serde_json::from_str(&sending.line()).unwrap();
    tunis.until("test", |event| event["event"] == "arrived");
    tunis.done(&["ack", sent["short"].as_str().unwrap()]);
    let waited: serde_json::Value = serde_json::from_str(&sending.line()).unwrap();
    assert_eq!(waited["recipients"][0]["state"], "acknowledged");
}

#[test]
fn a_wait_for_what_does_not_come_ends_with_its_own_exit_code() {
    let world = World::new().introduced();
    let words = [
        "send",
        "--to",
        "afripol/tn/tunis",
        "--subject",
        "Ransomware",
        "--body",
        "Look.",
        "--wait",
        "acknowledged",
        "--wait-within",
        "10ms",
    ];
    world.lyon().refused(&words, 10, "timeout");
}

#[test]
fn a_refusal_tells_whose_business_it_is() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let sent = lyon.send(&["--body", "Look."]);
    let id = sent["short"].as_str().unwrap();
    tunis.until("test", |event| event["event"] == "arrived");
    tunis.refused(
        &["refuse", id, "--reason", "other", "--whose", "cmai/ae"],
        2,
        "reason-form",
    );
    tunis.refused(&["refuse", id, "--reason", "duplicate"], 2, "reason-form");
    let words = [
        "refuse",
        id,
        "--reason",
        "not-ours",
        "--whose",
        "cmai/ae",
        "--note",
        "Not ours.",
    ];
    assert_eq!(tunis.json(&words)["stage"], "refused");
    let ended = lyon.until("test", |event| event["state"] == "refused");
    assert_eq!(ended["short"], id);
    let told = lyon.done(&["track", id]);
    assert!(
        told.contains("refused (not-ours)") && told.contains("| suggests cmai/ae"),
        "{told}"
    );
}

#[test]
fn a_reply_goes_to_whoever_wrote_and_is_about_the_alert() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let sent = lyon.send(&["--body", "Look.", "--status", "exercise"]);
    tunis.until("test", |event| event["event"] == "arrived");
    let id = sent["short"].as_str().unwrap();
    // An exercise is no business of whoever looks for what is real.
    assert_eq!(tunis.json(&["inbox"])["alerts"], serde_json::json!([]));
    let reply = tunis.json(&["reply", id, "--body", "We looked."]);
    assert_eq!(reply["sent"][0]["contact"], "interpol/fr/lyon");
    lyon.until("test", |event| event["kind"] == "reply");
    let read = lyon.json(&["read", reply["short"].as_str().unwrap()]);
    assert_eq!(read["refers_to"], sent["id"]);
    assert_eq!(
        (&read["status"], &read["subjects"][0]["text"]),
        (&"exercise".into(), &"Ransomware".into())
    );
}

#[test]
fn a_reader_goes_on_after_the_last_event_it_was_told() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    lyon.send(&["--body", "One."]);
    let first = tunis.until("a", |event| event["event"] == "arrived");
    lyon.send(&["--body", "Two."]);
    let next = tunis.until("a", |event| event["event"] == "arrived");
    assert!(next["number"].as_u64() > first["number"].as_u64());
    assert_ne!(next["alert"], first["alert"]);
    let all = tunis.events("b", 2);
    assert_eq!(all.len(), 2);
}

//! What is not sent is said, and goes later.

use crate::world::World;

#[test]
fn an_alert_that_no_relay_has_is_not_sent_and_goes_with_the_next_command() {
    let mut world = World::new().introduced();
    world.stop_relay();
    let lyon = world.lyon();
    let words = [
        "send",
        "--patience",
        "100ms",
        "--to",
        "afripol/tn/tunis",
        "--subject",
        "Ransomware",
        "--body",
        "Look.",
    ];
    let answer = lyon.answer(&words, "");
    assert_eq!(answer.code, 9, "{}", answer.stderr);
    for told in [
        "NOT SENT to afripol/tn/tunis",
        "the next `maille` command or agent that opens this home sends it",
        "next attempt from",
        "+216 71 000 000",
    ] {
        assert!(answer.stderr.contains(told), "{}", answer.stderr);
    }
    let printed = String::from_utf8(answer.stdout).unwrap();
    let id = printed.lines().next().unwrap();
    world.start_relay();
    lyon.until("test", |event| event["event"] == "accepted");
    let tunis = world.tunis();
    let arrived = tunis.until("test", |event| event["event"] == "arrived");
    assert_eq!(arrived["short"], id);
}

#[test]
fn an_alert_that_a_relay_low_on_disk_refuses_is_not_sent_yet_and_the_sender_is_told_when() {
    let mut world = World::new().introduced();
    world.stop_relay();
    world.start_relay_low_on_disk();
    let lyon = world.lyon();
    let words = ["--json", "send", "--to", "afripol/tn/tunis"];
    let words = [&words[..], &["--subject", "Ransomware", "--body", "Look."]].concat();
    let answer = lyon.answer(&words, "");
    assert_eq!(answer.code, 9, "{}", answer.stderr);
    let sent: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    let unsent = &sent["unsent"][0];
    let why = unsent["why"].as_str().unwrap();
    assert!(why.ends_with("the relay refused it: disk-low."), "{why}");
    assert!(unsent["when"].is_string(), "it is tried again: {sent}");
    assert_eq!(unsent["telephones"][0], "+216 71 000 000");
    assert_eq!(lyon.json(&["status"])["open"], 1);
}

#[test]
fn an_alert_to_a_desk_without_keys_waits_for_them() {
    let world = World::new();
    let lyon = world.lyon();
    let words = [
        "send",
        "--to",
        "afripol/tn/tunis",
        "--subject",
        "Ransomware",
        "--body",
        "Look.",
    ];
    let answer = lyon.answer(&[&["--json"], &words[..]].concat(), "");
    assert_eq!(answer.code, 9, "{}", answer.stderr);
    let sent: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(
        sent["unsent"][0]["why"],
        "no sealing key of its devices is known yet"
    );
    assert_eq!(
        lyon.json(&["status"])["lacking"][0]["id"],
        serde_json::Value::Null
    );
    assert_eq!(lyon.json(&["status"])["lacking"][0]["short"], sent["short"]);
    // The desk connects and publishes its keys; the sender's next command brings the alert.
    world.tunis().done(&["status"]);
    lyon.until("test", |event| event["event"] == "accepted");
    world
        .tunis()
        .until("test", |event| event["event"] == "arrived");
}

#[test]
fn a_doctor_says_what_is_wrong_and_what_to_do() {
    let mut world = World::new().introduced();
    let lyon = world.lyon();
    let well = lyon.done(&["doctor"]);
    for line in [
        "store",
        "key in roster",
        "roster",
        "relay hub",
        "clock against relay hub",
        "disk",
    ] {
        assert!(well.contains(line), "{well}");
    }
    world.stop_relay();
    let answer = lyon.answer(&["doctor", "--patience", "100ms"], "");
    assert_eq!(answer.code, 6, "{}", answer.stderr);
    let told = String::from_utf8(answer.stdout).unwrap();
    assert!(
        told.contains("BAD   relay hub") && told.contains("do: Let UDP"),
        "{told}"
    );
}

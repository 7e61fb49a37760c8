//! Systems of an agency that the agent tells of events.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use maille_common::crypto::hmac;
use serde_json::Value;

use crate::desk::Desk;
use crate::receiver::{Heard, Receiver};
use crate::world::World;

/// 24 bytes, all of them zero, in base64.
const SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

/// Writes the settings of a desk, with a webhook for each of these lines besides name and secret.
fn configure(desk: &Desk, webhooks: &[&str]) {
    write_secret(desk, SECRET, 0o600);
    let mut text = String::new();
    for (at, webhook) in webhooks.iter().enumerate() {
        text += "[[webhook]]\nsecret_file = 'cases.secret'\n";
        if !webhook.contains("name = ") {
            text += &format!("name = 'cases-{at}'\n");
        }
        text += webhook;
        text += "\n";
    }
    fs::write(desk.home().join("settings.toml"), text).unwrap();
}

impl Desk {
    /// Has the agent tell a receiver, with these settings besides.
    pub(crate) fn tell(&self, receiver: &Receiver, settings: &str) {
        configure(self, &[&format!("{}\n{settings}", url(receiver))]);
    }
}

fn write_secret(desk: &Desk, text: &str, mode: u32) {
    let path = desk.home().join("cases.secret");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

fn url(receiver: &Receiver) -> String {
    format!("url = '{}'", receiver.url())
}

/// As the specification has it.
fn is_signed(heard: &Heard) -> bool {
    let head = format!("{}.{}.", heard.id(), heard.header("webhook-timestamp"));
    let tag = hmac::sha256(&[0; 24], &[head.as_bytes(), &heard.body]);
    let encoded = heard
        .header("webhook-signature")
        .strip_prefix("v1,")
        .unwrap();
    let decoded = base64_of(encoded);
    decoded == tag
}

/// The bytes of a text in base64, by another program.
fn base64_of(text: &str) -> Vec<u8> {
    let mut command = std::process::Command::new("base64");
    command.arg("-d");
    command.stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().stdout
}

/// How the only webhook stands, once that is so.
fn standing(desk: &Desk, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let hook = desk.json(&["status"])["hooks"][0].clone();
        if is_so(&hook) {
            return hook;
        }
    }
}

#[test]
fn each_event_is_posted_in_order_and_signed() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let receiver = Receiver::answering(&[]);
    configure(&tunis, &[&url(&receiver)]);
    let _at_tunis = tunis.agent();
    let sent = lyon.send(&["--body", "Look for the sender."]);
    let arrived = receiver.next();
    assert!(is_signed(&arrived));
    assert_eq!(arrived.first_line(), "POST /maille HTTP/1.1");
    assert_eq!(arrived.header("content-type"), "application/json");
    let told = arrived.json();
    assert_eq!(
        (&told["version"], &told["event"]["event"]),
        (&1.into(), &"arrived".into())
    );
    assert_eq!(told["alert"]["id"], sent["id"]);
    assert_eq!(told["id"], arrived.id());
    tunis.done(&["ack", sent["short"].as_str().unwrap()]);
    let acted = receiver.next();
    assert!(is_signed(&acted));
    let told = acted.json();
    assert_eq!(told["event"]["event"], "acted");
    assert_eq!(
        told["alert"],
        Value::Null,
        "words travel where somebody has to act"
    );
    assert!(told["event"]["number"].as_u64() > arrived.json()["event"]["number"].as_u64());
    let hook = standing(&tunis, |hook| hook["behind"] == 0);
    assert_eq!(
        (&hook["kind"], &hook["name"]),
        (&"webhook".into(), &"cases-0".into())
    );
    assert_eq!(hook["target"], receiver.url());
}

#[test]
fn what_was_not_taken_comes_again_under_the_same_id_before_anything_else() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let receiver = Receiver::answering(&["503 Service Unavailable"]);
    configure(
        &tunis,
        &[&format!("{}\nevents = ['arrived']", url(&receiver))],
    );
    let _at_tunis = tunis.agent();
    let one = lyon.send(&["--body", "One."]);
    let refused = receiver.next();
    let failing = standing(&tunis, |hook| hook["last_error"].is_string());
    assert_eq!(failing["last_error"], "it answered 503");
    assert!(tunis.done(&["doctor"]).contains("look  webhook cases-0"));
    // A redirect is no answer either, and nobody goes there.
    receiver.answer(&["307 Temporary Redirect\r\nlocation: /elsewhere"]);
    let two = lyon.send(&["--body", "Two."]);
    let redirected = receiver.next();
    let taken = receiver.next();
    for again in [&redirected, &taken] {
        assert_eq!(again.first_line(), "POST /maille HTTP/1.1");
        assert_eq!(
            (again.id(), &again.json()["event"]["alert"]),
            (refused.id(), &one["id"])
        );
        assert!(is_signed(again));
    }
    let next = receiver.next();
    assert_eq!(next.json()["event"]["alert"], two["id"]);
    assert_ne!(next.id(), refused.id());
    assert_eq!(
        standing(&tunis, |hook| hook["behind"] == 0)["last_error"],
        Value::Null
    );
}

#[test]
fn what_a_killed_agent_had_not_told_comes_from_the_next_one_under_the_same_id() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let receiver = Receiver::answering(&["500 Internal Server Error"]);
    configure(
        &tunis,
        &[&format!("{}\nevents = ['arrived']", url(&receiver))],
    );
    let at_tunis = tunis.agent();
    lyon.send(&["--body", "Look."]);
    let refused = receiver.next();
    at_tunis.kill();
    let _next = tunis.agent();
    let taken = receiver.next();
    assert_eq!(taken.id(), refused.id());
    standing(&tunis, |hook| hook["behind"] == 0);
    drop(_next);
    // What was taken is not told again.
    let _third = tunis.agent();
    let other = lyon.send(&["--body", "Look again."]);
    let next = receiver.next();
    assert_eq!(next.json()["event"]["alert"], other["id"]);
}

#[test]
fn a_system_that_wants_no_more_is_told_no_more_and_that_is_an_incident() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let receiver = Receiver::answering(&["410 Gone"]);
    configure(
        &tunis,
        &[&format!("{}\nevents = ['arrived']", url(&receiver))],
    );
    let _at_tunis = tunis.agent();
    lyon.send(&["--body", "Look."]);
    receiver.next();
    let incident = tunis.until("test", |event| event["event"] == "incident");
    let words = incident["words"].as_str().unwrap();
    assert!(words.contains("webhook cases-0 wants no more"), "{words}");
    standing(&tunis, |hook| hook["ended"] == true);
    let sent = lyon.send(&["--body", "Look again."]);
    tunis.until("test", |event| event["alert"] == sent["id"]);
    assert!(receiver.is_quiet());
    let answer = tunis.answer(&["doctor"], "");
    let found = String::from_utf8(answer.stdout).unwrap();
    assert!(found.contains("BAD   webhook cases-0"), "{found}");
    assert_eq!(answer.code, 6);
}

#[test]
fn only_events_that_were_asked_for_are_posted_and_exercises_only_where_they_were() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let [real, all] = [Receiver::answering(&[]), Receiver::answering(&[])];
    let real_hook = format!("{}\nevents = ['arrived', 'acted']", url(&real));
    let all_hook = format!("{}\nevents = ['arrived']\nexercises = true", url(&all));
    configure(&tunis, &[&real_hook, &all_hook]);
    let _at_tunis = tunis.agent();
    let drill = lyon.send(&["--body", "Nothing real.", "--status", "exercise"]);
    let told = all.next().json();
    assert_eq!(
        (&told["exercise"], &told["event"]["alert"]),
        (&true.into(), &drill["id"])
    );
    let sent = lyon.send(&["--body", "Look."]);
    let told = real.next().json();
    assert_eq!(
        told["event"]["alert"], sent["id"],
        "the exercise is left out"
    );
    tunis.done(&["ack", sent["short"].as_str().unwrap()]);
    assert_eq!(real.next().json()["event"]["event"], "acted");
    assert_eq!(all.next().json()["event"]["alert"], sent["id"]);
    tunis.until("test", |event| event["event"] == "acted");
    assert!(all.is_quiet());
}

#[test]
fn an_answer_that_does_not_end_is_cut_off() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let answers = ["200 OK\r\nx-body: endless", "200 OK\r\nx-body: unended"];
    let receiver = Receiver::answering(&answers);
    configure(
        &tunis,
        &[&format!("{}\nevents = ['arrived']", url(&receiver))],
    );
    let _at_tunis = tunis.agent();
    let one = lyon.send(&["--body", "One."]);
    let two = lyon.send(&["--body", "Two."]);
    let three = lyon.send(&["--body", "Three."]);
    for sent in [one, two, three] {
        assert_eq!(receiver.next().json()["event"]["alert"], sent["id"]);
    }
}

#[test]
fn a_webhook_that_cannot_be_told_is_refused_before_the_home_is_opened() {
    let world = World::new();
    let tunis = world.tunis();
    let refused = |webhooks: &[&str], why: &str| {
        configure(&tunis, webhooks);
        let fault = tunis.refused(&["agent"], 3, "webhook");
        let message = fault["error"]["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
    };
    let good = "url = 'http://127.0.0.1:1/'";
    refused(&["url = 'http://cases.example.org/'"], "this machine alone");
    refused(&["url = 'cases.example.org'"], "https://HOST/PATH");
    refused(
        &["url = 'https://cases.example.org/'"],
        "ca_file is missing",
    );
    let judged = format!("{good}\nca_file = 'ca.pem'");
    refused(&[&judged], "nothing is judged");
    let unreadable = "url = 'https://cases.example.org/'\nca_file = 'settings.toml'";
    refused(&[unreadable], "no certificate of an authority");
    refused(
        &[&format!("{good}\nevents = ['arived']")],
        "no event arived",
    );
    refused(&[&format!("{good}\nname = 'a b'")], "its name");
    let named = format!("{good}\nname = 'cases'");
    refused(&[&named, &named], "the same name");
    configure(&tunis, &[good]);
    for (text, mode, why) in [
        (SECRET, 0o640, "others may read it"),
        ("whsec_c2hvcnQ=\n", 0o600, "24 to 64 bytes"),
    ] {
        write_secret(&tunis, text, mode);
        let fault = tunis.refused(&["agent"], 3, "webhook");
        assert!(
            fault["error"]["message"].as_str().unwrap().contains(why),
            "{fault}"
        );
        assert!(!fault.to_string().contains("c2hvcnQ"));
    }
    configure(&tunis, &[&format!("{good}\nevent = ['arrived']")]);
    let answer = tunis.answer(&["--json", "agent"], "");
    assert_eq!(answer.code, 3, "{}", answer.stderr);
    assert!(answer.stderr.contains("unknown field"), "{}", answer.stderr);
}

//! The same through an agent.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use crate::world::World;

#[test]
fn commands_ask_the_agent_and_it_ends_cleanly() {
    let world = World::new();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (at_tunis, at_lyon) = (tunis.agent(), lyon.agent());
    let socket = lyon.home().join("agent.sock");
    assert_eq!(
        std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(lyon.json(&["status"])["agent"], true);
    let file = world.write("plan.pdf", vec![7; 100_000]);
    let sent = lyon.send(&["--body", "Look.", "--attach", file.to_str().unwrap()]);
    let id = sent["short"].as_str().unwrap();
    let wait = tunis.until("test", |event| event["event"] == "arrived");
    assert_eq!(wait["short"], id);
    assert!(tunis.done(&["read", id]).contains("read by: S. Ben Ali"));
    let folder = world.path("saved");
    tunis.done(&["read", id, "--save", folder.to_str().unwrap()]);
    assert_eq!(
        std::fs::read(folder.join("1-plan.pdf")).unwrap(),
        vec![7; 100_000]
    );
    assert_eq!(tunis.json(&["ack", id])["stage"], "acknowledged");
    lyon.until("test", |event| event["state"] == "acknowledged");
    lyon.refused(&["track", "0000-0000"], 3, "unknown-alert");
    lyon.refused(&["inbox", "--officer", "M. Orlova"], 5, "not-on-duty");
    lyon.done(&["doctor"]);
    assert_eq!(
        lyon.json(&["contacts"])["contacts"][0]["devices"][0]["keyed"],
        true
    );

    // One that waits for an event is told that the desk closes.
    let mut listening = lyon.start(&["--json", "listen", "--reader", "other", "--all"]);
    listening.line();
    assert_eq!(at_lyon.terminate(), 0);
    assert!(!socket.exists());
    assert_eq!(at_tunis.terminate(), 0);
    // The home is free again.
    assert_eq!(lyon.json(&["status"])["agent"], false);
}

#[test]
fn the_agent_sends_what_waits_when_the_relay_is_back() {
    let mut world = World::new().introduced();
    world.stop_relay();
    let lyon = world.lyon();
    let agent = lyon.start(&["--json", "agent", "--patience", "100ms"]);
    let mut agent = agent;
    agent.line();
    let words = [
        "send",
        "--to",
        "afripol/tn/tunis",
        "--subject",
        "Ransomware",
        "--body",
        "Look.",
    ];
    let answer = lyon.answer(&words, "");
    assert_eq!(answer.code, 9, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("the agent sends it"),
        "{}",
        answer.stderr
    );
    world.start_relay();
    lyon.until("test", |event| event["event"] == "accepted");
    world
        .tunis()
        .until("test", |event| event["event"] == "arrived");
}

#[test]
fn programs_ask_over_the_socket_in_http_and_json() {
    let world = World::new();
    let lyon = world.lyon();
    let _agent = lyon.agent();
    let ask = |request: &str| {
        let mut stream = UnixStream::connect(lyon.home().join("agent.sock")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let post = |name: &str, body: &str| {
        let length = body.len();
        ask(&format!(
            "POST /v1/{name} HTTP/1.1\r\nHost: maille\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    };
    let contacts = post("contacts", r#"{"pattern": "afripol/**"}"#);
    assert!(contacts.starts_with("HTTP/1.1 200") && contacts.contains("afripol/tn/tunis"));
    let unknown = post("dance", "{}");
    assert!(unknown.starts_with("HTTP/1.1 400") && unknown.contains("unknown-question"));
    let misspelt = post("contacts", r#"{"patern": "afripol/**"}"#);
    assert!(misspelt.starts_with("HTTP/1.1 400") && misspelt.contains("question-form"));
    let mine = post("track", r#"{"id": "7QK4-M2DX"}"#);
    assert!(
        mine.contains(r#""code":"unknown-alert""#) && mine.contains(r#""exit":3"#),
        "{mine}"
    );
    let got = ask("GET /v1/contacts HTTP/1.1\r\nHost: maille\r\nConnection: close\r\n\r\n");
    assert!(got.starts_with("HTTP/1.1 400"), "{got}");
}

/// The keeper logged that deadlines were not looked at, once a minute, and the agent went on as if
/// it served.
#[cfg(target_os = "linux")]
#[test]
fn an_agent_whose_disk_fails_ends_and_says_so() {
    let mut world = World::new().introduced();
    // Whoever is connected may write at any time; here the failing write is the one below.
    world.stop_relay();
    let lyon = world.lyon();
    let agent = lyon.agent_on_weak_disk();
    let words = ["--to", "afripol/tn/tunis", "--body", "Look.", "--subject"];
    let kept = lyon.answer(&[&["send"][..], &words, &["Before"]].concat(), "");
    assert_eq!(kept.code, 9, "{}", kept.stderr);
    agent.break_disk();
    lyon.refused(&[&["send"][..], &words, &["After"]].concat(), 6, "store");
    let (code, said) = agent.end_saying();
    assert_eq!(code, 6, "{said}");
    let fault: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(fault["error"]["code"], "store-failed");
    let message = fault["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("The agent has stopped. The store failed"));
    assert!(!lyon.home().join("agent.sock").exists());
    let status = lyon.json(&["status", "--patience", "100ms"]);
    assert_eq!(status["agent"], false);
    assert_eq!(status["open"], 1, "what was promised is here: {status}");
}

#[test]
fn a_socket_left_by_a_killed_agent_hinders_nobody() {
    let world = World::new();
    let lyon = world.lyon();
    drop(lyon.agent());
    assert!(lyon.home().join("agent.sock").exists());
    assert_eq!(lyon.json(&["status"])["agent"], false);
    let agent = lyon.agent();
    assert_eq!(lyon.json(&["status"])["agent"], true);
    assert_eq!(agent.terminate(), 0);
}

#[test]
fn an_agent_that_was_killed_leaves_its_home_free_and_the_next_one_sends_what_it_promised() {
    let mut world = World::new().introduced();
    world.stop_relay();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let mut agent = lyon.start(&["--json", "agent", "--patience", "100ms"]);
    agent.line();
    let words = ["--json", "send", "--to", "afripol/tn/tunis"];
    let words = [&words[..], &["--subject", "Ransomware", "--body", "Look."]].concat();
    let answer = lyon.answer(&words, "");
    assert_eq!(answer.code, 9, "{}", answer.stderr);
    let sent: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    agent.kill();
    assert!(lyon.home().join("agent.sock").exists(), "nobody tidied up");
    world.start_relay();
    let _next = lyon.agent();
    let _agent = tunis.agent();
    let arrived = tunis.until("test", |event| event["event"] == "arrived");
    assert_eq!(arrived["alert"], sent["id"]);
    lyon.until("test", |event| event["stage"] == "delivered");
    assert_eq!(
        tunis.json(&["inbox"])["alerts"].as_array().unwrap().len(),
        1
    );
    assert_eq!(lyon.json(&["status"])["open"], 1);
}

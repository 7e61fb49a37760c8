//! Parts come out as they went in: payloads, CAP files, attachments.

use crate::world::World;

const CAP: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>KSTO1055887203</identifier>
  <sender>KSTO@NWS.NOAA.GOV</sender>
  <sent>2026-11-23T14:57:00-07:00</sent>
  <status>Exercise</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <category>Met</category>
    <event>SEVERE THUNDERSTORM</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Observed</certainty>
    <headline>Severe thunderstorm warning</headline>
    <description>Take shelter.</description>
  </info>
</alert>
"#;

/// Longer than anything here takes on a slow machine.
const PATIENCE: &str = "5m";

#[test]
fn a_payload_comes_out_byte_for_byte() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let payload = world.write("event.json", &bytes);
    let sent = lyon.send(&[
        "--body",
        "See the event.",
        "--payload",
        payload.to_str().unwrap(),
    ]);
    tunis.until("test", |event| event["event"] == "arrived");
    let id = sent["short"].as_str().unwrap();
    let read = tunis.json(&["read", id]);
    let part = &read["parts"][1];
    assert_eq!(
        (&part["media_type"], &part["name"]),
        (&"application/json".into(), &"event.json".into())
    );
    let answer = tunis.answer(&["read", id, "--part", "2"], "");
    assert!(
        answer.code == 0 && answer.stdout == bytes,
        "{}",
        answer.stderr
    );
    tunis.refused(&["read", id, "--part", "3"], 3, "no-such-part");
}

#[test]
fn a_cap_file_becomes_an_alert_and_travels_with_it() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let file = world.write("storm.xml", CAP);
    let words = [
        "--json",
        "send",
        "--to",
        "afripol/**",
        "--cap",
        file.to_str().unwrap(),
    ];
    let sent: serde_json::Value = serde_json::from_str(&lyon.done(&words)).unwrap();
    let id = sent["short"].as_str().unwrap();
    tunis.until("test", |event| event["event"] == "arrived");
    let read = tunis.json(&["read", id]);
    assert_eq!(
        (&read["status"], &read["urgency"]),
        (&"exercise".into(), &"immediate".into())
    );
    assert_eq!(read["subjects"][0]["text"], "Severe thunderstorm warning");
    assert_eq!(
        tunis.answer(&["read", id, "--part", "2"], "").stdout,
        CAP.as_bytes()
    );
    // What is said outright counts more than what the file says.
    let words = [
        "--json",
        "send",
        "--to",
        "afripol/**",
        "--cap",
        file.to_str().unwrap(),
        "--status",
        "test",
        "--urgency",
        "future",
    ];
    let sent: serde_json::Value = serde_json::from_str(&lyon.done(&words)).unwrap();
    let read = lyon.json(&["read", sent["short"].as_str().unwrap()]);
    assert_eq!(
        (&read["status"], &read["urgency"]),
        (&"test".into(), &"future".into())
    );
}

#[test]
fn an_attachment_is_saved_under_a_safe_name_and_never_over_another_file() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let bytes: Vec<u8> = (0..=250).cycle().take(300_000).collect();
    let file = world.write("plan of the harbour;.pdf", &bytes);
    let sent = lyon.send(&[
        "--body",
        "See the plan.",
        "--attach",
        file.to_str().unwrap(),
    ]);
    let id = sent["short"].as_str().unwrap();
    tunis.until("test", |event| event["event"] == "arrived");
    let folder = world.path("saved");
    let folder_name = folder.to_str().unwrap();
    let words = ["read", id, "--save", folder_name, "--patience", PATIENCE];
    let saved = tunis.json(&words);
    assert_eq!(saved["files"][0]["name"], "plan of the harbour;.pdf");
    let path = folder.join("1-plan_of_the_harbour_.pdf");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    tunis.refused(&words, 6, "attachment-write");
    tunis.refused(&["read", id, "--part", "2"], 2, "part-is-attachment");
}

/// `read --save` of the next process said that the attachment is not whole.
#[test]
fn an_inbox_without_an_agent_ends_when_the_attachments_are_here() {
    let mut world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    // Three pieces: more than comes in the moment in which a desk is open.
    let bytes: Vec<u8> = (0..=250).cycle().take(9_000_000).collect();
    let file = world.write("plan.pdf", &bytes);
    let words = ["--body", "See the plan.", "--attach"];
    let attach = [file.to_str().unwrap(), "--patience", PATIENCE];
    let sent = lyon.send(&[&words[..], &attach].concat());
    let id = sent["short"].as_str().unwrap();
    let answer = tunis.answer(&["inbox", "--patience", PATIENCE], "");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    world.stop_relay();
    let folder = world.path("saved");
    let folder_name = folder.to_str().unwrap();
    tunis.json(&["read", id, "--save", folder_name, "--patience", "1ms"]);
    assert_eq!(std::fs::read(folder.join("1-plan.pdf")).unwrap(), bytes);
    world.start_relay();
    let complete = |event: &serde_json::Value| event["stage"] == "complete";
    lyon.until("test", complete);
}

#[test]
fn an_inbox_says_which_attachments_no_relay_gives_and_waits_for_none_of_them() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let file = world.write("plan.pdf", "A plan.");
    let words = ["--body", "See the plan.", "--attach"];
    let attach = [file.to_str().unwrap(), "--patience", PATIENCE];
    let sent = lyon.send(&[&words[..], &attach].concat());
    let id = sent["short"].as_str().unwrap();
    world.lose_attachments();
    for words in [vec!["inbox"], vec!["read", id]] {
        // As patient as can be: it ends all the same.
        let answer = tunis.answer(&[&words[..], &["--patience", "90d"]].concat(), "");
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert_eq!(
            answer.stderr,
            "One attachment is not here yet; it goes on coming with the next `maille inbox`, or \
             while an agent runs.\n"
        );
        assert!(String::from_utf8(answer.stdout).unwrap().contains(id));
    }
}

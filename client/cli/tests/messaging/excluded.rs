//! A desk that may not act any more says so by itself: which document, on whose signatures, and
//! what of its own it can still read.

use std::path::{Path, PathBuf};

use maille_client::clock::{Clock, SystemClock};
use maille_client::{EventKind, IncidentKind};
use maille_common::roster::Subject;
use maille_common::time::Span;
use serde_json::Value;

use crate::desk::Desk;
use crate::receiver::Receiver;
use crate::world::World;

const TUNIS: &str = "afripol/tn/tunis";
const ANNEX: &str = "annex 2 of `afripol`";
const HOLDER: &str = "of `interpol`, General Secretariat";

/// Both desks know each other, and Tunis has an alert of before. Its short id.
fn with_an_alert() -> (World, String) {
    let world = World::new().introduced();
    let sent = world.lyon().send(&["--body", "It came before."]);
    world.tunis().done(&["inbox"]);
    let short = sent["short"].as_str().unwrap().to_owned();
    (world, short)
}

/// Every command that shows how a desk stands tells the same, in JSON and in words.
fn told_everywhere(tunis: &Desk, why: &str) -> Value {
    let mut told = Value::Null;
    for command in ["contacts", "inbox", "status"] {
        told = tunis.json(&[command])["excluded"].clone();
        assert_eq!(told["why"], why, "{command}: {told}");
        let text = tunis.done(&[command]);
        for words in ["text", "readable", "do"] {
            let sentence = told[words].as_str().unwrap();
            assert!(text.contains(sentence), "{command}: {text}");
        }
    }
    told
}

/// Waits until the desk knows that it is out, by whichever way.
fn until_told(tunis: &Desk) {
    while tunis.json(&["status"])["excluded"].is_null() {}
}

/// The words of the next incident.
fn incident(tunis: &Desk) -> String {
    let event = tunis.until("watch", |event| event["event"] == "incident");
    event["words"].as_str().unwrap().to_owned()
}

/// Takes a roster from a folder, as somebody handed it over.
fn join(world: &World, tunis: &Desk, roster: &Path) -> Value {
    let anchor = world.path("anchor.toml");
    let [roster, anchor] = [roster, &anchor].map(|path| path.to_str().unwrap());
    let words = [
        "--json", "device", "join", "--roster", roster, "--anchor", anchor,
    ];
    let answer = tunis.answer(&words, "");
    assert_eq!(answer.code, 7, "{}", answer.stderr);
    serde_json::from_slice(&answer.stdout).unwrap()
}

/// Removed while it was connected: the relay refuses it, and can hand it nothing any more. It is
/// told so, and by which way it hears of the document; then the document itself.
fn removed(world: &World, roster: &Path, (document, subject): (&str, &str), short: &str) {
    let tunis = world.tunis();
    let refused = told_everywhere(&tunis, "not-admitted");
    assert_eq!(refused["relays"][0], "hub");
    assert!(refused["do"].as_str().unwrap().contains("`afripol`"));
    assert!(incident(&tunis).contains("Relay hub does not admit this device"));
    let joined = join(world, &tunis, roster);
    assert_eq!(joined["removed"]["why"], "removed");
    let told = told_everywhere(&tunis, "removed");
    assert_eq!(told["document"], document);
    assert!(told["subject"].as_str().unwrap().starts_with(subject));
    assert!(told["signers"][0].as_str().unwrap().ends_with(HOLDER));
    assert_eq!(told["hash"].as_str().unwrap().len(), 64);
    let words = incident(&tunis);
    for part in [document, subject, HOLDER] {
        assert!(words.contains(part), "{words}");
    }
    let read = tunis.done(&["read", short, "--unread"]);
    assert!(read.contains("It came before."), "{read}");
}

/// How often the desk has kept that it may not act.
fn kept(world: &World) -> usize {
    world.with_client("tunis", async |client| {
        let incidents = client.incidents(0, 100).await.unwrap();
        let is_it = |kind: &IncidentKind| matches!(kind, IncidentKind::Excluded { .. });
        incidents.iter().filter(|(_, one)| is_it(&one.kind)).count()
    })
}

#[test]
fn a_removed_device_reads_which_roster_removed_it_and_what_it_can_still_read() {
    let (mut world, short) = with_an_alert();
    let agent = world.tunis().agent();
    let roster = world.change(|plan| {
        let contacts = plan.organisations[1].contacts.as_mut().unwrap();
        contacts[0].devices = Some(Vec::new());
    });
    until_told(&world.tunis());
    removed(&world, &roster, (ANNEX, "device "), &short);
    assert_eq!(agent.terminate(), 0);
    // Once, however often the desk is opened.
    let agent = world.tunis().agent();
    assert_eq!(told_everywhere(&world.tunis(), "removed")["why"], "removed");
    let doctor = String::from_utf8(world.tunis().answer(&["doctor"], "").stdout).unwrap();
    assert!(doctor.contains("was taken out by annex 2"), "{doctor}");
    assert_eq!(agent.terminate(), 0);
}

#[test]
fn a_device_whose_contact_was_removed_reads_that_it_was_the_contact() {
    let (mut world, short) = with_an_alert();
    let agent = world.tunis().agent();
    let roster = world.change(|plan| plan.organisations[1].contacts = Some(Vec::new()));
    until_told(&world.tunis());
    let contact = "contact `afripol/tn/tunis`";
    removed(&world, &roster, (ANNEX, contact), &short);
    assert_eq!(agent.terminate(), 0);
}

/// No annex follows those of an organisation that a part left out. Whoever kept them opens again
/// with them: the desk itself, those that wrote to it, and their relay.
#[test]
fn a_desk_whose_organisation_was_left_out_reads_the_part_and_everybody_opens_again() {
    let (mut world, short) = with_an_alert();
    let agents = [world.lyon().agent(), world.tunis().agent()];
    let roster = world.change(|plan| drop(plan.organisations.remove(1)));
    until_told(&world.tunis());
    let part = "authority part 3";
    removed(&world, &roster, (part, "organisation `afripol`"), &short);
    for agent in agents {
        assert_eq!(agent.terminate(), 0);
    }
    world.stop_relay();
    world.start_relay();
    let agents = [world.lyon().agent(), world.tunis().agent()];
    assert_eq!(told_everywhere(&world.tunis(), "removed")["document"], part);
    let status = world.lyon().json(&["status"]);
    assert_eq!(status["roster"]["number"], 3, "{status}");
    // What Tunis signed before is proven as ever.
    let track = world.lyon().json(&["track", &short]);
    let mut timeline = track["recipients"][0]["timeline"]
        .as_array()
        .unwrap()
        .iter();
    assert!(
        timeline.any(|entry| entry["stage"] == "delivered"),
        "{track}"
    );
    for agent in agents {
        assert_eq!(agent.terminate(), 0);
    }
}

/// A relay goes on handing out what was accepted, and with that the roster.
#[test]
fn a_desk_whose_time_is_over_hears_it_from_the_relay_by_itself() {
    let (mut world, _) = with_an_alert();
    let tunis = world.tunis();
    let agent = tunis.agent();
    world.change(|plan| {
        let contacts = plan.organisations[1].contacts.as_mut().unwrap();
        contacts[0].valid_to = Some(SystemClock.now() - Span::from_minutes(5));
    });
    let words = incident(&tunis);
    assert!(words.contains("annex 2 of `afripol`"), "{words}");
    let told = told_everywhere(&tunis, "ended");
    assert_eq!(told["subject"], "contact `afripol/tn/tunis`");
    assert!(told["ended"].is_string());
    assert!(told["signers"][0].as_str().unwrap().ends_with(HOLDER));
    assert_eq!(agent.terminate(), 0);
    assert_eq!(kept(&world), 1, "once, however often it is opened");
    assert_eq!(kept(&world), 1);
}

#[test]
fn a_suspended_desk_reads_by_which_key_and_with_which_reason() {
    let (mut world, short) = with_an_alert();
    let tunis = world.tunis();
    let agent = tunis.agent();
    let subject = Subject::Contact(TUNIS.parse().unwrap());
    let roster: PathBuf = world.suspend(subject, "The laptop was stolen.");
    until_told(&tunis);
    told_everywhere(&tunis, "not-admitted");
    let joined = join(&world, &tunis, &roster);
    assert_eq!(joined["designation"], "suspended");
    let told = told_everywhere(&tunis, "suspended");
    assert_eq!(told["reason"], "The laptop was stolen.");
    assert!(told["signers"][0].as_str().unwrap().ends_with(HOLDER));
    tunis.until("reason", |event| {
        let words = event["words"].as_str().unwrap_or_default();
        words.contains("The laptop was stolen.") && words.contains(HOLDER)
    });
    tunis.done(&["read", &short, "--unread"]);
    assert_eq!(agent.terminate(), 0);
}

#[test]
fn an_end_is_an_event_and_a_webhook_told_once_also_after_a_restart() {
    let mut world = World::new().introduced();
    let tunis = world.tunis();
    let receiver = Receiver::answering(&[]);
    tunis.tell(&receiver, "events = ['ends']");
    let agent = tunis.agent();
    let end = SystemClock.now() + Span::from_days(5);
    world.change(|plan| {
        let contacts = plan.organisations[1].contacts.as_mut().unwrap();
        contacts[0].valid_to = Some(end);
    });
    // Ends are looked for at the start, and hourly.
    tunis.until("watch", |event| event["event"] == "roster");
    assert_eq!(agent.terminate(), 0);
    for _ in 0..2 {
        assert_eq!(tunis.agent().terminate(), 0);
    }
    let agent = tunis.agent();
    let event = tunis.until("watch", |event| event["event"] == "ends");
    assert_eq!(event["ending"]["what"], "contact");
    assert_eq!(event["ending"]["stage"], "week");
    assert_eq!(event["ending"]["contact"], TUNIS);
    let told = receiver.next().json();
    assert_eq!(told["event"]["event"], "ends");
    assert_eq!(told["event"]["ending"], event["ending"]);
    assert_eq!(agent.terminate(), 0);
    let ends = world.with_client("tunis", async |client| {
        let mut reader = client.events("all-of-them");
        let newest = client.newest_event().await.unwrap();
        let mut ends = 0;
        loop {
            let event = reader.next().await.unwrap();
            ends += usize::from(matches!(event.event.kind, EventKind::Ends { .. }));
            if event.number == newest {
                break ends;
            }
        }
    });
    assert_eq!(ends, 1);
}

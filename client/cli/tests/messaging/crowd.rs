//! Many commands at once on the home of one desk.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use maille_client::home::is_held;
use serde_json::Value;

use crate::desk::{Desk, Running};
use crate::world::World;

/// Alerts that come, and alerts that go meanwhile.
const ARRIVING: usize = 50;
const LEAVING: usize = 20;

/// Readers who are told everything, each in a process of its own.
const READERS: usize = 4;

/// Sends so many, from two shells at once; the ids.
fn send(desk: &Desk, to: &str, count: usize) -> BTreeSet<String> {
    let one = |at: usize| {
        let body = format!("Alert {at}.");
        let words = ["send", "--to", to, "--subject", "Look", "--body", &body];
        desk.json(&words)["id"].as_str().unwrap().to_owned()
    };
    let half = count / 2;
    thread::scope(|scope| {
        let others = scope.spawn(|| (half..count).map(one).collect::<Vec<_>>());
        let mut ids: BTreeSet<String> = (0..half).map(one).collect();
        ids.extend(others.join().unwrap());
        ids
    })
}

/// Takes what comes, as an officer does: read, acknowledged, once each.
fn acknowledge(desk: &Desk, count: usize) {
    for _ in 0..count {
        let arrived = desk.until("officer", |event| event["event"] == "arrived");
        let id = arrived["short"].as_str().unwrap();
        assert_eq!(desk.json(&["read", id])["id"], arrived["alert"]);
        let answered = desk.json(&["ack", id]);
        assert_eq!(
            (&answered["stage"], &answered["already"]),
            (&"acknowledged".into(), &false.into())
        );
    }
}

/// What a reader was told until it was told of every acknowledgement and of everything that went.
fn told(listening: &mut Running) -> Vec<Value> {
    let mut told: Vec<Value> = Vec::new();
    let mut left = [ARRIVING, LEAVING];
    while left != [0, 0] {
        let event: Value = serde_json::from_str(&listening.line()).unwrap();
        if event["event"] == "acted" && event["stage"] == "acknowledged" {
            left[0] -= 1;
        }
        if event["event"] == "sent" {
            left[1] -= 1;
        }
        told.push(event);
    }
    told
}

fn ids_of(told: &[Value], kind: &str) -> Vec<String> {
    let of_kind = told.iter().filter(|event| event["event"] == kind);
    let id = |event: &Value| event["alert"].as_str().unwrap().to_owned();
    of_kind.map(id).collect()
}

#[test]
fn through_an_agent_any_number_of_commands_and_readers_work_at_once_and_nothing_is_told_twice() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (at_lyon, at_tunis) = (lyon.agent(), tunis.agent());
    let finished = AtomicBool::new(false);
    let looks = [["inbox"], ["ledger"], ["status"]].map(|words| {
        let (tunis, finished) = (world.tunis(), &finished);
        move || {
            while !finished.load(Ordering::Relaxed) {
                tunis.json(&words);
            }
        }
    });
    let (sent, left, told) = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|at| {
                let reader = format!("reader-{at}");
                let words = ["--json", "listen", "--reader", &reader];
                let mut listening = tunis.start(&words);
                scope.spawn(move || told(&mut listening))
            })
            .collect();
        let looking = looks.map(|look| scope.spawn(look));
        let officer = scope.spawn(|| acknowledge(&tunis, ARRIVING));
        let leaving = scope.spawn(|| send(&tunis, "interpol/fr/lyon", LEAVING));
        let sent = send(&lyon, "afripol/tn/tunis", ARRIVING);
        let ended = (officer.join(), leaving.join());
        finished.store(true, Ordering::Relaxed);
        if ended.0.is_err() || ended.1.is_err() {
            // Readers that wait for what never comes are told that the desk closes.
            drop(at_tunis);
        }
        let told: Vec<_> = readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect();
        for look in looking {
            look.join().unwrap();
        }
        (sent, ended.1.unwrap(), told)
    });
    drop(at_lyon);
    assert_eq!((sent.len(), left.len()), (ARRIVING, LEAVING));
    for told in &told {
        let numbers: Vec<u64> = told
            .iter()
            .map(|event| event["number"].as_u64().unwrap())
            .collect();
        assert!(
            numbers.is_sorted_by(|one, next| one < next),
            "each once, in order"
        );
        for (kind, expected) in [("arrived", &sent), ("sent", &left)] {
            let ids = ids_of(told, kind);
            assert_eq!(ids.len(), expected.len(), "{kind}");
            assert_eq!(
                ids.into_iter().collect::<BTreeSet<_>>(),
                *expected,
                "{kind}"
            );
        }
    }
    assert_eq!(tunis.json(&["inbox"])["alerts"], Value::Array(Vec::new()));
}

#[test]
fn without_an_agent_commands_wait_for_each_other() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    lyon.send(&["--body", "Look."]);
    let commands: [&[&str]; 5] = [
        &["inbox", "--patience", "60s"],
        &["ledger", "--patience", "60s"],
        &["status", "--patience", "60s"],
        &["officer", "out"],
        &["listen", "--count", "1", "--patience", "60s"],
    ];
    thread::scope(|scope| {
        for command in commands {
            let tunis = world.tunis();
            scope.spawn(move || tunis.done(command));
        }
    });
    assert_eq!(
        tunis.json(&["inbox"])["alerts"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_command_that_waited_in_vain_says_who_has_the_home_and_what_to_do() {
    let world = World::new();
    let tunis = world.tunis();
    let listening = tunis.start(&["--json", "listen"]);
    while !is_held(tunis.home()) {
        thread::yield_now();
    }
    let fault = tunis.refused(&["inbox", "--patience", "100ms"], 5, "home-locked");
    let hint = fault["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("maille agent"), "{hint}");
    drop(listening);
    tunis.done(&["inbox"]);
}

#[test]
fn an_agent_waits_for_a_command_and_commands_for_an_agent_that_begins() {
    let world = World::new().introduced();
    let tunis = world.tunis();
    thread::scope(|scope| {
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let tunis = world.tunis();
            waiting.push(scope.spawn(move || tunis.json(&["inbox", "--patience", "60s"])));
        }
        let mut agent = tunis.start(&["--json", "agent", "--patience", "60s"]);
        agent.line();
        for waiting in waiting {
            waiting.join().unwrap();
        }
        let second = tunis.answer(&["--json", "agent"], "");
        assert_eq!(second.code, 5, "{}", second.stderr);
        assert!(second.stderr.contains("home-locked"), "{}", second.stderr);
        assert_eq!(agent.terminate(), 0);
    });
}

#[test]
fn the_shift_changes_while_the_agent_holds_the_home_and_is_asked_by_many() {
    let world = World::new();
    let tunis = world.tunis();
    let file = world.write("pass", format!("{}\n", crate::world::PASSPHRASE));
    let _agent = tunis.agent();
    thread::scope(|scope| {
        for _ in 0..3 {
            let desk = world.tunis();
            scope.spawn(move || {
                for _ in 0..5 {
                    desk.json(&["inbox"]);
                    desk.json(&["ledger"]);
                }
            });
        }
        for _ in 0..2 {
            tunis.done(&["officer", "out"]);
            let words = ["officer", "in", "S. Ben Ali", "--passphrase-file"];
            let words = [&words[..], &[file.to_str().unwrap()]].concat();
            assert_eq!(tunis.json(&words)["officer"], "S. Ben Ali");
        }
    });
    assert_eq!(tunis.json(&["status"])["officer"], "S. Ben Ali");
}

//! Text of strangers in what a desk tells by itself: its log, the systems of an agency, its
//! programs, and tables for spreadsheets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use maille_client::Message;
use maille_common::terms::Reach;
use serde_json::Value;

use crate::desk::Desk;
use crate::hostile::{HOSTILE, harmless};
use crate::receiver::Receiver;
use crate::strangers::{hostile_draft, sent, short, shown};
use crate::world::World;

/// What a spreadsheet would run, or open a link by.
const FORMULAS: [&str; 6] = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\u{ff1d}HYPERLINK(\"a\")",
];

fn world() -> World {
    let address = format!("{HOSTILE}:1");
    World::with(HOSTILE, &[HOSTILE, &address], |plan| {
        // An example network names no address but its own machine's.
        plan.reach = Reach::Anywhere;
        for organisation in &mut plan.organisations {
            for contact in organisation.contacts.iter_mut().flatten() {
                contact.names.insert("fr".to_owned(), HOSTILE.to_owned());
                contact.role = HOSTILE.to_owned();
            }
        }
    })
}

/// A webhook of that name to a server, and its secret.
fn configure(desk: &Desk, receiver: &Receiver) {
    let secret = desk.home().join("cases.secret");
    fs::write(&secret, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        "[[webhook]]\nname = 'cases'\nsecret_file = 'cases.secret'\nurl = '{}'\n\
         events = ['arrived']\n",
        receiver.url()
    );
    fs::write(desk.home().join("settings.toml"), text).unwrap();
}

/// A program that says something and fails.
fn program(world: &World) -> String {
    let said = world.write("said", HOSTILE);
    let text = format!(
        "#!/bin/sh\ncat '{}' >&2\ncat '{0}'\nexit 1\n",
        said.display()
    );
    let path = world.write("page", text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn neither_log_nor_webhook_nor_status_of_an_agent_carries_what_escapes() {
    let mut world = world().introduced();
    let tunis = world.tunis();
    // A status line and a header of a stranger as well.
    let strange = "500 \u{1b}[2J\u{202e}FORGED\r\nx-\u{9b}: \u{1b}]0;a\u{7}";
    let receiver = Receiver::answering(&[]);
    configure(&tunis, &receiver);
    let program = program(&world);
    for format in [&[][..], &["--json"]] {
        receiver.answer(&[strange, "503 \u{1b}[2J"]);
        let words = [format, &["agent", "--on-alert", &program]].concat();
        let log = world.path("agent.log");
        let agent = tunis.agent_logging(&words, &log);
        let id = short(sent(
            &world,
            Message::new(hostile_draft()).to("afripol/tn/tunis"),
        ));
        a_message_is_harmless(&receiver);
        for words in [
            &["status"][..],
            &["doctor"],
            &["inbox"],
            &["read", &id, "--unread"],
        ] {
            shown(&tunis, words);
        }
        tunis.done(&["ack", &id]);
        // Without its relay it says at which addresses that is not.
        world.stop_relay();
        while !shown(&tunis, &["status"]).contains("could not be resolved") {}
        assert_eq!(agent.terminate(), 0);
        a_log_is_harmless(&log, !format.is_empty());
        world.start_relay();
    }
}

/// Head and body: what the server reads is JSON in one line, and means what was written.
fn a_message_is_harmless(receiver: &Receiver) {
    let heard = loop {
        let heard = receiver.next();
        if heard.json()["alert"].is_object() {
            break heard;
        }
    };
    for name in [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "host",
    ] {
        harmless(&[name], heard.header(name));
    }
    let body = String::from_utf8(heard.body.clone()).unwrap();
    harmless(&["webhook"], &body);
    assert_eq!(body.lines().count(), 1);
    let told = heard.json()["alert"].to_string();
    let written = Value::from(HOSTILE).to_string();
    assert!(
        told.contains(&written[1..written.len() - 1]),
        "{told:.2000}"
    );
}

fn a_log_is_harmless(log: &Path, json: bool) {
    let text = fs::read_to_string(log).unwrap();
    for told in ["FORGED", "webhook-failed", "program-failed"] {
        assert!(text.contains(told), "{told} was logged");
    }
    harmless(&["agent"], &text);
    // The last line is no event: the agent takes its leave.
    let events = text.trim_end().rsplit_once('\n').unwrap().0;
    for line in events.lines() {
        match json {
            true => drop(serde_json::from_str::<Value>(line).unwrap()),
            false => assert!(
                line.starts_with("20"),
                "an event begins with its time: {line}"
            ),
        }
    }
}

#[test]
fn no_cell_of_a_drills_table_is_a_formula_whatever_numbers_and_languages_a_roster_names() {
    let world = World::of(|plan| {
        let contact = &mut plan.organisations[1].contacts.as_mut().unwrap()[0];
        contact.telephones = FORMULAS.map(str::to_owned).to_vec();
        contact.languages = FORMULAS.map(str::to_owned).to_vec();
        contact.languages.reverse();
    });
    let world = world.introduced();
    let lyon = world.lyon();
    let begun = lyon.json(&["drill", "--to", "afripol/**"]);
    let id = begun["short"].as_str().unwrap();
    let table = shown(&lyon, &["drill", "show", id, "--csv"]);
    let rows: Vec<&str> = table.split("\r\n").collect();
    assert_eq!((rows.len(), rows[2]), (3, ""), "{table}");
    for cell in rows[1].trim_matches('"').split("\",\"") {
        let begins = cell.chars().next();
        let formula = |c: char| "=+-@\t\r\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c);
        assert!(!begins.is_some_and(formula), "{cell}");
    }
    for formula in FORMULAS {
        let visible = formula.replace('\t', "<U+0009>").replace('"', "\"\"");
        assert!(table.contains(&visible), "{formula}: {table}");
    }
    shown(&lyon, &["drill", "show", id]);
}

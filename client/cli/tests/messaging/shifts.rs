//! Officers change while an agent holds the home.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::world::{PASSPHRASE, World};

const OTHER_PASSPHRASE: &str = "one large \"green\" mountain \\ goat";

/// Files whose first line is a passphrase: of whoever is on duty at first, of the next, of nobody.
struct Passphrases {
    first: String,
    next: String,
    short: String,
}

impl Passphrases {
    fn of(world: &World) -> Self {
        let file = |name: &str, text: &str| world.write(name, text).display().to_string();
        Self {
            first: file("first.pass", &format!("{PASSPHRASE}\n")),
            next: file("next.pass", &format!("{OTHER_PASSPHRASE}\n")),
            short: file("short.pass", "short\n"),
        }
    }
}

fn sign_in(desk: &Desk, name: &str, file: &str) -> Value {
    desk.json(&["officer", "in", name, "--passphrase-file", file])
}

fn add(desk: &Desk, name: &str, file: &str) -> Value {
    desk.json(&["officer", "add", name, "--new-passphrase-file", file])
}

/// The statement of this stage in the story of an alert, as its sender sees it.
fn moment(sender: &Desk, id: &str, stage: &str) -> Value {
    let track = sender.json(&["track", id]);
    let timeline = track["recipients"][0]["timeline"].as_array().unwrap();
    let found = timeline.iter().find(|moment| moment["stage"] == stage);
    found.unwrap_or_else(|| panic!("{track}")).clone()
}

#[test]
fn what_is_signed_bears_the_name_of_whoever_is_on_duty_then() {
    let world = World::new().introduced();
    let passphrases = Passphrases::of(&world);
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let (at_tunis, _at_lyon) = (tunis.agent(), lyon.agent());
    let ids = ["One.", "Two.", "Three."].map(|body| {
        let sent = lyon.send(&["--body", body]);
        tunis.until("test", |event| event["event"] == "arrived");
        sent["short"].as_str().unwrap().to_owned()
    });
    let [one, two, three] = ids.each_ref().map(String::as_str);

    assert!(tunis.done(&["read", one]).contains("read by: S. Ben Ali"));
    let added = add(&tunis, "L. Haddad", &passphrases.next);
    assert_eq!(added, json!({"officer": "L. Haddad"}));
    let on_duty = sign_in(&tunis, "L. Haddad", &passphrases.next);
    assert_eq!(on_duty["officer"], "L. Haddad");
    // Another shell knows it too.
    assert_eq!(tunis.json(&["status"])["officer"], "L. Haddad");
    let words = ["ack", one, "--note", "The night shift is on it."];
    assert_eq!(tunis.json(&words)["officer"], "L. Haddad");
    let words = ["refuse", two, "--reason", "handling", "--note", "Not here."];
    assert_eq!(tunis.json(&words)["officer"], "L. Haddad");

    let off_duty = tunis.json(&["officer", "out"]);
    assert_eq!(off_duty, on_duty);
    tunis.refused(
        &["refuse", three, "--reason", "handling"],
        5,
        "officer-only",
    );
    assert_eq!(tunis.json(&["status"])["officer"], Value::Null);
    assert_eq!(
        tunis.json(&["read", three])["arrival"]["read_by"],
        Value::Null
    );
    assert_eq!(tunis.json(&["ack", three])["officer"], Value::Null);

    for _ in ids.iter() {
        let is_ended =
            |event: &Value| event["state"] == "acknowledged" || event["state"] == "refused";
        lyon.until("test", is_ended);
    }
    assert_eq!(moment(&lyon, one, "read")["officer"], "S. Ben Ali");
    let acknowledged = moment(&lyon, one, "acknowledged");
    assert_eq!(acknowledged["officer"], "L. Haddad");
    assert_eq!(acknowledged["note"], "The night shift is on it.");
    let refused = moment(&lyon, two, "refused");
    assert_eq!(
        (&refused["officer"], &refused["note"]),
        (&"L. Haddad".into(), &"Not here.".into())
    );
    let by_system = moment(&lyon, three, "acknowledged");
    assert_eq!(
        (&by_system["actor"], &by_system["officer"]),
        (&"system".into(), &Value::Null)
    );

    // What the agent changed stands in the home, also for whoever opens it after the agent.
    assert_eq!(at_tunis.terminate(), 0);
    sign_in(&tunis, "L. Haddad", &passphrases.next);
    let _agent = tunis.agent();
    assert_eq!(tunis.json(&["status"])["officer"], "L. Haddad");
}

#[test]
fn an_agent_refuses_what_a_closed_home_refuses_in_the_same_words() {
    let world = World::new();
    let passphrases = Passphrases::of(&world);
    let tunis = world.tunis();
    let Passphrases { first, next, short } = &passphrases;
    add(&tunis, "L. Haddad", next);
    let wrong_in = ["officer", "in", "S. Ben Ali", "--passphrase-file", next];
    let unknown_in = ["officer", "in", "Nobody", "--passphrase-file", first];
    let no_file = ["officer", "in", "S. Ben Ali", "--passphrase-file", "none"];
    let again = ["officer", "add", "L. Haddad", "--new-passphrase-file", next];
    let too_short = [
        "officer",
        "add",
        "M. Orlova",
        "--new-passphrase-file",
        short,
    ];
    let bad_name = ["officer", "add", " M.", "--new-passphrase-file", next];
    let by = ["--officer", "S. Ben Ali", "--passphrase-file"];
    let new = ["officer", "add", "M. Orlova", "--new-passphrase-file", next];
    let wrong_by = [&new[..], &by, &[next]].concat();
    let refusals: [(&[&str], i32, &str); 8] = [
        (&wrong_in, 5, "wrong-passphrase"),
        (&unknown_in, 5, "no-such-officer"),
        (&no_file, 3, "passphrase-file"),
        (&again, 3, "officer-exists"),
        (&too_short, 3, "passphrase-too-short"),
        (&bad_name, 3, "bad-officer-name"),
        (&wrong_by, 5, "wrong-passphrase"),
        (&["officer", "out"], 3, "nobody-on-duty"),
    ];
    let all = || refusals.map(|(words, exit, code)| tunis.refused(words, exit, code));
    tunis.done(&["officer", "out"]);
    let closed = all();
    let agent = tunis.agent();
    assert_eq!(all(), closed);
    assert_eq!(tunis.json(&["status"])["officer"], Value::Null);
    // Without the machine's key somebody has to vouch.
    assert_eq!(agent.terminate(), 0);
    fs::remove_file(tunis.home().join("machine.key")).unwrap();
    let closed = tunis.refused(&new, 5, "no-machine-key");
    let _agent = tunis.agent_by(&[&by[..], &[first]].concat());
    assert_eq!(tunis.refused(&new, 5, "no-machine-key"), closed);
    tunis.refused(&wrong_by, 5, "wrong-passphrase");
    tunis.done(&[&new[..], &by, &[first]].concat());
    sign_in(&tunis, "M. Orlova", next);
    // Whoever is on duty vouches where nobody is named.
    let words = ["officer", "add", "A. Nour", "--new-passphrase-file", next];
    tunis.done(&[&words[..], &["--passphrase-file", next]].concat());
}

/// Opening a home and being on duty are two things: alerts come at any hour.
#[test]
fn an_agent_changes_a_passphrase_and_takes_a_way_in_for_whoever_could_open_the_home() {
    let world = World::new();
    let passphrases = Passphrases::of(&world);
    let tunis = world.tunis();
    let Passphrases { first, next, .. } = &passphrases;
    add(&tunis, "L. Haddad", next);
    sign_in(&tunis, "L. Haddad", next);
    let agent = tunis.agent();
    let (from, to) = ("--passphrase-file", "--new-passphrase-file");
    let change = ["officer", "passphrase", "L. Haddad", to, first, from];
    tunis.refused(&[&change[..], &[first]].concat(), 5, "wrong-passphrase");
    let changed = tunis.json(&[&change[..], &[next]].concat());
    assert_eq!(changed, json!({"officer": "L. Haddad"}));
    let old = ["officer", "in", "L. Haddad", from, next];
    tunis.refused(&old, 5, "wrong-passphrase");
    sign_in(&tunis, "L. Haddad", first);

    let by = ["--officer", "S. Ben Ali", from];
    let remove = [&["officer", "remove", "L. Haddad"][..], &by].concat();
    let wrong_by = [&remove[..], &[next]].concat();
    tunis.refused(&wrong_by, 5, "wrong-passphrase");
    assert_eq!(tunis.json(&["status"])["officer"], "L. Haddad");
    let removed = tunis.json(&[&remove[..], &[first]].concat());
    assert_eq!(removed, json!({"officer": "L. Haddad"}));
    assert_eq!(tunis.json(&["status"])["officer"], Value::Null);
    assert_eq!(agent.terminate(), 0);
    let gone = ["officer", "in", "L. Haddad", from, first];
    tunis.refused(&gone, 5, "officer-removed");
}

#[test]
fn the_home_stays_open_when_whoever_started_the_agent_goes_off_duty() {
    let world = World::new();
    let passphrases = Passphrases::of(&world);
    let (lyon, tunis) = (world.lyon(), world.tunis());
    tunis.done(&["officer", "out"]);
    fs::remove_file(tunis.home().join("machine.key")).unwrap();
    let unlock = ["--officer", "S. Ben Ali", "--passphrase-file"];
    let _at_tunis = tunis.agent_by(&[&unlock[..], &[&passphrases.first]].concat());
    let _at_lyon = lyon.agent();
    assert_eq!(tunis.json(&["status"])["officer"], Value::Null);
    sign_in(&tunis, "S. Ben Ali", &passphrases.first);
    assert_eq!(tunis.json(&["status"])["officer"], "S. Ben Ali");
    tunis.done(&["officer", "out"]);
    let sent = lyon.send(&["--body", "Look."]);
    let arrived = tunis.until("test", |event| event["event"] == "arrived");
    assert_eq!(arrived["short"], sent["short"]);
    let id = sent["short"].as_str().unwrap();
    tunis.refused(&["refuse", id, "--reason", "handling"], 5, "officer-only");
    sign_in(&tunis, "S. Ben Ali", &passphrases.first);
    assert_eq!(tunis.json(&["ack", id])["officer"], "S. Ben Ali");
}

#[test]
fn shells_that_change_duty_at_the_same_time_agree_afterwards() {
    let world = World::new();
    let passphrases = Passphrases::of(&world);
    let tunis = world.tunis();
    let _agent = tunis.agent();
    add(&tunis, "L. Haddad", &passphrases.next);
    let officers = [
        ("S. Ben Ali", &passphrases.first),
        ("L. Haddad", &passphrases.next),
    ];
    let started = officers.iter().cycle().take(6).map(|(name, file)| {
        tunis.start(&["--json", "officer", "in", name, "--passphrase-file", file])
    });
    let shells: Vec<_> = started.collect();
    for mut shell in shells {
        shell.line();
        assert_eq!(shell.end(), 0);
    }
    let on_duty = tunis.json(&["status"])["officer"].clone();
    assert!(
        officers.iter().any(|(name, _)| *name == on_duty),
        "{on_duty}"
    );
    assert_eq!(tunis.json(&["officer", "out"])["officer"], on_duty);
    assert!(!tunis.home().join("officer.toml.new").exists());
}

#[test]
fn a_passphrase_is_kept_nowhere_and_put_to_no_socket_of_others() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let passphrases = Passphrases::of(&world);
    let tunis = world.tunis();
    let _agent = tunis.agent();
    add(&tunis, "L. Haddad", &passphrases.next);
    sign_in(&tunis, "L. Haddad", &passphrases.next);
    let words = ["officer", "in", "L. Haddad", "--passphrase-file"];
    let wrong = tunis.answer(&[&words[..], &[&passphrases.first]].concat(), "");
    assert_eq!(wrong.code, 5);
    assert!(!wrong.stderr.contains(PASSPHRASE), "{}", wrong.stderr);
    for kept in files_under(tunis.home()) {
        for secret in [PASSPHRASE, "mountain"] {
            let found = kept.windows(secret.len()).any(|at| at == secret.as_bytes());
            assert!(!found, "{}", String::from_utf8_lossy(&kept));
        }
    }
    // In a folder that others write to, somebody else may answer.
    fs::set_permissions(tunis.home(), fs::Permissions::from_mode(0o770)).unwrap();
    let words = [&words[..], &[&passphrases.next]].concat();
    tunis.refused(&words, 5, "home-too-open");
}

/// What stands in each file of a folder, and of those in it.
fn files_under(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else if path.is_file() {
            found.push(fs::read(path).unwrap());
        }
    }
    found
}

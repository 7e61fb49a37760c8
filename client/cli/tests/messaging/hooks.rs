//! Programs that the agent runs for events.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::desk::{Desk, Running};
use crate::world::World;

/// A program that writes one line to a fifo each time it is run; the test reads what it was told.
struct Program {
    path: PathBuf,
    told: PathBuf,
}

impl Program {
    /// Runs these lines of a shell; `$TOLD` is a folder for what was told.
    fn new(world: &World, name: &str, lines: &str) -> Self {
        let told = world.path(&format!("{name}.told"));
        fs::create_dir(&told).unwrap();
        let text = format!("#!/bin/sh\nTOLD='{}'\n{lines}\n", told.display());
        let path = world.write(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        Self { path, told }
    }

    /// Writes what it is told to a file of its own, which appears whole.
    fn keeping(world: &World, name: &str) -> Self {
        let keep = "cat > \"$TOLD/.$$\" && mv \"$TOLD/.$$\" \"$TOLD/told-$$\"";
        Self::new(world, name, keep)
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// What it was told so far.
    fn told(&self) -> Vec<Value> {
        let files = fs::read_dir(&self.told).unwrap();
        let names = files.map(|file| file.unwrap());
        let whole = names.filter(|file| file.file_name().to_str().unwrap().starts_with("told"));
        whole
            .map(|file| serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap())
            .collect()
    }

    /// Waits until it was told so often.
    fn wait(&self, desk: &Desk, count: usize) -> Vec<Value> {
        loop {
            let told = self.told();
            if told.len() >= count {
                return told;
            }
            // Asks the agent, which takes a moment.
            desk.done(&["status"]);
        }
    }
}

/// The agent with programs.
fn agent(desk: &Desk, words: &[&str]) -> Running {
    desk.agent_by(words)
}

/// Waits until everything is told, and gives how the first hook stands.
fn all_told(desk: &Desk) -> Value {
    loop {
        let hook = desk.json(&["status"])["hooks"][0].clone();
        if hook["behind"] == 0 {
            return hook;
        }
    }
}

/// The object that the page shows.
fn of_the_page() -> Value {
    let page = include_str!("../../../../docs/hooks.md");
    let shown = page.split("```json").nth(1).unwrap();
    serde_json::from_str(shown.split("```").next().unwrap()).unwrap()
}

fn fields(told: &Value) -> Vec<&String> {
    told.as_object().unwrap().keys().collect()
}

#[test]
fn a_program_is_told_of_each_arrival_with_the_alert_on_its_standard_input() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let program = Program::keeping(&world, "page");
    let _at_tunis = agent(&tunis, &["--on-alert", program.path()]);
    let sent = lyon.send(&["--body", "Look for the sender."]);
    lyon.send(&["--body", "Nothing real.", "--status", "exercise"]);
    let again = lyon.send(&["--body", "Another."]);
    let told = program.wait(&tunis, 2);
    all_told(&tunis);
    assert_eq!(program.told().len(), 2, "the exercise is not told");
    let of = |id: &Value| {
        told.iter()
            .find(|told| told["event"]["alert"] == *id)
            .unwrap()
    };
    let first = of(&sent["id"]);
    assert_eq!(
        (&first["version"], &first["exercise"]),
        (&1.into(), &false.into())
    );
    assert_eq!(first["event"]["event"], "arrived");
    assert_eq!(first["contact"], "afripol/tn/tunis");
    assert_eq!(fields(first), fields(&of_the_page()));
    let mut read = tunis.json(&["read", sent["short"].as_str().unwrap(), "--unread"]);
    // Whether the attachments are whole may change meanwhile, and whether somebody saw it has.
    read["arrival"]["possibly_seen"] = first["alert"]["arrival"]["possibly_seen"].clone();
    assert_eq!(first["alert"], read);
    assert_eq!(
        first["alert"]["arrival"]["stage"], "delivered",
        "it is no officer"
    );
    let number = first["event"]["number"].to_string();
    assert!(
        first["id"]
            .as_str()
            .unwrap()
            .ends_with(&format!("-{number}"))
    );
    assert_ne!(first["id"], of(&again["id"])["id"]);
}

#[test]
fn with_exercises_a_program_is_told_that_it_is_one() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let program = Program::keeping(&world, "page");
    let _at_tunis = agent(&tunis, &["--exercises", "--on-alert", program.path()]);
    lyon.send(&["--body", "Nothing real.", "--status", "exercise"]);
    let told = program.wait(&tunis, 1);
    assert_eq!(
        (&told[0]["exercise"], &told[0]["alert"]["status"]),
        (&true.into(), &"exercise".into())
    );
}

#[test]
fn nothing_of_an_alert_is_in_arguments_or_environment() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let keep = "{ tr '\\000' '\\n' < /proc/$$/cmdline; env; } > \"$TOLD/words\"";
    let program = Program::new(&world, "page", keep);
    let _at_tunis = agent(&tunis, &["--on-alert", program.path()]);
    let sent = lyon.send(&["--body", "Umbrella"]);
    tunis.until("test", |event| event["event"] == "arrived");
    all_told(&tunis);
    let words = fs::read_to_string(program.told.join("words")).unwrap();
    assert!(
        words.contains(&format!("MAILLE_HOME={}", tunis.home().display())),
        "{words}"
    );
    for word in [
        "Umbrella",
        "Ransomware",
        "interpol",
        sent["id"].as_str().unwrap(),
    ] {
        assert!(!words.contains(word), "{words}");
    }
}

#[test]
fn a_program_that_fails_is_run_again_and_the_desk_says_why() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let lines = "[ -e \"$TOLD/mended\" ] || { echo Umbrella >&2; exit 7; }\n\
                 cat > \"$TOLD/.$$\" && mv \"$TOLD/.$$\" \"$TOLD/told-$$\"";
    let program = Program::new(&world, "page", lines);
    let _at_tunis = agent(&tunis, &["--on-alert", program.path()]);
    let sent = lyon.send(&["--body", "Look."]);
    let failing = loop {
        let hook = tunis.json(&["status"])["hooks"][0].clone();
        if hook["last_error"].is_string() {
            break hook;
        }
    };
    assert_eq!(failing["last_error"], "it ended with code 7");
    assert_eq!(
        (&failing["name"], &failing["waiting"]),
        (&"on-alert".into(), &1.into())
    );
    assert!(failing["behind"].as_u64().unwrap() > 0);
    let found = tunis.done(&["doctor"]);
    assert!(found.contains("look  program on-alert"), "{found}");
    fs::write(program.told.join("mended"), "").unwrap();
    let told = program.wait(&tunis, 1);
    assert_eq!(told[0]["event"]["alert"], sent["id"]);
    assert_eq!(all_told(&tunis)["last_error"], Value::Null);
}

#[test]
fn one_alert_that_a_program_fails_on_holds_up_no_other() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let lines = "cat > \"$TOLD/.$$\"\ngrep -q Poison \"$TOLD/.$$\" && exit 1\n\
                 mv \"$TOLD/.$$\" \"$TOLD/told-$$\"";
    let program = Program::new(&world, "page", lines);
    let _at_tunis = agent(&tunis, &["--on-alert", program.path()]);
    lyon.send(&["--body", "Poison"]);
    let other = lyon.send(&["--body", "Look."]);
    let told = program.wait(&tunis, 1);
    assert_eq!(told[0]["event"]["alert"], other["id"]);
}

#[test]
fn a_program_that_hangs_is_killed_with_what_it_started() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    // The child holds the fifo open for as long as it lives.
    let lines = "mkfifo \"$TOLD/alive\" 2>/dev/null || exit 0\n\
                 sleep 1000 > \"$TOLD/alive\" &\nwait";
    let program = Program::new(&world, "page", lines);
    let words = ["--hook-limit", "2s", "--on-alert", program.path()];
    let _at_tunis = agent(&tunis, &words);
    lyon.send(&["--body", "Look."]);
    let alive = program.told.join("alive");
    while !alive.exists() {
        tunis.done(&["status"]);
    }
    // Opens once the child has it open too, and ends when the child does.
    fs::read(alive).unwrap();
    // The second time it ends at once.
    all_told(&tunis);
}

#[test]
fn what_a_killed_agent_had_not_told_is_told_by_the_next_one() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let lines = "[ -e \"$TOLD/mended\" ] || exit 1\ncat > \"$TOLD/.$$\"\n\
                 mv \"$TOLD/.$$\" \"$TOLD/told-$$\"";
    let program = Program::new(&world, "page", lines);
    let at_tunis = agent(&tunis, &["--on-alert", program.path()]);
    let sent = lyon.send(&["--body", "Look."]);
    tunis.until("test", |event| event["event"] == "arrived");
    at_tunis.kill();
    fs::write(program.told.join("mended"), "").unwrap();
    let _next = agent(&tunis, &["--on-alert", program.path()]);
    let told = program.wait(&tunis, 1);
    assert_eq!(told[0]["event"]["alert"], sent["id"]);
}

#[test]
fn a_new_hook_is_not_told_of_what_lies_behind_it() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    lyon.send(&["--body", "Before."]);
    tunis.until("test", |event| event["event"] == "arrived");
    let program = Program::keeping(&world, "page");
    let _at_tunis = agent(&tunis, &["--on-alert", program.path()]);
    let after = lyon.send(&["--body", "After."]);
    let told = program.wait(&tunis, 1);
    all_told(&tunis);
    assert_eq!(program.told().len(), 1);
    assert_eq!(told[0]["event"]["alert"], after["id"]);
}

#[test]
fn both_desks_run_a_program_for_what_is_overdue() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let [by_us, to_us] =
        ["late-at-tunis", "late-at-lyon"].map(|name| Program::keeping(&world, name));
    let _at_tunis = agent(&tunis, &["--on-overdue", by_us.path()]);
    let _at_lyon = agent(&lyon, &["--on-overdue", to_us.path()]);
    let sent = lyon.send(&["--body", "Look.", "--ack-within", "1s"]);
    for (desk, program, owed) in [(&tunis, &by_us, "by-us"), (&lyon, &to_us, "to-us")] {
        let told = program.wait(desk, 1).remove(0);
        assert_eq!(told["event"]["event"], "overdue");
        assert_eq!(told["event"]["recipient"], "afripol/tn/tunis");
        assert_eq!(told["alert"]["id"], sent["id"]);
        assert_eq!(told["obligations"][0]["owed"], owed);
        assert_eq!(told["obligations"][0]["overdue"], true);
    }
}

#[test]
fn a_program_that_cannot_be_run_is_refused_before_the_home_is_opened() {
    let world = World::new();
    let tunis = world.tunis();
    let refused = |path: &str| tunis.refused(&["agent", "--on-alert", path], 3, "hook-program");
    refused("/nowhere/page");
    refused(tunis.home().to_str().unwrap());
    let file = world.write("page", "#!/bin/sh\n");
    refused(file.to_str().unwrap());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o707)).unwrap();
    let fault = refused(file.to_str().unwrap());
    assert!(
        fault["error"]["message"]
            .as_str()
            .unwrap()
            .contains("everybody may write")
    );
    let words = ["listen", "--reader", "agent:on-alert", "--count", "1"];
    tunis.refused(&words, 3, "reader-name");
}

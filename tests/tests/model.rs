//! The symbolic models in `docs/model`, judged by Verifpal: each holds what its head says, and each
//! check that a line names is needed for that. Without the prover nothing is judged, and said so.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// As words in the head of a model.
const SESSIONS: [(&str, &str); 2] = [("one session", "1"), ("two", "2")];

/// Behind a line: which check it is, and what is found without it.
const WITHOUT: &str = " without it: ";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/model")
}

/// Its version, if the prover is installed.
fn has_prover() -> bool {
    let found = Command::new("verifpal").arg("--version").output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        let said = "SKIPPED: verifpal is not installed, no model was judged (docs/model).";
        let _ = writeln!(std::io::stderr(), "{said}");
    }
    found
}

/// The models, by their names.
fn models() -> Vec<(String, String)> {
    let mut models = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "vp") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            models.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    models.sort();
    assert!(models.len() > 2, "{models:?}");
    models
}

/// What the prover finds: a letter and a digit for each query, 1 where there is an attack.
fn judge(name: &str, model: &str, sessions: &str) -> String {
    let at = tempfile::tempdir().unwrap();
    let path = at.path().join(name);
    fs::write(&path, model).unwrap();
    let output = Command::new("verifpal")
        .args(["verify", "--result-code", "--quiet", "--sessions", sessions])
        .arg(&path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {text}{said}");
    text.lines().last().unwrap_or_default().to_owned()
}

/// `Expected: c0a1 at one session; c0a1 at two.`
fn expected(name: &str, model: &str) -> Vec<(&'static str, String)> {
    let head = model
        .lines()
        .find_map(|line| line.strip_prefix("// Expected: "));
    let head = head.unwrap_or_else(|| panic!("{name} does not say what is expected"));
    let parts = head.trim_end_matches('.').split("; ");
    let read = |part: &str| {
        let (code, sessions) = part.split_once(" at ").unwrap();
        let known = SESSIONS.iter().find(|(words, _)| *words == sessions);
        (known.unwrap().1, code.to_owned())
    };
    parts.map(read).collect()
}

#[test]
fn each_model_holds_what_it_says() {
    if !has_prover() {
        return;
    }
    for (name, model) in models() {
        for (sessions, code) in expected(&name, &model) {
            let found = judge(&name, &model, sessions);
            assert_eq!(found, code, "{name} at {sessions} sessions");
        }
    }
}

/// A model in which nothing can go wrong proves nothing.
#[test]
fn the_attack_is_found_without_each_check_that_a_model_names() {
    if !has_prover() {
        return;
    }
    let mut checks = 0;
    for (name, model) in models() {
        let lines: Vec<&str> = model.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some((checked, code)) = line.split_once(WITHOUT) else {
                continue;
            };
            let (enforced, check) = checked.split_once("? // ").unwrap();
            let mut without: Vec<&str> = lines.clone();
            without[at] = enforced;
            let found = judge(&name, &without.join("\n"), "1");
            assert_eq!(found, code, "{name}, line {}, without {check}", at + 1);
            checks += 1;
        }
    }
    assert!(checks >= 14, "{checks}");
}

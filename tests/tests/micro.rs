//! Small parts beside bare primitives: each `ratios` command of docs/performance.md, run small.
//! How fast anything is this does not say. The gate itself runs `counts`, in a release build; what
//! `cargo bench` repeats are the same closures.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::process::{Command, Stdio};

use serde_json::Value;

const PAGE: &str = include_str!("../../docs/performance.md");

/// What makes a run small. Of two values of one argument, the tool takes the later one.
const SMALL: &str = "--rounds 1 --turn-ms 0 --devices 60 --seal-max 10";

/// The commands of the page that run this program, with its name left out.
fn commands(program: &str) -> Vec<&'static str> {
    let beginning = format!("cargo run --release -p maille-tests --bin {program}");
    let commands = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix(&beginning));
    commands
        .map(|rest| rest.strip_prefix(" -- ").unwrap_or(rest))
        .collect()
}

/// Every line that one of them prints, run small and without its verdict.
fn lines(command: &str) -> Vec<Value> {
    let words = command.split_whitespace().filter(|word| *word != "--check");
    let output = Command::new(env!("CARGO_BIN_EXE_ratios"))
        .args(words)
        .args(SMALL.split(' '))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {said}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn ratios_tells_of_each_part_what_it_takes_and_how_much_more_than_its_primitive() {
    let commands = commands("ratios");
    assert!(commands.iter().any(|command| command.contains("--check")));
    for command in commands {
        let lines = lines(command);
        assert!(!lines.is_empty(), "{command} prints a line");
        for line in lines {
            for number in ["ns", "bare_ns", "limit"] {
                assert!(line[number].as_f64().unwrap() > 0.0, "{line}");
            }
            assert!(
                line["ratio"].is_number() && line["bare"].is_string(),
                "{line}"
            );
        }
    }
}

#[test]
fn the_page_has_a_row_for_each_part_that_ratios_measures() {
    for line in lines("") {
        let figure = line["figure"].as_str().unwrap();
        let row = format!("| `{figure}` |");
        assert!(PAGE.contains(&row), "docs/performance.md has no row {row}");
    }
}

#[test]
fn the_gate_counts_instructions_as_the_page_does() {
    let gate = include_str!("../../.ci/run");
    let ran = "cargo run --release --locked --quiet --package maille-tests --bin counts\n";
    assert!(gate.contains(ran) && gate.contains("step 'counts' counts\n"));
    assert_eq!(commands("counts"), ["", "--write"]);
}

#[test]
fn counts_says_what_is_missing_where_there_is_no_valgrind_and_ends_with_2() {
    let output = Command::new(env!("CARGO_BIN_EXE_counts"))
        .env("PATH", "")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("install the package `valgrind`"), "{said}");
}

//! `docs/threat-model.md` claims nothing that no test shows, and the hostile suite shows nothing
//! that it does not say.

use std::collections::BTreeSet;

use crate::faults::Faults;
use crate::repository::{text_files, text_of};

const THREATS: &str = "docs/threat-model.md";
const SUITE: &str = "tests/tests/hostile/";

/// One attack: its line, its number, and the tests that it names.
#[derive(Debug, PartialEq, Eq)]
struct Attack<'a> {
    line: usize,
    number: &'a str,
    stopped: &'a str,
    tests: Vec<&'a str>,
}

#[test]
fn every_attack_names_tests_that_exist() {
    let mut faults = Faults::default();
    for attack in attacks(text_of(THREATS)) {
        if attack.tests.is_empty() {
            faults.at(THREATS, attack.line, "an attack without a test");
        }
        for test in &attack.tests {
            if !exists(test) {
                faults.at(THREATS, attack.line, test);
            }
        }
    }
    faults.none("each row of the threat model names tests, and each of them is there");
}

#[test]
fn the_attacks_are_numbered_and_none_is_left_out() {
    let attacks = attacks(text_of(THREATS));
    assert!(attacks.len() > 90, "the tables are read");
    let mut faults = Faults::default();
    for (attack, number) in attacks.iter().zip(1..) {
        if attack.number != number.to_string() {
            faults.at(THREATS, attack.line, &format!("{number} is missing"));
        }
        if attack.stopped.is_empty() {
            faults.at(THREATS, attack.line, "nothing stops it");
        }
    }
    faults.none("the attacks are counted without a gap");
}

#[test]
fn every_test_of_the_hostile_suite_stands_in_the_threat_model() {
    let attacks = attacks(text_of(THREATS));
    let named: BTreeSet<&str> = attacks
        .iter()
        .flat_map(|attack| &attack.tests)
        .copied()
        .collect();
    let mut faults = Faults::default();
    let mut found = 0;
    for file in text_files()
        .iter()
        .filter(|file| file.path.starts_with(SUITE))
    {
        for name in tests_of(&file.text) {
            found += 1;
            if !named.contains(format!("{}::{name}", file.path).as_str()) {
                faults.of(&file.path, name);
            }
        }
    }
    assert!(found > 40, "the suite is read");
    faults.none("what the hostile suite shows, docs/threat-model.md says");
}

#[test]
fn a_row_without_a_test_would_be_noticed() {
    let text = "| no. | attack | by | what stops it | tests |\n|---|---|---|---|---|\n\
                | 1 | Reads | relay | E13 | `a.rs::one`, `b.rs::two` |\n\
                | 2 | Writes | relay |  |  |\n";
    let read = attacks(text);
    let tests: Vec<_> = read.iter().map(|attack| attack.tests.clone()).collect();
    assert_eq!(tests, [vec!["a.rs::one", "b.rs::two"], vec![]]);
    assert_eq!(
        (read[1].number, read[1].stopped, read[1].line),
        ("2", "", 4)
    );
    let code = "#[test]\nfn one() {}\nfn two() {}\n#[tokio::test(flavor = \"x\")]\n\
                #[cfg(unix)]\nasync fn three() {}\n    #[test]\n    fn four(it in 0..1) {}\n";
    assert_eq!(tests_of(code), ["one", "three", "four"]);
    assert!(!exists("tests/tests/tidy/threats.rs::no_such_test"));
    assert!(!exists("tests/tests/tidy/no_such_file.rs::tests_of"));
}

/// The rows that begin with a number.
fn attacks(text: &str) -> Vec<Attack<'_>> {
    let rows = (1..).zip(text.lines());
    rows.filter_map(|(line, row)| attack(line, row)).collect()
}

fn attack(line: usize, row: &str) -> Option<Attack<'_>> {
    let cells = row.strip_prefix("| ")?.split(" |").map(str::trim);
    let [number, _, _, stopped, tests, ..] = cells.collect::<Vec<_>>()[..] else {
        return None;
    };
    let tests = tests.split('`').filter(|code| code.contains("::"));
    number.parse::<u32>().ok()?;
    Some(Attack {
        line,
        number,
        stopped,
        tests: tests.collect(),
    })
}

/// Whether `path::name` is a test.
fn exists(test: &str) -> bool {
    let Some((path, name)) = test.split_once("::") else {
        return false;
    };
    let file = text_files().iter().find(|file| file.path == path);
    file.is_some_and(|file| tests_of(&file.text).contains(&name))
}

/// The names of the functions that are marked as tests.
fn tests_of(code: &str) -> Vec<&str> {
    let mut marked = false;
    let mut tests = Vec::new();
    for line in code.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if marked && !line.starts_with("#[") {
            let item = line.strip_prefix("async ").unwrap_or(line);
            let name = item
                .strip_prefix("fn ")
                .and_then(|item| item.split('(').next());
            tests.extend(name);
            marked = false;
        }
    }
    tests
}

//! PROTOCOL.md and the code hold each other to account: every check is named where it is decided,
//! and missed by a test, and every label written down is one that the code has.

use std::collections::BTreeSet;

use maille_common::check::Check;
use maille_common::label::Label;
use maille_tests::checks::{Row, Table};

use crate::faults::Faults;
use crate::repository::{rust_sources, text_of};
use crate::words::{line_of, places};

const PROTOCOL: &str = "common/PROTOCOL.md";

/// The statements that PROTOCOL.md writes as `X` where it gives one label for all.
const STATEMENTS: &[&str] = &["receipt", "accepted", "notice", "expiry", "relay time"];

#[test]
fn every_check_of_the_document_is_one_that_tests_can_take_out() {
    let known: BTreeSet<String> = Check::ALL
        .iter()
        .map(|check| check.as_str().to_owned())
        .collect();
    assert_eq!(checks(), known, "the document and common/src/check.rs");
}

#[test]
fn every_check_is_named_where_it_is_decided() {
    let product: Vec<&str> = rust_sources()
        .iter()
        .filter(|source| !source.lies_in(&["common/src/check.rs", "tests/"]))
        .map(|source| source.product.as_str())
        .collect();
    let is_named = |check: &String| {
        let name = format!("Check::{check}");
        product.iter().any(|code| !places(code, &name).is_empty())
    };
    let missing: Vec<String> = checks()
        .into_iter()
        .filter(|check| !is_named(check))
        .collect();
    assert!(
        missing.is_empty(),
        "no code decides by these checks of PROTOCOL.md (as `Check::E7`): {}",
        missing.join(" ")
    );
}

#[test]
fn every_check_has_a_test_that_misses_it() {
    let table = Table::of_sources();
    assert_eq!(
        table.unnoticed(),
        [],
        "docs/checks.md names a test for each"
    );
    let exists = |row: &Row| {
        let name = row.test.rsplit("::").next().unwrap_or_default();
        let head = format!("fn {name}(");
        let mut sources = rust_sources().iter();
        sources.any(|source| source.tests.contains(&head))
    };
    let strays: Vec<&Row> = table.rows.iter().filter(|row| !exists(row)).collect();
    assert!(strays.is_empty(), "docs/checks.md names {strays:?}");
}

#[test]
fn the_argument_rests_on_checks_and_tests_that_exist() {
    const ARGUMENT: &str = "docs/security-argument.md";
    let text = text_of(ARGUMENT);
    let checks = checks();
    let mut faults = Faults::default();
    let words = text.split(|mark: char| !mark.is_ascii_alphanumeric());
    let numbers: BTreeSet<&str> = words.filter(|word| check(word).is_some()).collect();
    for number in numbers.iter().filter(|number| !checks.contains(**number)) {
        faults.at(ARGUMENT, 1, number);
    }
    let tests = text.split('`').filter_map(|code| code.split_once(".rs::"));
    let mut named = 0;
    for (file, test) in tests {
        named += 1;
        // A file beside its tests stands for them.
        let places = [format!("{file}.rs"), format!("{file}/tests.rs")];
        let head = format!("fn {test}(");
        let mut sources = rust_sources().iter();
        if !sources.any(|one| places.contains(&one.path) && one.tests.contains(&head)) {
            faults.at(ARGUMENT, 1, test);
        }
    }
    assert!(named > 20 && numbers.len() > 40, "the argument names both");
    faults.none("what the argument rests on exists");
}

#[test]
fn every_step_of_the_argument_names_a_check_and_a_test() {
    const ARGUMENT: &str = "docs/security-argument.md";
    let steps = steps(text_of(ARGUMENT));
    assert!(steps.len() > 30, "the steps are read");
    let mut faults = Faults::default();
    for (line, step) in steps {
        if !names_a_check(&step) {
            faults.at(ARGUMENT, line, "a step without a check");
        }
        if !step.contains(".rs::") {
            faults.at(ARGUMENT, line, "a step without a test");
        }
    }
    faults.none("each step rests on a check of PROTOCOL.md and on a test");
}

#[test]
fn a_step_that_rests_on_nothing_would_be_noticed() {
    let text = "# Why\n1. No property.\n\n## 1. Secrecy\n\n1. First (E7;\n   `a.rs::b`).\n\
                2. Second: U3, E.\n\nSymbolic: E9.\n\n## The models\n\n1. No step.\n";
    let steps = steps(text);
    let read: Vec<_> = steps.iter().map(|(line, step)| (*line, &**step)).collect();
    assert_eq!(read, [(6, "First (E7; `a.rs::b`)."), (8, "Second: U3, E.")]);
    assert!(names_a_check(read[0].1) && !names_a_check(read[1].1));
}

#[test]
fn every_check_that_is_cited_exists() {
    let checks = checks();
    let unknown: Vec<String> = cited()
        .into_iter()
        .filter(|check| !checks.contains(check))
        .collect();
    assert!(
        unknown.is_empty(),
        "PROTOCOL.md has no such check: {}",
        unknown.join(" ")
    );
}

#[test]
fn every_label_of_the_document_is_in_the_list() {
    let text = text_of(PROTOCOL);
    let known: BTreeSet<&str> = Label::ALL
        .iter()
        .filter_map(|label| label.as_str().strip_prefix("maille/1 "))
        .collect();
    let mut faults = Faults::default();
    let mut found = 0;
    for (at, label) in labels(text) {
        found += 1;
        if !known.contains(label.as_str()) {
            faults.at(PROTOCOL, line_of(text, at), &label);
        }
    }
    assert!(found > 20, "PROTOCOL.md names its labels");
    faults.none("common/src/label.rs has no such label");
}

#[test]
fn citations_are_read_as_people_write_them() {
    let read = |text: &str| {
        let mut found = BTreeSet::new();
        add_citations(text, &mut found);
        found.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        read("rule (PROTOCOL E4 to E6, E11, and E17 for more)"),
        "E11 E17 E4 E5 E6"
    );
    assert_eq!(read("PROTOCOL.md, R2. Then E1"), "R2");
    assert_eq!(read("PROTOCOL section 5, E1"), "");
    assert_eq!(read("`PROTOCOL Q6`"), "Q6");
}

/// The numbers of the checks, from the first column of the tables.
fn checks() -> BTreeSet<String> {
    let checks: BTreeSet<String> = text_of(PROTOCOL)
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|cell| check(cell).is_some())
        .map(str::to_owned)
        .collect();
    assert!(checks.len() > 40, "PROTOCOL.md has its tables of checks");
    checks
}

/// The numbered steps below the numbered properties of an argument, each with its line.
fn steps(text: &str) -> Vec<(usize, String)> {
    let is_numbered = |line: &str| {
        let head = line.split_once(". ").map(|(number, _)| number);
        head.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let mut steps: Vec<(usize, String)> = Vec::new();
    let (mut in_property, mut in_step) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(head) = line.strip_prefix("## ") {
            in_property = is_numbered(head);
        }
        let begins = in_property && is_numbered(line);
        if begins {
            let words = line.split_once(". ").map_or("", |(_, words)| words);
            steps.push((number, words.to_owned()));
        }
        in_step = begins || in_step && line.starts_with("   ");
        if let Some((_, step)) = steps.last_mut().filter(|_| in_step && !begins) {
            step.push(' ');
            step.push_str(line.trim());
        }
    }
    steps
}

/// Whether a text names a check, other than in the name of a test.
fn names_a_check(text: &str) -> bool {
    let plain = text.split('`').step_by(2);
    let mut words = plain.flat_map(|text| text.split(|mark: char| !mark.is_ascii_alphanumeric()));
    words.any(|word| check(word).is_some())
}

/// Every check cited by a comment as `PROTOCOL E7`, or held by code as the string `"E7"`.
fn cited() -> BTreeSet<String> {
    let checks = checks();
    let mut cited = BTreeSet::new();
    for source in rust_sources() {
        if source.path.starts_with("tests/tests/tidy/") {
            continue;
        }
        let words: Vec<&str> = source.comments.split_whitespace().collect();
        add_citations(&words.join(" "), &mut cited);
        let held = checks
            .iter()
            .filter(|check| !places(&source.text, &format!("\"{check}\"")).is_empty());
        cited.extend(held.cloned());
    }
    cited
}

/// Adds what follows the word PROTOCOL: numbers, joined by commas, `and`, `or`, `to`.
fn add_citations(text: &str, cited: &mut BTreeSet<String>) {
    for after in text.split("PROTOCOL").skip(1) {
        let mut from: Option<(char, u32)> = None;
        let mut range = false;
        let mut words = after.split(' ');
        // What clings to the word itself: nothing, or `.md`.
        words.next();
        for word in words {
            if matches!(word, "and" | "or" | "to") {
                range = word == "to";
                continue;
            }
            let bare = word.trim_end_matches(|mark: char| !mark.is_alphanumeric());
            let Some((letter, number)) = check(bare) else {
                break;
            };
            let first = match from {
                Some((same, first)) if range && same == letter => first,
                _ => number,
            };
            cited.extend((first..=number).map(|number| format!("{letter}{number}")));
            from = Some((letter, number));
            range = false;
            if !matches!(&word[bare.len()..], "" | ",") {
                break;
            }
        }
    }
}

/// Letter and number of a check.
fn check(text: &str) -> Option<(char, u32)> {
    let letter = text
        .chars()
        .next()
        .filter(|letter| "ERKQAWTOCVGX".contains(*letter))?;
    let digits = &text[1..];
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((letter, digits.parse().ok().filter(|_| plain)?))
}

/// The labels that the document names, each with its place: what `H` and `sign` begin with, and
/// what is padded.
fn labels(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let pieces: Vec<&str> = line.split('"').collect();
        for quoted in (1..pieces.len()).step_by(2) {
            let (before, label) = (pieces[quoted - 1], pieces[quoted]);
            let after = pieces.get(quoted + 1).copied().unwrap_or_default();
            if let Some(rest) = label.strip_prefix("X ") {
                let all = STATEMENTS
                    .iter()
                    .map(|statement| format!("{statement} {rest}"));
                found.extend(all.map(|label| (start, label)));
            } else if before.ends_with("H(")
                || places(before, "sign(")
                    .last()
                    .is_some_and(|at| !before[*at..].contains(')'))
                || after.starts_with(" padded")
            {
                found.push((start, label.to_owned()));
            }
        }
        start += line.len();
    }
    found
}

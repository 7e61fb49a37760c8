//! Rules on the form of files: lengths, names, words, attributes.

use std::path::Path;

use crate::faults::Faults;
use crate::repository::{TextFile, root, rust_sources, text_files, top_level};
use crate::words::{attribute, line_of, places};

const COLUMNS_MAX: usize = 100;
const LINES_MAX: usize = 600;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &[
    "data", "helper", "helpers", "info", "manager", "managers", "misc", "util", "utils",
];

/// Signs of unfinished work, each broken in two, so that this file does not hold them.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("in a real ", "system"),
    concat!("unimplemen", "ted!"),
    concat!("to", "do!"),
    concat!("db", "g!"),
];

/// Texts of others, kept as they are.
const OF_OTHERS: &str = "client/cli/tests/shared/naughty/";

/// The fixed top level; besides, only hidden files.
const TOP_LEVEL: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "certs-example",
    "client",
    "common",
    "deny.toml",
    "docs",
    "relay",
    "tests",
];

#[test]
fn no_line_is_longer_than_100_columns() {
    let mut faults = Faults::default();
    for source in rust_sources() {
        for (line, text) in source.text.lines().enumerate() {
            let columns = text.chars().count();
            if columns > COLUMNS_MAX {
                faults.at(&source.path, line + 1, &format!("{columns} columns"));
            }
        }
    }
    faults.none("a line has at most 100 columns");
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let mut faults = Faults::default();
    for source in rust_sources() {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            faults.of(&source.path, &format!("{lines} lines"));
        }
    }
    faults.none("one noun, one file: at most 600 lines, without exceptions");
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let mut faults = Faults::default();
    for source in rust_sources() {
        let path = source.path.trim_end_matches(".rs");
        for word in path.split(['/', '_', '-']) {
            if EMPTY_NAMES.contains(&word) {
                faults.of(
                    &source.path,
                    &format!("`{word}` does not say what is inside"),
                );
            }
        }
    }
    faults.none("a file is named after the one noun it holds");
}

#[test]
fn nothing_is_left_unfinished() {
    let mut faults = Faults::default();
    let ours = |file: &&TextFile| !file.path.starts_with(OF_OTHERS);
    for file in text_files().iter().filter(ours) {
        for word in UNFINISHED {
            for at in places(&file.text, word) {
                faults.at(&file.path, line_of(&file.text, at), word);
            }
        }
    }
    faults.none("what is there is whole; what is not is not there");
}

#[test]
fn every_relaxation_of_a_lint_gives_its_reason() {
    let mut faults = Faults::default();
    for source in rust_sources() {
        for start in ["#[", "#!["] {
            for at in places(&source.code, start) {
                let text = attribute(&source.code[at..]);
                let relaxes = ["allow(", "expect("]
                    .iter()
                    .any(|lint| !places(text, lint).is_empty());
                if relaxes && places(text, "reason").is_empty() {
                    faults.at(&source.path, line_of(&source.code, at), text);
                }
            }
        }
    }
    faults.none("an `allow` or `expect` of a lint has `reason = \"...\"`");
}

/// The rigs are programs: they let processes work for a while before they kill, flood or measure
/// them.
const RIGS: &[&str] = &[
    "tests/src/crash/",
    "tests/src/flood.rs",
    "tests/src/flood/",
    "tests/src/load/",
];

#[test]
fn no_test_sleeps() {
    let mut faults = Faults::default();
    for source in rust_sources() {
        if RIGS.iter().any(|rig| source.path.starts_with(rig)) {
            continue;
        }
        for at in places(&source.tests, "sleep(") {
            faults.at(&source.path, line_of(&source.tests, at), "sleep");
        }
    }
    faults.none("a test waits for what it expects, or drives the clock itself");
}

#[test]
fn the_top_level_is_the_fixed_one() {
    let mut faults = Faults::default();
    for name in top_level() {
        if !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()) {
            faults.of(&name, "not of the fixed top level");
        }
    }
    faults.none("the top level has the rooms of the house and nothing else");
}

#[test]
fn the_formatter_keeps_the_same_width() {
    let text = std::fs::read_to_string(root().join(Path::new(".rustfmt.toml")))
        .expect(".rustfmt.toml is readable");
    assert!(
        text.lines()
            .any(|line| line == format!("max_width = {COLUMNS_MAX}"))
    );
}

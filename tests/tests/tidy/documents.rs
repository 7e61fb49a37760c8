//! The documents say what is so: the invariants are all there, and the tests they name exist.

use std::collections::BTreeSet;

use crate::faults::Faults;
use crate::repository::{rust_sources, text_of};
use crate::words::{line_of, places};

const ARCHITECTURE: &str = "docs/architecture.md";

/// The modules here that hold rules; the others hold what the rules are told with.
const RULES: &[&str] = &[
    "documents",
    "form",
    "manifests",
    "protocol",
    "rooms",
    "sentences",
    "threats",
];

#[test]
fn the_architecture_states_the_ten_invariants() {
    let text = text_of(ARCHITECTURE);
    for number in 1..=10 {
        let head = format!("\n- **I{number} ");
        assert_eq!(
            text.matches(&head).count(),
            1,
            "I{number} stands there once"
        );
    }
    let mut faults = Faults::default();
    for source in rust_sources() {
        for at in places(&source.comments, "I11") {
            faults.at(&source.path, line_of(&source.comments, at), "there are ten");
        }
    }
    faults.none("an invariant that is cited exists");
}

#[test]
fn the_architecture_names_the_tests_that_keep_its_rules() {
    let named: BTreeSet<String> = text_of(ARCHITECTURE)
        .split('`')
        .filter(|code| {
            RULES
                .iter()
                .any(|module| code.starts_with(&format!("{module}::")))
        })
        .map(str::to_owned)
        .collect();
    let kept: BTreeSet<String> = RULES.iter().flat_map(|module| tests(module)).collect();
    let unnamed: Vec<_> = kept.difference(&named).collect();
    let unkept: Vec<_> = named.difference(&kept).collect();
    assert!(
        unnamed.is_empty(),
        "{ARCHITECTURE} does not name {unnamed:?}"
    );
    assert!(
        unkept.is_empty(),
        "{ARCHITECTURE} names {unkept:?}, which do not exist"
    );
}

/// The tests of one file of this folder, as `module::test`.
fn tests(module: &str) -> Vec<String> {
    text_of(&format!("tests/tests/tidy/{module}.rs"))
        .split("#[test]\nfn ")
        .skip(1)
        .filter_map(|test| test.split('(').next())
        .map(|test| format!("{module}::{test}"))
        .collect()
}

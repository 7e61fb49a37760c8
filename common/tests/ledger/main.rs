//! The obligation ledger, explored whole: one alert, one recipient with two devices, one deputy,
//! a relay and the sender, in every order of everything that can happen within four ticks.
//!
//! The parties ask the real functions, `Obligation::standing` and `Deadlines::clocks`; only the
//! network, and what people do, are the model's own. PROTOCOL section 7 numbers the rules.
//!
//! The explorer is our own: a set of visited states and a queue. `stateright` would bring some
//! forty crates, and its `eventually` holds on paths without cycles only, while connections here
//! break and come back; what is asked for is where the fault-free continuation of *every* state
//! ends.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "all of this crate is tests: what fails here fails one, and they say what they saw"
)]

mod case;
mod explorer;
mod ledger;
mod looks;
mod memory;
mod mutation;
mod network;
mod pieces;
mod quick;
mod settling;
mod state;

use std::collections::BTreeSet;

use case::Case;
use explorer::explore;
use ledger::Ledger;
use mutation::Mutation;
use pieces::Pieces;

/// What the exploration may take of the machine: some two million states of a few dozen bytes. The
/// gate allows 4 GiB and 120 s.
const MEMORY_MAX_MB: u64 = 2_048;

#[test]
fn every_run_of_the_ledger_agrees_never_falls_and_ends_in_evidence() {
    let mut states = 0;
    for case in Case::ALL {
        let begun = std::time::Instant::now();
        match explore(&Ledger::real(case)) {
            Ok(explored) => {
                states += explored.states;
                eprintln!("{explored}, {:.1} s", begun.elapsed().as_secs_f64());
            }
            Err(violation) => panic!("{violation}"),
        }
    }
    let peak = memory::peak_mb();
    eprintln!("{states} states in all, peak memory {peak:?} MB");
    assert!(peak.is_none_or(|mb| mb < MEMORY_MAX_MB));
}

#[test]
fn without_any_one_rule_the_exploration_finds_a_violation() {
    let mut missed = Vec::new();
    for mutation in Mutation::ALL {
        let case = mutation.case();
        match explore(&Ledger::without(case, *mutation)) {
            Err(violation) => eprintln!("{} {mutation:?}: {}", mutation.rule(), violation.what),
            Ok(explored) => missed.push(format!("{} {mutation:?}: {explored}", mutation.rule())),
        }
    }
    assert!(missed.is_empty(), "nobody would notice: {missed:#?}");
}

/// The arrival of evidence in any order, apart from any network: every set that there can be.
#[test]
fn every_set_of_evidence_has_one_standing_and_adding_to_it_never_lowers_it() {
    for case in Case::ALL {
        let ledger = Ledger::real(case);
        for set in Pieces::every_set() {
            let before = ledger.standing(set).unwrap();
            for piece in Pieces::ALL.without(set) {
                let after = ledger.standing(set.with(piece)).unwrap();
                assert!(ledger::climbs(&before, &after), "{set:?} and {piece:?}");
            }
        }
    }
}

#[test]
fn every_rule_of_the_document_is_taken_out_once() {
    let document = include_str!("../../PROTOCOL.md");
    let numbered = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|cell| cell.starts_with(['O', 'C']))
        .filter(|cell| cell.len() > 1 && cell[1..].bytes().all(|byte| byte.is_ascii_digit()));
    let rules: BTreeSet<&str> = numbered.collect();
    let taken_out: BTreeSet<&str> = Mutation::ALL.iter().map(|rule| rule.rule()).collect();
    assert_eq!(rules, taken_out);
}

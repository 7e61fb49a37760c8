//! Every parser of strangers' and disks' bytes, for a moment; the command `fuzz` takes longer.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use maille_tests::fuzz::{Finding, Memory, Probe, TARGETS, Target, root};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const MEMORY: Memory = Memory {
    current: || ALLOCATED.current_usage(),
    peak: || ALLOCATED.peak_usage(),
    reset_peak: || ALLOCATED.reset_peak_usage(),
};

/// The folders in which formats are pinned: each file has to be known to a target.
const PINNED: &[&str] = &[
    "common/vectors",
    "relay/vectors/records",
    "client/vectors/records",
    "client/vectors/authority",
];

/// What is not the bytes of a value: a list of codes.
const NO_FORMAT: &[&str] = &["common/vectors/codes.hex"];

/// Inputs that once took too much memory, by target, seed and number: a list was believed for as
/// many items as it claimed; and TOML takes more than was allowed.
const ONCE_GREEDY: &[(&str, u64, u64)] = &[
    ("blob-manifest", 3_068_042_002, 1_257_678),
    ("config", 3_068_042_002, 598_568),
    ("backup", 3_068_042_002, 113_434),
];

/// One test, because the memory counted is that of the whole process.
#[test]
fn parsers_take_real_bytes_and_survive_spoiled_ones_within_their_memory() {
    a_parser_that_takes_too_much_or_panics_is_found();
    for (name, seed, number) in ONCE_GREEDY {
        let target = Target::named(name).expect("a target of the list");
        assert_eq!(
            Probe::new(target, *seed, MEMORY).run(*number),
            Ok(()),
            "{name}"
        );
    }
    let mut known = BTreeSet::new();
    let mut faults = Vec::new();
    for target in TARGETS {
        for (path, bytes) in target.seeds() {
            if !(target.read)(&bytes) {
                faults.push(format!("{} does not read {path}", target.name));
            }
            known.insert(path);
        }
        faults.extend(probe_for_a_moment(target));
    }
    for folder in PINNED {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let file = entry.unwrap().file_name();
            let path = format!("{folder}/{}", file.to_string_lossy());
            let exempt = NO_FORMAT.contains(&path.as_str());
            if !exempt && !known.contains(&path) {
                faults.push(format!("no target reads {path}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A fixed seed, and a time for machines that do something else: the gate runs longer.
fn probe_for_a_moment(target: &Target) -> Option<String> {
    let name = target.name;
    let mut probe = Probe::new(target, 7, MEMORY);
    if let Err(finding) = probe.run_seeds() {
        return Some(format!("{name}: {finding}, for one of its seeds"));
    }
    let begun = Instant::now();
    let mut number = 0;
    while number < 20_000 && begun.elapsed() < Duration::from_millis(300) {
        if let Err(finding) = probe.run(number) {
            let repeat = format!("fuzz --target {name} --seed 7 --only {number}");
            return Some(format!("{name}: {finding}: {repeat}"));
        }
        number += 1;
    }
    (number == 0).then(|| format!("{name} was not probed"))
}

fn a_parser_that_takes_too_much_or_panics_is_found() {
    let mut greedy = *Target::named("push").expect("a target of pushes");
    greedy.read = |bytes| vec![7; 2 * bytes.len() + (2 << 20)].len() > 1;
    let found = Probe::new(&greedy, 1, MEMORY).run(1);
    assert!(matches!(found, Err(Finding::Memory { .. })), "{found:?}");
    let mut frightened = greedy;
    frightened.read = |_| panic!("as it should");
    let found = Probe::new(&frightened, 1, MEMORY).run(1);
    assert_eq!(found, Err(Finding::Panicked));
}

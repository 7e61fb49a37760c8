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
];

/// The length of manifests of backups beside which a mebibyte is little.
const LONG_MANIFEST_BYTES: usize = 16 << 20;

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
    the_densest_toml_takes_no_more_than_is_said_of_it();
    a_long_manifest_of_a_backup_takes_twice_its_length_of_memory();
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

/// Whatever an input of chance meets, somebody can write more densely: as much of it as is read at
/// all, alone or beside so much of a comment that more of it is.
fn the_densest_toml_takes_no_more_than_is_said_of_it() {
    let mut faults = Vec::new();
    for name in ["anchor", "plan", "config", "holder-key", "home", "slots"] {
        let target = Target::named(name).expect("a target of TOML");
        let room = target.bytes_max.min(256 << 10);
        for (head, piece, tail) in [
            ("", "=", ""),
            ("a=", "[", ""),
            ("format=1\na=[", "1,", "]"),
            ("format=1\na=[", "[],", "]"),
            ("format=1\na=[", "{},", "]"),
            ("format=1\na=[", "{a=1},", "]"),
            ("format=1\n", "[[a]]\n", ""),
            ("format=1\n", "[[a]]\nb=1\n", ""),
            ("format=1\n", "a.b=1\n", ""),
            ("", "a.", ""),
            ("", "[a]\n", ""),
        ] {
            let mut times = (room - head.len() - tail.len()) / piece.len();
            while times > 16 {
                for filler in [0, 1, 3, 9] {
                    let dense = [head, &piece.repeat(times), tail].concat();
                    let comment = "#".repeat(filler * dense.len());
                    let input = dense + &comment;
                    let input = &input.as_bytes()[..input.len().min(room)];
                    if let Err(fault) = Probe::new(target, 1, MEMORY).give(input) {
                        faults.push(format!("{name}, {times} of {piece:?}: {fault}"));
                    }
                }
                times -= times / 8;
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Its TOML was once read as a whole, and took 51 times its length: a relay with a million
/// attachments would not have been restored.
fn a_long_manifest_of_a_backup_takes_twice_its_length_of_memory() {
    let target = Target::named("backup").expect("a target of manifests");
    let (_, seed) = target.seeds().remove(0);
    let seed = String::from_utf8(seed).expect("a manifest is text");
    let (head, _) = seed.split_once("\n[[files]]").expect("it names files");
    let (scalars, _) = head.split_once("gone = [").expect("it names what went");
    let hash = "0a".repeat(32);
    let file = format!("\n[[files]]\npath = \"b\"\nbytes = 7\nsha256 = \"{hash}\"\n");
    let gone = format!("{scalars}gone = [\"{hash}\"");
    let went = format!(", \"{hash}\"");
    // As relays write them; as somebody spoiled one; and bytes that hold nothing.
    for (head, piece, tail, is_read) in [
        (head, file.as_str(), "", true),
        (&gone, &went, "]\n", false),
        (&gone, &went, &format!("]\n{file}"), true),
        (
            head,
            "\n[[files]]\npath = \"store.c false\ngone = [\"a1a1\"]\n",
            "",
            false,
        ),
        (head, "\n[[files]]\n", "", false),
        (head, "[", "", false),
    ] {
        let times = LONG_MANIFEST_BYTES / piece.len();
        let input = [head, &piece.repeat(times), tail].concat();
        let mut probe = Probe::new(target, 1, MEMORY);
        assert_eq!(probe.give(input.as_bytes()), Ok(()), "{piece}");
        assert_eq!(probe.read == 1, is_read, "{piece}");
    }
}

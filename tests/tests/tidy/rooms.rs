//! Who may touch what: sockets, disk, clock, randomness, and the crates that bring them.

use crate::faults::Faults;
use crate::repository::rust_sources;
use crate::rust_source::RustSource;
use crate::words::{line_of, paths, places};

/// The rooms that take bytes, `now` and randomness as arguments and give back values.
const PURE: &[&str] = &[
    "common/src/",
    "relay/src/core.rs",
    "relay/src/core/",
    "client/src/core.rs",
    "client/src/core/",
];

/// What a pure room never names. `DurableStore` is the store on disk; the trait and its reference
/// in memory may be named.
const WORLD: &[&str] = &[
    "std::net",
    "core::net",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "thread::sleep",
    "SystemTime",
    "Instant",
    "tokio",
    "rand",
    "getrandom",
    "SystemRandom",
    "SecureRandom",
    "DurableStore",
];

/// What programs that are built for tests alone read: which check they are without.
const SWITCH: (&str, &str) = ("common/src/check.rs", "std::env");

/// A word of the product's code, and the only places that may name it.
struct Confined {
    words: &'static [&'static str],
    places: &'static [&'static str],
    why: &'static str,
}

const CONFINED: &[Confined] = &[
    Confined {
        words: &["bincode"],
        places: &["common/src/codec.rs", "common/src/codec/"],
        why: "one codec, exact and bounded, which can be replaced in one place",
    },
    Confined {
        words: &["sled"],
        places: &["common/durable/src/index.rs", "common/durable/src/index/"],
        why: "the log is the truth; the index is one file",
    },
    Confined {
        words: &[
            "quinn",
            "rustls",
            "rustls_pki_types",
            "tokio_rustls",
            "rcgen",
        ],
        places: &["common/link/"],
        why: "one crate with TLS and QUIC, which knows bytes and keys only",
    },
    Confined {
        words: &["maille_client"],
        places: &["client/"],
        why: "relay and client meet only on the wire",
    },
    Confined {
        words: &["maille_relay"],
        places: &["relay/", "client/cli/src/demo.rs", "client/cli/src/demo/"],
        why: "relay and client meet only on the wire; the demonstration alone links both",
    },
    Confined {
        words: &["fluent"],
        places: &["client/cli/src/sentence.rs"],
        why: "one way to say a sentence, which is checked",
    },
];

/// What only one file of a shell does.
struct OneFile {
    words: &'static [&'static str],
    file: &'static str,
    besides: &'static [&'static str],
}

const ONE_FILE: &[OneFile] = &[
    OneFile {
        words: &["SystemTime::now"],
        file: "clock.rs",
        besides: &[],
    },
    // The link measures how long a peer is silent; what time it is, it never asks.
    OneFile {
        words: &["Instant::now"],
        file: "clock.rs",
        besides: &["common/link/"],
    },
    OneFile {
        words: &["SystemRandom", "getrandom"],
        file: "entropy.rs",
        besides: &[],
    },
];

/// Where stored records are declared: the tests beside them ask for a vector of each.
const RECORDS: &[&str] = &[
    "client/src/core/records.rs",
    "relay/src/core/records.rs",
    "relay/src/roster_heads.rs",
];

#[test]
fn the_pure_rooms_never_name_the_world() {
    let mut faults = Faults::default();
    for source in rust_sources().iter().filter(|source| source.lies_in(PURE)) {
        for word in WORLD {
            if (source.path.as_str(), *word) == SWITCH {
                continue;
            }
            note(&mut faults, source, paths(&source.product, word), word);
        }
    }
    faults.none("protocol and cores take bytes, `now` and randomness as arguments");
}

#[test]
fn each_confined_crate_is_named_in_its_place_alone() {
    let mut faults = Faults::default();
    for confined in CONFINED {
        for source in outside(confined.places) {
            for word in confined.words {
                let what = format!("{word}: {}", confined.why);
                note(&mut faults, source, places(&source.product, word), &what);
            }
        }
    }
    faults.none("a crate is named where it belongs, and nowhere else");
}

/// A known envelope was answered under a lock that others read under, and wrote: counts of receipts
/// and mailboxes that two read at once no longer agreed.
#[test]
fn the_core_of_the_relay_writes_in_one_place_which_takes_it_for_itself() {
    let mut faults = Faults::default();
    let writes = |source: &RustSource| paths(&source.product, "store.append");
    let mut core = rust_sources()
        .iter()
        .filter(|source| source.lies_in(&["relay/src/core/"]));
    let place = core.clone().find(|source| source.name() == "relay.rs");
    assert_eq!(place.map(|place| writes(place).len()), Some(1));
    for source in core.by_ref().filter(|source| source.name() != "relay.rs") {
        note(&mut faults, source, writes(source), "store.append");
    }
    faults.none("`RelayCore::append` alone writes, and borrows the core as its only user");
}

#[test]
fn each_stored_record_is_declared_where_a_vector_is_asked_of_it() {
    let mut faults = Faults::default();
    for source in outside(RECORDS) {
        note(&mut faults, source, record_impls(&source.product), "Record");
    }
    faults.none("a record that is stored stands in the list of its room");
}

#[test]
fn one_file_chooses_the_kem() {
    let mut faults = Faults::default();
    for source in outside(&["common/src/crypto/hpke.rs"]) {
        note(&mut faults, source, crate_hpke(&source.product), "hpke");
    }
    faults.none("common/src/crypto/hpke.rs alone names the crate `hpke`");
}

#[test]
fn one_file_of_a_shell_reads_the_clock_and_one_draws_randomness() {
    let mut faults = Faults::default();
    for one in ONE_FILE {
        for source in outside(one.besides).filter(|source| source.name() != one.file) {
            for word in one.words {
                let what = format!("{word}: of a shell, only its `{}` does this", one.file);
                note(&mut faults, source, paths(&source.product, word), &what);
            }
        }
    }
    faults.none("`now` and randomness come from one place of each shell");
}

#[test]
fn the_rules_would_notice() {
    let confined = |text: &str| !places(text, "sled").is_empty();
    assert!(confined("use sled::Db;") && !confined("use settled::Db;"));
    assert_eq!(record_impls("impl Record for Event {}").len(), 1);
    assert_eq!(record_impls("impl EventRecord for Event {}").len(), 0);
    assert_eq!(crate_hpke("use ::hpke::Kem;").len(), 1);
    assert_eq!(crate_hpke("use hpke::Kem;").len(), 1);
    assert_eq!(crate_hpke("use hpke as other;").len(), 1);
    assert_eq!(
        crate_hpke("use crate::crypto::hpke::Seal; hpke::open();").len(),
        0
    );
    assert_eq!(
        crate_hpke("use crate::crypto::hpke::Seal; ::hpke::open();").len(),
        1
    );
}

/// Sources that do not lie in `places`.
fn outside(places: &'static [&'static str]) -> impl Iterator<Item = &'static RustSource> {
    rust_sources()
        .iter()
        .filter(move |source| !source.lies_in(places))
}

/// Where code makes a type a stored record.
fn record_impls(code: &str) -> Vec<usize> {
    places(code, "Record for")
}

/// Where code names the crate `hpke`, and not our module of that name: with leading colons, or as
/// the root of a path where the module is not in scope.
fn crate_hpke(code: &str) -> Vec<usize> {
    let module = ["crypto::hpke", "mod hpke"]
        .iter()
        .any(|named| !paths(code, named).is_empty());
    places(code, "hpke")
        .into_iter()
        .filter(|&at| {
            let before = &code[..at];
            match before.strip_suffix("::") {
                Some(parent) => parent.ends_with(|letter: char| !letter.is_alphanumeric()),
                None => !module && (code[at..].starts_with("hpke::") || is_import(before)),
            }
        })
        .collect()
}

/// Whether a name after this is imported as a crate.
fn is_import(before: &str) -> bool {
    before.ends_with("use ") || before.ends_with("extern crate ")
}

fn note(faults: &mut Faults, source: &RustSource, found: Vec<usize>, word: &str) {
    for at in found {
        faults.at(&source.path, line_of(&source.product, at), word);
    }
}

//! The list of targets.

use super::seeds::read_seeds;
use super::{disk, papers, protocol};

/// A parser, as a plain function.
///
/// It stops before the cryptography, or makes its checksums right: what a signature or a hash
/// hides is reached. What it does with what it read, a caller does before believing it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its program in `tests/fuzz`, too.
    pub name: &'static str,
    /// Reads bytes, and tells whether it took them for what it reads. It must not panic.
    pub read: fn(&[u8]) -> bool,
    /// The real bytes it begins from: the beginnings of paths in the repository.
    seeds: &'static [&'static str],
    /// The longest input that whoever reads such a file lets through, in bytes.
    pub bytes_max: usize,
    /// How many times its input it may take of memory, and 1 MiB more.
    pub memory_times: usize,
    /// How a file becomes an input, where a checksum or a hash is not part of it.
    strip: fn(Vec<u8>) -> Vec<u8>,
}

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Real inputs: where they are from, and their bytes.
    pub fn seeds(&self) -> Vec<(String, Vec<u8>)> {
        let read = read_seeds(self.seeds).into_iter();
        read.map(|(path, bytes)| (path, (self.strip)(bytes)))
            .collect()
    }

    const fn of(
        name: &'static str,
        read: fn(&[u8]) -> bool,
        seeds: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            read,
            seeds,
            bytes_max: usize::MAX,
            memory_times: 2,
            strip: whole,
        }
    }

    const fn at_most(self, bytes_max: usize) -> Self {
        Self { bytes_max, ..self }
    }

    /// Long TOML of one's own, of which so many tokens are let through for each byte: its reader
    /// keeps each as a token, as an event, and in a tree, all at once.
    const fn takes(self, memory_times: usize) -> Self {
        Self {
            memory_times,
            ..self
        }
    }

    const fn stripped(self, strip: fn(Vec<u8>) -> Vec<u8>) -> Self {
        Self { strip, ..self }
    }
}

/// Every parser that meets a stranger's or a disk's bytes.
pub const TARGETS: &[Target] = &[
    // On the wire.
    Target::of("request", protocol::request, &["common/vectors/request-"]),
    Target::of("answer", protocol::answer, &["common/vectors/answer-"]),
    Target::of("push", protocol::push, &["common/vectors/push-"]),
    Target::of(
        "certificate",
        protocol::certificate,
        &["tests/seeds/certificate"],
    ),
    // Alerts and what is said of them.
    Target::of(
        "envelope",
        protocol::envelope,
        &["common/vectors/delivery", "common/vectors/addendum"],
    ),
    Target::of(
        "submission",
        protocol::submission,
        &["common/vectors/submission"],
    ),
    Target::of(
        "envelope-part",
        protocol::envelope_part,
        &[
            "common/vectors/core",
            "common/vectors/env.",
            "common/vectors/entry",
        ],
    ),
    Target::of("wrap", protocol::wrap, &["common/vectors/stream-position"]),
    Target::of(
        "content",
        protocol::content,
        &[
            "common/vectors/alert",
            "common/vectors/heartbeat",
            "common/vectors/reconciliation-",
            "common/vectors/gap-answers",
            "common/vectors/told-forks",
        ],
    ),
    Target::of("receipt", protocol::receipt, &["common/vectors/receipt"]),
    Target::of(
        "statement",
        protocol::statement,
        &[
            "common/vectors/accepted",
            "common/vectors/notice",
            "common/vectors/expiry",
            "common/vectors/relay-time",
        ],
    ),
    Target::of(
        "note",
        protocol::note,
        &["common/vectors/note", "common/vectors/sealed-note"],
    ),
    Target::of("bundle", protocol::bundle, &["common/vectors/bundle"]),
    Target::of(
        "blob-manifest",
        protocol::blob_manifest,
        &["common/vectors/manifest", "client/vectors/attachments/man"],
    ),
    Target::of(
        "export",
        protocol::export,
        &["common/vectors/export", "tests/seeds/export-"],
    )
    .stripped(protocol::without_seal),
    Target::of(
        "export-piece",
        protocol::export_piece,
        &["common/vectors/piece-"],
    ),
    Target::of(
        "archive",
        protocol::archive,
        &["common/vectors/archive-record"],
    )
    .stripped(protocol::without_hash),
    // The roster, and what its holders and devices hand over.
    Target::of(
        "roster",
        protocol::roster,
        &[
            "common/vectors/documents",
            "common/vectors/annex",
            "common/vectors/authority",
            "common/vectors/suspension",
            "certs-example/roster/annex-",
            "certs-example/roster/authority-",
        ],
    ),
    Target::of(
        "roster-part",
        protocol::roster_part,
        &["common/vectors/anchor", "common/vectors/subject-"],
    ),
    Target::of(
        "heads",
        protocol::heads,
        &["common/vectors/heads", "relay/vectors/folder/roster.heads"],
    ),
    Target::of(
        "proposal",
        papers::proposal,
        &["client/vectors/authority/proposal-"],
    ),
    Target::of(
        "device-request",
        protocol::device_request,
        &["common/vectors/request."],
    ),
    Target::of("renewals", protocol::renewals, &["common/vectors/renewals"]).at_most(1_280 << 10),
    // Files that people write or carry.
    Target::of("cap", papers::cap, &["tests/seeds/cap/"]),
    Target::of("words", papers::words, &["tests/seeds/words/"]),
    Target::of(
        "anchor",
        papers::anchor,
        &["client/vectors/home/anchor", "certs-example/roster/anchor"],
    )
    .at_most(16 << 10),
    Target::of(
        "plan",
        papers::plan,
        &["certs-example/network.toml", "tests/seeds/plan-"],
    )
    .takes(80)
    .at_most(4 << 20),
    Target::of(
        "config",
        papers::config,
        &[
            "relay/relay.sample.toml",
            "relay/vectors/folder/relay.toml",
            "tests/seeds/settings",
        ],
    )
    .at_most(32 << 10),
    Target::of(
        "holder-key",
        papers::holder_key,
        &["client/vectors/authority/holder"],
    )
    .at_most(8 << 10),
    Target::of("home", papers::home, &["client/vectors/home/home"]).at_most(16 << 10),
    Target::of("slots", papers::slots, &["client/vectors/home/slots"])
        .takes(40)
        .at_most(256 << 10),
    Target::of("question", papers::question, &["tests/seeds/question"]),
    Target::of(
        "backup",
        papers::backup_manifest,
        &["tests/seeds/backup-manifest"],
    ),
    // Stores.
    Target::of(
        "relay-record",
        disk::relay_record,
        &["relay/vectors/records/"],
    ),
    Target::of(
        "desk-record",
        disk::desk_record,
        &["client/vectors/records/"],
    ),
    Target::of("key-ring", disk::key_ring, &["client/vectors/home/ring"]),
    Target::of("log-batch", disk::log_batch, &["tests/seeds/log-batch"]),
    Target::of(
        "log-segment",
        disk::log_segment,
        &["tests/seeds/log-segment"],
    ),
    Target::of("log-run", disk::log_run, &["tests/seeds/log-run"]),
    Target::of("log-marker", disk::log_marker, &["tests/seeds/log-marker"]),
];

/// Reads bytes with the target of a name, as the programs of `tests/fuzz` do.
///
/// # Panics
/// Where there is no such target, or where the parser is at fault.
pub fn read(name: &str, bytes: &[u8]) {
    let target = Target::named(name).expect("a test holds the programs against the list");
    (target.read)(&bytes[..bytes.len().min(target.bytes_max)]);
}

fn whole(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::seeds::root;
    use super::*;

    /// The programs of cargo-fuzz are built elsewhere; here they are held against the list.
    #[test]
    fn each_target_is_a_program_of_cargo_fuzz() {
        let folder = root().join("tests/fuzz");
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let programs = manifest.lines().filter_map(|line| {
            let name = line.strip_prefix("path = \"fuzz_targets/")?;
            name.strip_suffix(".rs\"")
        });
        let programs: Vec<String> = programs.map(|name| name.replace('_', "-")).collect();
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        assert_eq!(programs, names);
        for name in names {
            let file = format!("fuzz_targets/{}.rs", name.replace('-', "_"));
            let program = fs::read_to_string(folder.join(file)).unwrap();
            let call = format!("maille_tests::fuzz::read(\"{name}\", bytes);");
            assert!(program.contains(&call), "{name}");
        }
    }
}

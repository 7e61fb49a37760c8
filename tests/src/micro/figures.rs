//! Which part goes beside which primitive, and how much more it may take.
//!
//! A limit is about one and a half times what was measured (docs/performance.md has the table),
//! since machines that build are noisy: it is there for what has become twice as slow.

use super::{Place, Work, bare, codec, commit, envelope, ledger, roster};

/// A part and the primitive that bounds it.
#[derive(Clone, Copy)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) bare_name: &'static str,
    pub(super) part: fn(&Place) -> Work<'_>,
    /// How often the part is done in one go.
    pub(super) each: u64,
    pub(super) bare: fn(&Place) -> Work<'_>,
    /// The highest ratio that is no regression.
    pub(super) limit: f64,
}

/// Bytes of a body that is sealed and opened: an alert with a payload.
const BODY: usize = 256 * 1024;

/// `figure!(name, part, bare name, bare, limit)`; a part that is done several times in one go says
/// how often.
macro_rules! figure {
    ($name:literal, $part:expr, $bare_name:literal, $bare:expr, $limit:literal) => {
        figure!($name, $part, 1, $bare_name, $bare, $limit)
    };
    ($name:literal, $part:expr, $each:expr, $bare_name:literal, $bare:expr, $limit:literal) => {
        Figure {
            name: $name,
            bare_name: $bare_name,
            part: |place| Box::new($part(place)),
            each: $each,
            bare: |place| Box::new($bare(place)),
            limit: $limit,
        }
    };
}

/// All of them.
pub(super) const FIGURES: &[Figure] = &[
    figure!(
        "envelope-seal-1",
        |_| envelope::seal(1),
        "hpke-seal",
        |_| bare::hpke_seal(1),
        2.0
    ),
    figure!(
        "envelope-seal-10",
        |_| envelope::seal(10),
        "hpke-seal × 10",
        |_| bare::hpke_seal(10),
        1.6
    ),
    figure!(
        "envelope-seal-100",
        |_| envelope::seal(100),
        "hpke-seal × 100",
        |_| bare::hpke_seal(100),
        1.6
    ),
    figure!(
        "envelope-seal-1000",
        |_| envelope::seal(1_000),
        "hpke-seal × 1000",
        |_| bare::hpke_seal(1_000),
        1.6
    ),
    figure!(
        "envelope-verify",
        |_| envelope::verify(),
        "ed25519-verify",
        |_| bare::verify(),
        1.9
    ),
    figure!(
        "envelope-open",
        |_| envelope::open(),
        "hpke-open",
        |_| bare::hpke_open(),
        1.9
    ),
    figure!(
        "body-seal",
        |_| envelope::seal_body(BODY),
        "aes-gcm",
        |_| bare::aes_gcm(BODY),
        2.0
    ),
    figure!(
        "body-open",
        |_| envelope::open_body(BODY),
        "aes-gcm",
        |_| bare::aes_gcm(BODY),
        1.8
    ),
    figure!(
        "codec-encode-submission",
        |_| codec::encode_submission(),
        "copy",
        |_| bare::copy(codec::submission_bytes()),
        3.5
    ),
    figure!(
        "codec-decode-submission",
        |_| codec::decode_submission(),
        "copy",
        |_| bare::copy(codec::submission_bytes()),
        10.0
    ),
    figure!(
        "codec-encode-delivery",
        |_| codec::encode_delivery(),
        "copy",
        |_| bare::copy(codec::delivery_bytes()),
        2.5
    ),
    figure!(
        "codec-decode-delivery",
        |_| codec::decode_delivery(),
        "copy",
        |_| bare::copy(codec::delivery_bytes()),
        20.0
    ),
    figure!(
        "roster-acts-for",
        roster::acts_for,
        "hash-lookup",
        bare::hash_lookup,
        8.0
    ),
    figure!(
        "roster-devices-of",
        roster::devices_of,
        "ordered-lookup",
        bare::ordered_lookup,
        5.0
    ),
    figure!(
        "roster-allows",
        roster::allows,
        "ordered-lookup",
        bare::ordered_lookup,
        2.5
    ),
    figure!(
        "roster-home-relays",
        roster::home_relays,
        "ordered-lookup",
        bare::ordered_lookup,
        1.2
    ),
    figure!("roster-found", roster::found, "maps", bare::maps, 17.0),
    figure!(
        "ledger-prove",
        |_| ledger::prove(),
        "ed25519-verify",
        |_| bare::verify(),
        1.7
    ),
    figure!(
        "ledger-standing",
        |_| ledger::standing(),
        "sha256 × 48",
        |_| bare::sha256(ledger::statements()),
        1.7
    ),
    figure!(
        "ledger-clocks",
        |_| ledger::clocks(),
        "sort",
        |_| bare::sort(),
        1.8
    ),
    figure!(
        "commit-memory",
        |_| commit::memory(),
        "ordered-insert",
        |_| bare::ordered_insert(),
        3.2
    ),
    figure!(
        "commit-durable-1",
        |place| commit::durable(place, 1),
        commit::OF_EACH,
        "synced-write",
        bare::synced_write,
        2.0
    ),
    figure!(
        "commit-durable-16",
        |place| commit::durable(place, 16),
        16 * commit::OF_EACH,
        "synced-write",
        bare::synced_write,
        0.3
    ),
];

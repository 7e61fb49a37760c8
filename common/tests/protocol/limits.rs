//! PROTOCOL.md states the limits and labels that the code has, all of them and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;

use maille_common::label::Label;
use maille_common::limits;

const PROTOCOL: &str = include_str!("../../PROTOCOL.md");
const LIMITS: &str = include_str!("../../src/limits.rs");

/// The rows of the table under a heading: its first two columns.
fn table(head: &str) -> BTreeMap<String, String> {
    let (_, after) = PROTOCOL.split_once(head).unwrap();
    let rows = after
        .lines()
        .skip_while(|line| !line.starts_with("| `"))
        .take_while(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row.split('|').map(str::trim).skip(1);
        let name = cells.next().unwrap().trim_matches('`').to_owned();
        (name, cells.next().unwrap().replace(',', ""))
    })
    .collect()
}

fn number(name: &str, value: impl Display) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn range<T: Display>(name: &str, value: RangeInclusive<T>) -> (String, String) {
    let text = format!("{} to {}", value.start(), value.end());
    (name.to_owned(), text)
}

#[test]
fn the_limits_of_the_document_are_those_of_the_code() {
    let code = BTreeMap::from([
        number("NAME_BYTES_MAX", limits::NAME_BYTES_MAX),
        number("ADDRESS_BYTES_MAX", limits::ADDRESS_BYTES_MAX),
        range("ADDRESS_SEGMENTS", limits::ADDRESS_SEGMENTS),
        number("EXTENSIONS_MAX", limits::EXTENSIONS_MAX),
        number("EXTENSION_BYTES_MAX", limits::EXTENSION_BYTES_MAX),
        number("RECIPIENTS_MAX", limits::RECIPIENTS_MAX),
        number("DEPUTY_STEPS_MAX", limits::DEPUTY_STEPS_MAX),
        number("ENTRIES_MAX", limits::ENTRIES_MAX),
        number("PATH_MAX", limits::PATH_MAX),
        number("BLOBS_MAX", limits::BLOBS_MAX),
        number("CORE_BYTES_MAX", limits::CORE_BYTES_MAX),
        number("ENV_BYTES_MAX", limits::ENV_BYTES_MAX),
        number("SIGNATURES_MAX", limits::SIGNATURES_MAX),
        number("CONTENT_BYTES_MAX", limits::CONTENT_BYTES_MAX),
        number("BODY_BYTES_MAX", limits::BODY_BYTES_MAX),
        number("WRAP_PLAIN_BYTES", limits::WRAP_PLAIN_BYTES),
        number("WRAP_BYTES", limits::WRAP_BYTES),
        number("PIECE_BYTES", limits::PIECE_BYTES),
        number("PIECES_MAX", limits::PIECES_MAX),
        number("ATTACHMENT_BYTES_MAX", limits::ATTACHMENT_BYTES_MAX),
        range("SPAN_MS", limits::SPAN_MS),
        number("DAY_MS", limits::DAY_MS),
        number("RELAY_GRACE_MS", limits::RELAY_GRACE_MS),
        number("OUTBOX_GRACE_MS", limits::OUTBOX_GRACE_MS),
        number("ROSTER_UNKNOWN_MS", limits::ROSTER_UNKNOWN_MS),
        number("DISMISSED_MS", limits::DISMISSED_MS),
        number("HOLE_LOOKS", limits::HOLE_LOOKS),
        number("EARLY_RECEIPTS_MAX", limits::EARLY_RECEIPTS_MAX),
        number("UNSEEN_MAX", limits::UNSEEN_MAX),
        number("PROOFS_MAX", limits::PROOFS_MAX),
        number("HOLE_ASK_LOOKS", limits::HOLE_ASK_LOOKS),
        number("HOLE_ASKED_FOR_MS", limits::HOLE_ASKED_FOR_MS),
        number("MISSING_MAX", limits::MISSING_MAX),
        number("GAP_ANSWERS_MAX", limits::GAP_ANSWERS_MAX),
        number("TOLD_FORKS_MAX", limits::TOLD_FORKS_MAX),
        number("ENTRUSTED_MAX", limits::ENTRUSTED_MAX),
        number("FORKS_HEARD_MAX", limits::FORKS_HEARD_MAX),
        number("FORK_TOLD_FOR_MS", limits::FORK_TOLD_FOR_MS),
        range("HEARTBEAT_MS", limits::HEARTBEAT_MS),
        number("HEARTBEATS_FOR_MS", limits::HEARTBEATS_FOR_MS),
        number("STAND_IN_AFTER_MS", limits::STAND_IN_AFTER_MS),
        number("STAND_IN_STEP_MS", limits::STAND_IN_STEP_MS),
        number("RECONCILED_DAYS", limits::RECONCILED_DAYS),
        range("RECONCILE_MS", limits::RECONCILE_MS),
        number("RECONCILE_STALE_MS", limits::RECONCILE_STALE_MS),
        number("RECONCILE_AGAIN_MS", limits::RECONCILE_AGAIN_MS),
        number("RECONCILE_SETTLED_MS", limits::RECONCILE_SETTLED_MS),
        number("HOLDINGS_MAX", limits::HOLDINGS_MAX),
        number("HOLDING_STATEMENTS_MAX", limits::HOLDING_STATEMENTS_MAX),
        number("HANDED_MAX", limits::HANDED_MAX),
        number("RECONCILE_BYTES_MAX", limits::RECONCILE_BYTES_MAX),
        number("RECONCILE_PAGES_MAX", limits::RECONCILE_PAGES_MAX),
        number("SEALING_KEY_MS", limits::SEALING_KEY_MS),
        number("SEALING_KEYS_AHEAD", limits::SEALING_KEYS_AHEAD),
        number("SEALING_KEYS_MAX", limits::SEALING_KEYS_MAX),
        number("SEALING_KEY_GRACE_MS", limits::SEALING_KEY_GRACE_MS),
        number("KEYS_RENEWED_AFTER_MS", limits::KEYS_RENEWED_AFTER_MS),
        number("KEYS_RENEWED_BEFORE_MS", limits::KEYS_RENEWED_BEFORE_MS),
        number("KEYS_OVERLAP_LEAST_MS", limits::KEYS_OVERLAP_LEAST_MS),
        number("RELAY_KEYS_OVERLAP_MS", limits::RELAY_KEYS_OVERLAP_MS),
        number("RENEWALS_MAX", limits::RENEWALS_MAX),
        number("BUNDLE_BYTES_MAX", limits::BUNDLE_BYTES_MAX),
        number("STATEMENT_BYTES_MAX", limits::STATEMENT_BYTES_MAX),
        number("NOTE_TEXT_BYTES_MAX", limits::NOTE_TEXT_BYTES_MAX),
        number("NOTE_WRAPS_MAX", limits::NOTE_WRAPS_MAX),
        number("NOTE_SEALED_BYTES_MAX", limits::NOTE_SEALED_BYTES_MAX),
        number("EXPORT_PIECE_BYTES_MAX", limits::EXPORT_PIECE_BYTES_MAX),
        number("EXPORT_PIECES_MAX", limits::EXPORT_PIECES_MAX),
        number("EXPORT_BYTES_MAX", limits::EXPORT_BYTES_MAX),
        number("EXPORT_ROSTERS_MAX", limits::EXPORT_ROSTERS_MAX),
        number("ARCHIVE_RECORD_BYTES_MAX", limits::ARCHIVE_RECORD_BYTES_MAX),
        number("ORGANISATIONS_MAX", limits::ORGANISATIONS_MAX),
        number("CONTACTS_MAX", limits::CONTACTS_MAX),
        number("DEVICES_MAX", limits::DEVICES_MAX),
        number("AUTHORITY_BYTES_MAX", limits::AUTHORITY_BYTES_MAX),
        number("ANNEX_BYTES_MAX", limits::ANNEX_BYTES_MAX),
        number("SUSPENSION_BYTES_MAX", limits::SUSPENSION_BYTES_MAX),
        number("DOCUMENTS_MAX", limits::DOCUMENTS_MAX),
        number("FRAME_SMALL_BYTES_MAX", limits::FRAME_SMALL_BYTES_MAX),
        number("FRAME_RECEIPT_BYTES_MAX", limits::FRAME_RECEIPT_BYTES_MAX),
        number("FRAME_SUBMIT_BYTES_MAX", limits::FRAME_SUBMIT_BYTES_MAX),
        number("FRAME_ROSTER_BYTES_MAX", limits::FRAME_ROSTER_BYTES_MAX),
        number("FRAME_MANIFEST_BYTES_MAX", limits::FRAME_MANIFEST_BYTES_MAX),
        number("FRAME_PIECE_BYTES_MAX", limits::FRAME_PIECE_BYTES_MAX),
        number("ROSTER_LEARNED_MAX", limits::ROSTER_LEARNED_MAX),
        number("ROSTER_FOREIGN_MAX", limits::ROSTER_FOREIGN_MAX),
        number("ROSTER_FORKS_MAX", limits::ROSTER_FORKS_MAX),
    ]);
    assert_eq!(table("## 9. Limits"), code);
    let declared: BTreeSet<&str> = LIMITS
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split(':').next())
        .collect();
    let compared: BTreeSet<&str> = code.keys().map(String::as_str).collect();
    assert_eq!(compared, declared, "a limit that is not compared here");
}

#[test]
fn the_labels_of_the_document_are_those_of_the_code() {
    let code: BTreeSet<String> = Label::ALL
        .iter()
        .filter_map(|label| label.as_str().strip_prefix("maille/1 "))
        .map(str::to_owned)
        .collect();
    let document: BTreeSet<String> = table("### Labels").into_keys().collect();
    assert_eq!(document, code);
}

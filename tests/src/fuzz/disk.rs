//! Bytes of disks: records, logs, keys.

use maille_common::parsers as common;
use maille_durable::parsers;

pub(super) fn relay_record(bytes: &[u8]) -> bool {
    maille_relay::parsers::record(bytes)
}

pub(super) fn desk_record(bytes: &[u8]) -> bool {
    maille_client::parsers::record(bytes)
}

pub(super) fn key_ring(bytes: &[u8]) -> bool {
    common::key_ring(bytes)
}

pub(super) fn log_batch(bytes: &[u8]) -> bool {
    parsers::batch(bytes)
}

/// As it lies there, and with the checksums of whoever knows how to make them.
pub(super) fn log_segment(bytes: &[u8]) -> bool {
    let made = parsers::segment_of(bytes);
    parsers::segment(bytes) || made
}

pub(super) fn log_run(bytes: &[u8]) -> bool {
    parsers::end_of_run(bytes)
}

pub(super) fn log_marker(bytes: &[u8]) -> bool {
    parsers::marker(bytes)
}

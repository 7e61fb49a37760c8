//! Doors to what reads bytes of strangers and disks, for the tests that throw bytes at it.

use std::path::Path;

use crate::admin::AdminRequest;
use crate::anchor_file::parse_anchor;
use crate::backup::Manifest;
use crate::core::reads_as_record;
use crate::roster_heads::first_of;

/// Whether these are the bytes of a stored record.
pub fn record(bytes: &[u8]) -> bool {
    reads_as_record(bytes)
}

/// Whether this is the text of an anchor.
pub fn anchor(bytes: &[u8]) -> bool {
    parse_anchor(Path::new("anchor"), bytes.to_vec()).is_ok()
}

/// Whether this is the manifest of a backup, behind its first line.
pub fn manifest(body: &[u8]) -> bool {
    let body = std::str::from_utf8(body).unwrap_or_default();
    let manifest = Manifest::parse_body(Path::new("manifest"), body);
    manifest.is_ok_and(|manifest| manifest.bytes() > 0)
}

/// Whether a file of heads begins with these bytes.
pub fn heads(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some((_, after)) = first_of(rest) {
        rest = after;
    }
    rest.len() < bytes.len()
}

/// Whether this is a question to a running relay, from its own machine.
pub fn question(bytes: &[u8]) -> bool {
    serde_json::from_slice::<AdminRequest>(bytes).is_ok()
}

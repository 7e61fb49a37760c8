//! The lines of a manifest, read one table after the other.
//!
//! A relay with a million attachments has a manifest of 170 MB, and a tree of all its TOML would
//! take dozens of times as much memory. Its lines are those that this program writes, so they are
//! taken apart where it puts them together, and no piece is long.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Manifest, ManifestFile};

/// The most bytes of the table of a file, and of the head without its list.
const PIECE_BYTES_MAX: usize = 4096;
/// What the table of a file begins with.
const TABLE: &str = "\n[[files]]\n";
/// What the last line of the head begins with.
const GONE: &str = "\ngone = [";
/// The digits of a SHA-256.
const DIGITS: usize = 64;
/// The fewest bytes of a table: its keys, a hash, one letter and one digit.
const TABLE_BYTES_MIN: usize = TABLE.len() + "path='a'\nbytes=0\nsha256=''".len() + DIGITS;

/// What stands before the lists.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u16,
    program: String,
    made: String,
    relay: String,
    network: String,
    incarnation: String,
    commit: u64,
    keys: bool,
}

/// What every version begins with.
#[derive(Deserialize)]
struct OfVersion {
    version: u16,
}

/// The version that the first line tells.
pub(super) fn version_of(body: &str) -> Result<u16, String> {
    let line = body.lines().next().unwrap_or_default();
    piece::<OfVersion>(line, "its version").map(|of| of.version)
}

/// Reads everything behind the first line of the file, or tells what is wrong with it.
pub(super) fn read(body: &str) -> Result<Manifest, String> {
    let mut tables = body.split(TABLE);
    let head = tables.next().unwrap_or_default();
    let (head, gone) = head
        .split_once(GONE)
        .ok_or("its head does not end with the attachments that are gone")?;
    let gone = hashes(gone).ok_or("the list of attachments that are gone has another form")?;
    let head: Head = piece(head, "its head")?;
    // Bytes that hold no table promise none.
    let mut files = Vec::with_capacity(body.len() / TABLE_BYTES_MIN);
    for table in tables {
        let number = files.len() + 1;
        let file: ManifestFile = piece(table, &format!("the table of file {number}"))?;
        if !is_sha256(&file.sha256) {
            return Err(format!("file {number} has no SHA-256"));
        }
        files.push(file);
    }
    Ok(Manifest {
        version: head.version,
        program: head.program,
        made: head.made,
        relay: head.relay,
        network: head.network,
        incarnation: head.incarnation,
        commit: head.commit,
        keys: head.keys,
        gone,
        files,
    })
}

/// Reads a piece of TOML.
fn piece<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, String> {
    if text.len() > PIECE_BYTES_MAX {
        return Err(format!("{what} has more than {PIECE_BYTES_MAX} bytes"));
    }
    let fault = |error: toml::de::Error| error.message().trim_end_matches('.').to_owned();
    toml::from_str(text).map_err(|error| format!("{what} cannot be read: {}", fault(error)))
}

/// The hashes of a list, from behind its bracket on.
fn hashes(list: &str) -> Option<Vec<String>> {
    let list = list.trim_end().strip_suffix(']')?;
    let mut hashes = Vec::with_capacity(list.len() / DIGITS);
    if list.is_empty() {
        return Some(hashes);
    }
    for item in list.split(", ") {
        let hash = item.strip_prefix('"')?.strip_suffix('"')?;
        if !is_sha256(hash) {
            return None;
        }
        hashes.push(hash.to_owned());
    }
    Some(hashes)
}

fn is_sha256(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == DIGITS && text.bytes().all(is_digit)
}

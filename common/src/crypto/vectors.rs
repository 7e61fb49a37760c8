//! Test vectors that others wrote. They live outside the repository, beside one of its ancestors.

use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Reads `shared/vectors/<file>`; where that folder is absent, says so and gives nothing.
pub(super) fn read(file: &str) -> Option<Value> {
    let Some(folder) = folder() else {
        // Past the test harness, which hides what a passing test prints.
        let _ = writeln!(
            stderr(),
            "SKIPPED: shared/vectors is absent, {file} was not checked."
        );
        return None;
    };
    let text = std::fs::read_to_string(folder.join(file)).expect("a vector file is readable");
    Some(serde_json::from_str(&text).expect("a vector file is JSON"))
}

/// The folder `shared/vectors` beside this package or one of its ancestors.
fn folder() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|ancestor| ancestor.join("shared/vectors"))
        .find(|folder| folder.is_dir())
}

/// The bytes of a hexadecimal field.
pub(super) fn bytes(vector: &Value, field: &str) -> Vec<u8> {
    unhex(vector[field].as_str().expect("a field is a text"))
}

/// The bytes of a hexadecimal field of known length.
pub(super) fn array<const N: usize>(vector: &Value, field: &str) -> [u8; N] {
    bytes(vector, field)
        .try_into()
        .expect("a field has its length")
}

/// Whether the vector carries a flag; some carry none, not even a list.
pub(super) fn flagged(vector: &Value, flag: &str) -> bool {
    let flags = vector["flags"].as_array();
    flags.is_some_and(|flags| flags.iter().any(|found| found == flag))
}

/// Reads hexadecimal of any length.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("a field is hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}

//! What fuzzing begins from: real bytes, read from the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("tests/ is in it").to_path_buf()
}

/// Every file whose path begins so, in order of the paths; annotated hex is what it says.
pub(super) fn read_seeds(beginnings: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for beginning in beginnings {
        let (folder, name) = beginning.rsplit_once('/').expect("a path in a folder");
        let entries = fs::read_dir(root().join(folder))
            .unwrap_or_else(|error| panic!("{folder} cannot be read: {error}"));
        for entry in entries {
            let path = entry.expect("a folder is listed").path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if file.starts_with(name) && path.is_file() {
                let shown = format!("{folder}/{file}");
                let bytes = fs::read(&path).expect("a file of the repository is read");
                seeds.push((shown, bytes_of(&path, bytes)));
            }
        }
    }
    assert!(!seeds.is_empty(), "there is nothing at {beginnings:?}");
    seeds.sort();
    seeds
}

fn bytes_of(path: &Path, bytes: Vec<u8>) -> Vec<u8> {
    if path.extension().is_none_or(|ending| ending != "hex") {
        return bytes;
    }
    let text = String::from_utf8(bytes).expect("annotated hex is text");
    let digits: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .collect();
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits"))
        .collect()
}

//! The files of the repository, walked without git, so that an unpacked archive is judged as well.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::rust_source::RustSource;

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Its path from the root, with `/` on every system.
    pub(crate) path: String,
    /// Its bytes as text.
    pub(crate) text: String,
}

impl TextFile {
    /// The end of the name behind the last dot; empty where there is none.
    pub(crate) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// The folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a folder of the workspace")
        .to_path_buf()
}

/// Every text file of the repository, in order of path.
pub(crate) fn text_files() -> &'static [TextFile] {
    static FILES: OnceLock<Vec<TextFile>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = Vec::new();
        walk(&root(), "", &ignored(), &mut files);
        files.sort_by(|left, right| left.path.cmp(&right.path));
        assert!(files.len() > 10, "the repository has files");
        files
    })
}

/// Every Rust file, split into code and comments, in order of path.
pub(crate) fn rust_sources() -> &'static [RustSource] {
    static SOURCES: OnceLock<Vec<RustSource>> = OnceLock::new();
    SOURCES.get_or_init(|| RustSource::all(text_files()))
}

/// The text of a file that must be there.
pub(crate) fn text_of(path: &str) -> &'static str {
    text_files()
        .iter()
        .find(|file| file.path == path)
        .map(|file| file.text.as_str())
        .unwrap_or_else(|| panic!("{path} is a file of the repository"))
}

/// The names at the root that a clone would have.
pub(crate) fn top_level() -> BTreeSet<String> {
    let ignored = ignored();
    entries(&root())
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !ignored.contains(name))
        .collect()
}

/// What `.gitignore` leaves out: whole paths from the root, one a line.
fn ignored() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(".gitignore")).unwrap_or_default();
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.trim_matches('/').to_owned())
        .collect()
}

fn walk(folder: &Path, prefix: &str, ignored: &BTreeSet<String>, files: &mut Vec<TextFile>) {
    for (name, path) in entries(folder) {
        let relative = format!("{prefix}{name}");
        if name == ".git" || name == "target" || ignored.contains(&relative) {
            continue;
        }
        if path.is_dir() {
            walk(&path, &format!("{relative}/"), ignored, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            files.push(TextFile {
                path: relative,
                text,
            });
        }
    }
}

fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let listing = fs::read_dir(folder).expect("a folder of the repository is readable");
    listing
        .map(|entry| {
            let entry = entry.expect("a folder of the repository is readable");
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .collect()
}

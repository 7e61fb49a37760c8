//! Pinned vectors: every format as annotated hex, for each crate that has formats of its own.
//!
//! One file pins one value: one field a line, and what it is behind a `#`. A value has to be the
//! bytes of its file, and the file has to be the value. Neighbours of one type differ in value, or
//! two that changed places would not be noticed. `VECTORS_WRITE=1` writes the files anew. A
//! changed file is a changed protocol, or a store that an older program wrote and this one cannot
//! read.
//!
//! Compiled for tests alone, by the feature `vectors`: it reads files, as nothing else here does.

mod fields;
mod page;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use crate::codec::{Decode, Encode, decode, encode};
use crate::randomness::Randomness;
use crate::record::{Record, read_record, write_record};

pub use crate::{annotate_choices, annotate_fields};
pub use page::{Annotate, Choice, Page};

/// A folder of vectors, and which of them were compared. Every method panics where one differs.
#[derive(Debug)]
pub struct Vectors {
    folder: PathBuf,
    writes: bool,
    files: BTreeSet<String>,
    records: BTreeSet<&'static str>,
    choices: BTreeSet<(&'static str, &'static str)>,
}

impl Vectors {
    /// The vectors in a folder of a crate, whose own folder is its `CARGO_MANIFEST_DIR`.
    pub fn of(package: &str, folder: &str) -> Self {
        let writes = std::env::var_os("VECTORS_WRITE").is_some();
        Self::at(Path::new(package).join(folder), writes)
    }

    fn at(folder: PathBuf, writes: bool) -> Self {
        Self {
            folder,
            writes,
            files: BTreeSet::new(),
            records: BTreeSet::new(),
            choices: BTreeSet::new(),
        }
    }

    /// Compares a value of the codec with its file, both ways.
    pub fn value<T: Encode + Decode<()> + Annotate>(&mut self, name: &str, value: &T) {
        self.both_ways(name, value, encode, decode, Page::default);
    }

    /// Compares a stored record with its file, both ways: its format number, then its fields.
    pub fn record<R: Record + Annotate>(&mut self, name: &str, record: &R) {
        self.records.insert(R::NAME);
        let begun = || {
            let mut page = Page::default();
            page.line(&format!("{name}: format {}", R::FORMAT), &[R::FORMAT]);
            page
        };
        self.both_ways(name, record, write_record, read_record, begun);
    }

    fn both_ways<T: Annotate, E: Display>(
        &mut self,
        name: &str,
        value: &T,
        write: impl Fn(&T) -> Vec<u8>,
        read: impl Fn(&[u8]) -> Result<T, E>,
        begun: impl Fn() -> Page,
    ) {
        let page_of = |value: &T| {
            let mut page = begun();
            value.annotate(&mut page, name);
            page
        };
        let page = page_of(value);
        assert!(
            page.bytes == write(value),
            "{name}: a field is not annotated, or out of its order"
        );
        let pinned = self.page(name, &page);
        let found = read(&pinned).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page_of(&found).text == page.text, "{name}: another value");
        assert!(write(&found) == pinned, "{name}: another encoding");
    }

    /// Compares a page with its file, and returns the bytes that the file says: what the caller has
    /// to be able to read.
    pub fn page(&mut self, name: &str, page: &Page) -> Vec<u8> {
        self.choices.extend(&page.choices);
        let bytes = page::read(&self.text(&format!("{name}.hex"), &page.text));
        assert!(bytes == page.bytes, "{name}.hex says other bytes");
        bytes
    }

    /// Compares a text with its file, and returns what the file says.
    pub fn text(&mut self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        if self.writes {
            let written = fs::create_dir_all(&self.folder).and_then(|()| fs::write(&path, text));
            written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        let pinned = fs::read_to_string(&path).unwrap_or_default();
        assert!(pinned == text, "{name} has other bytes or fields");
        assert!(self.files.insert(name.to_owned()), "{name} twice");
        pinned
    }

    /// Every variant of an enum was in some vector.
    pub fn has_every_choice<C: Choice>(&self) {
        for variant in C::VARIANTS {
            let seen = self.choices.contains(&(C::NAME, *variant));
            assert!(seen, "{}::{variant} has no vector", C::NAME);
        }
    }

    /// These records, by their names, have vectors, and no others.
    pub fn has_every_record(&self, names: &[&'static str]) {
        for name in names {
            let pinned = self.records.contains(name);
            assert!(pinned, "the record `{name}` has no vector");
        }
        assert_eq!(
            self.records.len(),
            names.len(),
            "each record has its own name"
        );
    }

    /// Every file of the folder was compared; folders inside have tests of their own.
    pub fn end(self) {
        let entries = fs::read_dir(&self.folder);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", self.folder.display()));
        let files: BTreeSet<String> = entries
            .map(|entry| entry.expect("a folder that was opened can be listed"))
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(files, self.files, "each file is compared");
    }
}

/// A value of the protocol, as its own vector says it: what stored records are pinned with.
pub fn sent<T: Decode<()>>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let text = fs::read_to_string(folder.join(format!("{name}.hex"))).unwrap_or_default();
    decode(&page::read(&text)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Bytes that are easy to read: 01 over and over at the first call, 02 at the second.
#[derive(Debug, Default)]
pub struct Counted(u8);

impl Randomness for Counted {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        bytes.fill(self.0);
    }
}

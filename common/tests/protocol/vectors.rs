//! Every format pinned to the byte: `common/vectors/*.hex` (PROTOCOL section 10).
//!
//! `VECTORS_WRITE=1` writes the files anew. A changed file is a changed protocol.

mod fields;
mod page;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use maille_common::codec::{Decode, Encode, decode, encode};

use page::{Annotate, Page, read};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn file(name: &str) -> PathBuf {
    folder().join(format!("{name}.hex"))
}

/// Compares a value with its file, both ways.
pub(crate) trait Check {
    fn check<T: Encode + Decode<()> + Annotate + PartialEq>(&mut self, name: &str, value: &T);
}

/// The value built here has the bytes and the annotations of the file.
#[derive(Default)]
struct Built(BTreeSet<String>);

impl Check for Built {
    fn check<T: Encode + Decode<()> + Annotate + PartialEq>(&mut self, name: &str, value: &T) {
        let mut page = Page::default();
        value.annotate(&mut page, name);
        assert!(
            page.bytes == encode(value),
            "{name}: a field is not annotated"
        );
        if std::env::var_os("VECTORS_WRITE").is_some() {
            std::fs::write(file(name), &page.text).unwrap();
        }
        let pinned = std::fs::read_to_string(file(name)).unwrap_or_default();
        assert!(pinned == page.text, "{name}.hex has other bytes or fields");
        assert!(self.0.insert(name.to_owned()), "{name} twice");
    }
}

/// The bytes of the file are the value, and encode to themselves.
struct Decoded;

impl Check for Decoded {
    fn check<T: Encode + Decode<()> + Annotate + PartialEq>(&mut self, name: &str, value: &T) {
        let bytes = read(&std::fs::read_to_string(file(name)).unwrap());
        let decoded: T = decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(decoded == *value, "{name}: another value");
        assert!(encode(&decoded) == bytes, "{name}: another encoding");
    }
}

#[test]
fn the_values_built_here_have_the_pinned_bytes() {
    let mut built = Built::default();
    values::check_all(&mut built);
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".hex").to_owned())
        .collect();
    assert_eq!(files, built.0, "each file is compared");
}

#[test]
fn the_pinned_bytes_decode_and_encode_to_themselves() {
    values::check_all(&mut Decoded);
}

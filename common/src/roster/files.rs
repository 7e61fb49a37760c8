//! How the documents of a roster are named as files. Names only: nothing here reads or writes.
//!
//! A roster folder is handed about by people: by post, on a stick, from an authority to a relay.
//! Its files are encoded documents, one each, and their names say only how they are to be read.
//! What counts is proved from the anchor, so a wrong name can hide a document and never forge one.
//!
//! ```
//! use maille_common::roster::files::{DocumentKind, annex_file, authority_file};
//! assert_eq!(authority_file(1), "authority-000001.part");
//! assert_eq!(annex_file(&"interpol".parse()?, 12), "annex-interpol-000012.part");
//! assert_eq!(DocumentKind::of_file("authority-000001.part"), Some(DocumentKind::Authority));
//! assert_eq!(DocumentKind::of_file("authority-000002.proposal"), None);
//! # Ok::<(), maille_common::address::NameError>(())
//! ```

use crate::address::Name;
use crate::hash::Hash;

/// How the name of every document ends, without the dot.
pub const EXTENSION: &str = "part";

/// What a file holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// A [`SignedAuthority`](super::SignedAuthority).
    Authority,
    /// A [`SignedAnnex`](super::SignedAnnex).
    Annex,
    /// A [`SignedSuspension`](super::SignedSuspension).
    Suspension,
}

impl DocumentKind {
    /// What a file of this name holds; none if it is no document of a roster.
    ///
    /// Only beginning and end count: where two annexes have one number, because the authority's pin
    /// settled which one holds, the second has its [hash](annex_file_of_hash) in its name.
    pub fn of_file(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        match stem.split_once('-')?.0 {
            "authority" => Some(Self::Authority),
            "annex" => Some(Self::Annex),
            "suspension" => Some(Self::Suspension),
            _ => None,
        }
    }
}

/// The name of an authority part's file. Six digits sort as the chain does for a million parts.
pub fn authority_file(number: u64) -> String {
    format!("authority-{number:06}.{EXTENSION}")
}

/// The name of an annex's file.
pub fn annex_file(organisation: &Name, number: u64) -> String {
    format!("annex-{organisation}-{number:06}.{EXTENSION}")
}

/// The name of an annex's file where another annex has the [plain name](annex_file).
pub fn annex_file_of_hash(organisation: &Name, number: u64, hash: &Hash) -> String {
    format!(
        "annex-{organisation}-{number:06}-{}.{EXTENSION}",
        hash.short()
    )
}

/// The name of a suspension's file: its whole hash, by which it is lifted too.
pub fn suspension_file(hash: &Hash) -> String {
    format!("suspension-{hash}.{EXTENSION}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_what_it_was_made_for() {
        let (name, hash) = ("a-b".parse().unwrap(), Hash::from_bytes([0xab; 32]));
        for (file, kind) in [
            (authority_file(7), DocumentKind::Authority),
            (annex_file(&name, 1), DocumentKind::Annex),
            (annex_file_of_hash(&name, 1, &hash), DocumentKind::Annex),
            (suspension_file(&hash), DocumentKind::Suspension),
        ] {
            assert_eq!(DocumentKind::of_file(&file), Some(kind), "{file}");
        }
    }

    #[test]
    fn other_files_of_the_folder_are_no_documents() {
        for file in [
            "anchor.toml",
            "README",
            "authority.part",
            "annex-a-000001.part.new",
            "part",
            ".part",
            "x-1.part",
        ] {
            assert_eq!(DocumentKind::of_file(file), None, "{file}");
        }
    }
}

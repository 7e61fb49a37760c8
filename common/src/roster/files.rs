//! How the documents of a roster lie in files: their names, and what their bytes are. Nothing here
//! reads or writes a file.
//!
//! A roster folder is handed about by people: by post, on a stick, from an authority to a relay. A
//! file is one of its documents if its name ends with `.part`; whose it is shows in its bytes,
//! never in its name, and what counts is proved from the anchor. So a wrong name forges nothing.
//!
//! ```
//! use maille_common::hash::Hash;
//! use maille_common::roster::files::{annex_file, authority_file, is_document};
//! assert_eq!(authority_file(1), "authority-000001.part");
//! let hash = Hash::from_bytes([0xab; 32]);
//! assert_eq!(annex_file(&"interpol".parse()?, 12, &hash), "annex-interpol-000012-abababab.part");
//! assert!(is_document("authority-000001.part"));
//! assert!(!is_document("authority-000002.proposal"));
//! # Ok::<(), maille_common::address::NameError>(())
//! ```

use super::{RosterDocuments, SignedAnnex, SignedAuthority, SignedSuspension};
use crate::address::Name;
use crate::codec::{Decode, DecodeError, List, decode, encode};
use crate::hash::Hash;
use crate::limits;

/// How the name of every document ends, without the dot.
pub const EXTENSION: &str = "part";

/// Whether a file of this name is a document of a roster folder.
pub fn is_document(name: &str) -> bool {
    let stem = name
        .strip_suffix(EXTENSION)
        .and_then(|name| name.strip_suffix('.'));
    stem.is_some_and(|stem| !stem.is_empty())
}

/// The name of an authority part's file. Six digits sort as the chain does for a million parts.
pub fn authority_file(number: u64) -> String {
    format!("authority-{number:06}.{EXTENSION}")
}

/// The name of an annex's file. The hash is in it because, where the authority's pin settled which
/// line of annexes holds, two of them have one number.
pub fn annex_file(organisation: &Name, number: u64, hash: &Hash) -> String {
    format!(
        "annex-{organisation}-{number:06}-{}.{EXTENSION}",
        hash.short()
    )
}

/// The name of a suspension's file: its whole hash, by which it is lifted too.
pub fn suspension_file(hash: &Hash) -> String {
    format!("suspension-{hash}.{EXTENSION}")
}

/// Each document with the name of its file, as bytes to write.
pub fn named(documents: &RosterDocuments) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    let authority = documents
        .authority
        .iter()
        .map(|signed| (authority_file(signed.part.number), encode(signed)));
    let annexes = documents.annexes.iter().map(|signed| {
        let (organisation, number) = (&signed.annex.organisation, signed.annex.number);
        (
            annex_file(organisation, number, &signed.hash()),
            encode(signed),
        )
    });
    let suspensions = documents
        .suspensions
        .iter()
        .map(|signed| (suspension_file(&signed.hash()), encode(signed)));
    authority.chain(annexes).chain(suspensions)
}

/// Reads one document of any kind, or a whole set of them, believing none.
///
/// Which it is, the bytes decide: each kind has to fit exactly. Where none does, the error is that
/// of the kind that only had bytes left over, or else that of a set.
pub fn read_documents(bytes: &[u8]) -> Result<RosterDocuments, DecodeError> {
    let mut documents = RosterDocuments::default();
    let authority = one::<SignedAuthority, { limits::DOCUMENTS_MAX }>(bytes);
    let annex = one::<SignedAnnex, { limits::DOCUMENTS_MAX }>(bytes);
    let suspension = one::<SignedSuspension, { super::SUSPENSIONS_MAX }>(bytes);
    match (authority, annex, suspension) {
        (Ok(found), _, _) => documents.authority = found,
        (_, Ok(found), _) => documents.annexes = found,
        (_, _, Ok(found)) => documents.suspensions = found,
        (Err(authority), Err(annex), Err(suspension)) => {
            let left_over = |error: &DecodeError| matches!(error, DecodeError::Trailing { .. });
            let kinds = [authority, annex, suspension];
            let nearest = kinds.into_iter().find(left_over);
            return decode(bytes).map_err(|error| nearest.unwrap_or(error));
        }
    }
    Ok(documents)
}

fn one<D: Decode<()>, const MAX: usize>(bytes: &[u8]) -> Result<List<D, MAX>, DecodeError> {
    let document: D = decode(bytes)?;
    Ok(List::new([document]).expect("one document is within the limit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Text, encode};
    use crate::crypto::ed25519::SigningKey;
    use crate::roster::{Subject, Suspension, Version};
    use crate::time::Timestamp;

    fn suspension() -> SignedSuspension {
        let key = SigningKey::from_seed([1; 32]);
        let suspension = Suspension {
            version: Version::ONE,
            network: Text::new("test").unwrap(),
            subject: Subject::Organisation("interpol".parse().unwrap()),
            issued: Timestamp::from_unix_ms(1),
            reason: Text::new("lost").unwrap(),
            key: key.verifying_key(),
        };
        SignedSuspension::sign(&key, suspension).unwrap()
    }

    #[test]
    fn a_document_is_read_alone_and_in_a_set() {
        let set = RosterDocuments {
            suspensions: List::new([suspension()]).unwrap(),
            ..RosterDocuments::default()
        };
        assert_eq!(read_documents(&encode(&suspension())), Ok(set.clone()));
        assert_eq!(read_documents(&encode(&set)), Ok(set));
        assert!(read_documents(b"hello").is_err());
    }

    #[test]
    fn every_name_that_is_made_is_a_documents_and_others_are_not() {
        let (name, hash) = ("a-b".parse().unwrap(), Hash::from_bytes([0xab; 32]));
        for file in [
            authority_file(7),
            annex_file(&name, 1, &hash),
            suspension_file(&hash),
        ] {
            assert!(is_document(&file), "{file}");
        }
        for file in [
            "anchor.toml",
            "README",
            "a.part.new",
            "part",
            ".part",
            "a.proposal",
        ] {
            assert!(!is_document(file), "{file}");
        }
    }
}

//! The one list of labels: each signature, hash and derivation has its own.
//!
//! A label stands, padded with zeros to 32 bytes, before what is hashed or signed, so that nothing
//! made for one purpose verifies for another. `1` is the version of the suite: another suite has
//! other labels, which is why the version itself cannot be confused either.

use std::fmt;

/// The purpose of a hash, signature or derivation. Only this file makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(&'static str);

impl Label {
    /// The length of a padded label in bytes.
    pub const LEN: usize = 32;

    /// The text of the label.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The text, followed by zero bytes up to 32.
    pub fn padded(self) -> [u8; Self::LEN] {
        let mut padded = [0; Self::LEN];
        padded[..self.0.len()].copy_from_slice(self.0.as_bytes());
        padded
    }

    /// Refuses at compile time what does not fit.
    const fn new(text: &'static str) -> Self {
        assert!(text.len() <= Self::LEN && text.is_ascii());
        Self(text)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// Declares the labels and the list of all.
macro_rules! labels {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)+) => {
        impl Label {
            $($(#[$meta])* pub const $name: Self = Self::new($text);)+

            /// Every label there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

labels! {
    /// Hash of the signed part of an envelope: the alert id.
    ENVELOPE = "maille/1 envelope";
    /// Signature of the sending device over the alert id.
    ENVELOPE_SIGNATURE = "maille/1 envelope signature";
    /// Hash of a name that stands as a key of fixed width in a store.
    CONTACT = "maille/1 contact";
    /// Hash of the core, which enters the derivations of body and wraps.
    CORE = "maille/1 core";
    /// Context of the chunked encryption of a body.
    BODY = "maille/1 body";
    /// Hash of an encrypted body.
    BODY_HASH = "maille/1 body hash";
    /// HPKE info of a wrap.
    WRAP = "maille/1 wrap";
    /// Hash of a wrap, as it stands in its entry.
    WRAP_HASH = "maille/1 wrap hash";
    /// Leaf of the tree over the entries of an envelope.
    ENTRY_LEAF = "maille/1 entry leaf";
    /// Chain over the alerts of one stream.
    STREAM = "maille/1 stream";
    /// Context of the chunked encryption of an attachment.
    ATTACHMENT = "maille/1 attachment";
    /// Hash over the pieces of an attachment: the blob id.
    BLOB = "maille/1 blob";
    /// Digest over what one device holds of one day's alerts between it and another.
    DAY_DIGEST = "maille/1 day digest";
    /// Hash of a sealing key: its id.
    SEALING_KEY = "maille/1 sealing key";
    /// Hash of a bundle of sealing keys.
    BUNDLE = "maille/1 bundle";
    /// Signature of a device over its bundle of sealing keys.
    BUNDLE_SIGNATURE = "maille/1 bundle signature";
    /// Hash of a receipt: its id.
    RECEIPT = "maille/1 receipt";
    /// Signature of a device over receipts.
    RECEIPT_SIGNATURE = "maille/1 receipt signature";
    /// Chain over the receipts of one device.
    RECEIPT_CHAIN = "maille/1 receipt chain";
    /// Salted hash of the officer who acted.
    OFFICER = "maille/1 officer";
    /// Hash of a sealed note.
    NOTE = "maille/1 note";
    /// HPKE info of a sealed note.
    NOTE_SEAL = "maille/1 note seal";
    /// Hash of a relay's word that it holds an alert.
    ACCEPTED = "maille/1 accepted";
    /// Signature of a relay over such words.
    ACCEPTED_SIGNATURE = "maille/1 accepted signature";
    /// Hash of a relay's notice.
    NOTICE = "maille/1 notice";
    /// Signature of a relay over notices.
    NOTICE_SIGNATURE = "maille/1 notice signature";
    /// Hash of a sender's word that an obligation expired.
    EXPIRY = "maille/1 expiry";
    /// Signature of the sending device over it.
    EXPIRY_SIGNATURE = "maille/1 expiry signature";
    /// Hash of a relay's statement of the time.
    RELAY_TIME = "maille/1 relay time";
    /// Signature of a relay over it.
    RELAY_TIME_SIGNATURE = "maille/1 relay time signature";
    /// Hash of an export.
    EXPORT = "maille/1 export";
    /// Signature of the exporting device over it.
    EXPORT_SIGNATURE = "maille/1 export signature";
    /// Hash of the authority part of a roster.
    AUTHORITY = "maille/1 authority";
    /// Signature of an authority key over it.
    AUTHORITY_SIGNATURE = "maille/1 authority signature";
    /// Hash of an organisation's annex.
    ANNEX = "maille/1 annex";
    /// Signature of an annex key over it.
    ANNEX_SIGNATURE = "maille/1 annex signature";
    /// Hash of a suspension.
    SUSPENSION = "maille/1 suspension";
    /// Signature of an authority or annex key over it.
    SUSPENSION_SIGNATURE = "maille/1 suspension signature";
    /// Leaf of the tree over authority part and annexes.
    ROSTER_LEAF = "maille/1 roster leaf";
    /// Hash of an anchor, of which a letter carries the beginning.
    ANCHOR = "maille/1 anchor";
    /// Hash of a request for admission.
    REQUEST = "maille/1 request";
    /// Signature of the requesting device over it.
    REQUEST_SIGNATURE = "maille/1 request signature";
    /// Derivation of the twelve digits that are read out by telephone.
    REQUEST_CODE = "maille/1 request code";
    /// Hash of a request for other keys of an admitted device.
    RENEWAL = "maille/1 renewal";
    /// Signature of the device's present key over it.
    RENEWAL_SIGNATURE = "maille/1 renewal signature";
    /// Additional data of a key file.
    KEY_FILE = "maille/1 key file";
    /// Additional data of small values encrypted at rest.
    AT_REST = "maille/1 at rest";
    /// HPKE info of a record of an archive.
    ARCHIVE = "maille/1 archive";
    /// Hash of a record of an archive: the next one names it.
    ARCHIVE_RECORD = "maille/1 archive record";
    /// Hash of a caller's reference.
    REFERENCE = "maille/1 reference";
    /// Derivation of the key by which a restarted relay resets the connections of its earlier life.
    STATELESS_RESET = "maille/1 stateless reset";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_labels_differ_and_fit_and_name_the_suite() {
        let padded: BTreeSet<_> = Label::ALL.iter().map(|label| label.padded()).collect();
        assert_eq!(padded.len(), Label::ALL.len());
        for label in Label::ALL {
            assert!(label.as_str().starts_with("maille/1 "), "{label}");
            assert!(label.as_str().len() <= Label::LEN, "{label}");
            // A zero inside would make the padding ambiguous.
            assert!(
                label
                    .as_str()
                    .bytes()
                    .all(|byte| (0x20..0x7f).contains(&byte)),
                "{label}"
            );
        }
    }

    #[test]
    fn a_label_is_padded_with_zeros() {
        let padded = Label::CORE.padded();
        assert_eq!(&padded[..13], b"maille/1 core");
        assert!(padded[13..].iter().all(|&byte| byte == 0));
    }
}

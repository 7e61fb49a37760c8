//! Room for what version 1 does not know yet.

use crate::codec::{Bytes, Decode, Encode, SortedList};
use crate::limits;

/// A numbered field that a later version added at the end of a signed structure.
///
/// A reader that meets an unknown *critical* one must not act on the structure at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Extension {
    /// The number, given out in PROTOCOL.
    pub number: u32,
    /// Whether a reader who does not know the number must refuse the whole.
    pub critical: bool,
    /// The value, in a form that the number defines.
    pub value: Bytes<{ limits::EXTENSION_BYTES_MAX }>,
}

/// The extensions at the end of one structure, ascending by number.
pub type Extensions = SortedList<Extension, { limits::EXTENSIONS_MAX }>;

/// The number of the first critical extension this version does not know, which is any: version 1
/// defines none.
pub fn first_unknown_critical(extensions: &Extensions) -> Option<u32> {
    extensions
        .iter()
        .find(|extension| extension.critical)
        .map(|extension| extension.number)
}

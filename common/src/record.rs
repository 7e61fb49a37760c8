//! Stored records: a format number, then the value in the one codec.
//!
//! Relay and client keep records of their own; this file says how a record's bytes begin, so that
//! an upgrade cannot read an old record as a new one.

use thiserror::Error;

use crate::codec::{Decode, DecodeError, Encode, decode, encode};

/// A value that is kept in a store.
pub trait Record: Encode + Decode<()> {
    /// The format of these bytes; another one is migrated, never guessed at.
    const FORMAT: u8 = 1;
    /// What it is, for errors and incidents.
    const NAME: &'static str;
}

/// A stored record cannot be read: the store is damaged, or of another version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordFault {
    /// Another format.
    #[error("the stored {name} has format {found}, and this program reads format {expected}")]
    Format {
        /// What it is.
        name: &'static str,
        /// The format found.
        found: u8,
        /// The format read.
        expected: u8,
    },
    /// The bytes are not such a record.
    #[error("the stored {name} is damaged: {fault}")]
    Damaged {
        /// What it is.
        name: &'static str,
        /// How.
        fault: DecodeError,
    },
    /// Something that another record speaks of is not there.
    #[error("the stored {name} is missing, although another record names it")]
    Missing {
        /// What it is.
        name: &'static str,
    },
}

/// The bytes to store.
pub fn write_record<R: Record>(record: &R) -> Vec<u8> {
    let mut bytes = vec![R::FORMAT];
    bytes.extend_from_slice(&encode(record));
    bytes
}

/// Reads stored bytes.
pub fn read_record<R: Record>(bytes: &[u8]) -> Result<R, RecordFault> {
    let name = R::NAME;
    match bytes.split_first() {
        Some((format, rest)) if *format == R::FORMAT => {
            decode(rest).map_err(|fault| RecordFault::Damaged { name, fault })
        }
        Some((format, _)) => Err(RecordFault::Format {
            name,
            found: *format,
            expected: R::FORMAT,
        }),
        None => Err(RecordFault::Damaged {
            name,
            fault: DecodeError::Truncated,
        }),
    }
}

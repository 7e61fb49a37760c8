//! Reads OASIS CAP 1.2 files as drafts of alerts.
//!
//! The file itself travels as a payload, byte for byte; beside it stands what a duty officer has
//! to see at once, taken from it. Nothing is fetched, nothing is expanded: a document with a
//! DOCTYPE or an entity of its own is refused. Signatures inside a file are not judged, and travel
//! with it.
//!
//! | CAP 1.2 | alert |
//! |---|---|
//! | `headline`, else `event`, of the first `info` of a language | subject in that language |
//! | `description`, `instruction`, `senderName`, `contact`, `web` | text part in that language |
//! | `category`, `responseType`, `eventCode` of all `info` | the same, each once |
//! | `severity`, `certainty`, `urgency` | the gravest of all `info` |
//! | `onset`, `expires` | the earliest, the latest |
//! | `areaDesc` | areas |
//! | `scope`, `restriction` | TLP `clear`, `amber+strict` or `red`; handling H3 |
//! | `incidents` | incidents |
//! | `sender`, `identifier`, `sent` | external name in channel `cap` |
//! | the file | payload of type `application/cap+xml` |

mod block;
mod cut;
mod document;
mod encoding;
mod error;
mod import;
mod message;
mod time;
mod words;

pub use cut::Cut;
pub use error::CapError;
pub use import::CapImport;
pub use words::{CapScope, CapStatus, MessageType};

/// The media type of a CAP file.
pub const MEDIA_TYPE: &str = "application/cap+xml";

/// The namespace of CAP 1.2, which also names its schema.
pub const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";

/// The channel of a CAP file's name among the external names of an alert.
pub const CHANNEL: &str = "cap";

/// The longest file, in bytes: with 512 KiB of texts it fits the 4 MiB of a body, and leaves room
/// for more parts. A longer file can be sent as an attachment.
pub const FILE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Reads a CAP 1.2 file.
///
/// Every file that is valid by the schema is read, and the draft builds. What is longer than its
/// field of an alert is shortened, and named in [`CapImport::cuts`]: the whole stands in the file.
pub fn read(bytes: &[u8]) -> Result<CapImport, CapError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(CapError::TooLarge {
            limit: FILE_BYTES_MAX,
            found: bytes.len(),
        });
    }
    let text = encoding::decode(bytes)?;
    let alert = document::read(&text)?;
    let message = message::CapMessage::read(&alert)?;
    Ok(import::import(message, bytes))
}

#[cfg(test)]
mod tests;

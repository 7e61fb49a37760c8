//! The export: everything one party holds about one alert, in one file that proves itself from the
//! anchor, offline, on a machine that knows nothing else.
//!
//! ```text
//! bytes ──parse──▶ Export ──verify(anchor)──▶ ProvenExport
//! ```
//!
//! It holds the signed part of the envelope, of its addenda and cancels, what relays answered, the
//! receipts, notices and expiries, and every document of the roster, from the anchor to the one in
//! force. Each is judged by the functions that judged it when it came: nothing here has rules of
//! its own but those of the file (PROTOCOL section 7, the export).
//!
//! # What it does not prove
//!
//! - **Completeness.** Whoever exports may leave pieces out, and then an obligation shows lower
//!   than it stands, never higher. Nobody else may: the exporting device signs the whole file.
//! - **Clocks.** A time is what the signer's clock said. Where several signers' times contradict
//!   each other the file shows it, and who is right is not for it to say.
//! - **Words, unless they are revealed.** The signature binds the hash of the sealed body. With
//!   the content key it is proven that these words were sealed, signed and sent, not that they are
//!   true.
//! - **Notes.** A receipt binds the hash of its sealed note. Which officer acted is proven where
//!   the name is revealed; a note's text is not, because who can open it cannot prove to others
//!   what it says.

mod fault;
mod file;
mod judge;
mod letters;
mod piece;
mod proven;
mod rosters;

pub use fault::ExportFault;
pub use file::{Export, ExportHead, ExportTooLong, MAGIC};
pub use piece::Piece;
pub use proven::{ProvenExport, ProvenReceipt, ProvenRecipient};
pub use rosters::leads_to;

//! Evidence: what every stage of an alert leaves behind, signed, and what the set of it means.
//!
//! A statement is signed with a batch signature, so that one signature can serve many. `Signed` is
//! what arrives; `Proven` is what passed its checks, and the only thing an obligation is computed
//! from.

mod accepted;
mod clocks;
mod expiry;
mod note;
mod notice;
mod obligation;
mod proofs;
mod receipt;
mod relay_time;
mod statement;

pub use accepted::{Accepted, AcceptedFault};
pub use clocks::{Clock, ClockAct, ClockOwner, Clocks, Deadlines, Progress, Step, Taker};
pub use expiry::Expiry;
pub use note::{Note, NoteFault, NoteReader, NoteWrap, SealedNote, open_note, seal_note};
pub use notice::Notice;
pub use obligation::{Evidence, Obligation, ObligationState, Proof, Standing};
pub use proofs::Proofs;
pub use receipt::{Receipt, ReceiptFault, officer_hash};
pub use relay_time::RelayTime;
pub use statement::{NotProven, Proven, Signed, Statement, sign};

/// A receipt as it travels.
pub type SignedReceipt = Signed<Receipt>;
/// A relay's answer for one recipient as it travels.
pub type SignedAccepted = Signed<Accepted>;
/// A relay's notice as it travels.
pub type SignedNotice = Signed<Notice>;
/// A sender's expiry as it travels.
pub type SignedExpiry = Signed<Expiry>;
/// A relay's clock as it travels.
pub type SignedRelayTime = Signed<RelayTime>;

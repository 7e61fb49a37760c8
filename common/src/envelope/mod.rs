//! The envelope: what one signature binds, and the way from received bytes to an opened alert.
//!
//! ```text
//! Delivery ──parse──▶ SealedEnvelope ──verify──▶ VerifiedEnvelope ──open──▶ OpenedAlert
//! Submission ──────────────────────verify──▶ VerifiedSubmission          (at the relay)
//! SignedEnvelope ──────────────────verify──▶ ProvenEnvelope              (as evidence)
//! ```
//!
//! Each arrow is the only way to the next type (fields are private), and does the checks of
//! PROTOCOL section 5 in order of cost. Only an `OpenedAlert` may reach an inbox or a screen; a
//! relay never gets further than `VerifiedSubmission`.

mod core;
mod entry;
mod env;
mod opened;
mod seal;
mod sealed;
mod signed;
mod stream;
mod submission;
mod verified;

pub use self::core::{Core, CoreFault};
pub use entry::{Entry, EntryProof, OWN_RECIPIENT, SubmittedEntry, entry_root};
pub use env::{DeviceSignature, Env, Signatures, body_hash, core_hash};
pub use opened::{Content, OpenFault, OpenedAlert, RevealFault, body_context};
pub use seal::{Addressee, Draft, SealFault, Sealed, Signer, seal, seal_addendum};
pub use sealed::{Delivery, FormFault, Original, SealedEnvelope};
pub use signed::{ProvenEnvelope, ShownEntries, ShownEntry, SignedEnvelope, SignedFault};
pub use stream::{Arrival, IncomingStream, Link, OutgoingStream, StreamPosition};
pub use submission::{Submission, SubmissionFault, VerifiedSubmission};
pub use verified::{VerifiedEnvelope, VerifyFault};

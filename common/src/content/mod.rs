//! What is sealed: the words of an alert, its parts, the heartbeat, and the reconciliation
//! (PROTOCOL section 6).
//!
//! A sender writes an [`AlertDraft`] in plain strings and builds an [`Alert`] of it; a recipient
//! decodes an [`Alert`] and checks it. Both end in the same [`Alert::check`]. Its encoding is what
//! is padded and sealed as the body of an envelope.

mod alert;
mod build;
mod check;
mod draft;
mod draft_error;
mod entrusted;
mod gap;
mod heartbeat;
mod part;
mod reconciliation;

pub use alert::{Alert, Code, Evaluation, External, Handling};
pub use check::ContentFault;
pub use draft::{AlertDraft, AttachmentDraft, PartDraft, PayloadDraft, Wording};
pub use draft_error::DraftError;
pub use entrusted::{Entrusted, EntrustedRuns};
pub use gap::{GapAnswer, GapAnswers, ToldFork, ToldForks};
pub use heartbeat::{Heartbeat, Missing};
pub use part::{Part, PartBlob, PartContent};
pub use reconciliation::{
    DayDigest, Digest, GivenStatement, Handed, Holding, Item, Place, Reconciliation, RoundId, Step,
};

#[cfg(test)]
mod tests;

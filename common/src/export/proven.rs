//! What an export proves.

use crate::address::{ContactAddress, DeviceId};
use crate::content::Alert;
use crate::drill::Reachability;
use crate::envelope::{Entry, ProvenEnvelope};
use crate::evidence::{Accepted, Expiry, Notice, Proven, Receipt, Standing};
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::time::Timestamp;

/// What was sent, by whom, to whom, and what became of it, each with its signer and its signer's
/// clock.
///
/// Built only by [`Export::verify`](super::Export::verify).
#[derive(Debug)]
#[non_exhaustive]
pub struct ProvenExport {
    /// The network of the anchor.
    pub network: String,
    /// The alert.
    pub alert: AlertId,
    /// The contact that made the file.
    pub exported_by: ContactAddress,
    /// The device that signed it.
    pub exporter: DeviceId,
    /// By that device's clock.
    pub exported: Timestamp,
    /// The number of the newest authority part.
    pub roster_number: u64,
    /// The newest roster.
    pub roster: Hash,
    /// The alert as its sender signed it.
    pub envelope: ProvenEnvelope,
    /// What brought it to further devices, oldest first.
    pub addenda: Vec<ProvenEnvelope>,
    /// What took it back, oldest first.
    pub cancels: Vec<ProvenEnvelope>,
    /// Each recipient, by address.
    pub recipients: Vec<ProvenRecipient>,
    /// What the other devices of the sender did with their copies, by time.
    pub copies: Vec<ProvenReceipt>,
    /// What it says, where that is revealed.
    pub content: Option<Box<Alert>>,
    /// Who was reached, where it is an exercise or test and its sender shows all of it.
    pub reachability: Option<Reachability>,
}

/// One recipient's part, by the evidence in the file.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProvenRecipient {
    /// The recipient.
    pub contact: ContactAddress,
    /// The entries shown that serve it: which devices could open the alert.
    pub entries: Vec<Entry>,
    /// Where its obligation stands.
    pub standing: Standing,
    /// What relays answered, by time.
    pub accepted: Vec<Proven<Accepted>>,
    /// What its devices, or its deputies', did, by time.
    pub receipts: Vec<ProvenReceipt>,
    /// What the sender's clock ended, by time.
    pub expiries: Vec<Proven<Expiry>>,
    /// What relays told, by time.
    pub notices: Vec<Proven<Notice>>,
}

/// A receipt, and what is known of it beyond itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProvenReceipt {
    /// The receipt.
    pub receipt: Proven<Receipt>,
    /// It was judged by the roster that it names, not by a later one.
    pub by_named_roster: bool,
    /// An entry in the file shows that its device was addressed.
    pub is_addressed: bool,
    /// The newest roster has a suspension of its device from before the time it states, or an end
    /// of its key from long before the alert was made (PROTOCOL X5), so it is shown and not
    /// counted.
    pub is_void: bool,
    /// There is a sealed note beside it, of the hash it names.
    pub has_note: bool,
    /// The officer who acted, where the name is revealed.
    pub officer: Option<String>,
}

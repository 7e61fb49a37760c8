//! What a relay hands over by itself, each on a stream of its own.

use crate::codec::{Decode, Encode};
use crate::envelope::Delivery;
use crate::evidence::{SealedNote, SignedNotice, SignedReceipt};
use crate::hash::Hash;

/// One push; the variant's number in PROTOCOL section 8 is its place here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Push {
    /// 0: an alert; confirmed by its signed receipt.
    Delivery {
        /// Its number in the device's mailbox.
        number: u64,
        /// The device's share.
        delivery: Box<Delivery>,
    },
    /// 1: a receipt for something this contact sent.
    Receipt {
        /// Its number in the device's mailbox.
        number: u64,
        /// The receipt.
        receipt: Box<SignedReceipt>,
        /// Its note.
        note: Option<SealedNote>,
    },
    /// 2: a relay's notice.
    Notice {
        /// Its number in the device's mailbox.
        number: u64,
        /// The notice.
        notice: Box<SignedNotice>,
    },
    /// 3: the relay has another roster now.
    RosterNews {
        /// Its hash.
        roster: Hash,
    },
}

//! Every record of the relay's store, pinned to the byte by `relay/vectors/records/*.hex`.

use maille_common::address::ContactAddress;
use maille_common::blob::BlobId;
use maille_common::codec::{Decode, Encode, Exact, List, coded, coded_choice};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::envelope::{Entry, EntryProof, Env, Original, Signatures};
use maille_common::evidence::{SealedNote, SignedAccepted, SignedNotice, SignedReceipt};
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch, Incarnation};
use maille_common::limits;
use maille_common::record::Record;
use maille_common::sealing::SignedBundle;
use maille_common::terms::Status;
use maille_common::time::{Count, Span, Timestamp};

coded! {
    /// The store itself.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct MetaRecord {
        /// Answers to submissions are numbered per device within the incarnation.
        pub(super) incarnation: Incarnation,
        /// When it began.
        pub(super) since: Timestamp,
    }
}

coded! {
    /// An alert that is kept, or of which only the id is.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct AlertRecord {
        pub(super) status: Status,
        pub(super) sender: ContactAddress,
        pub(super) recipients: List<ContactAddress, { limits::RECIPIENTS_MAX }>,
        /// The class of its mail: the urgency's code, or behind all of them.
        pub(super) class: u8,
        pub(super) first: bool,
        /// In counted time, as `expires`.
        pub(super) accepted: Timestamp,
        pub(super) expires: Timestamp,
        pub(super) blobs: List<BlobId, { limits::BLOBS_MAX }>,
        pub(super) entries: u32,
        /// Bytes kept for it, as quotas count them.
        pub(super) bytes: u64,
        pub(super) unseen_told: bool,
        /// Envelope, body and wraps are gone; ids and answers stay (I5).
        pub(super) purged: bool,
        /// For an addendum: what it extends.
        pub(super) extends: Option<AlertId>,
    }
}

coded! {
    /// The signed part of an envelope.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct EnvelopeRecord {
        pub(super) env: Exact<Env, { limits::ENV_BYTES_MAX }>,
        pub(super) signatures: Signatures,
        pub(super) original: Option<Original>,
    }
}

coded! {
    /// Every entry of an envelope, kept or not: what copies for the sender's devices come with.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct EntriesRecord {
        pub(super) entries: List<Entry, { limits::ENTRIES_MAX }>,
    }
}

coded! {
    /// One device's share.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct EntryRecord {
        pub(super) entry: Entry,
        pub(super) wrap: [u8; limits::WRAP_BYTES],
        pub(super) proof: EntryProof,
        /// Its number in the device's mailbox; 0 while it is held back.
        pub(super) mail: u64,
        pub(super) answered: bool,
    }
}

coded! {
    /// What the sender was told about one recipient.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct AnswerRecord {
        pub(super) accepted: SignedAccepted,
    }
}

coded! {
    /// A device as this relay knows it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct DeviceRecord {
        /// The highest epoch it showed.
        pub(super) epoch: Epoch,
        /// The highest mailbox number given out.
        pub(super) mailbox: u64,
        /// The highest number of an Accepted given to it.
        pub(super) accepted: u64,
        /// What waits: pieces of mail, and their bytes.
        pub(super) waiting: u64,
        pub(super) waiting_bytes: u64,
        /// The number of its newest sealing-key bundle.
        pub(super) bundle: u64,
    }
}

coded! {
    /// A piece of mail.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct MailRecord {
        pub(super) class: u8,
        pub(super) bytes: u64,
        pub(super) mail: Mail,
    }
}

coded_choice! {
    /// What a piece of mail is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
    pub(super) enum Mail {
        Delivery { alert: AlertId, index: u32 },
        Receipt { receipt: Hash },
        Notice { notice: Hash },
    }
}

coded! {
    /// A receipt with its note.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct ReceiptRecord {
        pub(super) receipt: SignedReceipt,
        pub(super) note: Option<SealedNote>,
        /// Pieces of mail that still name it.
        pub(super) readers: u32,
        /// It is kept beside its alert: whoever is handed that later gets it as well.
        pub(super) kept: bool,
    }
}

coded! {
    /// The receipt in which a device said one thing about an alert.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct SaidRecord {
        pub(super) receipt: Hash,
    }
}

coded! {
    /// A device that brought an envelope again was told what was said about it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct ToldRecord {
        /// In this life of its store.
        pub(super) epoch: Epoch,
    }
}

coded! {
    /// A notice of this relay to one device.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct NoticeRecord {
        pub(super) notice: SignedNotice,
    }
}

coded! {
    /// A device's newest bundle of sealing keys.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct BundleRecord {
        pub(super) bundle: SignedBundle,
    }
}

coded! {
    /// A sender's budget.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub(super) struct SenderRecord {
        /// Alerts kept here.
        pub(super) alerts: u64,
        /// Their bytes.
        pub(super) bytes: u64,
    }
}

coded! {
    /// What ended a device's share of an alert.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub(super) struct EndedRecord {
        /// The stages it signed, a bit each, and whether a return was for good.
        pub(super) stages: u8,
        /// Whether the alert went without an answer of it.
        pub(super) tombstone: bool,
    }
}

coded! {
    /// The receipts of a device that were taken here. A device that made fewer was rolled back.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct TakenRecord {
        /// The epoch in which the device made them.
        pub(super) epoch: Epoch,
        /// How many different ones.
        pub(super) receipts: u64,
    }
}

coded! {
    /// Deputies of one recipient may still be asked.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct EscalationRecord {
        /// When the alert was accepted for the recipient, in counted time.
        pub(super) from: Timestamp,
        pub(super) ack_within: Span,
        pub(super) expires_after: Span,
        /// Under which time a step is due.
        pub(super) due: Timestamp,
        /// The steps released so far, each with what had elapsed.
        pub(super) released: List<ReleasedStep, { limits::DEPUTY_STEPS_MAX }>,
        /// The steps of which was said that nobody can take them.
        pub(super) passed_over: List<u8, { limits::DEPUTY_STEPS_MAX }>,
    }
}

coded! {
    /// A step whose wraps were handed over.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct ReleasedStep {
        pub(super) step: u8,
        /// Since the alert was accepted.
        pub(super) elapsed: Span,
    }
}

coded! {
    /// What stops escalations of an alert, known before the alert itself. Each only comes to hold.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub(super) struct StopRecord {
        /// The recipient whose key this is has answered.
        pub(super) answered: bool,
        /// Its officer acknowledged, which frees everybody under `ack_rule = first`.
        pub(super) officer: bool,
        /// The sender whose key this is took the alert back, as a real one.
        pub(super) cancelled: bool,
        /// It took it back as an exercise or a test, which ends nothing that is real.
        pub(super) exercise_cancelled: bool,
    }
}

coded! {
    /// Where counted time stood when this was kept.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct ClockRecord {
        pub(super) count: Count,
    }
}

coded! {
    /// How long it was known, when this was kept, that the roster names a next pair of keys.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct KnownKeysRecord {
        pub(super) transport: VerifyingKey,
        pub(super) signing: VerifyingKey,
        /// By the clock that nobody sets, as of the count that is kept beside it.
        pub(super) known: Span,
    }
}

macro_rules! records {
    ($($record:ty = $name:literal;)+) => {
        $(impl Record for $record {
            const NAME: &'static str = $name;
        })+

        /// Every record by its name: each has a vector.
        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),+];

        /// Whether these bytes are one of these records.
        #[cfg(feature = "parsers")]
        pub(crate) fn reads_as_record(bytes: &[u8]) -> bool {
            // Each is tried, whatever the others say.
            let read = [$(maille_common::record::read_record::<$record>(bytes).is_ok()),+];
            read.contains(&true)
        }
    };
}

records! {
    MetaRecord = "description of the store";
    AlertRecord = "alert";
    EnvelopeRecord = "envelope";
    EntriesRecord = "entries of an envelope";
    EntryRecord = "entry of an envelope";
    AnswerRecord = "answer to a submission";
    DeviceRecord = "device";
    MailRecord = "piece of mail";
    ReceiptRecord = "receipt";
    SaidRecord = "what a device said";
    ToldRecord = "who was told what was said";
    NoticeRecord = "notice";
    BundleRecord = "sealing-key bundle";
    SenderRecord = "sender's budget";
    EndedRecord = "end of a device's share";
    TakenRecord = "count of a device's receipts";
    EscalationRecord = "escalation";
    StopRecord = "stop of an escalation";
    ClockRecord = "counted time";
    KnownKeysRecord = "next keys that the roster names";
}

impl EntryRecord {
    /// Whether the wrap lies here for a deputy, and nobody has been given it.
    pub(super) fn is_held(&self) -> bool {
        self.mail == 0
    }
}

impl DeviceRecord {
    /// A device never seen before.
    pub(super) const NEW: Self = Self {
        epoch: Epoch(0),
        mailbox: 0,
        accepted: 0,
        waiting: 0,
        waiting_bytes: 0,
        bundle: 0,
    };
}

#[cfg(test)]
mod vectors;

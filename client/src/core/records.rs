//! Every record of the desk's store, pinned to the byte by `client/vectors/records/*.hex`.
//!
//! Values are sealed at rest by the store they are given to.

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::archive::ChainId;
use maille_common::codec::{Decode, Encode, Exact, List, Text, coded, coded_choice};
use maille_common::crypto::chunked::ContentKey;
use maille_common::crypto::hpke::SealingPublicKey;
use maille_common::envelope::{Core, Delivery, SignedEnvelope, Submission};
use maille_common::evidence::{
    SealedNote, SignedAccepted, SignedExpiry, SignedNotice, SignedReceipt,
};
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch, Incarnation};
use maille_common::limits;
use maille_common::record::Record;
use maille_common::roster::{Designation, EndStage, RosterHeads};
use maille_common::sealing::SignedBundle;
use maille_common::terms::{Kind, Release, Stage, Status};
use maille_common::time::{Count, Span, Timestamp};
use maille_common::wire::PostReceipt;

mod numbered;

pub(super) use numbered::{
    AskedRecord, ForkRecord, GivenRecord, HeardRecord, HeartbeatRecord, HoleIn, HoleRecord,
    IncomingRecord, IncomingRowRecord, OutgoingRecord, PeerRecord, TakenRecord, ToldForkRecord,
    UnreadRecord, WrittenRecord,
};

use super::events::Event;
use super::incidents::Incident;
use super::pair::KeysTrouble;
use super::reconcile::{
    AgainRecord, ApartRecord, ArrivedRecord, LetterRecord, RoundRecord, TurnRecord,
};
use super::rosters_shown::RosterFault;
use super::stand_in::StandInRecord;

coded! {
    /// The store itself.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct MetaRecord {
        pub(super) epoch: Epoch,
        pub(super) device: DeviceId,
    }
}

coded! {
    /// Something this contact sent: the copy that keeps the promise (I2).
    #[derive(Debug)]
    pub(super) struct OutboxRecord {
        /// In counted time.
        pub(super) committed: Timestamp,
        pub(super) core: Exact<Core, { limits::CORE_BYTES_MAX }>,
        pub(super) content_key: ContentKey,
        pub(super) reference: Option<Text<256>>,
        /// For an addendum: what it extends.
        pub(super) extends: Option<AlertId>,
        /// The devices it addressed, with the recipient each serves, and the step of a deputy.
        pub(super) addressed: List<(DeviceId, u16, Release, u8), { limits::ENTRIES_MAX }>,
        pub(super) overdue_told: bool,
        /// When the last obligation ended, in counted time.
        pub(super) closed: Option<Timestamp>,
    }
}

coded! {
    /// The envelope of an outbox record, in the bytes that every retry sends (I5).
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct SubmissionRecord {
        pub(super) submission: Submission,
    }
}

coded! {
    /// What a caller's reference stands for.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct ReferenceRecord {
        pub(super) alert: AlertId,
        pub(super) content: Hash,
    }
}

coded! {
    /// One relay's part in bringing an envelope to its recipients.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct TargetRecord {
        pub(super) relay: Name,
        /// The incarnation that accepted it for everybody it serves; none while it has not.
        pub(super) accepted_by: Option<Incarnation>,
        pub(super) attempts: u32,
        /// Under which due time it is pending, in counted time; none when it is not.
        pub(super) due: Option<Timestamp>,
    }
}

coded! {
    /// Something this contact received.
    #[derive(Debug)]
    pub(super) struct InboxRecord {
        pub(super) envelope: AlertId,
        pub(super) core: Exact<Core, { limits::CORE_BYTES_MAX }>,
        pub(super) kind: Kind,
        /// The contact whose obligation it is here; none for a copy of what this contact sent.
        pub(super) recipient: Option<ContactAddress>,
        pub(super) release: Release,
        pub(super) received: Timestamp,
        pub(super) content_key: ContentKey,
        /// The highest stage this device signed.
        pub(super) stage: Stage,
        /// It was being shown when the desk stopped (I5).
        pub(super) shown: bool,
        /// The sender's designation had ended when it arrived.
        pub(super) late_roster: bool,
        /// Attachments that are not here yet.
        pub(super) blobs_missing: u32,
    }
}

coded! {
    /// The envelope of an inbox record.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct DeliveryRecord {
        pub(super) delivery: Delivery,
    }
}

coded! {
    /// An envelope that was answered, for ever.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct KnownRecord {
        pub(super) receipt: Hash,
    }
}

coded! {
    /// The row of this device's receipts to one sender contact.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct RowRecord {
        pub(super) epoch: Epoch,
        pub(super) number: u64,
        pub(super) previous: Hash,
    }
}

coded! {
    /// A receipt this device made.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct ReceiptRecord {
        pub(super) posted: PostReceipt,
    }
}

coded_choice! {
    /// A statement about an alert.
    #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
    pub(super) enum EvidenceRecord {
        Receipt { receipt: SignedReceipt, note: Option<SealedNote>, received: Timestamp },
        Expiry { expiry: SignedExpiry },
        Cancel { id: AlertId, time: Timestamp },
        Notice { notice: SignedNotice, received: Timestamp },
    }
}

coded! {
    /// A receipt about what is not here.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct EarlyRecord {
        pub(super) receipt: SignedReceipt,
        pub(super) note: Option<SealedNote>,
        pub(super) received: Timestamp,
        /// How often this desk looked, connected, and its alert was not here.
        pub(super) looks: u8,
    }
}

coded! {
    /// An alert that went at a relay before this device collected it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct UnseenRecord {
        pub(super) status: Status,
        pub(super) from: ContactAddress,
        pub(super) recipient: ContactAddress,
        /// By the relay's clock, as `dropped`.
        pub(super) accepted: Timestamp,
        pub(super) dropped: Timestamp,
        pub(super) received: Timestamp,
        pub(super) relay: Name,
    }
}

coded! {
    /// What is known of a relay's store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct RelayRecord {
        pub(super) incarnation: Incarnation,
        pub(super) mailbox: u64,
        pub(super) accepted: u64,
        /// The newest time it signed.
        pub(super) time: Timestamp,
        /// The number of the bundle published there.
        pub(super) bundle: u64,
    }
}

coded! {
    /// The roster that a relay showed last.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct RosterShownRecord {
        pub(super) shown: Hash,
        /// It said since that it took what it lacks of ours.
        pub(super) took: bool,
        /// What is wrong with it.
        pub(super) fault: Option<RosterFault>,
        /// Since when that is so.
        pub(super) since: Timestamp,
    }
}

coded! {
    /// What was told of why the roster has this device no more.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct ExcludedRecord {
        /// The roster in use when it was looked at last.
        pub(super) roster: Hash,
        pub(super) designation: Designation,
        /// The document that says so; zero where none is known.
        pub(super) document: Hash,
    }
}

coded! {
    /// A relay refuses the key of this device.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct NotAdmittedRecord {
        /// The roster in use here when that was told.
        pub(super) roster: Hash,
        pub(super) since: Timestamp,
    }
}

coded! {
    /// How near an end was when that was told.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct EndingToldRecord {
        pub(super) stage: EndStage,
    }
}

coded! {
    /// What was told of this device's own keys.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct KeysToldRecord {
        pub(super) trouble: KeysTrouble,
        pub(super) since: Timestamp,
        /// When it was told last.
        pub(super) at: Timestamp,
    }
}

coded! {
    /// Sealing keys that are to be erased.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct ErasureRecord {
        /// Those whose grace ended by then, by both clocks.
        pub(super) until: Timestamp,
        /// How often mail was looked for since.
        pub(super) looks: u8,
    }
}

coded! {
    /// A receipt that a relay has to be given.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct PostRecord {
        /// How often it was put down since the relay took it last, from 1.
        pub(super) turn: u32,
    }
}

coded! {
    /// The receipts that were put down for a relay. One that took more shows that this store is an
    /// old copy.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct PostedRecord {
        /// The epoch in which they were.
        pub(super) epoch: Epoch,
        /// How many; what was put down twice may count twice.
        pub(super) receipts: u64,
    }
}

coded! {
    /// The home relays of an organisation by which receipts were posted.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct HomesRecord {
        pub(super) organisation: Name,
        pub(super) relays: List<Name, 4>,
    }
}

coded! {
    /// A device that should have an alert and has no wrap of it yet.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct LackingRecord {
        pub(super) recipient: ContactAddress,
        pub(super) since: Timestamp,
        /// When this device gives it one, in counted time: a colleague after the others.
        pub(super) due: Timestamp,
        /// It was given one, and it is not known whether that ever reached it.
        pub(super) again: bool,
    }
}

coded! {
    /// A delivery whose roster is not known yet (PROTOCOL R11).
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct HeldRecord {
        pub(super) delivery: Delivery,
        pub(super) relay: Name,
        pub(super) number: u64,
        pub(super) since: Timestamp,
    }
}

coded! {
    /// What a relay answered for one recipient.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct AcceptedRecord {
        pub(super) accepted: SignedAccepted,
    }
}

coded! {
    /// Another device's newest bundle of sealing keys.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct BundleRecord {
        pub(super) bundle: SignedBundle,
    }
}

coded! {
    /// What this device did with an alert.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct ActRecord {
        pub(super) receipt: Hash,
    }
}

coded! {
    /// This contact was asked in another's place, beside what it had been addressed with.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct DeputyRecord {
        pub(super) principal: ContactAddress,
        pub(super) envelope: AlertId,
        pub(super) since: Timestamp,
        /// The same moment in counted time.
        pub(super) began: Timestamp,
        /// By the envelope that asked it.
        pub(super) ack_within: Span,
        pub(super) expires_after: Span,
        /// The highest stage this device signed for it.
        pub(super) stage: Stage,
    }
}

coded! {
    /// A deputy's device that waits for an addendum.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct AskedDeputyRecord {
        pub(super) principal: ContactAddress,
        /// By the roster, from 1.
        pub(super) step: u8,
        /// In counted time.
        pub(super) since: Timestamp,
    }
}

coded! {
    /// A roster that was in use here: what an export proves that something was judged by.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct HeadsRecord {
        pub(super) heads: RosterHeads,
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
    /// How far the archive has come.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct ArchivingRecord {
        pub(super) key: SealingPublicKey,
        /// Where its records go.
        pub(super) folder: Text<1024>,
        pub(super) chain: ChainId,
        /// Of the newest record, 0 before the first.
        pub(super) number: u64,
        pub(super) last: Hash,
        /// Every event up to it is archived, or passed over.
        pub(super) event: u64,
        /// Since when it cannot be written.
        pub(super) failing: Option<Timestamp>,
        /// What could not be archived.
        pub(super) left_out: u64,
    }
}

coded! {
    /// Who did something with an alert here, and the words to its sender.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct DutyRecord {
        /// None: a program.
        pub(super) officer: Option<Text<128>>,
        pub(super) time: Timestamp,
        pub(super) note: Text<2048>,
    }
}

coded! {
    /// An answer was asked for.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct AnswerByRecord {
        /// When the alert came, or was committed here, in counted time. Of whom was asked by
        /// another envelope it counts from that.
        pub(super) since: Timestamp,
        pub(super) within: Span,
        /// Whose answer was told as late.
        pub(super) told: List<ContactAddress, { limits::RECIPIENTS_MAX }>,
    }
}

coded! {
    /// The signed part of an envelope whose wraps and content went: evidence outlives both.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct EnvelopeRecord {
        pub(super) envelope: SignedEnvelope,
    }
}

coded! {
    /// How far a reader of the events has come.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct CursorRecord {
        pub(super) number: u64,
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
    OutboxRecord = "outbox entry";
    SubmissionRecord = "envelope of the outbox";
    ReferenceRecord = "caller's reference";
    TargetRecord = "relay's part in an envelope";
    InboxRecord = "inbox entry";
    DeliveryRecord = "envelope of the inbox";
    KnownRecord = "answered envelope";
    RowRecord = "row of receipts";
    ReceiptRecord = "receipt of this device";
    EvidenceRecord = "evidence";
    EarlyRecord = "receipt about what is not here";
    UnseenRecord = "alert that expired unseen";
    IncomingRowRecord = "row of another device's receipts";
    HoleRecord = "hole in a row";
    RelayRecord = "relay";
    ErasureRecord = "sealing keys to be erased";
    RosterShownRecord = "roster that a relay showed";
    ExcludedRecord = "what took this device out";
    NotAdmittedRecord = "relay that does not admit this device";
    EndingToldRecord = "end that was told";
    KeysToldRecord = "trouble with keys that was told";
    PostRecord = "receipt for a relay";
    PostedRecord = "count of receipts for a relay";
    HomesRecord = "home relays of an organisation";
    LackingRecord = "device that lacks a wrap";
    StandInRecord = "envelope of a colleague";
    HeldRecord = "held delivery";
    AcceptedRecord = "answer of a relay";
    BundleRecord = "sealing-key bundle";
    OutgoingRecord = "outgoing stream";
    IncomingRecord = "incoming stream";
    HeardRecord = "newest of a stream";
    WrittenRecord = "device written to";
    HeartbeatRecord = "heartbeats to a contact";
    PeerRecord = "device that writes";
    UnreadRecord = "alerts returned unread";
    GivenRecord = "number of an alert";
    AskedRecord = "numbers asked for";
    TakenRecord = "taken number";
    ForkRecord = "fork that was seen";
    ToldForkRecord = "fork that was told";
    ArchivingRecord = "archive";
    ActRecord = "act";
    DeputyRecord = "obligation as deputy";
    AskedDeputyRecord = "deputy that waits for an addendum";
    ClockRecord = "counted time";
    DutyRecord = "act of an officer";
    AnswerByRecord = "answer that was asked for";
    CursorRecord = "cursor of a reader";
    HeadsRecord = "heads of a roster";
    EnvelopeRecord = "signed part of an envelope";
    LetterRecord = "letter of a reconciliation";
    ArrivedRecord = "letter that came";
    RoundRecord = "rounds with a device";
    TurnRecord = "round of another device";
    AgainRecord = "alert sent again";
    ApartRecord = "difference that was told";
    Event = "event";
    Incident = "incident";
}

#[cfg(test)]
mod vectors;

//! What a desk keeps of its reconciliations.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{Decode, Encode, List, SortedList, coded, coded_choice, coded_enum};
use maille_common::content::{Item, Place, Reconciliation, RoundId};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::time::Timestamp;

use crate::core::ledger::CodedState;

coded_enum! {
    /// How a reconciliation ended; of several rounds in a row, the last of these.
    pub enum RoundEnd: u8 {
        /// Both devices hold the same.
        Same = 1 => "same",
        /// Something differed, and does not any more, or is under way.
        Mended = 2 => "mended",
        /// Something stays different: an incident on both desks.
        Apart = 3 => "apart",
        /// The other device did not answer within a day.
        Unanswered = 4 => "unanswered",
    }
}

coded_enum! {
    /// What differs of an alert, and stays so.
    pub enum Differs: u8 {
        /// It is not here.
        MissingHere = 1 => "missing-here",
        /// It is not at the other device.
        MissingThere = 2 => "missing-there",
        /// Both have it, and one of them lacks a statement about it.
        Statements = 3 => "statements",
    }
}

coded! {
    /// An alert of which something stays different.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct AlertApart {
        /// The alert.
        pub alert: AlertId,
        /// What differs.
        pub differs: Differs,
        /// Where it stands with its recipient, by what is held here.
        pub state: CodedState,
    }
}

coded! {
    /// The rounds that this device begins with another one.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(in crate::core) struct RoundRecord {
        pub(in crate::core) to: ContactAddress,
        /// When the next round begins, in counted time; none: when somebody asks for it.
        pub(in crate::core) next: Option<Timestamp>,
        pub(in crate::core) stage: RoundStage,
        /// The first day of the window, also when midnight passes meanwhile.
        pub(in crate::core) from: u32,
        /// What earlier rounds in this row have compared.
        pub(in crate::core) after: Place,
        /// Rounds in this row before this one.
        pub(in crate::core) pages: u8,
        pub(in crate::core) report: ReportRecord,
    }
}

coded_choice! {
    /// Where a round stands at the device that began it.
    #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
    pub(in crate::core) enum RoundStage {
        Resting,
        Asked { round: RoundId, since: Timestamp },
        Compared {
            round: RoundId,
            turn: RoundId,
            since: Timestamp,
            /// Everything that differed.
            items: SortedList<Item, { limits::HANDED_MAX }>,
            /// Sent again from here.
            ours: List<AlertId, { limits::HANDED_MAX }>,
            /// Sent again from there; none while the other side has handed nothing over.
            theirs: Option<List<AlertId, { limits::HANDED_MAX }>>,
            /// There is more than a letter holds.
            more: bool,
            upto: Option<Place>,
        },
        Closing {
            round: RoundId,
            turn: RoundId,
            since: Timestamp,
            items: SortedList<Item, { limits::HANDED_MAX }>,
            /// Alerts that were sent again have come.
            again: bool,
            upto: Option<Place>,
        },
    }
}

coded! {
    /// What the last reconciliation with a device showed.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(in crate::core) struct ReportRecord {
        /// When it began, by the wall's clock.
        pub(in crate::core) asked: Option<Timestamp>,
        pub(in crate::core) end: Option<RoundEnd>,
        pub(in crate::core) days: List<DayRecord, { limits::RECONCILED_DAYS as usize }>,
        pub(in crate::core) given: u32,
        pub(in crate::core) taken: u32,
        pub(in crate::core) again: List<AlertId, { limits::HANDED_MAX }>,
        pub(in crate::core) again_there: List<AlertId, { limits::HANDED_MAX }>,
        pub(in crate::core) apart: List<AlertApart, { limits::HANDED_MAX }>,
    }
}

coded! {
    /// One day as both sides have it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct DayRecord {
        pub(in crate::core) day: u32,
        pub(in crate::core) sent: u32,
        pub(in crate::core) sent_there: u32,
        pub(in crate::core) received: u32,
        pub(in crate::core) received_there: u32,
    }
}

coded! {
    /// The newest round that another device began with this one.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct TurnRecord {
        pub(in crate::core) round: RoundId,
        pub(in crate::core) turn: RoundId,
        pub(in crate::core) from: u32,
        pub(in crate::core) after: Place,
        /// How many letters of it were answered.
        pub(in crate::core) answered: u8,
        /// When the newest was, in counted time.
        pub(in crate::core) since: Timestamp,
    }
}

coded! {
    /// A letter that a relay has not answered.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct LetterRecord {
        pub(in crate::core) device: DeviceId,
        /// Of a round that this device began.
        pub(in crate::core) asks: bool,
    }
}

coded! {
    /// A letter that came and was not looked at yet.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(in crate::core) struct ArrivedRecord {
        pub(in crate::core) from: ContactAddress,
        pub(in crate::core) device: DeviceId,
        pub(in crate::core) letter: Reconciliation,
        /// In counted time.
        pub(in crate::core) came: Timestamp,
    }
}

coded! {
    /// An alert was sent to a device again, in counted time.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct AgainRecord {
        pub(in crate::core) at: Timestamp,
    }
}

coded! {
    /// What was told to stay different of one day with one device.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct ApartRecord {
        pub(in crate::core) told: Hash,
    }
}

impl ReportRecord {
    /// Of a reconciliation that begins.
    pub(super) fn begun(asked: Option<Timestamp>) -> Self {
        Self {
            asked,
            end: None,
            days: List::empty(),
            given: 0,
            taken: 0,
            again: List::empty(),
            again_there: List::empty(),
            apart: List::empty(),
        }
    }
}

//! What the rig and its processes say to each other: lines of JSON, on the processes' standard
//! input and output.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::letter::LetterId;

/// Who a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    Relay,
    /// A store alone, with its submitters.
    Store,
    /// Counted from 0.
    Sender(u8),
    /// Counted from 0.
    Recipient(u8),
}

/// What a process tells the rig.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Report {
    /// It serves.
    Up {
        /// Incarnation or epoch: the life of its store.
        life: String,
    },
    /// A sender: `send` returned.
    Sent {
        number: u64,
        id: String,
        /// It had been committed before, under the same reference.
        already: bool,
    },
    /// A sender: `send` did not take it.
    NotSent { number: u64, code: String },
    /// A sender: an event about an obligation.
    Seen {
        event: u64,
        id: String,
        recipient: u8,
        what: Seen,
    },
    /// A sender: where the obligations of an alert stand, with the evidence it holds.
    Tracked {
        id: String,
        standings: Vec<ReportedStanding>,
    },
    /// A recipient: an arrival that it was given and now shows.
    Shown {
        event: u64,
        id: String,
        letter: Option<LetterId>,
        hash: String,
        possibly_seen: bool,
    },
    /// A recipient: its answer is signed and durable.
    Acted { id: String },
    /// A recipient, asked: the hash of what it holds, if it does.
    Holds { id: String, hash: Option<String> },
    /// A desk: its reader will not be given events up to this one again.
    Committed { event: u64 },
    /// A sender, asked: what fell due about the obligations of an alert, and when.
    Fell { id: String, dues: Vec<ReportedDues> },
    /// A relay, asked: pieces of mail that wait.
    Waiting { waiting: u64 },
    /// A submitter: this version of a key is durable.
    Durable { key: u32, version: u64 },
    /// A relay, asked: what is wrong in its books.
    Books { wrong: Vec<String> },
    /// It stops, for a reason with a code.
    Stops { code: String, sentence: String },
}

/// What a sender's event says about one obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Seen {
    /// A relay accepted it.
    Accepted,
    /// A relay refused it, for a reason by its code.
    Rejected(u8),
    /// A receipt of this stage came, by its code.
    Receipt(u8),
    /// The obligation climbed to this state, counted from 0 for open.
    State(u8),
}

/// Where one obligation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportedStanding {
    pub(crate) recipient: u8,
    #[serde(flatten)]
    pub(crate) standing: Standing,
}

/// What fell due about one obligation, by what is signed and by the desk's events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportedDues {
    pub(crate) recipient: u8,
    /// When it had to be acknowledged, and when it expired, by the sender's clock.
    pub(crate) sender: (u64, u64),
    /// When the relay accepted it, by its clock.
    pub(crate) accepted: Option<u64>,
    pub(crate) told: Vec<Told>,
}

/// Something was told: what, when, and whether that is uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) due: Due,
    pub(crate) at_ms: u64,
    pub(crate) uncertain: bool,
}

/// What falls due about an obligation that nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Due {
    /// The sender's desk tells that nobody acknowledged.
    Overdue,
    /// The relay asks the deputy.
    Step,
    /// The relay says that it has seen nothing.
    Unseen,
    /// The sender's desk signs that it expired.
    Expired,
}

impl Due {
    pub(crate) const ALL: [Self; 4] = [Self::Overdue, Self::Step, Self::Unseen, Self::Expired];
}

/// The evidence for one obligation, in numbers that never fall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// The state, counted from 0 for open.
    pub(crate) state: u8,
    /// A bit for each stage that a receipt proves, by its code.
    pub(crate) stages: u8,
    /// Signed answers of relays.
    pub(crate) accepted: u32,
    /// Receipts.
    pub(crate) receipts: u32,
}

/// What the rig asks of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// A sender: send these letters, as many at a time as it can.
    Send { numbers: Vec<u64> },
    /// A sender: tell where these alerts stand.
    Track { ids: Vec<String> },
    /// A desk of `deadlines`: send one alert with each of these times to acknowledge it in.
    Expect { ack_within_ms: Vec<u64> },
    /// A recipient: tell what it holds of these alerts.
    Look { ids: Vec<String> },
    /// A relay: tell what waits.
    Waiting,
    /// A relay: balance the books.
    Books,
    /// Stop in order.
    Stop,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relay => f.write_str("relay"),
            Self::Store => f.write_str("store"),
            Self::Sender(index) => write!(f, "sender-{index}"),
            Self::Recipient(index) => write!(f, "recipient-{index}"),
        }
    }
}

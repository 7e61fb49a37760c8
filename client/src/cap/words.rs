//! The coded words of CAP 1.2, section 3.2, as they are written there.

use maille_common::terms::{Category, Certainty, Kind, Response, Severity, Status, Tlp, Urgency};

use super::error::{CapError, shortened};

/// CAP `status`. Two of the five have no counterpart in an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapStatus {
    /// Actionable by all targeted recipients.
    Actual,
    /// For the participants of an exercise.
    Exercise,
    /// For functions inside an alerting network.
    System,
    /// A technical test.
    Test,
    /// A template or draft, not to be acted on.
    Draft,
}

impl CapStatus {
    /// The status of the envelope, if there is one: the sender decides about `System` and `Draft`.
    pub const fn status(self) -> Option<Status> {
        match self {
            Self::Actual => Some(Status::Actual),
            Self::Exercise => Some(Status::Exercise),
            Self::Test => Some(Status::Test),
            Self::System | Self::Draft => None,
        }
    }
}

/// CAP `msgType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    /// Something new.
    Alert,
    /// Replaces the messages it refers to.
    Update,
    /// Takes the messages it refers to back.
    Cancel,
    /// Acknowledges the messages it refers to.
    Ack,
    /// Refuses the messages it refers to.
    Error,
}

impl MessageType {
    /// The kind of the envelope, if there is one: `Ack` and `Error` are receipts, not alerts.
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Alert => Some(Kind::Alert),
            Self::Update => Some(Kind::Update),
            Self::Cancel => Some(Kind::Cancel),
            Self::Ack | Self::Error => None,
        }
    }
}

/// CAP `scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapScope {
    /// For everybody.
    Public,
    /// For those that `restriction` describes.
    Restricted,
    /// For the addresses named.
    Private,
}

impl CapScope {
    /// The mark of FIRST TLP 2.0 that lets nobody have it who may not by the scope.
    pub const fn tlp(self) -> Tlp {
        match self {
            Self::Public => Tlp::Clear,
            Self::Restricted => Tlp::AmberStrict,
            Self::Private => Tlp::Red,
        }
    }
}

/// The words of one element and what they mean.
pub(super) type Words<T> = &'static [(&'static str, T)];

pub(super) const STATUS: Words<CapStatus> = &[
    ("Actual", CapStatus::Actual),
    ("Exercise", CapStatus::Exercise),
    ("System", CapStatus::System),
    ("Test", CapStatus::Test),
    ("Draft", CapStatus::Draft),
];

pub(super) const MESSAGE_TYPE: Words<MessageType> = &[
    ("Alert", MessageType::Alert),
    ("Update", MessageType::Update),
    ("Cancel", MessageType::Cancel),
    ("Ack", MessageType::Ack),
    ("Error", MessageType::Error),
];

pub(super) const SCOPE: Words<CapScope> = &[
    ("Public", CapScope::Public),
    ("Restricted", CapScope::Restricted),
    ("Private", CapScope::Private),
];

pub(super) const CATEGORY: Words<Category> = &[
    ("Geo", Category::Geo),
    ("Met", Category::Met),
    ("Safety", Category::Safety),
    ("Security", Category::Security),
    ("Rescue", Category::Rescue),
    ("Fire", Category::Fire),
    ("Health", Category::Health),
    ("Env", Category::Env),
    ("Transport", Category::Transport),
    ("Infra", Category::Infra),
    ("CBRNE", Category::Cbrne),
    ("Other", Category::Other),
];

pub(super) const RESPONSE: Words<Response> = &[
    ("Shelter", Response::Shelter),
    ("Evacuate", Response::Evacuate),
    ("Prepare", Response::Prepare),
    ("Execute", Response::Execute),
    ("Avoid", Response::Avoid),
    ("Monitor", Response::Monitor),
    ("Assess", Response::Assess),
    ("AllClear", Response::AllClear),
    ("None", Response::None),
];

pub(super) const URGENCY: Words<Urgency> = &[
    ("Immediate", Urgency::Immediate),
    ("Expected", Urgency::Expected),
    ("Future", Urgency::Future),
    ("Past", Urgency::Past),
    ("Unknown", Urgency::Unknown),
];

pub(super) const SEVERITY: Words<Severity> = &[
    ("Extreme", Severity::Extreme),
    ("Severe", Severity::Severe),
    ("Moderate", Severity::Moderate),
    ("Minor", Severity::Minor),
    ("Unknown", Severity::Unknown),
];

/// `Very Likely` is of CAP 1.0, and to be read as `Likely` (CAP 1.2, section 3.2.2).
pub(super) const CERTAINTY: Words<Certainty> = &[
    ("Observed", Certainty::Observed),
    ("Likely", Certainty::Likely),
    ("Very Likely", Certainty::Likely),
    ("Possible", Certainty::Possible),
    ("Unlikely", Certainty::Unlikely),
    ("Unknown", Certainty::Unknown),
];

/// The meaning of a word.
pub(super) fn read<T: Copy>(
    element: &'static str,
    value: &str,
    words: Words<T>,
) -> Result<T, CapError> {
    let known = words
        .iter()
        .find(|(word, _)| *word == value)
        .map(|&(_, meaning)| meaning);
    known.ok_or_else(|| CapError::UnknownValue {
        element,
        value: shortened(value),
        allowed: words.iter().map(|&(word, _)| word).collect(),
    })
}

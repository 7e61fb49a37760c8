//! What two devices say to each other when they compare the alerts between them (PROTOCOL V1 to
//! V8): digests of days, then what is held of the days that differ, then the missing statements.
//!
//! Evidence is exchanged and never a state: each side judges what it is given as if it had come
//! from a relay, so that whoever lies here changes nothing.

use std::collections::BTreeSet;

use crate::check::Check;
use crate::codec::{Decode, Encode, List, SortedList, encode, fixed_bytes};
use crate::content::ContentFault;
use crate::content::check::{check_extensions, check_version};
use crate::envelope::SignedEnvelope;
use crate::evidence::{SealedNote, SignedExpiry, SignedReceipt};
use crate::extension::Extensions;
use crate::hash::{Hash, hash};
use crate::identifier::AlertId;
use crate::label::Label;
use crate::limits;
use crate::time::Timestamp;

fixed_bytes! {
    /// Names a round, or one side's turn in it: drawn anew, so that no letter of an earlier round
    /// answers this one.
    pub struct RoundId([u8; 16]);
}

impl RoundId {
    /// Of the turn in the first letter: whoever answers has not drawn one yet.
    pub const NONE: Self = Self([0; 16]);
}

/// The content of an envelope of kind reconciliation, from one device to one device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reconciliation {
    /// Format version, [`Reconciliation::VERSION`].
    pub version: u16,
    /// Drawn by the device that asks.
    pub round: RoundId,
    /// Drawn by the device that answers; zero in the first letter.
    pub turn: RoundId,
    /// What is said.
    pub step: Step,
    /// What later versions add.
    pub extensions: Extensions,
}

/// One letter of a round, in the order in which they go.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Step {
    /// Asks: what is held here of each day.
    Digests {
        /// The first of [`limits::RECONCILED_DAYS`] days.
        from: u32,
        /// What was compared by earlier rounds: holdings begin behind it.
        after: Place,
        /// The days of which anything is held.
        days: SortedList<DayDigest, { limits::RECONCILED_DAYS as usize }>,
    },
    /// Answers: all days are the same here.
    Same,
    /// Answers, or answers back: what is held of the days that differ.
    Holdings {
        /// The days that differ: what is not listed of them is not held.
        days: SortedList<u32, { limits::RECONCILED_DAYS as usize }>,
        /// By day and alert.
        held: SortedList<Holding, { limits::HOLDINGS_MAX }>,
        /// Where the list ends because a letter does; none: it is whole.
        upto: Option<Place>,
        /// What the other side lacks, as far as that is known.
        handed: Handed,
    },
    /// Hands over what the other side lacks.
    Evidence {
        /// That.
        handed: Handed,
    },
    /// Ends the round: of all that differed, what the writer holds now.
    Closing {
        /// By place and statement.
        items: SortedList<Item, { limits::HANDED_MAX }>,
        /// What the other side handed over has come; else the writer waited for it in vain.
        whole: bool,
    },
}

/// A place in the order in which holdings are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Place {
    /// Days since 1970-01-01, by the alert's own `created`: the same at every desk.
    pub day: u32,
    /// The alert.
    pub alert: AlertId,
}

/// What is held of one day, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct DayDigest {
    /// Days since 1970-01-01.
    pub day: u32,
    /// What the writer of the letter sent to the other device.
    pub sent: Digest,
    /// What the writer received from it.
    pub received: Digest,
}

/// How many alerts, and the hash over them and the evidence about each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Digest {
    /// Alerts.
    pub alerts: u32,
    /// See [`Digest::of`].
    pub root: Hash,
}

/// What is held of one alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Holding {
    /// Where it is listed.
    pub place: Place,
    /// The writer of the letter sent it; else it received it.
    pub sent: bool,
    /// The recipient got it in another's place alone.
    pub in_place: bool,
    /// Its signed part alone is here: it never came, or went with the store.
    pub lost: bool,
    /// The hashes of the statements about it that both sides should hold.
    pub statements: SortedList<Hash, { limits::HOLDING_STATEMENTS_MAX }>,
}

/// What one side hands over to the other.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Handed {
    /// Statements that the other side lacks.
    pub statements: List<GivenStatement, { limits::HANDED_MAX }>,
    /// Alerts that the other side lacks and that are sent to it again.
    pub again: SortedList<AlertId, { limits::HANDED_MAX }>,
    /// There was more than a letter holds: another round follows.
    pub more: bool,
}

/// A signed statement, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum GivenStatement {
    /// What a recipient's device did.
    Receipt {
        /// The receipt.
        receipt: SignedReceipt,
        /// Its note, towards the contact whose devices it is sealed to.
        note: Option<SealedNote>,
    },
    /// The sender's clock ended an obligation.
    Expiry(SignedExpiry),
    /// The signed part of an alert that the other side lacks and that cannot be sent again, of an
    /// addendum to it, or of a cancel.
    Envelope(Box<SignedEnvelope>),
}

/// Something that differed, and whether the writer of the letter holds it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Item {
    /// The alert.
    pub place: Place,
    /// A statement about it; zero: the alert itself.
    pub statement: Hash,
    /// Whether it is held.
    pub held: bool,
}

impl Reconciliation {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// Checks what the codec cannot: version, critical extensions, and that each day, alert and
    /// item stands once, in its order (PROTOCOL V1).
    pub fn check(&self) -> Result<(), ContentFault> {
        check_version(self.version, Self::VERSION)?;
        check_extensions(&self.extensions)?;
        let orderly = match &self.step {
            Step::Digests { from, days, .. } => {
                let last = from.saturating_add(limits::RECONCILED_DAYS);
                let mut within = days.iter().map(|day| day.day);
                within.all(|day| (*from..last).contains(&day))
                    && days.windows(2).all(|pair| pair[0].day < pair[1].day)
            }
            Step::Holdings { held, .. } => {
                held.windows(2).all(|pair| pair[0].place < pair[1].place)
            }
            Step::Closing { items, .. } => items.windows(2).all(|pair| {
                (pair[0].place, pair[0].statement) < (pair[1].place, pair[1].statement)
            }),
            Step::Same | Step::Evidence { .. } => true,
        };
        match Check::V1.holds(orderly) {
            true => Ok(()),
            false => Err(ContentFault::Disorder),
        }
    }
}

impl Place {
    /// Before every place.
    pub const START: Self = Self {
        day: 0,
        alert: AlertId::NONE,
    };

    /// The day of a moment.
    pub fn day_of(time: Timestamp) -> u32 {
        u32::try_from(time.unix_ms() / limits::DAY_MS).unwrap_or(u32::MAX)
    }
}

impl Digest {
    /// `H("day digest", alert | in_place | lost | count | statements, for each)` over the alerts of
    /// one day and direction, in the order of their ids.
    pub fn of<'a>(held: impl IntoIterator<Item = &'a Holding>) -> Self {
        let (mut alerts, mut bytes) = (0, Vec::new());
        for holding in held {
            alerts += 1;
            bytes.extend_from_slice(holding.place.alert.as_bytes());
            bytes.push(u8::from(holding.in_place));
            bytes.push(u8::from(holding.lost));
            bytes.extend(encode(&holding.statements));
        }
        let root = hash(Label::DAY_DIGEST, &[&bytes]);
        Self { alerts, root }
    }
}

impl DayDigest {
    /// The digests of all days of which anything is held; `held` in the order of its places.
    pub fn of_all(held: &[Holding]) -> Vec<Self> {
        let days: BTreeSet<u32> = held.iter().map(|holding| holding.place.day).collect();
        let of = |day: u32, sent: bool| {
            let listed = move |one: &&Holding| one.place.day == day && one.sent == sent;
            Digest::of(held.iter().filter(listed))
        };
        let digest = |day| Self {
            day,
            sent: of(day, true),
            received: of(day, false),
        };
        days.into_iter().map(digest).collect()
    }

    /// The same day as the other side should have it.
    pub fn mirrored(self) -> Self {
        let Self {
            day,
            sent,
            received,
        } = self;
        Self {
            day,
            sent: received,
            received: sent,
        }
    }
}

impl Handed {
    /// Nothing.
    pub const NOTHING: Self = Self {
        statements: List::empty(),
        again: SortedList::empty(),
        more: false,
    };
}

impl GivenStatement {
    /// The hash of the statement; of an envelope its id.
    pub fn hash(&self) -> Hash {
        match self {
            Self::Receipt { receipt, .. } => receipt.hash(),
            Self::Expiry(expiry) => expiry.hash(),
            Self::Envelope(envelope) => Hash::from_bytes(*envelope.id().as_bytes()),
        }
    }
}

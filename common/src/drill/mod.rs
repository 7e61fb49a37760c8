//! Drills: exercise-marked alerts that find out who can be reached (PROTOCOL section 7, the drill).
//!
//! A drill is one alert like any other, through the whole chain. What it showed is no statement of
//! anybody's: [`Reachability`] is computed from the signed evidence of an export, by whoever reads
//! it.

use std::fmt;
use std::str::FromStr;

use crate::address::ContactAddress;
use crate::codec::{NotHex, from_hex, to_hex};
use crate::content::{Alert, AlertDraft};
use crate::pattern::Selector;
use crate::randomness::Randomness;
use crate::roster::{Designation, Roster};
use crate::terms::{AcceptReason, Urgency};
use crate::time::Timestamp;

mod reachability;

pub use reachability::{Outcome, ReachMoment, Reachability, ReachedContact};

/// The event code whose value is the drill's id.
const SCHEME: &str = "maille:drill";
/// The event codes whose values are the selectors that it was sent to.
const TO_SCHEME: &str = "maille:drill-to";

/// The name a drill has among its sender's, so that a program may know what belongs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DrillId([u8; DrillId::LEN]);

impl DrillId {
    /// Its length: one in four thousand million, so that a network's drills of a century differ.
    pub const LEN: usize = 8;

    /// A fresh one.
    pub fn draw(random: &mut impl Randomness) -> Self {
        Self(random.array())
    }
}

impl fmt::Display for DrillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&to_hex(&self.0))
    }
}

impl FromStr for DrillId {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(from_hex(text)?))
    }
}

/// What makes an alert's content a drill's: its id, and whom it was meant for.
///
/// It stands in the content, so that whoever reads the evidence learns who was meant and left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillMarks {
    /// The drill.
    pub id: DrillId,
    /// As the sender named them.
    pub to: Vec<Selector>,
}

impl DrillMarks {
    /// The most selectors: an alert has sixteen event codes, and one is the id.
    pub const SELECTORS_MAX: usize = Alert::EVENTS_MAX - 1;

    /// Puts them into a draft.
    pub fn mark(&self, draft: AlertDraft) -> AlertDraft {
        let draft = draft.event(SCHEME, self.id.to_string());
        let to = self.to.iter().map(ToString::to_string);
        to.fold(draft, |draft, selector| draft.event(TO_SCHEME, selector))
    }

    /// Those of a content; none where it is no drill's.
    pub fn of(content: &Alert) -> Option<Self> {
        let values = |scheme: &'static str| {
            let codes = content.events.iter();
            codes
                .filter(move |code| code.scheme.as_str() == scheme)
                .map(|code| code.value.as_str())
        };
        let id = values(SCHEME).next()?.parse().ok()?;
        let to = values(TO_SCHEME).filter_map(|selector| selector.parse().ok());
        Some(Self {
            id,
            to: to.collect(),
        })
    }
}

/// Why a contact cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unreachable {
    /// It is not designated.
    NotDesignated(Designation),
    /// No rule lets the sender write to it.
    NoRule,
    /// A rule asks for a second person.
    TwoPersons,
    /// The roster has no device for it.
    NoDevice,
    /// No sealing key of its devices was known.
    NoKeys,
    /// Every relay asked refused it.
    RefusedByRelay(AcceptReason),
    /// No relay has answered for it.
    NotSent,
}

impl Unreachable {
    /// The words for people and machines. What a relay said is told as `relay:` and its reason.
    pub const NAMES: &[&str] = &[
        "not-designated",
        "no-rule",
        "two-persons-required",
        "no-device",
        "no-keys",
        "not-sent",
    ];
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self {
            Self::NotDesignated(_) => 0,
            Self::NoRule => 1,
            Self::TwoPersons => 2,
            Self::NoDevice => 3,
            Self::NoKeys => 4,
            Self::NotSent => 5,
            Self::RefusedByRelay(reason) => return f.pad(&format!("relay:{reason}")),
        };
        f.pad(Self::NAMES[place])
    }
}

/// Why a drill leaves a contact out that its selectors mean; none where it is written to.
///
/// One contact that may not be written to would keep the whole alert back, so it is left out, and
/// told.
pub fn left_out(
    roster: &Roster,
    (from, to): (&ContactAddress, &ContactAddress),
    urgency: Urgency,
    at: Timestamp,
) -> Option<Unreachable> {
    let designation = roster.designated(to, at);
    if !designation.is_valid() {
        return Some(Unreachable::NotDesignated(designation));
    }
    if !roster.allows(from, to) {
        return Some(Unreachable::NoRule);
    }
    let two = roster.two_persons_required(from, to, urgency);
    two.then_some(Unreachable::TwoPersons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_of_a_drill_come_out_of_the_content_they_were_put_into() {
        let marks = DrillMarks {
            id: DrillId([0xa1; DrillId::LEN]),
            to: ["interpol/**", "@africa"]
                .map(|to| to.parse().unwrap())
                .to_vec(),
        };
        let draft = Alert::draft("A drill").text("Acknowledge.");
        let plain = Alert::draft("A drill")
            .text("Acknowledge.")
            .build()
            .unwrap();
        let content = marks.mark(draft).build().unwrap();
        assert_eq!(DrillMarks::of(&content), Some(marks));
        assert_eq!(DrillMarks::of(&plain), None);
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = DrillId([1, 2, 3, 4, 5, 6, 7, 0xff]);
        assert_eq!(id.to_string(), "01020304050607ff");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("0102".parse::<DrillId>().is_err());
    }
}

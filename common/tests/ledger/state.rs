//! One state of the model: what every party has durably, and which connections stand.

use maille_common::evidence::Progress;

use crate::case::{Case, Party, StepOf, ticks};
use crate::pieces::{FIRST, Piece, Pieces};

/// A device of the recipient's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Device {
    First,
    Second,
    Deputy,
}

impl Device {
    pub(crate) const ALL: [Self; 3] = [Self::First, Self::Second, Self::Deputy];
}

/// A connection; everything that is under way travels on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Link {
    First,
    Second,
    Deputy,
    Sender,
}

impl Link {
    pub(crate) const ALL: [Self; 4] = [Self::First, Self::Second, Self::Deputy, Self::Sender];

    pub(crate) fn of(device: Device) -> Self {
        Self::ALL[device as usize]
    }

    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How far the addendum is that answers a gone key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Addendum {
    None,
    Made,
    AtRelay,
    Opened,
}

/// What a party did about its clocks, durably. Its steps by place; when, by its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Did {
    pub(crate) overdue: bool,
    pub(crate) expiry: bool,
    pub(crate) passed_over: bool,
    pub(crate) released: [Option<u8>; 2],
}

/// What the relay has told the sender, beside the evidence it hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Told {
    pub(crate) accepted: bool,
    pub(crate) overdue: bool,
    pub(crate) expiry: bool,
    pub(crate) passed_over: bool,
    pub(crate) released: [bool; 2],
}

/// What a party knows to be done about the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Known {
    overdue_told: bool,
    expiry_told: bool,
    passed_over: bool,
    answered: bool,
    released: [Option<u8>; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// Ticks since the sender's commit.
    pub(crate) tick: u8,
    /// The tick at which the relay took it.
    pub(crate) accepted: Option<u8>,
    /// Connections that are down, by their bits.
    pub(crate) down: u8,
    /// Evidence that somebody signed.
    pub(crate) signed: Pieces,
    /// Evidence the relay has.
    pub(crate) relay: Pieces,
    /// Evidence the sender has.
    pub(crate) sender: Pieces,
    /// Devices that have their wrap, opened or not.
    pub(crate) delivered: [bool; 3],
    pub(crate) addendum: Addendum,
    pub(crate) relay_did: Did,
    pub(crate) sender_did: Did,
    /// What of the relay's notices the sender has.
    pub(crate) heard: Told,
    /// Whether the removed deputy is back in the roster.
    pub(crate) mended: bool,
}

impl Did {
    const NOTHING: Self = Self {
        overdue: false,
        expiry: false,
        passed_over: false,
        released: [None; 2],
    };
}

impl Known {
    /// In the words of the protocol.
    pub(crate) fn progress(&self, case: &Case) -> Progress {
        let places = 0..case.steps.len();
        let released = places.clone().filter_map(|place| {
            let at = self.released[place]?;
            Some((number(place), ticks(at)))
        });
        let removed = |place: &usize| self.passed_over && case.steps[*place] == StepOf::Removed;
        Progress {
            overdue_told: self.overdue_told,
            expiry_told: self.expiry_told,
            released: released.collect(),
            passed_over: places.filter(removed).map(number).collect(),
            answered: self.answered.then_some(FIRST).into_iter().collect(),
        }
    }
}

impl State {
    /// `send` has returned: the outbox holds the alert.
    pub(crate) fn committed() -> Self {
        Self {
            tick: 0,
            accepted: None,
            down: 0,
            signed: Pieces::NONE,
            relay: Pieces::NONE,
            sender: Pieces::NONE,
            delivered: [false; 3],
            addendum: Addendum::None,
            relay_did: Did::NOTHING,
            sender_did: Did::NOTHING,
            heard: Told {
                accepted: false,
                overdue: false,
                expiry: false,
                passed_over: false,
                released: [false; 2],
            },
            mended: false,
        }
    }

    pub(crate) fn evidence(&self, party: Party) -> Pieces {
        match party {
            Party::Sender => self.sender,
            Party::Relay => self.relay,
        }
    }

    pub(crate) fn did(&self, party: Party) -> &Did {
        match party {
            Party::Sender => &self.sender_did,
            Party::Relay => &self.relay_did,
        }
    }

    /// What has elapsed for a party; none for a relay that has not accepted.
    pub(crate) fn elapsed(&self, party: Party) -> Option<u8> {
        match party {
            Party::Sender => Some(self.tick),
            Party::Relay => self.accepted.map(|accepted| self.tick - accepted),
        }
    }

    /// Everything the relay has to tell by now.
    pub(crate) fn tellable(&self) -> Told {
        Told {
            accepted: self.accepted.is_some(),
            overdue: self.relay_did.overdue,
            expiry: self.relay_did.expiry,
            passed_over: self.relay_did.passed_over,
            released: self.relay_did.released.map(|at| at.is_some()),
        }
    }

    /// When a step was released as far as a party knows, by its own count. The relay's notice to
    /// the sender says when.
    pub(crate) fn released(&self, party: Party, place: usize) -> Option<u8> {
        let own = self.did(party).released[place];
        let told = self.heard.released[place] && party == Party::Sender;
        let by_notice = || Some(self.accepted? + self.relay_did.released[place]?);
        own.or_else(|| by_notice().filter(|_| told))
    }

    /// What a party did and heard about the clocks.
    pub(crate) fn known(&self, party: Party) -> Known {
        let did = self.did(party);
        let is_sender = party == Party::Sender;
        Known {
            overdue_told: did.overdue,
            expiry_told: did.expiry,
            passed_over: did.passed_over || (is_sender && self.heard.passed_over),
            answered: is_sender && self.addendum != Addendum::None,
            released: [self.released(party, 0), self.released(party, 1)],
        }
    }

    /// Whether a device has the alert open before it.
    pub(crate) fn has_opened(&self, device: Device) -> bool {
        let signed = self.signed;
        let opened = match device {
            Device::First if signed.has(Piece::GoneFirst) => self.addendum == Addendum::Opened,
            Device::First => !signed.has(Piece::BrokenFirst),
            Device::Second => !signed.has(Piece::BrokenSecond),
            Device::Deputy => !signed.has(Piece::BrokenDeputy),
        };
        self.delivered[device as usize] && opened
    }
}

/// The number of a step at a place.
pub(crate) fn number(place: usize) -> u8 {
    u8::try_from(place + 1).unwrap()
}

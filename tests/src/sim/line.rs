//! The connection of one desk to one relay, and what travels over it.

use std::collections::{BTreeMap, BTreeSet};

use maille_client::core::DuePost;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::wire::{Answer, Push, Request};

/// What a desk asks a relay.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// A request of the protocol.
    Request(Request),
    /// It wants the relay's roster, which is newer.
    FetchRoster,
    /// It hands over its own roster, by its place in their order.
    OfferRoster(usize),
}

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// From the desk.
    Ask(u64, Ask),
    /// From the relay, with the roster that it uses.
    Answer(u64, Answer, usize),
    /// From the relay by itself.
    Push(Push),
    /// From the relay: it uses this roster.
    Roster(Option<u64>, usize),
}

/// What the desk does with an answer.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// The challenge of the greeting, and how often it was tried.
    Hello([u8; 16], u32),
    Submit(AlertId),
    Post(DuePost),
    Confirm(Vec<u64>),
    Publish(u64),
    Bundles,
    /// Its own bundles, to make one that overtakes them.
    Overtake,
    Roster,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// There is none.
    Down,
    /// Hello is said, or rosters are compared.
    Greeting,
    /// Everything may be asked.
    Up,
}

/// One desk's side of its connection to one relay.
#[derive(Debug)]
pub(crate) struct Line {
    /// Counts connections; messages of an earlier one are lost.
    pub(crate) number: u64,
    pub(crate) stage: Stage,
    /// Nothing comes through any more, which the desk has not noticed yet.
    pub(crate) dead: bool,
    /// Until when the two cannot reach each other.
    pub(crate) parted_until: u64,
    pub(crate) failures: u32,
    pub(crate) asked: BTreeMap<u64, Asked>,
    pub(crate) submitting: BTreeSet<AlertId>,
    /// Receipts the relay could not take yet: tries, and when again.
    pub(crate) aside: BTreeMap<Hash, (u32, u64)>,
    /// No receipt is posted before.
    pub(crate) posts_from: u64,
    /// When sealing keys are fetched again.
    pub(crate) bundles_from: u64,
    pub(crate) bundles_pause: u64,
    /// The roster that the relay is known to use.
    pub(crate) theirs: usize,
    /// When the last of what was pushed over this connection arrives.
    pub(crate) pushed_by: u64,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self {
            number: 0,
            stage: Stage::Down,
            dead: false,
            parted_until: 0,
            failures: 0,
            asked: BTreeMap::new(),
            submitting: BTreeSet::new(),
            aside: BTreeMap::new(),
            posts_from: 0,
            bundles_from: 0,
            bundles_pause: 1_000,
            theirs: 0,
            pushed_by: 0,
        }
    }

    /// Begins a connection.
    pub(crate) fn begin(&mut self, number: u64) {
        *self = Self {
            number,
            stage: Stage::Greeting,
            parted_until: self.parted_until,
            failures: self.failures,
            ..Self::new()
        };
    }

    /// The connection is over.
    pub(crate) fn end(&mut self) {
        self.stage = Stage::Down;
        self.dead = false;
        self.asked.clear();
        self.submitting.clear();
    }

    /// Whether an answer of a kind is awaited.
    pub(crate) fn awaits(&self, kind: impl Fn(&Asked) -> bool) -> bool {
        self.asked.values().any(kind)
    }

    /// Sets a receipt aside whose alert the relay does not know; `false` when it was tried often
    /// enough.
    pub(crate) fn set_aside(&mut self, receipt: Hash, now: u64) -> bool {
        const TRIES: u32 = 10;
        let (tries, until) = self.aside.entry(receipt).or_insert((0, 0));
        *until = now + (5_000 << (*tries).min(TRIES));
        *tries += 1;
        *tries < TRIES
    }
}

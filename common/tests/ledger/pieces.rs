//! Every piece of evidence of the model, signed once; a party's evidence is a set of them.

use std::fmt;
use std::sync::LazyLock;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::Exact;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::{Evidence, Expiry, Proven, Receipt, Statement, sign};
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch};
use maille_common::terms::{Actor, Reason, Stage};
use maille_common::time::Timestamp;

pub(crate) const ALERT: AlertId = AlertId::from_bytes([1; 32]);
const OTHER_ALERT: AlertId = AlertId::from_bytes([2; 32]);
pub(crate) const FIRST: DeviceId = DeviceId::from_bytes([3; 16]);
pub(crate) const SECOND: DeviceId = DeviceId::from_bytes([4; 16]);
pub(crate) const DEPUTY: DeviceId = DeviceId::from_bytes([5; 16]);
const OTHER: DeviceId = DeviceId::from_bytes([6; 16]);
const SENDER: DeviceId = DeviceId::from_bytes([7; 16]);

pub(crate) fn recipient() -> ContactAddress {
    address("beta/desk")
}

fn address(text: &str) -> ContactAddress {
    text.parse().unwrap()
}

/// What somebody signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub(crate) enum Piece {
    /// An officer at the first device acknowledged.
    AckFirst,
    /// A program at the first device acknowledged.
    ProgramFirst,
    /// An officer at the second device refused.
    RefuseSecond,
    /// The first device has lost the key.
    GoneFirst,
    /// The first device cannot open it.
    BrokenFirst,
    /// The second device cannot open it.
    BrokenSecond,
    /// The deputy's officer acknowledged.
    AckDeputy,
    /// The deputy's device cannot open it.
    BrokenDeputy,
    /// The sender took the alert back.
    Cancel,
    /// The sender's clock.
    Expiry,
    /// Another recipient of the alert acknowledged for itself.
    AckOther,
    /// Another recipient's answers, and answers to another alert, which are not about this one.
    Strays,
}

impl Piece {
    pub(crate) const EVERY: [Self; 12] = [
        Self::AckFirst,
        Self::ProgramFirst,
        Self::RefuseSecond,
        Self::GoneFirst,
        Self::BrokenFirst,
        Self::BrokenSecond,
        Self::AckDeputy,
        Self::BrokenDeputy,
        Self::Cancel,
        Self::Expiry,
        Self::AckOther,
        Self::Strays,
    ];

    /// The evidence itself. Of a piece that is several, all of it.
    pub(crate) fn evidence(self) -> &'static [Evidence] {
        &SIGNED[self as usize]
    }

    /// Whether it is an officer's or a program's acknowledgement, of whichever recipient.
    pub(crate) fn is_acknowledgement(self) -> bool {
        matches!(
            self,
            Self::AckFirst | Self::ProgramFirst | Self::AckDeputy | Self::AckOther
        )
    }
}

static SIGNED: LazyLock<Vec<Vec<Evidence>>> = LazyLock::new(|| {
    let pieces = Piece::EVERY.iter();
    pieces.map(|piece| signed(*piece)).collect()
});

fn signed(piece: Piece) -> Vec<Evidence> {
    let piece = match piece {
        Piece::AckFirst => receipt(FIRST, Stage::Acknowledged, Reason::None, 20),
        Piece::ProgramFirst => by_program(receipt(FIRST, Stage::Acknowledged, Reason::None, 10)),
        Piece::RefuseSecond => receipt(SECOND, Stage::Refused, Reason::NotOurs, 20),
        Piece::GoneFirst => returned(FIRST, Reason::KeyGone),
        Piece::BrokenFirst => returned(FIRST, Reason::WrapBroken),
        Piece::BrokenSecond => returned(SECOND, Reason::BodyBroken),
        Piece::AckDeputy => receipt(DEPUTY, Stage::Acknowledged, Reason::None, 30),
        Piece::BrokenDeputy => returned(DEPUTY, Reason::WrapBroken),
        Piece::Cancel => return vec![cancel(ALERT)],
        Piece::Expiry => return vec![expiry(&recipient())],
        Piece::AckOther => for_other(receipt(OTHER, Stage::Acknowledged, Reason::None, 5)),
        Piece::Strays => return strays(),
    };
    vec![Evidence::Receipt(proven(piece))]
}

/// One for each kind of evidence, about another alert or another recipient.
fn strays() -> Vec<Evidence> {
    let of_other_alert = Receipt {
        alert: OTHER_ALERT,
        ..receipt(FIRST, Stage::Acknowledged, Reason::None, 1)
    };
    let acknowledged = for_other(receipt(OTHER, Stage::Acknowledged, Reason::None, 1));
    let refused = for_other(receipt(OTHER, Stage::Refused, Reason::NotOurs, 1));
    vec![
        Evidence::Receipt(proven(of_other_alert)),
        Evidence::Receipt(proven(acknowledged)),
        Evidence::Receipt(proven(refused)),
        cancel(OTHER_ALERT),
        expiry(&address("delta/desk")),
    ]
}

fn receipt(device: DeviceId, stage: Stage, reason: Reason, at_ms: u64) -> Receipt {
    let contact = match device {
        DEPUTY => address("gamma/desk"),
        _ => recipient(),
    };
    Receipt {
        version: Receipt::VERSION,
        alert: ALERT,
        recipient: recipient(),
        contact,
        device,
        stage,
        actor: Actor::Officer,
        reason,
        officer: Hash::from_bytes([9; 32]),
        note: Hash::ZERO,
        time: Timestamp::from_unix_ms(at_ms),
        roster: Hash::ZERO,
        bundle: 1,
        epoch: Epoch(1),
        number: 1,
        previous: Hash::ZERO,
        extensions: Extensions::empty(),
    }
}

fn by_program(receipt: Receipt) -> Receipt {
    Receipt {
        actor: Actor::System,
        officer: Hash::ZERO,
        ..receipt
    }
}

fn returned(device: DeviceId, reason: Reason) -> Receipt {
    by_program(receipt(device, Stage::Returned, reason, 1))
}

fn for_other(receipt: Receipt) -> Receipt {
    Receipt {
        recipient: address("delta/desk"),
        contact: address("delta/desk"),
        ..receipt
    }
}

fn cancel(alert: AlertId) -> Evidence {
    Evidence::Cancel {
        id: AlertId::from_bytes([0xcc; 32]),
        alert,
        time: Timestamp::from_unix_ms(40),
    }
}

fn expiry(recipient: &ContactAddress) -> Evidence {
    let expiry = Expiry {
        version: Expiry::VERSION,
        alert: ALERT,
        recipient: recipient.clone(),
        device: SENDER,
        time: Timestamp::from_unix_ms(50),
        roster: Hash::ZERO,
        uncertain: false,
    };
    Evidence::Expiry(proven(expiry))
}

/// Which key may sign what is Q2's to decide, and tested there; here one key signs all.
fn proven<S: Statement + fmt::Debug>(statement: S) -> Proven<S> {
    let key = SigningKey::from_seed([1; 32]);
    let signed = sign(&key, vec![Exact::of(statement).unwrap()]).remove(0);
    signed.prove(&[key.verifying_key()]).unwrap()
}

/// A set of pieces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Pieces(u16);

impl Pieces {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self((1 << Piece::EVERY.len()) - 1);

    pub(crate) fn of(pieces: &[Piece]) -> Self {
        pieces
            .iter()
            .fold(Self::NONE, |set, piece| set.with(*piece))
    }

    pub(crate) fn every_set() -> impl Iterator<Item = Self> {
        (0..=Self::ALL.0).map(Self)
    }

    pub(crate) fn has(self, piece: Piece) -> bool {
        self.0 >> (piece as u16) & 1 == 1
    }

    #[must_use]
    pub(crate) fn with(self, piece: Piece) -> Self {
        Self(self.0 | 1 << (piece as u16))
    }

    #[must_use]
    pub(crate) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(crate) fn meets(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

impl Iterator for Pieces {
    type Item = Piece;

    /// Takes the lowest piece out.
    fn next(&mut self) -> Option<Piece> {
        let lowest = Piece::EVERY
            .get(self.0.trailing_zeros() as usize)
            .copied()?;
        self.0 &= self.0 - 1;
        Some(lowest)
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(*self).finish()
    }
}

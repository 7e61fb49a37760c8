//! The ledger of obligations: evidence that is proven, what stands by it, and the clocks.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::Exact;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::{
    Deadlines, Evidence, Obligation, Progress, Proven, Receipt, Signed, Step, Taker, officer_hash,
    sign,
};
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch};
use maille_common::limits;
use maille_common::terms::{AckRule, Actor, Reason, Stage};
use maille_common::time::Span;

use crate::network::{FOUNDED, address};

/// Contacts that answer the alert.
const RECIPIENTS: u8 = 16;

/// What each of them says, one after the other.
const SAID: [(Stage, Actor); 3] = [
    (Stage::Delivered, Actor::System),
    (Stage::Read, Actor::Officer),
    (Stage::Acknowledged, Actor::Officer),
];

const ALERT: AlertId = AlertId::from_bytes([1; 32]);

/// Steps of deputies, each this long after the one before.
const STEP: Span = Span::from_minutes(10);

/// Where one of sixteen recipients' obligations stands, by the 48 receipts of all of them.
pub fn standing() -> impl FnMut() {
    let (obligation, evidence) = (obligation(&recipient(7)), evidence());
    move || {
        let standing = obligation.standing(black_box(&evidence));
        assert!(black_box(standing).state.is_closed());
    }
}

/// The clocks of an obligation that nobody answered, with eight steps of deputies, of which two
/// were taken.
pub fn clocks() -> impl FnMut() {
    let standing = obligation(&recipient(7)).standing(&[]);
    let steps = vec![
        Step {
            after: STEP,
            taker: Taker::Here,
        };
        limits::DEPUTY_STEPS_MAX
    ];
    let deadlines = Deadlines {
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_hours(24),
        steps,
    };
    let progress = Progress {
        overdue_told: true,
        released: BTreeMap::from([(1, Span::from_minutes(40)), (2, Span::from_minutes(50))]),
        ..Progress::default()
    };
    move || {
        let clocks = deadlines.clocks(black_box(&standing), &progress, Span::from_minutes(55));
        assert!(!black_box(clocks).have_ended());
    }
}

/// Proves one receipt by the key of its device.
pub fn prove() -> impl FnMut() {
    let (signed, key) = (signed().swap_remove(0), key().verifying_key());
    move || drop(black_box(signed.clone().prove(&[key]).unwrap()))
}

/// An obligation by its evidence, and its clocks.
pub fn looked_at() -> impl FnMut() {
    let (mut standing, mut clocks) = (standing(), clocks());
    move || {
        standing();
        clocks();
    }
}

/// The bytes of the receipts.
pub fn statements() -> Vec<Vec<u8>> {
    let bytes = |receipt: &Signed<Receipt>| receipt.statement.bytes().to_vec();
    signed().iter().map(bytes).collect()
}

fn evidence() -> Vec<Evidence> {
    let prove = |receipt: Signed<Receipt>| -> Proven<Receipt> {
        receipt.prove(&[key().verifying_key()]).unwrap()
    };
    let proven = signed().into_iter().map(prove);
    proven.map(Evidence::Receipt).collect()
}

fn obligation(recipient: &ContactAddress) -> Obligation {
    Obligation {
        alert: ALERT,
        recipient: recipient.clone(),
        addressed: BTreeSet::from([device(7)]),
        ack_rule: AckRule::Each,
        system_acknowledges: false,
    }
}

fn signed() -> Vec<Signed<Receipt>> {
    let receipts = (0..RECIPIENTS).flat_map(|number| {
        (1..)
            .zip(SAID)
            .map(move |(place, said)| receipt(number, place, said))
    });
    sign(
        &key(),
        receipts.map(|one| Exact::of(one).unwrap()).collect(),
    )
}

fn receipt(number: u8, place: u64, (stage, actor): (Stage, Actor)) -> Receipt {
    let officer = match actor {
        Actor::Officer => officer_hash(&[number; 16], "Officer on duty"),
        Actor::System => Hash::ZERO,
    };
    Receipt {
        version: Receipt::VERSION,
        alert: ALERT,
        recipient: recipient(number),
        contact: recipient(number),
        device: device(number),
        stage,
        actor,
        reason: Reason::None,
        officer,
        note: Hash::ZERO,
        time: FOUNDED + Span::from_minutes(place),
        roster: Hash::ZERO,
        bundle: 1,
        epoch: Epoch(1),
        number: place,
        previous: Hash::ZERO,
        extensions: Extensions::empty(),
    }
}

fn recipient(number: u8) -> ContactAddress {
    address(&format!("europol/desk-{number}"))
}

fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

fn key() -> SigningKey {
    SigningKey::from_seed([5; 32])
}

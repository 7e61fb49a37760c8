//! Receipts, relays' statements, notes (PROTOCOL section 7).

use maille_common::address::DeviceId;
use maille_common::codec::{Bytes, Exact, decode, encode};
use maille_common::evidence::{
    Accepted, AcceptedFault, Expiry, Notice, Proofs, Receipt, ReceiptFault, RelayTime, Signed,
    SignedReceipt, officer_hash, sign,
};
use maille_common::extension::{Extension, Extensions};
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch, Incarnation};
use maille_common::limits;
use maille_common::roster::{
    Contact, DeviceKeys, Roster, RosterDocuments, SignedSuspension, Subject, Suspension, Version,
};
use maille_common::terms::{AcceptReason, Actor, NoticeKind, Outcome, Reason, Stage, Status};
use maille_common::time::Span;

use crate::world::*;

pub(crate) const ALERT: AlertId = AlertId::from_bytes([0xa1; 32]);

/// A receipt of device 3 for `beta/desk`, of a stage that needs nothing more.
pub(crate) fn receipt() -> Receipt {
    Receipt {
        version: 1,
        alert: ALERT,
        recipient: address("beta/desk"),
        contact: address("beta/desk"),
        device: device(3),
        stage: Stage::Delivered,
        actor: Actor::System,
        reason: Reason::None,
        officer: Hash::ZERO,
        note: Hash::ZERO,
        time: NOW,
        roster: Hash::from_bytes([7; 32]),
        bundle: 1,
        epoch: Epoch(1),
        number: 1,
        previous: Hash::ZERO,
        extensions: Extensions::empty(),
    }
}

/// The same, of an officer who acts.
pub(crate) fn act(stage: Stage, reason: Reason) -> Receipt {
    Receipt {
        stage,
        reason,
        actor: Actor::Officer,
        officer: officer_hash(&[1; 16], "Amina"),
        ..receipt()
    }
}

pub(crate) fn signed(receipt: Receipt, by: u8) -> SignedReceipt {
    sign(&key(by), vec![Exact::of(receipt).unwrap()]).remove(0)
}

fn fault(receipt: Receipt, by: u8) -> &'static str {
    signed(receipt, by).verify(&roster()).unwrap_err().check()
}

pub(crate) fn accepted() -> Accepted {
    Accepted {
        version: 1,
        relay: "lyon".parse().unwrap(),
        incarnation: Incarnation::from_bytes([8; 16]),
        number: 1,
        device: device(1),
        alert: ALERT,
        recipient: address("beta/desk"),
        outcome: Outcome::Accepted,
        reason: AcceptReason::None,
        retry_after: Span::ZERO,
        time: NOW,
        roster: Hash::from_bytes([7; 32]),
    }
}

pub(crate) fn notice() -> Notice {
    Notice {
        version: 1,
        relay: "lyon".parse().unwrap(),
        incarnation: Incarnation::from_bytes([8; 16]),
        alert: ALERT,
        status: Status::Actual,
        sender: address("alpha/desk"),
        recipient: address("beta/desk"),
        kind: NoticeKind::Released,
        step: 1,
        device: DeviceId::from_bytes([0; 16]),
        accepted: NOW - Span::from_minutes(41),
        time: NOW,
        roster: Hash::from_bytes([7; 32]),
        uncertain: true,
    }
}

pub(crate) fn expiry() -> Expiry {
    Expiry {
        version: 1,
        alert: ALERT,
        recipient: address("beta/desk"),
        device: device(1),
        time: NOW,
        roster: Hash::from_bytes([7; 32]),
        uncertain: true,
    }
}

pub(crate) fn relay_time() -> RelayTime {
    RelayTime {
        version: 1,
        relay: "lyon".parse().unwrap(),
        incarnation: Incarnation::from_bytes([8; 16]),
        challenge: [9; 16],
        time: NOW,
        roster: Hash::from_bytes([7; 32]),
    }
}

#[test]
fn a_receipt_of_the_recipients_device_is_proven() {
    let officer = act(Stage::Acknowledged, Reason::None);
    let refusal = act(Stage::Refused, Reason::NotOurs);
    let returned = Receipt {
        stage: Stage::Returned,
        reason: Reason::NotAllowed,
        ..receipt()
    };
    for receipt in [receipt(), officer, refusal, returned] {
        let bytes = encode(&signed(receipt.clone(), 3));
        let arrived: SignedReceipt = decode(&bytes).unwrap();
        let proven = arrived.verify(&roster()).unwrap();
        assert_eq!(*proven.statement(), receipt);
        assert_eq!(*proven.key(), key(3).verifying_key());
    }
}

#[test]
fn q1_stage_actor_reason_and_officer_have_to_fit() {
    let changes: [fn(&mut Receipt); 9] = [
        |receipt| receipt.version = 2,
        |receipt| receipt.reason = Reason::NotOurs,
        |receipt| receipt.stage = Stage::Returned,
        |receipt| receipt.stage = Stage::Read,
        |receipt| receipt.officer = Hash::from_bytes([1; 32]),
        |receipt| receipt.actor = Actor::Officer,
        |receipt| *receipt = act(Stage::Refused, Reason::KeyGone),
        |receipt| *receipt = act(Stage::Delivered, Reason::None),
        |receipt| {
            receipt.extensions = sorted([Extension {
                number: 1,
                critical: true,
                value: Bytes::new(*b"").unwrap(),
            }]);
        },
    ];
    for change in changes {
        let mut changed = receipt();
        change(&mut changed);
        assert_eq!(fault(changed, 3), "Q1");
    }
}

#[test]
fn q2_another_devices_key_proves_nothing() {
    for other in [1, 4, 5, 6, RELAY] {
        assert_eq!(fault(receipt(), other), "Q2");
    }
}

#[test]
fn q2_a_key_of_the_time_before_still_proves_what_it_signed() {
    let moved = roster_after("beta", |contact| {
        let devices = contact.devices.iter().filter(|held| held.id == device(4));
        contact.devices = sorted(devices.cloned().collect::<Vec<_>>());
    });
    assert!(signed(receipt(), 3).verify(&moved).is_ok());
}

#[test]
fn q3_only_the_contact_and_its_deputies_answer_for_a_recipient() {
    let by = |number: u8| Receipt {
        contact: contact_of(number),
        device: device(number),
        ..receipt()
    };
    assert!(signed(by(4), 4).verify(&roster()).is_ok());
    assert!(signed(by(5), 5).verify(&roster()).is_ok(), "the deputy");
    assert_eq!(fault(by(6), 6), "Q3");
    assert_eq!(fault(by(1), 1), "Q3", "not even the sender");
    let elsewhere = Receipt {
        contact: address("beta/desk"),
        ..by(5)
    };
    assert_eq!(fault(elsewhere, 5), "Q3", "a device of another contact");
    let copy = Receipt {
        recipient: address("alpha/desk"),
        ..by(2)
    };
    assert!(signed(copy, 2).verify(&roster()).is_ok(), "an own wrap");
}

fn suspended(number: u8) -> Roster {
    let suspension = Suspension {
        version: Version::ONE,
        network: text("test"),
        subject: Subject::Device(contact_of(number), device(number)),
        issued: NOW,
        reason: text("stolen"),
        key: key(100).verifying_key(),
    };
    let mut roster = roster();
    let documents = RosterDocuments {
        suspensions: list([SignedSuspension::sign(&key(100), suspension).unwrap()]),
        ..RosterDocuments::default()
    };
    roster.apply(&documents).unwrap();
    roster
}

#[test]
fn q3_a_suspended_device_answers_for_nobody_from_then_on() {
    let roster = suspended(3);
    let refused = signed(receipt(), 3).verify(&roster).unwrap_err();
    assert_eq!(refused.check(), "Q3");
    let before = Receipt {
        time: NOW - Span::from_ms(1),
        ..receipt()
    };
    assert!(signed(before, 3).verify(&roster).is_ok());
    assert!(
        signed(receipt(), 3)
            .verify_again(&roster, &mut Proofs::default())
            .is_ok(),
        "what was proven when it came stays proven"
    );
}

/// With a relay's help a stolen device answered alerts that came after its suspension, by writing
/// a time from before it.
#[test]
fn q3_a_suspended_device_cannot_date_its_answer_back_before_the_alert() {
    let roster = suspended(3);
    let dated_back = Receipt {
        time: NOW - Span::from_days(1),
        ..receipt()
    };
    let proven = signed(dated_back, 3).verify(&roster).unwrap();
    assert!(!proven.is_entitled(&roster, NOW));
    assert!(proven.is_entitled(&roster, NOW - Span::from_ms(1)));
    assert!(proven.statement().is_suspended_about(&roster, NOW));
}

/// With a relay's help a device that was removed, and not suspended, answered whatever came after.
#[test]
fn q3_a_device_that_was_removed_answers_for_what_was_made_until_a_day_later() {
    let left = |contact: &mut Contact| contact.devices = sorted(Vec::new());
    let roster = roster_since(NOW, "beta", left);
    let long_before = Receipt {
        time: NOW - Span::from_days(900),
        ..receipt()
    };
    let end = NOW + Span::from_ms(limits::DISMISSED_MS);
    for receipt in [receipt(), long_before] {
        let proven = signed(receipt, 3).verify(&roster).unwrap();
        assert!(proven.is_entitled(&roster, end - Span::from_ms(1)));
        assert!(!proven.is_entitled(&roster, end));
    }
}

/// Whoever had the keys that a device had renewed away answered in its name for as long as it stood
/// in the roster.
#[test]
fn q3_a_key_that_was_replaced_answers_for_what_was_made_until_a_day_after_its_end() {
    let away = Receipt {
        time: NOW + Span::from_days(900),
        ..receipt()
    };
    let behind = roster_since(NOW, "beta", |contact| renew(contact, 3, Some(NOW)));
    // Not even where the next annex names it no more.
    let left_out = |contact: &mut Contact| give_keys(contact, 3, &[device_keys(203)]);
    let mut former = behind.clone();
    follow(&mut former, NOW + Span::from_days(500), "beta", left_out);
    // Nor where nobody wrote down an end: it is left out.
    let no_end = roster_since(NOW, "beta", left_out);
    let end = NOW + Span::from_ms(limits::DISMISSED_MS);
    for roster in [&behind, &former, &no_end] {
        for receipt in [receipt(), away.clone()] {
            let kept = signed(receipt, 3);
            let proven = kept.clone().verify(roster).unwrap();
            let mut proofs = Proofs::default();
            for (made, counts) in [(end - Span::from_ms(1), true), (end, false)] {
                assert_eq!(proven.is_entitled(roster, made), counts);
                assert_eq!(proven.is_by_ended_key(roster, made), !counts);
                assert_eq!(kept.is_entitled_again(roster, made, &mut proofs), counts);
            }
        }
        let by_newest = signed(receipt(), 203).verify(roster).unwrap();
        assert!(by_newest.is_entitled(roster, NOW + Span::from_days(900)));
        let mut proofs = Proofs::default();
        let kept = by_newest.signed();
        assert!(kept.is_entitled_again(roster, NOW + Span::from_days(900), &mut proofs));
    }
}

/// Time alone stops no answer (I8): a pair that nobody has renewed, or that stood in no annex that
/// came after its device was taken out, goes on for as long as the device may answer.
#[test]
fn q3_the_newest_key_of_a_device_never_ends() {
    let ended = |contact: &mut Contact| {
        let pair = DeviceKeys {
            valid_to: Some(NOW),
            ..device_keys(3)
        };
        give_keys(contact, 3, &[pair]);
    };
    let mut roster = roster_since(NOW, "beta", ended);
    let late = NOW + Span::from_days(900);
    let proven = signed(receipt(), 3).verify(&roster).unwrap();
    assert!(proven.is_entitled(&roster, late));
    let left = |contact: &mut Contact| contact.devices = sorted(Vec::new());
    follow(&mut roster, late, "beta", left);
    assert!(proven.is_entitled(&roster, late));
    let day = Span::from_ms(limits::DISMISSED_MS);
    assert!(!proven.is_entitled(&roster, late + day));
}

#[test]
fn a_signature_that_held_carries_nothing_else() {
    let (roster, mut proofs) = (roster(), Proofs::default());
    let known = signed(receipt(), 3).verify_again(&roster, &mut proofs);
    assert_eq!(
        known,
        signed(receipt(), 3).verify_again(&roster, &mut proofs)
    );
    let known = known.unwrap().signed().clone();
    let mut other = signed(receipt(), 3);
    other.statement = Exact::of(Receipt {
        stage: Stage::Refused,
        ..receipt()
    })
    .unwrap();
    assert!(other.verify_again(&roster, &mut proofs).is_err());
    let mut other = known.clone();
    other.signature.signature = signed(receipt(), 5).signature.signature;
    assert!(other.verify_again(&roster, &mut proofs).is_err());
    let mut other = known.clone();
    other.signature.count = 2;
    assert!(other.verify_again(&roster, &mut proofs).is_err());
    // Who may sign is judged by the roster that is given.
    let others = roster_with(|contact| contact.devices = sorted(Vec::new()));
    assert!(known.verify_again(&others, &mut proofs).is_err());
}

#[test]
fn q3_what_a_deputy_answered_stays_true_after_its_office() {
    let answer = Receipt {
        contact: address("gamma/desk"),
        device: device(5),
        ..receipt()
    };
    let roster = roster_after("beta", |contact| contact.deputies = list([]));
    assert!(signed(answer.clone(), 5).verify(&roster).is_ok());
    assert!(
        signed(answer.clone(), 5)
            .verify_again(&roster, &mut Proofs::default())
            .is_ok()
    );
    // And what it answers afterwards counts for what was made while it was one.
    let dismissed = roster.annex(&"beta".parse().unwrap()).unwrap().issued;
    let day = Span::from_ms(limits::DISMISSED_MS);
    let proven = signed(answer, 5).verify(&roster).unwrap();
    assert!(proven.is_entitled(&roster, dismissed));
    assert!(!proven.is_entitled(&roster, dismissed + day));
    // The principal was never a deputy of its deputy.
    let back = Receipt {
        recipient: address("gamma/desk"),
        ..receipt()
    };
    let fault = signed(back, 3).verify(&roster).unwrap_err();
    assert!(matches!(fault, ReceiptFault::NotEntitled { .. }));
}

#[test]
fn a_receipt_moved_to_another_alert_recipient_or_device_does_not_verify() {
    let moves: [fn(&mut Receipt); 4] = [
        |receipt| receipt.alert = AlertId::from_bytes([0xa2; 32]),
        |receipt| {
            receipt.recipient = address("gamma/desk");
            receipt.contact = address("gamma/desk");
            receipt.device = device(5);
        },
        |receipt| receipt.device = device(4),
        |receipt| receipt.number = 2,
    ];
    for change in moves {
        let mut moved = receipt();
        change(&mut moved);
        let moved = Signed {
            statement: Exact::of(moved).unwrap(),
            signature: signed(receipt(), 3).signature,
        };
        assert_eq!(moved.verify(&roster()).unwrap_err().check(), "Q2");
    }
}

#[test]
fn batches_of_1_2_and_200_prove_each_of_their_statements() {
    let roster = roster();
    for count in [1, 2, 200] {
        let numbered = |number| {
            let numbered = Receipt {
                number,
                ..receipt()
            };
            Exact::of(numbered).unwrap()
        };
        let batch = sign(&key(3), (1..=count).map(numbered).collect());
        assert_eq!(batch.len(), usize::try_from(count).unwrap());
        for (place, signed) in batch.iter().enumerate() {
            assert!(signed.clone().verify(&roster).is_ok());
            let neighbour = &batch[(place + 1) % batch.len()];
            let moved = Signed {
                statement: signed.statement.clone(),
                signature: neighbour.signature.clone(),
            };
            assert_eq!(moved.verify(&roster).is_ok(), count == 1);
        }
    }
}

#[test]
fn q6_statements_of_relays_are_by_a_key_of_that_relay() {
    let roster = roster();
    let one = |by: u8| sign(&key(by), vec![Exact::of(accepted()).unwrap()]).remove(0);
    assert!(one(RELAY).verify(&roster).is_ok());
    assert!(one(RELAY + 1).verify(&roster).is_err(), "its transport key");
    assert!(one(1).verify(&roster).is_err());
    let contradictory = Accepted {
        reason: AcceptReason::NoRule,
        ..accepted()
    };
    let contradictory = sign(&key(RELAY), vec![Exact::of(contradictory).unwrap()]).remove(0);
    let fault = contradictory.verify(&roster).unwrap_err();
    assert_eq!(fault, AcceptedFault::Form);
    let one = |by: u8| sign(&key(by), vec![Exact::of(notice()).unwrap()]).remove(0);
    assert!(one(RELAY).verify(&roster).is_ok() && one(3).verify(&roster).is_err());
    let one = |by: u8| sign(&key(by), vec![Exact::of(relay_time()).unwrap()]).remove(0);
    assert!(one(RELAY).verify(&roster).is_ok() && one(3).verify(&roster).is_err());
}

#[test]
fn q6_an_expiry_is_by_a_device_of_the_sender() {
    let (roster, alpha) = (roster(), address("alpha/desk"));
    let one = |expiry: Expiry, by: u8| sign(&key(by), vec![Exact::of(expiry).unwrap()]).remove(0);
    assert!(one(expiry(), 1).verify(&roster, &alpha).is_ok());
    assert!(one(expiry(), 2).verify(&roster, &alpha).is_err());
    assert!(one(expiry(), RELAY).verify(&roster, &alpha).is_err());
    let by_recipient = Expiry {
        device: device(3),
        ..expiry()
    };
    let fault = one(by_recipient, 3).verify(&roster, &alpha).unwrap_err();
    assert!(matches!(fault, ReceiptFault::NotEntitled { .. }));
}

#[test]
fn q6_a_device_that_was_suspended_or_removed_before_an_alert_was_made_ends_none_of_it() {
    let alpha = address("alpha/desk");
    let moment = Span::from_ms(1);
    let ends = |roster: &Roster, made| {
        let signed = sign(&key(1), vec![Exact::of(expiry()).unwrap()]).remove(0);
        let proven = signed.verify(roster, &alpha).unwrap();
        proven.is_entitled(roster, &alpha, made)
    };
    let roster = suspended(1);
    assert!(ends(&roster, NOW - moment));
    assert!(!ends(&roster, NOW));
    let left = |contact: &mut Contact| contact.devices = sorted(Vec::new());
    let renewed = |contact: &mut Contact| renew(contact, 1, Some(NOW));
    let end = NOW + Span::from_ms(limits::DISMISSED_MS);
    for roster in [
        roster_since(NOW, "alpha", left),
        roster_since(NOW, "alpha", renewed),
    ] {
        assert!(ends(&roster, end - moment));
        assert!(!ends(&roster, end));
    }
}

//! Receipts that were forged, moved, replayed or dated back, brought to the sender by a relay that
//! checks nothing.

use maille_client::authority::OVERLAP;
use maille_client::core::IncidentKind;
use maille_common::address::DeviceId;
use maille_common::codec::Exact;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::{ObligationState, Receipt, SignedReceipt, officer_hash, sign};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::roster::RosterDocuments;
use maille_common::terms::{Actor, Reason, Stage};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::{Answer, PostReceipt, Push};
use maille_relay::core::verify_receipt;
use maille_tests::hostile::Cast;
use maille_tests::network::FOUNDED;

/// Lyon waits for an answer to its alert, which Tunis and The Hague have.
struct Waiting {
    cast: Cast,
    alert: AlertId,
}

impl Waiting {
    fn new() -> Self {
        let mut cast = Cast::gathered();
        let alert = cast.sent("Answer this").id();
        cast.world.settle();
        Self { cast, alert }
    }

    /// An officer's acknowledgement, as the first device of Tunis would sign it.
    fn acknowledged(&mut self) -> Receipt {
        let tunis = self.cast.tunis;
        self.acknowledged_by(&tunis)
    }

    /// The same, with what stands in it of another device.
    fn acknowledged_by(&mut self, device: &DeviceId) -> Receipt {
        let desk = self.cast.world.desk(device);
        Receipt {
            version: Receipt::VERSION,
            alert: self.alert,
            recipient: Cast::TUNIS.parse().unwrap(),
            contact: Cast::TUNIS.parse().unwrap(),
            device: *device,
            stage: Stage::Acknowledged,
            actor: Actor::Officer,
            reason: Reason::None,
            officer: officer_hash(&[1; 16], "Nobody"),
            note: Hash::ZERO,
            roster: desk.roster().hash(),
            epoch: desk.epoch(),
            time: self.cast.world.now,
            bundle: 1,
            number: 2,
            previous: Hash::ZERO,
            extensions: maille_common::extension::Extensions::empty(),
        }
    }

    /// What a relay brings; the checks that Lyon's incidents name since.
    fn bring(&mut self, receipt: SignedReceipt) -> Vec<String> {
        let (lyon, relay) = (self.cast.lyon, "lyon".parse().unwrap());
        let before = self.incidents().len();
        let push = Push::Receipt {
            number: 1,
            receipt: Box::new(receipt),
            note: None,
        };
        self.cast.world.take_push(&lyon, &relay, push);
        self.incidents().split_off(before)
    }

    fn incidents(&mut self) -> Vec<String> {
        let lyon = self.cast.lyon;
        let incidents = self.cast.world.desk(&lyon).incidents_after(0, 100).unwrap();
        let check = |kind: IncidentKind| match kind {
            IncidentKind::Receipt { check } => check.as_str().to_owned(),
            other => format!("{other:?}"),
        };
        incidents
            .into_iter()
            .map(|(_, one)| check(one.kind))
            .collect()
    }

    fn state(&mut self, contact: &str) -> ObligationState {
        let (now, lyon) = (self.cast.world.now, self.cast.lyon);
        let track = self.cast.world.desk(&lyon).track(&self.alert, now);
        let mut recipients = track.unwrap().unwrap().recipients.into_iter();
        let tracked = recipients.find(|one| one.contact.as_str() == contact);
        tracked.unwrap().standing.state
    }

    fn spread(&mut self, documents: &RosterDocuments) {
        for relay in ["lyon", "tunis", "amman"] {
            self.cast.world.spread_to_relay(relay, documents);
        }
        self.cast.world.settle();
    }
}

fn signed(receipt: Receipt, key: &SigningKey) -> SignedReceipt {
    sign(key, vec![Exact::of(receipt).unwrap()]).remove(0)
}

#[test]
fn what_tunis_signs_itself_ends_the_obligation() {
    let mut waiting = Waiting::new();
    let receipt = waiting.acknowledged();
    let key = waiting.cast.key(&waiting.cast.tunis);
    assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
    // Its place in the row is not the one that follows: the row is judged apart from the receipt.
    let incidents = waiting.bring(signed(receipt, &key));
    assert!(
        incidents.iter().all(|one| one.starts_with("Fork")),
        "{incidents:?}"
    );
    assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Acknowledged);
    assert_eq!(waiting.state(Cast::HAGUE), ObligationState::Open);
}

/// By the relay, the sender's colleague, the other recipient, the deputy, a stranger.
#[test]
fn a_receipt_that_any_other_key_signed_in_the_devices_name_is_q2() {
    let mut waiting = Waiting::new();
    let receipt = waiting.acknowledged();
    let cast = &waiting.cast;
    let others = [
        cast.colleague,
        cast.second,
        cast.hague,
        cast.rabat,
        cast.dakar,
    ];
    let mut keys: Vec<SigningKey> = others.iter().map(|device| cast.key(device)).collect();
    keys.push(SigningKey::from_seed(
        cast.world.network.relay("lyon").signing,
    ));
    for key in keys {
        assert_eq!(waiting.bring(signed(receipt.clone(), &key)), ["Q2"]);
    }
    assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
}

#[test]
fn a_receipt_of_whoever_may_not_answer_for_the_recipient_is_q3() {
    let mut waiting = Waiting::new();
    let receipt = waiting.acknowledged();
    let cast = &waiting.cast;
    let (hague, dakar, lyon) = (cast.hague, cast.dakar, cast.lyon);
    let by = |device: DeviceId, contact: &str, recipient: &str| Receipt {
        device,
        contact: contact.parse().unwrap(),
        recipient: recipient.parse().unwrap(),
        ..receipt.clone()
    };
    let forged = [
        by(hague, Cast::HAGUE, Cast::TUNIS),
        by(dakar, Cast::DAKAR, Cast::TUNIS),
        by(lyon, Cast::LYON, Cast::TUNIS),
        // In the name of a contact that the device does not act for.
        by(hague, Cast::TUNIS, Cast::TUNIS),
        // The deputy of Tunis is nobody's else.
        by(waiting.cast.rabat, Cast::RABAT, Cast::HAGUE),
    ];
    for receipt in forged {
        let key = waiting.cast.key(&receipt.device);
        assert_eq!(waiting.bring(signed(receipt, &key)), ["Q3"]);
    }
    assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
    assert_eq!(waiting.state(Cast::HAGUE), ObligationState::Open);
}

#[test]
fn a_true_signature_that_is_moved_to_another_statement_is_q2() {
    let mut waiting = Waiting::new();
    let receipt = waiting.acknowledged();
    let other = waiting.cast.sent("Another").id();
    let key = waiting.cast.key(&waiting.cast.tunis);
    let true_one = signed(receipt.clone(), &key);
    let moves: [fn(&mut Receipt); 4] = [
        |receipt| receipt.stage = Stage::Refused,
        |receipt| receipt.number += 1,
        |receipt| receipt.officer = Hash::from_bytes([3; 32]),
        |receipt| receipt.time = receipt.time + Span::from_ms(1),
    ];
    let mut moved: Vec<Receipt> = vec![Receipt {
        alert: other,
        ..receipt.clone()
    }];
    for change in moves {
        let mut changed = receipt.clone();
        change(&mut changed);
        if changed.stage == Stage::Refused {
            changed.reason = Reason::NotOurs;
        }
        moved.push(changed);
    }
    for changed in moved {
        let moved = SignedReceipt {
            statement: Exact::of(changed).unwrap(),
            signature: true_one.signature.clone(),
        };
        assert_eq!(waiting.bring(moved), ["Q2"]);
    }
    assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
}

#[test]
fn an_act_that_names_no_officer_and_a_reason_that_fits_no_stage_are_q1() {
    let mut waiting = Waiting::new();
    let receipt = waiting.acknowledged();
    let key = waiting.cast.key(&waiting.cast.tunis);
    let nobody = Receipt {
        officer: Hash::ZERO,
        ..receipt.clone()
    };
    let program = Receipt {
        stage: Stage::Refused,
        actor: Actor::System,
        officer: Hash::ZERO,
        reason: Reason::NotOurs,
        ..receipt.clone()
    };
    let reason = Receipt {
        reason: Reason::NotOurs,
        ..receipt
    };
    for wrong in [nobody, program, reason] {
        assert_eq!(waiting.bring(signed(wrong, &key)), ["Q1"]);
    }
    assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
}

#[test]
fn a_receipt_that_is_brought_again_and_again_says_nothing_new() {
    let mut waiting = Waiting::new();
    let (now, lyon) = (waiting.cast.world.now, waiting.cast.lyon);
    let desk = waiting.cast.world.desk(&lyon);
    let track = desk.track(&waiting.alert, now).unwrap().unwrap();
    let events = |waiting: &mut Waiting| {
        let desk = waiting.cast.world.desk(&lyon);
        desk.events_after(0, 1_000, true).unwrap().len()
    };
    let before = events(&mut waiting);
    let known = track.recipients.iter().flat_map(|one| &one.receipts);
    for (receipt, _) in known {
        for _ in 0..3 {
            assert_eq!(waiting.bring(receipt.clone()), [""; 0]);
        }
    }
    assert_eq!(events(&mut waiting), before);
    assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
}

/// A stolen device, suspended by now, and a relay that brings what it signs. It wrote a time from
/// before its suspension, and that answered alerts which came after it.
#[test]
fn a_suspended_device_answers_no_later_alert_whatever_time_it_writes() {
    let times = [
        FOUNDED + Span::from_days(1),
        FOUNDED - Span::from_days(1),
        Timestamp::EPOCH,
    ];
    for time in times {
        let mut waiting = Waiting::new();
        let second = waiting.cast.second;
        let documents = waiting.cast.world.network.suspend(&second);
        waiting.spread(&documents);
        let receipt = Receipt {
            device: second,
            time,
            ..waiting.acknowledged()
        };
        let key = waiting.cast.key(&second);
        let incidents = waiting.bring(signed(receipt, &key));
        assert_eq!(incidents.last().map(String::as_str), Some("Q3"), "{time}");
        assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
    }
}

/// A device that was taken from its contact, and a relay that brings what it signs. While whoever
/// had not heard may have asked it, its answer counts, as it would if it had been delayed.
#[test]
fn a_removed_device_answers_no_alert_from_long_after_it_left_whatever_time_it_writes() {
    let (day, hour) = (Span::from_days(1), Span::from_hours(1));
    let long_before: [fn(Timestamp) -> Timestamp; 2] = [
        |made| made - Span::from_days(30),
        |made| made - Span::from_hours(25),
    ];
    let later: [fn(Timestamp) -> Timestamp; 2] = [
        |made| made + Span::from_days(3),
        |made| made - Span::from_hours(23),
    ];
    let cases = long_before.map(|removed| (removed, ObligationState::Open));
    let cases = cases
        .into_iter()
        .chain(later.map(|removed| (removed, ObligationState::Acknowledged)));
    for (removed, state) in cases {
        for time in [FOUNDED, FOUNDED + day, FOUNDED - hour, Timestamp::EPOCH] {
            let mut waiting = Waiting::new();
            let second = waiting.cast.second;
            let removed = removed(waiting.cast.world.now);
            let key = waiting.cast.key(&second);
            let network = &mut waiting.cast.world.network;
            network.remove(&second);
            network.date(removed);
            let documents = network.publish();
            waiting.spread(&documents);
            let receipt = Receipt {
                device: second,
                time,
                ..waiting.acknowledged()
            };
            let incidents = waiting.bring(signed(receipt, &key));
            let refused = incidents.iter().any(|check| check == "Q3");
            assert_eq!(
                refused,
                state == ObligationState::Open,
                "{removed} {incidents:?}"
            );
            assert_eq!(waiting.state(Cast::TUNIS), state, "{removed} {time}");
        }
    }
}

/// A contact that was expelled with all its devices, and a relay that brings what they sign.
#[test]
fn an_expelled_contact_answers_no_alert_from_long_after_it_left_whatever_time_it_writes() {
    for time in [FOUNDED, FOUNDED + Span::from_days(1), Timestamp::EPOCH] {
        let mut waiting = Waiting::new();
        let (tunis, left) = (waiting.cast.tunis, Span::from_hours(25));
        let (key, removed) = (waiting.cast.key(&tunis), waiting.cast.world.now - left);
        let acknowledged = waiting.acknowledged();
        let network = &mut waiting.cast.world.network;
        network.dissolve(Cast::TUNIS);
        network.date(removed);
        let documents = network.publish();
        waiting.spread(&documents);
        let receipt = Receipt {
            time,
            ..acknowledged
        };
        let incidents = waiting.bring(signed(receipt, &key));
        assert!(incidents.iter().any(|check| check == "Q3"), "{incidents:?}");
        assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
    }
}

/// The same of a deputy whose organisation a part left out, while the annex of the recipient names
/// it still: no annex follows its own, and the part tells when its devices ended.
#[test]
fn a_deputy_of_an_organisation_that_left_answers_no_alert_from_long_after() {
    for (left, state) in [
        (Span::from_days(30), ObligationState::Open),
        (Span::from_hours(25), ObligationState::Open),
        (Span::from_hours(23), ObligationState::Acknowledged),
    ] {
        for time in [FOUNDED, FOUNDED + Span::from_days(1), Timestamp::EPOCH] {
            let mut waiting = Waiting::new();
            let hague = waiting.cast.hague;
            let network = &mut waiting.cast.world.network;
            network.deputise(Cast::TUNIS, Cast::HAGUE, Span::from_minutes(20));
            let documents = network.publish();
            waiting.spread(&documents);
            let left = waiting.cast.world.now - left;
            let key = waiting.cast.key(&hague);
            let network = &mut waiting.cast.world.network;
            let _ = network.leave_out("europol");
            network.date(left);
            let documents = network.publish();
            waiting.spread(&documents);
            let receipt = Receipt {
                contact: Cast::HAGUE.parse().unwrap(),
                device: hague,
                time,
                ..waiting.acknowledged()
            };
            let incidents = waiting.bring(signed(receipt, &key));
            let refused = incidents.iter().any(|check| check == "Q3");
            assert_eq!(refused, state == ObligationState::Open, "{incidents:?}");
            assert_eq!(waiting.state(Cast::TUNIS), state, "{left} {time}");
        }
    }
}

/// What Tunis had before it renewed its keys, which everybody has heard of, in a thief's hands.
fn renewed_away(waiting: &mut Waiting) -> SigningKey {
    let tunis = waiting.cast.tunis;
    let world = &mut waiting.cast.world;
    world.pass(Span::from_days(331));
    world.keep_keys();
    world.settle();
    let old = SigningKey::from_seed(world.network.device(&tunis).signing);
    let (renewals, now) = (world.renewals(), world.now);
    let roster = world.roster_of("tunis").clone();
    let documents = world.network.take_up(&roster, &renewals, OVERLAP, now);
    waiting.spread(&documents);
    waiting.cast.world.keep_keys();
    waiting.cast.world.settle();
    old
}

/// A desk that was away answers with its old keys what was sealed to it before they ended. Whoever
/// else has those keys answers nothing that was made later, whatever time is written and whoever
/// brings it.
#[test]
fn keys_that_were_renewed_away_answer_no_alert_from_long_after_their_end() {
    let (day, moment) = (Span::from_days(1), Span::from_ms(1));
    for (since, state) in [
        (OVERLAP + day - moment, ObligationState::Acknowledged),
        (OVERLAP + day, ObligationState::Open),
    ] {
        for late in [Span::ZERO, Span::from_days(200)] {
            let mut waiting = Waiting::new();
            let old = renewed_away(&mut waiting);
            waiting.cast.world.pass(since);
            waiting.cast.world.keep_keys();
            waiting.cast.world.settle();
            waiting.alert = waiting.cast.sent("Answer this later").id();
            waiting.cast.world.settle();
            let made = waiting.cast.world.now;
            waiting.cast.world.pass(late);
            for time in [made, made + late, Timestamp::EPOCH] {
                let receipt = Receipt {
                    time,
                    ..waiting.acknowledged()
                };
                let incidents = waiting.bring(signed(receipt, &old));
                let refused = incidents.iter().any(|check| check == "Q3");
                assert_eq!(refused, state == ObligationState::Open, "{incidents:?}");
                assert_eq!(waiting.state(Cast::TUNIS), state);
            }
        }
    }
}

/// The alert waits at the relay for the desk, and goes on waiting: what the relay holds it judges
/// by the alert. Of others it decides nothing, and passes the answer on.
#[test]
fn keys_that_were_renewed_away_take_no_mail_out_of_a_mailbox() {
    let mut waiting = Waiting::new();
    let old = renewed_away(&mut waiting);
    waiting.cast.world.pass(OVERLAP + Span::from_days(1));
    waiting.cast.world.keep_keys();
    waiting.cast.world.settle();
    let (lyon, tunis, second) = (waiting.cast.lyon, waiting.cast.tunis, waiting.cast.second);
    waiting.cast.world.switch_off(&tunis);
    waiting.alert = waiting.cast.sent("Answer this later").id();
    waiting.cast.world.settle();
    let waits = |waiting: &mut Waiting| waiting.cast.world.deliveries("tunis", &tunis).len();
    let before = waits(&mut waiting);
    assert!(before > 0);
    let posts = |waiting: &mut Waiting, alert, relay: &str| {
        let receipt = Receipt {
            alert,
            ..waiting.acknowledged_by(&second)
        };
        let receipt = Receipt {
            device: tunis,
            ..receipt
        };
        let posted = PostReceipt {
            receipt: signed(receipt, &old),
            note: None,
            to: Cast::LYON.parse().unwrap(),
        };
        let core = waiting.cast.world.relay(relay);
        let verified = verify_receipt(posted, core.roster(), &second).unwrap();
        assert_eq!(core.receipt(&verified).unwrap().answer, Answer::Done);
    };
    let alert = waiting.alert;
    posts(&mut waiting, alert, "tunis");
    posts(&mut waiting, alert, "lyon");
    assert_eq!(waits(&mut waiting), before);
    waiting.cast.world.meet(&lyon, "lyon");
    assert!(waiting.incidents().iter().any(|check| check == "Q3"));
    assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Open);
    waiting.cast.world.switch_on(&tunis);
    waiting.cast.world.settle();
    let desk = waiting.cast.world.desk(&tunis);
    assert!(desk.received(&alert).unwrap().is_some());
}

/// Whatever the clock of the recipient shows, its answer is one (I8).
#[test]
fn an_answer_dated_ten_years_off_counts_and_shows_its_time() {
    for years in [-10_i64, 10] {
        let mut waiting = Waiting::new();
        let span = Span::from_days(3_650);
        let now = waiting.cast.world.now;
        let time = if years < 0 { now - span } else { now + span };
        let receipt = Receipt {
            time,
            ..waiting.acknowledged()
        };
        let key = waiting.cast.key(&waiting.cast.tunis);
        waiting.bring(signed(receipt, &key));
        assert_eq!(waiting.state(Cast::TUNIS), ObligationState::Acknowledged);
    }
}

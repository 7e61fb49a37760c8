//! Several devices of one contact: any of them answers, and all learn it, whatever the order, the
//! relay and the life of a store.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, Order, RefuseReason};
use maille_common::evidence::ObligationState;
use maille_common::terms::{AckRule, Stage, Urgency};
use maille_tests::memory::order;
use maille_tests::network::address;
use maille_tests::shift::{ALL, shift, shift_at};

#[test]
fn whoever_acknowledges_all_devices_of_the_contact_learn_it_and_by_whom() {
    for homes in [&["lyon"][..], &["tunis", "amman"]] {
        let mut shift = shift_at(homes);
        let alert = shift.send("Taken on by the day");
        let (day, night) = (shift.day, shift.night);
        assert_eq!((shift.owes(day), shift.owes(night)), (1, 1));
        shift.acknowledge(day, &alert, "S. Ben Ali");
        shift.world.settle();
        for desk in [day, night] {
            assert!(!shift.entry(desk, &alert).is_open());
            assert_eq!(shift.owes(desk), 0);
            assert_eq!(shift.taken(desk, &alert), (day, Some("S. Ben Ali".into())));
            assert_eq!(shift.promises(desk), ["We are on it."]);
        }
        assert_eq!(shift.told(night), [(day, Stage::Acknowledged)]);
        assert_eq!(shift.told(day), [], "it knows what it did");
        assert_eq!(shift.incidents(), []);
    }
}

#[test]
fn whoever_reads_an_alert_has_it_in_hand_for_the_colleague_too_and_it_stays_open() {
    let mut shift = shift();
    let alert = shift.send("In hand");
    let (day, night) = (shift.day, shift.night);
    shift.act(day, &alert, &Act::Read, Some("S. Ben Ali"));
    shift.world.settle();
    assert!(shift.entry(night, &alert).is_open());
    assert_eq!(shift.taken(night, &alert), (day, Some("S. Ben Ali".into())));
    let now = shift.world.now;
    let ledger = shift.world.desk(&night).ledger(ALL, now).unwrap();
    let taken = ledger.obligations[0].taken.as_ref().unwrap();
    assert_eq!((taken.stage, taken.device), (Stage::Read, day));
}

/// The colleague was away: the receipts were more urgent than the alert, came first, and were an
/// incident; the alert then stood on its list for ever.
#[test]
fn what_was_answered_while_a_colleague_was_away_is_not_on_its_list_when_it_comes_back() {
    let mut shift = shift();
    let slow = Order {
        urgency: Urgency::Future,
        ..order(&["cmai/tunis"], "While the night desk is closed")
    };
    let (lyon, day, night) = (shift.lyon, shift.day, shift.night);
    let alert = shift.world.order(&lyon, &slow).id;
    shift.world.meet(&lyon, "lyon");
    shift.world.meet(&day, "lyon");
    shift.act(day, &alert, &Act::Read, Some("S. Ben Ali"));
    shift.acknowledge(day, &alert, "S. Ben Ali");
    shift.world.meet(&day, "lyon");
    let waiting = shift.world.relay("lyon").waiting(&night, 10).unwrap();
    let classes: Vec<u8> = waiting.iter().map(|mail| mail.class).collect();
    assert_eq!(classes, [3, 3, 3], "the alert first, then what was done");
    shift.world.settle();
    assert!(!shift.entry(night, &alert).is_open());
    assert_eq!(shift.incidents(), []);
}

#[test]
fn a_colleagues_receipts_count_in_whatever_order_they_and_the_alert_come() {
    let orders: [[usize; 3]; 6] = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        for killed in [false, true] {
            let mut shift = shift();
            let (lyon, day, night) = (shift.lyon, shift.day, shift.night);
            let alert = shift.world.send(&lyon, &["cmai/tunis"], "In any order");
            shift.world.meet(&lyon, "lyon");
            shift.world.meet(&day, "lyon");
            shift.act(day, &alert, &Act::Read, Some("S. Ben Ali"));
            shift.acknowledge(day, &alert, "S. Ben Ali");
            shift.world.meet(&day, "lyon");
            let mail = shift.world.mail("lyon", &night);
            for place in order {
                shift.world.bring("lyon", &night, mail[place]);
                if killed {
                    shift.world.kill_desk(&night);
                }
            }
            shift.after(1);
            let told = shift.told(night);
            assert_eq!(told.len(), 2, "{order:?}: each is told once: {told:?}");
            assert!(!shift.entry(night, &alert).is_open(), "{order:?}");
            assert_eq!(shift.taken(night, &alert), (day, Some("S. Ben Ali".into())));
            assert_eq!(shift.incidents(), [], "{order:?}");
        }
    }
}

#[test]
fn acting_on_two_devices_at_once_ends_the_same_everywhere() {
    let refuse = || Act::Refuse(RefuseReason::Handling);
    let cases = [
        (Act::Acknowledge, Act::Acknowledge, Stage::Acknowledged),
        (Act::Acknowledge, refuse(), Stage::Acknowledged),
        (refuse(), Act::Acknowledge, Stage::Acknowledged),
        (refuse(), refuse(), Stage::Refused),
    ];
    for (by_day, by_night, end) in cases {
        for night_first in [false, true] {
            let mut shift = shift_at(&["tunis", "amman"]);
            let alert = shift.send("At once");
            let (lyon, day, night) = (shift.lyon, shift.day, shift.night);
            shift.act(day, &alert, &by_day, Some("S. Ben Ali"));
            shift.act(night, &alert, &by_night, Some("L. Trabelsi"));
            let (first, then) = if night_first {
                (night, day)
            } else {
                (day, night)
            };
            for desk in [first, then] {
                for relay in ["amman", "lyon", "tunis"] {
                    shift.world.meet(&desk, relay);
                }
            }
            shift.world.settle();
            let state = match end {
                Stage::Refused => ObligationState::Refused,
                _ => ObligationState::Acknowledged,
            };
            assert_eq!(shift.state(&alert, "cmai/tunis"), state);
            let shown = [day, night].map(|desk| {
                let entry = shift.entry(desk, &alert);
                assert!(!entry.is_open());
                let taken = entry.taken.unwrap();
                (taken.stage, taken.device, taken.officer)
            });
            assert_eq!(shown[0].0, end);
            if by_day != by_night {
                assert_eq!(shown[0], shown[1], "both name the one who took it");
            }
            assert_eq!((shift.owes(day), shift.owes(night)), (0, 0));
            let _ = lyon;
            assert_eq!(shift.incidents(), []);
        }
    }
}

#[test]
fn a_deputys_answer_frees_the_contact_and_whoever_else_was_asked() {
    let mut shift = shift();
    let alert = shift.send("Nobody in Tunis looked");
    shift.after(40);
    shift.after(20);
    let (amman, rabat, day, night) = (shift.amman, shift.rabat, shift.day, shift.night);
    assert!(shift.entry(amman, &alert).is_open() && shift.entry(rabat, &alert).is_open());
    shift.acknowledge(amman, &alert, "R. Haddad");
    shift.world.settle();
    for desk in [day, night, rabat] {
        assert!(!shift.entry(desk, &alert).is_open());
        assert_eq!(shift.owes(desk), 0);
        let taken = shift.entry(desk, &alert).taken.unwrap();
        assert_eq!(
            (taken.contact, taken.device),
            (address("cmai/amman"), amman)
        );
    }
    for desk in [day, night] {
        assert_eq!(shift.taken(desk, &alert).1.as_deref(), Some("R. Haddad"));
        assert!(shift.promises(desk).is_empty(), "it is Amman's promise");
    }
    assert_eq!(shift.incidents(), []);
}

#[test]
fn a_programs_acknowledgement_leaves_the_deputies_asked() {
    let mut shift = shift();
    let alert = shift.send("By a program");
    let (day, night, amman) = (shift.day, shift.night, shift.amman);
    shift.act(day, &alert, &Act::Acknowledge, None);
    shift.after(40);
    assert!(!shift.entry(night, &alert).is_open());
    assert!(shift.entry(amman, &alert).is_open(), "an officer is wanted");
    shift.acknowledge(night, &alert, "L. Trabelsi");
    shift.world.settle();
    assert!(!shift.entry(amman, &alert).is_open());
}

/// At the desk of the program the officer's word used to be taken for a repetition.
#[test]
fn an_officer_acknowledges_at_the_device_where_a_program_did() {
    let mut shift = shift();
    let alert = shift.send("By a program first");
    let (day, amman) = (shift.day, shift.amman);
    shift.act(day, &alert, &Act::Acknowledge, None);
    shift.after(40);
    assert!(shift.entry(amman, &alert).is_open(), "an officer is wanted");
    shift.acknowledge(day, &alert, "S. Ben Ali");
    shift.world.settle();
    assert!(!shift.entry(amman, &alert).is_open());
}

#[test]
fn a_relay_that_lost_its_disk_still_brings_the_answer_to_the_colleague() {
    let mut shift = shift();
    let alert = shift.send("Answered before the loss");
    let (day, night) = (shift.day, shift.night);
    shift.acknowledge(day, &alert, "S. Ben Ali");
    shift.world.meet(&day, "lyon");
    shift.world.lose_relay("lyon");
    shift.world.settle();
    assert!(!shift.entry(night, &alert).is_open());
    assert_eq!(
        shift.state(&alert, "cmai/tunis"),
        ObligationState::Acknowledged
    );
    assert_eq!(shift.incidents(), []);
}

#[test]
fn a_new_device_gets_what_is_open_and_learns_what_a_colleague_has_answered() {
    for homes in [&["lyon"][..], &["tunis", "amman"]] {
        let mut shift = shift_at(homes);
        let lyon = shift.lyon;
        let to = ["cmai/rabat", "cmai/tunis"];
        let answered = shift.world.send(&lyon, &to, "Answered in Tunis alone");
        let open = shift.world.send(&lyon, &to, "Open");
        shift.world.settle();
        let (day, night) = (shift.day, shift.night);
        shift.acknowledge(day, &answered, "S. Ben Ali");
        shift.world.settle();
        let third = shift.admit("cmai/tunis");
        assert_eq!(shift.arrivals(third), 2, "by addendum");
        assert!(!shift.entry(third, &answered).is_open());
        assert_eq!(shift.taken(third, &answered).0, day);
        assert!(shift.entry(third, &open).is_open());
        shift.acknowledge(third, &open, "K. Jaziri");
        shift.world.settle();
        for desk in [day, night] {
            assert!(!shift.entry(desk, &open).is_open());
            assert_eq!(shift.taken(desk, &open), (third, Some("K. Jaziri".into())));
        }
        assert_eq!(
            shift.state(&open, "cmai/tunis"),
            ObligationState::Acknowledged
        );
        assert_eq!(shift.arrivals(day), 2, "nothing is new twice");
        let late = shift.incidents_of(third);
        assert_eq!((late, shift.incidents()), (vec![], vec![]));
    }
}

#[test]
fn a_new_device_of_the_sender_gets_copies_and_misses_no_receipt_that_was_not_for_it() {
    for homes in [&["lyon"][..], &["tunis", "amman"]] {
        let mut shift = shift_at(homes);
        let (lyon, day) = (shift.lyon, shift.day);
        let to = ["cmai/rabat", "cmai/tunis"];
        let alert = shift.world.send(&lyon, &to, "Sent before it came");
        shift.world.settle();
        shift.acknowledge(day, &alert, "S. Ben Ali");
        shift.world.settle();
        let second = shift.admit("interpol/lyon");
        let copy = shift.entry(second, &alert);
        assert_eq!(copy.recipient, None, "a copy of what was sent");
        assert!(!copy.is_open());
        let rabat = shift.rabat;
        shift.acknowledge(rabat, &alert, "M. Alami");
        shift.world.settle();
        assert_eq!(
            shift.state(&alert, "cmai/rabat"),
            ObligationState::Acknowledged
        );
        assert_eq!(shift.incidents(), []);
        let incidents = shift.incidents_of(second);
        assert_eq!(incidents, []);
    }
}

#[test]
fn copies_reach_the_senders_colleague_also_where_the_recipient_collects_elsewhere() {
    let mut shift = shift_at(&["tunis", "amman"]);
    let second = shift.admit("interpol/lyon");
    let alert = shift.send("To another relay");
    assert_eq!(shift.entry(second, &alert).recipient, None);
    let day = shift.day;
    shift.acknowledge(day, &alert, "S. Ben Ali");
    shift.world.settle();
    assert_eq!(shift.incidents(), []);
    let incidents = shift.incidents_of(second);
    assert_eq!(incidents, []);
}

#[test]
fn under_first_another_recipients_answer_is_shown_with_whoever_gave_it() {
    let mut shift = shift();
    let (lyon, day, night, rabat) = (shift.lyon, shift.day, shift.night, shift.rabat);
    let first = Order {
        ack_rule: AckRule::First,
        urgency: Urgency::Expected,
        ..order(&["cmai/rabat", "cmai/tunis"], "Whoever is first")
    };
    let alert = shift.world.order(&lyon, &first).id;
    shift.world.meet(&lyon, "lyon");
    shift.world.meet(&rabat, "lyon");
    shift.acknowledge(rabat, &alert, "M. Alami");
    shift.world.meet(&rabat, "lyon");
    shift.world.settle();
    for desk in [day, night] {
        assert!(!shift.entry(desk, &alert).is_open());
        let taken = shift.entry(desk, &alert).taken.unwrap();
        assert_eq!(
            (taken.contact, taken.device),
            (address("cmai/rabat"), rabat)
        );
        assert!(shift.promises(desk).is_empty(), "it is Rabat's promise");
    }
    assert_eq!(shift.incidents(), []);
}

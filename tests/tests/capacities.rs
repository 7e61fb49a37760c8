//! A contact may be asked about one alert by several envelopes and in several capacities: what is
//! judged of it is judged of the alert, and each capacity has the terms that asked it.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::core::{EventKind, Extension, OpenObligation, Order};
use maille_common::address::DeviceId;
use maille_common::content::Alert;
use maille_common::identifier::AlertId;
use maille_common::terms::NoticeKind;
use maille_common::time::Span;
use maille_tests::memory::order;
use maille_tests::network::address;
use maille_tests::shift::{ALL, Shift, shift};

/// What relays told the sender about one recipient.
fn notices(shift: &mut Shift, alert: &AlertId, contact: &str) -> Vec<(NoticeKind, DeviceId)> {
    let (lyon, now) = (shift.lyon, shift.world.now);
    let track = shift.world.desk(&lyon).track(alert, now).unwrap().unwrap();
    let contact = address(contact);
    let mut recipients = track.recipients.into_iter();
    let recipient = recipients.find(|one| one.contact == contact).unwrap();
    let told = recipient.notices.iter().map(|notice| {
        let notice = &notice.statement;
        (notice.kind, notice.device)
    });
    told.collect()
}

fn count(told: &[(NoticeKind, DeviceId)], what: (NoticeKind, DeviceId)) -> usize {
    told.iter().filter(|told| **told == what).count()
}

const UNSEEN: (NoticeKind, DeviceId) = (NoticeKind::Unseen, DeviceId::NONE);

/// Time passes, and these desks alone meet the relay.
fn pass(shift: &mut Shift, span: Span, desks: &[DeviceId]) {
    shift.world.pass(span);
    shift.world.tick();
    for _ in 0..2 {
        for desk in desks {
            shift.world.meet(desk, "lyon");
        }
    }
}

/// A device is admitted, publishes its keys, and is not seen again.
fn admit(shift: &mut Shift, contact: &str) -> DeviceId {
    let device = shift.world.network.admit(contact);
    let documents = shift.world.network.publish();
    let mut roster = (**shift.world.desk(&shift.lyon).roster()).clone();
    roster.apply(&documents).unwrap();
    shift.world.start_desk(&device, Arc::new(roster));
    shift.world.spread_to_relay("lyon", &documents);
    shift.world.meet(&device, "lyon");
    device
}

fn extension(to: &[&str]) -> Extension {
    Extension {
        to: to.iter().map(|contact| address(contact)).collect(),
        ..Extension::default()
    }
}

/// What a desk owes in the place of, or as, a contact.
fn owed(shift: &mut Shift, desk: DeviceId, recipient: &str) -> OpenObligation {
    let now = shift.world.now;
    let ledger = shift.world.desk(&desk).ledger(ALL, now).unwrap();
    let recipient = address(recipient);
    let mut open = ledger.obligations.into_iter();
    open.find(|open| open.recipient == recipient).unwrap()
}

/// For whom a desk told that something is late.
fn late(shift: &mut Shift, desk: DeviceId) -> Vec<String> {
    let events = shift.world.desk(&desk).events_after(0, 10_000, true);
    let kinds = events.unwrap().into_iter().map(|one| one.event.kind);
    let told = kinds.filter_map(|kind| match kind {
        EventKind::Overdue { recipient, .. } => Some(format!("overdue {recipient}")),
        EventKind::Unanswered { recipient, .. } => Some(format!("unanswered {recipient}")),
        _ => None,
    });
    told.collect()
}

fn has(shift: &mut Shift, desk: DeviceId, alert: &AlertId) -> bool {
    let inbox = shift.world.desk(&desk).inbox().unwrap();
    inbox.iter().any(|entry| entry.id == *alert)
}

#[test]
fn an_addendum_that_nobody_collected_is_not_called_unseen_where_the_alert_was_answered() {
    let mut shift = shift();
    let lyon = shift.lyon;
    let alert = shift.send("To whoever is there");
    let third = admit(&mut shift, "cmai/tunis");
    pass(&mut shift, Span::from_minutes(1), &[lyon]);
    assert_eq!(shift.world.deliveries("lyon", &third).len(), 1);
    pass(&mut shift, Span::from_hours(25), &[lyon]);
    assert_eq!(count(&notices(&mut shift, &alert, "cmai/tunis"), UNSEEN), 0);
    // Its own copy was never answered, and is buried.
    pass(&mut shift, Span::from_days(8), &[lyon]);
    let told = notices(&mut shift, &alert, "cmai/tunis");
    assert_eq!(count(&told, (NoticeKind::Tombstone, third)), 1);
    assert_eq!(count(&told, UNSEEN), 0);
}

#[test]
fn a_recipient_is_called_unseen_once_whatever_number_of_envelopes_named_it() {
    let mut shift = shift();
    let (lyon, rabat) = (shift.lyon, shift.rabat);
    let alert = shift.world.send(&lyon, &["cmai/tunis"], "Nobody is there");
    shift.world.meet(&lyon, "lyon");
    let further = extension(&["cmai/rabat"]);
    shift.world.extend(&lyon, &alert, &further).unwrap();
    let third = admit(&mut shift, "cmai/tunis");
    for _ in 0..3 {
        pass(&mut shift, Span::from_hours(13), &[lyon]);
    }
    for device in [third, rabat] {
        assert!(!shift.world.deliveries("lyon", &device).is_empty());
    }
    for contact in ["cmai/tunis", "cmai/rabat"] {
        let told = notices(&mut shift, &alert, contact);
        assert_eq!(count(&told, UNSEEN), 1, "{contact}");
    }
}

/// A sender that was put back to a backup seals the alert once more for a device that has it.
#[test]
fn a_device_that_answered_one_envelope_is_buried_for_no_other() {
    let mut shift = shift();
    let (lyon, day, night) = (shift.lyon, shift.day, shift.night);
    let alert = shift.send("Sealed twice");
    shift.world.save_desk(&lyon);
    let third = admit(&mut shift, "cmai/tunis");
    pass(&mut shift, Span::from_minutes(1), &[lyon, third]);
    assert!(has(&mut shift, third, &alert));
    shift.world.restore_desk(&lyon);
    // Another roster comes, by which the desk looks for devices that have nothing.
    let fourth = admit(&mut shift, "cmai/fez");
    pass(&mut shift, Span::from_minutes(1), &[lyon, fourth]);
    assert_eq!(shift.world.deliveries("lyon", &third).len(), 1, "again");
    pass(&mut shift, Span::from_hours(25), &[lyon]);
    pass(&mut shift, Span::from_days(8), &[lyon]);
    let told = notices(&mut shift, &alert, "cmai/tunis");
    for device in [day, night, third] {
        assert_eq!(count(&told, (NoticeKind::Tombstone, device)), 0);
    }
    assert!(shift.world.account("lyon").is_sound());
}

#[test]
fn an_answer_of_who_was_added_is_asked_for_from_the_envelope_that_added_it() {
    let mut shift = shift();
    let (lyon, day, rabat) = (shift.lyon, shift.day, shift.rabat);
    let asked = Alert::draft("Who is it?").text("Please write back.");
    let order = Order {
        content: asked.answer_within(Span::from_hours(2)).build().unwrap(),
        ack_within: Span::from_hours(10),
        ..order(&["cmai/amman", "cmai/tunis"], "Who is it?")
    };
    let alert = shift.world.order(&lyon, &order).id;
    shift.world.settle();
    shift.acknowledge(day, &alert, "S. Ben Ali");
    shift.world.settle();
    shift.after(180);
    let of_tunis = ["unanswered cmai/tunis"];
    assert_eq!(late(&mut shift, lyon), of_tunis);
    let further = extension(&["cmai/rabat"]);
    shift.world.extend(&lyon, &alert, &further).unwrap();
    shift.world.settle();
    let due = shift.world.now + Span::from_hours(2);
    for desk in [lyon, rabat] {
        assert_eq!(owed(&mut shift, desk, "cmai/rabat").answer_due, Some(due));
    }
    shift.acknowledge(rabat, &alert, "A. Diallo");
    shift.world.settle();
    for minutes in [60, 59] {
        shift.after(minutes);
    }
    assert_eq!(late(&mut shift, lyon), of_tunis, "not yet");
    assert_eq!(late(&mut shift, rabat), [""; 0]);
    shift.after(1);
    let both = ["unanswered cmai/tunis", "unanswered cmai/rabat"];
    assert_eq!(late(&mut shift, lyon), both);
    assert_eq!(late(&mut shift, rabat), ["unanswered cmai/rabat"]);
}

#[test]
fn each_capacity_has_the_terms_of_the_envelope_that_asked_it() {
    let mut shift = shift();
    let (lyon, amman) = (shift.lyon, shift.amman);
    let to = ["cmai/amman", "cmai/rabat"];
    let alert = shift.world.send(&lyon, &to, "To both");
    shift.world.settle();
    shift.acknowledge(amman, &alert, "A. Diallo");
    shift.world.settle();
    let further = Extension {
        ack_within: Some(Span::from_minutes(60)),
        expires_after: Some(Span::from_hours(3)),
        ..extension(&["cmai/tunis"])
    };
    shift.world.extend(&lyon, &alert, &further).unwrap();
    shift.world.settle();
    shift.after(70);
    let (asked, hour) = (shift.world.now, Span::from_minutes(60));
    let open = owed(&mut shift, amman, "cmai/tunis");
    assert!(open.in_place);
    assert_eq!(open.ack_due, asked + hour);
    assert_eq!(open.expires, asked + Span::from_hours(3));
    assert_eq!(shift.entry(amman, &alert).ack_due, asked + hour);
    shift.after(59);
    assert_eq!(late(&mut shift, amman), [""; 0]);
    shift.after(1);
    assert_eq!(late(&mut shift, amman), ["overdue cmai/tunis"]);
}

#[test]
fn a_device_that_joins_a_deputy_gets_what_is_open_in_anothers_place_and_nothing_else() {
    let mut shift = shift();
    let (amman, alert) = (shift.amman, shift.send("Asked in its place"));
    shift.after(10);
    // No wrap was sealed for it, and nobody is asked yet.
    let early = shift.admit("cmai/amman");
    shift.after(28);
    assert!(!has(&mut shift, early, &alert));
    shift.after(1);
    shift.world.settle();
    assert!(has(&mut shift, amman, &alert) && has(&mut shift, early, &alert));
    let later = shift.admit("cmai/amman");
    shift.after(1);
    for device in [early, later] {
        let entry = shift.entry(device, &alert);
        let asked: Vec<_> = entry.deputy_for.iter().collect();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].contact, address("cmai/tunis"));
        assert!(entry.is_open());
    }
    shift.acknowledge(later, &alert, "A. Diallo");
    shift.world.settle();
    assert!(!shift.entry(amman, &alert).is_open());
    let last = shift.admit("cmai/amman");
    shift.after(1);
    assert!(!has(&mut shift, last, &alert), "it is answered");
    assert_eq!(shift.incidents(), []);
}

/// It was asked as a deputy of the recipient, could not answer itself, and told twice that it was
/// overdue: as who had sent it, and as who owed it.
#[test]
fn the_contact_that_sent_an_alert_is_asked_about_it_in_nobodys_place() {
    let mut shift = shift();
    let alert = shift.send("Asked of oneself");
    let lyon = shift.lyon;
    let itself = Extension {
        deputies: vec![address("interpol/lyon")],
        ..Extension::default()
    };
    let refused = shift.world.extend(&lyon, &alert, &itself).unwrap_err();
    assert_eq!(refused.code(), "asks-itself");
}

//! A contact may be asked about one alert by several envelopes and in several capacities: what is
//! judged of it is judged of the alert, and each capacity has the terms that asked it.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::core::Extension;
use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;
use maille_common::terms::NoticeKind;
use maille_common::time::Span;
use maille_tests::network::address;
use maille_tests::shift::{Shift, shift};

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

use super::super::fixture::*;
use super::*;
use crate::codec::{decode, encode};
use crate::roster::{Contact, Subject, Version};

/// The device 110 of `interpol/hq` has the keys 110 and 111; it offers 500 and 501.
const DESK: u16 = 110;
const NOW: u64 = 5_000;

fn offered(contact: &str, of: u16, next: u16) -> DeviceRequest {
    DeviceRequest {
        version: Version::ONE,
        network: text("test"),
        contact: address(contact),
        device: device(of).id,
        label: text("desk"),
        transport: public(next),
        signing: public(next + 1),
        created: time(NOW),
    }
}

fn signed(request: DeviceRequest, next: u16, present: u16) -> SignedRenewal {
    let request = SignedRequest::sign(request, &key(next + 1), &key(next)).unwrap();
    SignedRenewal::sign(request, &key(present))
}

fn renewal(next: u16, present: u16) -> SignedRenewal {
    signed(offered("interpol/hq", DESK, next), next, present)
}

fn fault(renewal: &SignedRenewal, roster: &Roster) -> &'static str {
    match renewal.verify(roster, time(NOW)) {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

/// The roster with other keys for the device.
fn with_keys(keys: &[DeviceKeys]) -> Roster {
    let mut roster = roster();
    let mut desk = contact("interpol/hq", &[DESK]);
    let mut changed = desk.devices[0].clone();
    changed.keys = list(keys);
    desk.devices = sorted([changed]);
    let others: Vec<Contact> = vec![contact("interpol/fr/cyber", &[100]), desk];
    let next = signed_annex(next_annex(&interpol_1(), &others), &INTERPOL);
    roster.apply(&set(&[], &[next], &[])).unwrap();
    roster
}

#[test]
fn keys_that_the_present_ones_vouch_for_are_the_next_ones() {
    let renewal: SignedRenewal = decode(&encode(&renewal(500, 111))).unwrap();
    let roster = roster();
    let verified = renewal.verify(&roster, time(NOW)).unwrap();
    assert_eq!(verified.request().transport, public(500));
    assert_eq!(*verified.present(), device_keys(DESK));
}

#[test]
fn r12_nobody_but_the_device_vouches_for_its_next_keys() {
    let roster = roster();
    // Another device of the same organisation, the transport key, the next keys themselves.
    for stranger in [101, 110, 501, 1, 10, 901] {
        assert_eq!(
            fault(&renewal(500, stranger), &roster),
            "renewal-not-vouched"
        );
    }
    // What was signed for one request vouches for no other one.
    let mut moved = renewal(600, 111);
    moved.by_present = renewal(500, 111).by_present;
    assert_eq!(fault(&moved, &roster), "renewal-not-vouched");
    // The signature of a request is none of a renewal.
    let mut confused = renewal(500, 111);
    confused.by_present = confused.request.by_signing;
    assert_eq!(fault(&confused, &roster), "renewal-not-vouched");
}

#[test]
fn r12_a_renewal_counts_for_its_own_network_device_and_contact() {
    let roster = roster();
    let other = DeviceRequest {
        network: text("other"),
        ..offered("interpol/hq", DESK, 500)
    };
    assert_eq!(fault(&signed(other, 500, 111), &roster), "request-network");
    let unknown = signed(offered("interpol/hq", 111, 500), 500, 111);
    assert_eq!(fault(&unknown, &roster), "renewal-unknown-device");
    let moved = signed(offered("interpol/fr/cyber", DESK, 500), 500, 111);
    assert_eq!(fault(&moved, &roster), "renewal-of-other-contact");
    let of_another = signed(offered("interpol/fr/cyber", 100, 500), 500, 111);
    assert_eq!(fault(&of_another, &roster), "renewal-not-vouched");
}

#[test]
fn r12_a_suspended_device_renews_nothing() {
    let mut roster = roster();
    let subject = Subject::Device(address("interpol/hq"), device(DESK).id);
    let suspended = suspension(subject, 10);
    roster.apply(&set(&[], &[], &[suspended])).unwrap();
    assert_eq!(fault(&renewal(500, 111), &roster), "renewal-suspended");
}

#[test]
fn r12_keys_whose_time_is_over_or_has_not_begun_vouch_for_nothing() {
    let at = |from, to: Option<u64>| DeviceKeys {
        valid_from: time(from),
        valid_to: to.map(time),
        ..device_keys(DESK)
    };
    for (keys, expected) in [
        (at(0, Some(NOW + 1)), "ok"),
        (at(0, Some(NOW)), "renewal-not-vouched"),
        (at(NOW + 1, None), "renewal-not-vouched"),
    ] {
        assert_eq!(fault(&renewal(500, 111), &with_keys(&[keys])), expected);
    }
    // Former keys, and old ones in their overlap.
    let overlap = at(0, Some(NOW + 1));
    let both = with_keys(&[device_keys(700), overlap]);
    assert_eq!(fault(&renewal(500, 111), &both), "ok");
    let renewed = with_keys(&[device_keys(700)]);
    assert_eq!(fault(&renewal(500, 111), &renewed), "renewal-not-vouched");
}

#[test]
fn r12_keys_that_somebody_has_or_had_are_nobodys_next_ones() {
    let roster = roster();
    // Of a colleague, a relay, the authority, an organisation.
    for next in [100, 900, 1, 20] {
        assert_eq!(
            fault(&renewal(next, 111), &roster),
            "renewal-known-key",
            "{next}"
        );
    }
    // One of the two that it has.
    let half = SignedRequest::sign(offered("interpol/hq", DESK, 500), &key(501), &key(110));
    let half = SignedRenewal::sign(half.unwrap(), &key(111));
    assert_eq!(fault(&half, &roster), "renewal-known-key");
    let renewed = with_keys(&[device_keys(700)]);
    let former = signed(offered("interpol/hq", DESK, 110), 110, 701);
    assert_eq!(fault(&former, &renewed), "renewal-known-key");
    let same = DeviceRequest {
        transport: public(500),
        signing: public(500),
        ..offered("interpol/hq", DESK, 500)
    };
    let same = SignedRequest::sign(same, &key(500), &key(500)).unwrap();
    let same = SignedRenewal::sign(same, &key(111));
    assert_eq!(fault(&same, &roster), "request-same-key");
}

#[test]
fn what_the_roster_has_taken_up_is_done() {
    let taken = with_keys(&[device_keys(500), device_keys(DESK)]);
    assert_eq!(fault(&renewal(500, 111), &taken), "renewal-done");
}

#[test]
fn keys_are_due_when_they_are_old_or_end_soon() {
    let day = Span::from_days(1);
    let keys = |to: Option<Timestamp>| DeviceKeys {
        valid_to: to,
        ..device_keys(DESK)
    };
    let age = Span::from_days(330);
    assert!(!keys(None).are_due(time(0) + (age - Span::from_ms(1))));
    assert!(keys(None).are_due(time(0) + age));
    let end = time(0) + Span::from_days(200);
    assert!(!keys(Some(end)).are_due(end - Span::from_days(61)));
    assert!(keys(Some(end)).are_due(end - Span::from_days(60)));
    assert!(keys(Some(end)).are_due(end + day));
}

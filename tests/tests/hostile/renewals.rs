//! Keys that a device offers, forged, moved and replayed by whoever carries them.

use std::sync::Arc;

use maille_client::authority::{OVERLAP, RenewError, renew};
use maille_common::address::DeviceId;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::{Roster, SignedRenewal};
use maille_common::sealing::{BundleOwner, SealingRing};
use maille_common::time::Span;
use maille_common::wire::{Answer, RefusalCode};
use maille_tests::hostile::Cast;
use maille_tests::randomness::Seeded;

/// What a device offers eleven months after it had its last keys.
fn offered(cast: &mut Cast, device: DeviceId) -> SignedRenewal {
    cast.world.pass(Span::from_days(331));
    cast.world.keep_keys_of(&device);
    cast.world.network.device(&device).renewal().unwrap()
}

/// Its organisation takes it up, and the device hears of that.
fn taken_up(cast: &mut Cast, device: DeviceId, renewal: &SignedRenewal) -> Roster {
    let now = cast.world.now;
    let mut roster = Roster::clone(cast.world.desk(&device).roster());
    let renewals = std::slice::from_ref(renewal);
    let network = &mut cast.world.network;
    let documents = network.take_up(&roster, renewals, OVERLAP, now);
    roster.apply(&documents).unwrap();
    let used = Arc::new(roster.clone());
    let _ = cast.world.desk(&device).replace_roster(used, now).unwrap();
    cast.world.keep_keys_of(&device);
    roster
}

/// Why nothing of it is taken up.
fn refused(cast: &mut Cast, roster: &Roster, renewal: &SignedRenewal) -> &'static str {
    let now = cast.world.now;
    match renew(roster, std::slice::from_ref(renewal), OVERLAP, now) {
        Err(RenewError::Nothing { unusable }) => unusable
            .first()
            .map_or("nothing", |(_, error)| error.code()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_renewal_that_another_made_is_not_taken_up_and_spoils_no_bundle() {
    let mut cast = Cast::gathered();
    let (lyon, colleague) = (cast.lyon, cast.colleague);
    let renewal = offered(&mut cast, lyon);
    let roster = Roster::clone(cast.world.desk(&lyon).roster());
    let held = cast.world.network.device(&colleague);
    let key = SigningKey::from_seed(held.signing);
    let forged = SignedRenewal::sign(renewal.request.clone(), &key);
    assert_eq!(refused(&mut cast, &roster, &forged), "renewal-not-vouched");
    let mut altered = renewal;
    altered.request.by_transport = altered.request.by_signing;
    assert_eq!(refused(&mut cast, &roster, &altered), "request-signature");
    // The colleague's bundle counts, whatever it offers.
    let contact = cast.world.network.device(&colleague).contact.clone();
    let owner = BundleOwner {
        contact: &contact,
        device: colleague,
        key: &key,
        renewal: Some(&forged),
    };
    let now = cast.world.now;
    let mut ring = cast.world.ring_of(&colleague);
    let random = &mut Seeded::new(9);
    let bundle = ring.next_bundle(owner, now, random).unwrap();
    let step = cast
        .world
        .relay("lyon")
        .publish(&colleague, &bundle, now)
        .unwrap();
    assert_eq!(step.answer, Answer::Done);
}

#[test]
fn a_renewal_that_was_taken_up_and_left_again_is_not_taken_up_twice() {
    let mut cast = Cast::gathered();
    let lyon = cast.lyon;
    let first = offered(&mut cast, lyon);
    let roster = taken_up(&mut cast, lyon, &first);
    assert_eq!(refused(&mut cast, &roster, &first), "nothing");
    for _ in 0..2 {
        let next = offered(&mut cast, lyon);
        let _ = taken_up(&mut cast, lyon, &next);
    }
    let roster = Roster::clone(cast.world.desk(&lyon).roster());
    assert_eq!(refused(&mut cast, &roster, &first), "renewal-not-vouched");
}

#[test]
fn keys_that_were_renewed_away_publish_no_sealing_keys_once_the_overlap_is_over() {
    let mut cast = Cast::gathered();
    let lyon = cast.lyon;
    let renewal = offered(&mut cast, lyon);
    let old = SigningKey::from_seed(cast.world.network.device(&lyon).signing);
    let contact = cast.world.network.device(&lyon).contact.clone();
    let roster = taken_up(&mut cast, lyon, &renewal);
    let used = Arc::new(roster);
    cast.world.relay("lyon").replace_roster(used);
    // Whoever took the old keys makes the next bundle, to be sealed to instead of the desk.
    let published = |cast: &mut Cast, seed| {
        let owner = BundleOwner {
            contact: &contact,
            device: lyon,
            key: &old,
            renewal: None,
        };
        let now = cast.world.now;
        let mut ring = SealingRing::new();
        ring.begin_after(cast.world.bundle(&lyon).number + seed);
        let random = &mut Seeded::new(seed);
        let bundle = ring.next_bundle(owner, now, random).unwrap();
        let relay = cast.world.relay("lyon");
        relay.publish(&lyon, &bundle, now).unwrap().answer
    };
    assert_eq!(published(&mut cast, 1), Answer::Done);
    cast.world.pass(OVERLAP);
    let Answer::Refused(refusal) = published(&mut cast, 100_000) else {
        panic!("the old key still counts");
    };
    assert_eq!(refusal.code, RefusalCode::Signature);
}

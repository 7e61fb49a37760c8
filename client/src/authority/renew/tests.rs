use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::SignedRequest;

use super::super::tests::{NOW, World, code, key};
use super::super::{Proposal, admit};
use super::*;

/// The device 9 of `a/x` has the keys 10 and 11, signing first.
fn world() -> World {
    let mut world = World::new();
    let request = world.request("a/x", 9, 10);
    let annex = admit(&world.roster, &request, &code(&request), NOW).unwrap();
    world.publish(Proposal::of_annex(annex).unwrap(), &[1, 2]);
    world
}

fn renewal(world: &World, seed: u8, present: u8) -> SignedRenewal {
    let request: SignedRequest = world.request("a/x", 9, seed);
    SignedRenewal::sign(request, &key(present))
}

fn pairs(annex: &Annex) -> &[DeviceKeys] {
    &annex.contacts[0].devices[0].keys
}

fn later() -> Timestamp {
    NOW + Span::from_days(331)
}

#[test]
fn the_new_pair_comes_first_and_the_old_one_ends_after_the_overlap() {
    let mut world = world();
    let renewed = renew(&world.roster, &[renewal(&world, 20, 10)], OVERLAP, later()).unwrap();
    assert_eq!(renewed.devices.len(), 1);
    let [new, old] = pairs(&renewed.annex) else {
        panic!("two pairs");
    };
    assert_eq!(new.signing, key(20).verifying_key());
    assert_eq!((new.valid_from, new.valid_to), (later(), None));
    assert_eq!(old.signing, key(10).verifying_key());
    assert_eq!(old.valid_to, Some(later() + OVERLAP));
    let annex = Proposal::of_annex(renewed.annex).unwrap();
    assert_eq!(annex.warnings(Some(&world.roster), later()), []);
    world.publish(annex, &[1, 2]);
    // The same again is nothing; the next one drops what ended.
    let same = renew(&world.roster, &[renewal(&world, 20, 10)], OVERLAP, later());
    assert!(matches!(same, Err(RenewError::Nothing { unusable }) if unusable.is_empty()));
    let next = [renewal(&world, 30, 20)];
    let renewed = renew(&world.roster, &next, OVERLAP, later() + OVERLAP).unwrap();
    let signing: Vec<_> = pairs(&renewed.annex)
        .iter()
        .map(|pair| pair.signing)
        .collect();
    assert_eq!(signing, [30, 20].map(|seed| key(seed).verifying_key()));
}

#[test]
fn keys_that_had_an_end_are_followed_by_keys_that_live_as_long() {
    live_as_long(730);
}

/// Or the desk would offer others at once, for ever.
#[test]
fn an_end_that_was_written_to_renew_keys_soon_is_not_repeated() {
    live_as_long(332);
}

/// Keys that were valid for so many days are renewed.
fn live_as_long(days: u64) {
    let mut world = world();
    let (id, address) = (DeviceId::from_bytes([9; 16]), "a/x".parse().unwrap());
    let old = world.roster.annex(&"a".parse().unwrap()).unwrap().clone();
    let annex = super::super::admit::next_annex(&world.roster, &old, &address, NOW, |contact| {
        let mut device = contact.devices[0].clone();
        assert_eq!(device.id, id);
        let mut keys = device.keys.to_vec();
        keys[0].valid_to = Some(NOW + Span::from_days(days));
        device.keys = List::new(keys).unwrap();
        Ok(Some(Contact {
            devices: SortedList::new([device]).unwrap(),
            ..contact.clone()
        }))
    });
    world.publish(Proposal::of_annex(annex.unwrap()).unwrap(), &[1, 2]);
    let renewed = renew(&world.roster, &[renewal(&world, 20, 10)], OVERLAP, later()).unwrap();
    let end = later() + Span::from_days(days.max(390));
    assert_eq!(pairs(&renewed.annex)[0].valid_to, Some(end));
    assert!(!pairs(&renewed.annex)[0].are_due(later()));
}

#[test]
fn an_overlap_below_eight_weeks_is_refused() {
    let world = world();
    let short = Span::from_days(57) - Span::from_ms(1);
    let refused = renew(&world.roster, &[renewal(&world, 20, 10)], short, later());
    assert_eq!(refused.unwrap_err().code(), "overlap-too-short");
}

#[test]
fn what_does_not_hold_is_named_and_keeps_nothing_else_back() {
    let world = world();
    let stranger: SigningKey = key(77);
    let mut bad = renewal(&world, 20, 10);
    bad = SignedRenewal::sign(bad.request, &stranger);
    let renewed = renew(
        &world.roster,
        &[bad, renewal(&world, 30, 10)],
        OVERLAP,
        later(),
    )
    .unwrap();
    assert_eq!(renewed.unusable.len(), 1);
    assert_eq!(pairs(&renewed.annex)[0].signing, key(30).verifying_key());
}

#[test]
fn a_renewal_by_keys_that_are_not_the_newest_is_warned_of() {
    let mut world = world();
    let first = renew(&world.roster, &[renewal(&world, 20, 10)], OVERLAP, later()).unwrap();
    world.publish(Proposal::of_annex(first.annex).unwrap(), &[1, 2]);
    // Whoever has the old keys still: a restored backup, or a thief.
    let other = renew(&world.roster, &[renewal(&world, 40, 10)], OVERLAP, later()).unwrap();
    let proposal = Proposal::of_annex(other.annex).unwrap();
    let warnings = proposal.warnings(Some(&world.roster), later());
    let codes: Vec<_> = warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["newest-device-keys-go"]);
    let difference = proposal.difference(Some(&world.roster)).to_string();
    assert!(
        difference.contains(&DeviceId::from_bytes([9; 16]).short()),
        "{difference}"
    );
    assert!(difference.contains(&later().to_string()), "{difference}");
}

fn codes(world: &World, annex: Annex, now: Timestamp) -> Vec<&'static str> {
    let proposal = Proposal::of_annex(annex).unwrap();
    let warnings = proposal.warnings(Some(&world.roster), now);
    warnings.iter().map(|warning| warning.code).collect()
}

/// A to B, and soon to C: what A signed is under way.
#[test]
fn a_renewal_that_takes_keys_away_in_their_overlap_is_warned_of() {
    let mut world = world();
    let first = renew(&world.roster, &[renewal(&world, 20, 10)], OVERLAP, later()).unwrap();
    world.publish(Proposal::of_annex(first.annex).unwrap(), &[1, 2]);
    for (after, expected) in [
        (OVERLAP - Span::from_ms(1), &["overlapping-keys-go"][..]),
        (OVERLAP, &[]),
    ] {
        let now = later() + after;
        let next = renew(&world.roster, &[renewal(&world, 30, 20)], OVERLAP, now).unwrap();
        assert_eq!(codes(&world, next.annex, now), expected);
    }
}

#[test]
fn a_renewal_that_moves_an_end_is_warned_of() {
    let mut world = world();
    let old = world.roster.annex(&"a".parse().unwrap()).unwrap().clone();
    let ended = |end: Timestamp| {
        let mut contact = old.contacts[0].clone();
        let mut device = contact.devices[0].clone();
        let mut keys = device.keys.to_vec();
        keys[0].valid_to = Some(end);
        device.keys = List::new(keys).unwrap();
        contact.devices = SortedList::new([device]).unwrap();
        following_annex(&world.roster, &old, vec![contact], NOW).unwrap()
    };
    let near = ended(later() + Span::from_days(20));
    world.publish(Proposal::of_annex(near).unwrap(), &[1, 2]);
    let renewed = renew(&world.roster, &[renewal(&world, 20, 10)], OVERLAP, later()).unwrap();
    let found = codes(&world, renewed.annex, later());
    assert!(found.contains(&"keys-end-later"), "{found:?}");
    // The other way round the end of the overlap is what was asked for.
    let whole = world.roster.annex(&"a".parse().unwrap()).unwrap().clone();
    let mut contact = whole.contacts[0].clone();
    let mut device = contact.devices[0].clone();
    let mut keys = device.keys.to_vec();
    keys[0].valid_to = Some(later() + Span::from_days(90));
    device.keys = List::new(keys).unwrap();
    contact.devices = SortedList::new([device]).unwrap();
    let far = following_annex(&world.roster, &whole, vec![contact], NOW).unwrap();
    assert_eq!(
        codes(&world, far.clone(), NOW),
        ["keys-end", "keys-end-later"]
    );
    world.publish(Proposal::of_annex(far).unwrap(), &[1, 2]);
    let renewed = renew(&world.roster, &[renewal(&world, 20, 10)], OVERLAP, later()).unwrap();
    let found = codes(&world, renewed.annex, later());
    assert!(!found.contains(&"keys-end-later"), "{found:?}");
}

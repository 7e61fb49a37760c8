//! The next keys of a home, and the transport key before those in use.

use maille_common::roster::SignedRenewal;

use super::*;

fn keys(home: &Home) -> (VerifyingKey, VerifyingKey) {
    let transport = SigningKey::from_seed(*home.transport_seed());
    (
        transport.verifying_key(),
        home.signing_key().verifying_key(),
    )
}

#[test]
fn next_keys_are_made_once_and_offered_with_the_same_bytes_for_ever() {
    let world = World::new();
    let mut home = world.create();
    let random = &mut OsRandomness::new();
    assert_eq!((home.offered_keys(), home.renewal()), (None, None));
    home.make_next_keys(NOW, random).unwrap();
    let (offered, renewal) = (home.offered_keys().unwrap(), home.renewal().unwrap());
    assert_eq!(offered.made, NOW);
    let request = renewal.request.verify("dialogue").unwrap();
    let request = request.request();
    assert_eq!(
        (request.transport, request.signing),
        (offered.transport, offered.signing)
    );
    assert_eq!(
        (request.device, &request.contact),
        (home.device(), home.contact())
    );
    let again = SignedRenewal::sign(renewal.request.clone(), home.signing_key());
    assert_eq!(renewal, again);
    drop(home);
    let mut home = world.open_as(world.amina()).unwrap();
    home.make_next_keys(NOW + maille_common::time::Span::from_days(1), random)
        .unwrap();
    assert_eq!(home.offered_keys(), Some(offered));
    assert_eq!(home.renewal(), Some(renewal));
}

#[test]
fn next_keys_take_the_place_of_those_in_use_in_one_step() {
    let world = World::new();
    let mut home = world.create();
    let random = &mut OsRandomness::new();
    let before = keys(&home);
    home.make_next_keys(NOW, random).unwrap();
    assert_eq!(keys(&home), before);
    let offered = home.offered_keys().unwrap();
    home.take_next_keys(random).unwrap();
    let taken = (offered.transport, offered.signing);
    let expect = |home: &Home, former: Option<VerifyingKey>| {
        assert_eq!(keys(home), taken);
        assert_eq!(home.offered_keys(), None);
        let known = home.former_transport().map(|key| key.verifying_key());
        assert_eq!(known, former);
    };
    expect(&home, Some(before.0));
    drop(home);
    let mut home = world.open_as(world.amina()).unwrap();
    expect(&home, Some(before.0));
    home.forget_former_transport(random).unwrap();
    drop(home);
    expect(&world.open_as(world.amina()).unwrap(), None);
}

/// The old file is there, or the new one, whenever the power goes.
#[test]
fn an_identity_of_before_opens_as_what_it_was() {
    let world = World::new();
    let mut home = world.create();
    let random = &mut OsRandomness::new();
    let before = (
        keys(&home),
        fs::read(world.file("identity.sealed")).unwrap(),
    );
    home.make_next_keys(NOW, random).unwrap();
    let made = fs::read(world.file("identity.sealed")).unwrap();
    let offered = home.offered_keys();
    home.take_next_keys(random).unwrap();
    drop(home);
    fs::write(world.file("identity.sealed"), made).unwrap();
    let home = world.open_as(world.amina()).unwrap();
    assert_eq!((keys(&home), home.offered_keys()), (before.0, offered));
    drop(home);
    fs::write(world.file("identity.sealed"), before.1).unwrap();
    let home = world.open_as(world.amina()).unwrap();
    assert_eq!((keys(&home), home.offered_keys()), (before.0, None));
}

#[test]
fn a_long_identity_with_everything_beside_it_is_within_its_limit() {
    let world = World::new();
    let mut new = new_home();
    new.label = Text::new("l".repeat(64)).unwrap();
    new.anchor.network = Text::new("n".repeat(64)).unwrap();
    new.anchor.keys = SortedList::new((1..=16).map(anchor_key).collect::<Vec<_>>()).unwrap();
    let random = &mut OsRandomness::new();
    let officer = Protection::Officer(world.amina());
    let mut home = Home::create(&world.path(), new, officer, NOW, random).unwrap();
    for _ in 0..2 {
        home.make_next_keys(NOW, random).unwrap();
        home.take_next_keys(random).unwrap();
    }
    home.make_next_keys(NOW, random).unwrap();
    drop(home);
    let home = world.open_as(world.amina()).unwrap();
    assert!(home.offered_keys().is_some() && home.former_transport().is_some());
}

//! The roster: questions that every alert asks, and its founding.

use std::hint::black_box;

use maille_common::roster::Roster;

use super::Place;
use super::crowd::Crowd;

/// Whether a device acts for a contact.
pub fn acts_for(place: &Place) -> impl FnMut() + use<'_> {
    let (crowd, mut at) = (place.crowd(), 0);
    move || {
        let (contact, device) = &crowd.members[crowd.step(&mut at)];
        assert!(black_box(crowd.roster.acts_for(device, contact)));
    }
}

/// Which devices a contact has.
pub fn devices_of(place: &Place) -> impl FnMut() + use<'_> {
    let (crowd, mut at) = (place.crowd(), 0);
    move || {
        let (contact, _) = &crowd.members[crowd.step(&mut at)];
        drop(black_box(crowd.roster.devices_of(contact)));
    }
}

/// Whether a rule lets one contact write to another.
pub fn allows(place: &Place) -> impl FnMut() + use<'_> {
    let (crowd, mut at) = (place.crowd(), 0);
    move || {
        let (from, _) = &crowd.members[crowd.step(&mut at)];
        let (to, _) = &crowd.members[crowd.step(&mut at)];
        assert!(black_box(crowd.roster.allows(from, to)));
    }
}

/// Where the devices of a contact collect.
pub fn home_relays(place: &Place) -> impl FnMut() + use<'_> {
    let (crowd, mut at) = (place.crowd(), 0);
    move || {
        let (contact, _) = &crowd.members[crowd.step(&mut at)];
        drop(black_box(
            crowd.roster.home_relay_names(&contact.organisation()),
        ));
    }
}

/// Proves all documents, and makes the maps.
pub fn found(place: &Place) -> impl FnMut() + use<'_> {
    let crowd = place.crowd();
    move || {
        let founded = Roster::found(crowd.anchor.clone(), black_box(&crowd.documents));
        drop(black_box(founded.unwrap()));
    }
}

/// Each question once, about the devices of a small roster. Its place among others changes little
/// of what a question costs, and a small one is founded soon.
pub fn asked(devices: usize) -> impl FnMut() {
    let (crowd, mut at) = (Crowd::of(devices), 0);
    move || {
        let (to, _) = &crowd.members[crowd.step(&mut at)];
        let (from, device) = &crowd.members[crowd.step(&mut at)];
        let roster = &crowd.roster;
        assert!(black_box(roster.acts_for(device, from)));
        assert!(black_box(roster.allows(from, to)));
        drop(black_box(roster.devices_of(to)));
        drop(black_box(roster.home_relay_names(&to.organisation())));
    }
}

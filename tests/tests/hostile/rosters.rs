//! A relay that shows an old roster, keeps a new one back, or shows two; and whoever left by it.

use std::sync::Arc;

use maille_client::core::{Collected, IncidentKind};
use maille_common::address::DeviceId;
use maille_common::codec::encode;
use maille_common::limits::ROSTER_UNKNOWN_MS;
use maille_common::roster::{Comparison, Roster, RosterDocuments};
use maille_common::time::Span;
use maille_common::wire::Push;
use maille_tests::hostile::{Cast, share};

use crate::written;

/// Hands one desk the documents, and nobody else.
fn tell(cast: &mut Cast, device: DeviceId, documents: &RosterDocuments) {
    let now = cast.world.now;
    let desk = cast.world.desk(&device);
    let mut roster = Roster::clone(desk.roster());
    roster.apply(documents).unwrap();
    let _ = desk.replace_roster(Arc::new(roster), now).unwrap();
}

#[test]
fn an_old_roster_brings_nobody_back() {
    let mut cast = Cast::gathered();
    let (lyon, hague) = (cast.lyon, cast.hague);
    let old = Roster::clone(cast.world.desk(&lyon).roster());
    cast.world.network.remove(&hague);
    let documents = cast.world.network.publish();
    tell(&mut cast, lyon, &documents);
    let mut mine = Roster::clone(cast.world.desk(&lyon).roster());
    assert_eq!(mine.compare(old.heads()), Comparison::Ancestor);
    let before = mine.hash();
    mine.apply(&old.documents()).unwrap();
    assert_eq!(mine.hash(), before);
    assert!(!mine.may_connect(&hague));
}

/// The relay of Tunis keeps every newer roster back; Lyon has one.
#[test]
fn a_relay_that_freezes_the_roster_is_found_out_by_the_first_alert_of_whoever_is_ahead() {
    let mut cast = Cast::gathered();
    let (lyon, tunis) = (cast.lyon, cast.tunis);
    let (hague, relay) = (cast.hague, "tunis".parse().unwrap());
    cast.world.network.remove(&hague);
    let documents = cast.world.network.publish();
    tell(&mut cast, lyon, &documents);
    let sent = cast.sent_by(&lyon, &[Cast::TUNIS], "By a newer roster");
    let push = Push::Delivery {
        number: 1,
        delivery: Box::new(share(&sent, &tunis)),
    };
    let held = cast.world.take_push(&tunis, &relay, push).unwrap();
    assert!(matches!(held, Collected::Held { .. }), "{held:?}");
    cast.world.pass(Span::from_ms(ROSTER_UNKNOWN_MS));
    let now = cast.world.now;
    let _ = cast.world.desk(&tunis).judge_held(now).unwrap();
    let incidents = cast.world.desk(&tunis).incidents_after(0, 10).unwrap();
    let kinds: Vec<IncidentKind> = incidents.into_iter().map(|(_, one)| one.kind).collect();
    // It is named.
    assert_eq!(kinds, [IncidentKind::RosterUnknown { relay }]);
    // And the alert is not lost by it.
    let inbox = cast.world.desk(&tunis).inbox().unwrap();
    assert_eq!(inbox[0].id, sent.id());
}

/// The same keys signed two documents for one place: whoever sees both keeps both, and uses the
/// first.
#[test]
fn two_rosters_of_one_place_are_a_fork_that_whoever_sees_both_can_prove() {
    let (mut one, mut other) = (Cast::gathered(), Cast::gathered());
    let lyon = one.lyon;
    one.world.network.rules(&[("interpol/**", "cmai/**")]);
    other.world.network.rules(&[("**", "europol/**")]);
    let mut mine = Roster::clone(one.world.desk(&lyon).roster());
    let mut theirs = mine.clone();
    mine.apply(&one.world.network.publish()).unwrap();
    theirs.apply(&other.world.network.publish()).unwrap();
    assert_eq!(mine.compare(theirs.heads()), Comparison::Fork);
    let before = mine.hash();
    let refused = mine.apply(&theirs.documents()).unwrap_err();
    assert_eq!(refused.check(), "R5");
    assert_eq!((mine.hash(), mine.forks().len()), (before, 1));
}

/// Its last words are dated before it left, and a relay that has not heard of that brings them.
#[test]
fn a_removed_device_dates_nothing_back_past_whoever_learned_that_it_left() {
    let mut cast = Cast::gathered();
    let (hague, tunis) = (cast.hague, cast.tunis);
    let mut core = cast.core(&hague, &[Cast::TUNIS]);
    core.created = core.created - Span::from_minutes(30);
    let forged = written(&mut cast, core, tunis, hague);
    let delivery = encode(&share(&forged, &tunis));
    assert!(
        cast.judged(&tunis, &delivery).is_ok(),
        "while it stands there"
    );
    cast.world.network.remove(&hague);
    let documents = cast.world.network.publish();
    tell(&mut cast, tunis, &documents);
    assert_eq!(cast.refused(&tunis, &delivery), "E4 device");
    // Nor does the whole contact, nor a suspended one.
    let mut cast = Cast::gathered();
    cast.world.network.dissolve(Cast::HAGUE);
    let documents = cast.world.network.publish();
    tell(&mut cast, tunis, &documents);
    assert_eq!(cast.refused(&tunis, &delivery), "E4 sender");
    let mut cast = Cast::gathered();
    let documents = cast.world.network.suspend_contact(Cast::HAGUE);
    tell(&mut cast, tunis, &documents);
    assert_eq!(cast.refused(&tunis, &delivery), "E4 sender");
}

/// The limit of that: who left by a date, and still stands in the roster, can write a time from
/// before it, where a relay helps. An honest relay goes by its own clock.
#[test]
fn whoever_left_by_a_date_alone_needs_a_relay_to_date_an_alert_back() {
    let mut cast = Cast::gathered();
    let (hague, tunis) = (cast.hague, cast.tunis);
    let ended = cast.world.now - Span::from_minutes(30);
    cast.world.network.end_designation(Cast::HAGUE, Some(ended));
    let documents = cast.world.network.publish();
    for device in [hague, tunis] {
        tell(&mut cast, device, &documents);
    }
    cast.world.spread_to_relay("tunis", &documents);
    let mut core = cast.core(&hague, &[Cast::TUNIS]);
    let forged = written(&mut cast, core.clone(), tunis, hague);
    let refused = cast.refused(&tunis, &encode(&share(&forged, &tunis)));
    assert_eq!(refused, "E4 sender", "as it is");
    core.created = ended - Span::from_ms(1);
    let forged = written(&mut cast, core, tunis, hague);
    let (now, roster) = (cast.world.now, cast.world.relay("tunis").roster().clone());
    let at_relay = forged.clone().verify(&roster, &hague, now).unwrap_err();
    assert!(
        at_relay.to_string().contains("not a designated sender"),
        "{at_relay}"
    );
    let delivery = encode(&share(&forged, &tunis));
    assert!(cast.judged(&tunis, &delivery).is_ok());
}

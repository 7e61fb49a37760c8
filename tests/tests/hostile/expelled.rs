//! A contact that was expelled and goes on with everything it has: its keys, its sealed copies, and
//! the rosters that it held.

use std::sync::Arc;

use maille_client::core::Extension;
use maille_common::codec::encode;
use maille_common::roster::{Roster, RosterDocuments};
use maille_common::sealing::SignedBundle;
use maille_common::wire::{Answer, RefusalCode};
use maille_tests::hostile::{Cast, share};
use maille_tests::memory::order;
use maille_tests::network::address;
use maille_tests::randomness::Seeded;

/// The Hague is no contact any more: every relay has heard of it, and every desk but its own.
fn expel(cast: &mut Cast) -> Arc<Roster> {
    cast.world.network.dissolve(Cast::HAGUE);
    let documents = cast.world.network.publish();
    tell(cast, &documents)
}

fn tell(cast: &mut Cast, documents: &RosterDocuments) -> Arc<Roster> {
    let (now, lyon) = (cast.world.now, cast.lyon);
    let mut roster = Roster::clone(cast.world.desk(&lyon).roster());
    roster.apply(documents).unwrap();
    let roster = Arc::new(roster);
    for relay in ["lyon", "tunis", "amman"] {
        cast.world.relay(relay).replace_roster(Arc::clone(&roster));
    }
    for device in [lyon, cast.tunis, cast.rabat] {
        let desk = cast.world.desk(&device);
        let _ = desk.replace_roster(Arc::clone(&roster), now).unwrap();
    }
    roster
}

/// It has the content key of what it sent while it was there, and wraps it for another one.
#[test]
fn an_expelled_contact_brings_what_it_sent_before_to_nobody_else() {
    let mut cast = Cast::gathered();
    let (hague, rabat) = (cast.hague, cast.rabat);
    let sent = cast.sent_by(&hague, &[Cast::TUNIS], "Before it left");
    cast.world.settle();
    let roster = expel(&mut cast);
    let further = Extension {
        to: vec![address(Cast::RABAT)],
        deputies: Vec::new(),
        ack_within: None,
        expires_after: None,
    };
    let extended = cast.world.extend(&hague, &sent.id(), &further).unwrap();
    let addendum = cast.outbox(&hague, &extended.addendum.unwrap());
    let at_desk = cast.refused(&rabat, &encode(&share(&addendum, &rabat)));
    assert_eq!(at_desk, "E4 sender");
    let now = cast.world.now;
    let at_relay = addendum.verify(&roster, &hague, now).unwrap_err();
    assert!(
        at_relay
            .to_string()
            .contains("does not act for europol/hague"),
        "{at_relay}"
    );
}

/// Neither at an honest relay, nor where a dishonest one hands them out.
#[test]
fn an_expelled_contact_publishes_sealing_keys_to_nobody() {
    let mut cast = Cast::gathered();
    let (lyon, hague, now) = (cast.lyon, cast.hague, cast.world.now);
    expel(&mut cast);
    let mut bundle = cast.world.bundle(&hague).clone();
    bundle.number += 1;
    let bundle = SignedBundle::sign(bundle, &cast.key(&hague));
    let step = cast.world.relay("tunis").publish(&hague, &bundle, now);
    let Answer::Refused(refusal) = step.unwrap().answer else {
        panic!("its keys were taken");
    };
    assert_eq!(refusal.code, RefusalCode::NotDesignated);
    let mut random = Seeded::new(3);
    let desk = cast.world.desk(&lyon);
    let _ = desk.learn_bundles(vec![bundle], now, &mut random).unwrap();
    let both = order(&[Cast::TUNIS, Cast::HAGUE], "To whoever is there");
    let refused = desk.send(&both, now, &mut random).unwrap_err();
    assert_eq!(refused.code(), "recipient-not-designated");
    let sent = cast.sent_by(&lyon, &[Cast::TUNIS], "To one of them");
    let devices = sent.entries.iter().map(|submitted| submitted.entry.device);
    assert!(devices.into_iter().all(|device| device != hague));
}

/// It held the key of its organisation's annex, which has another one since. What was signed when
/// it stood there is known; what it signs now has no place.
#[test]
fn the_rosters_that_an_expelled_contact_hands_on_bring_it_back_nowhere() {
    let (mut cast, mut theirs) = (Cast::gathered(), Cast::gathered());
    let (hague, lyon, kept) = (cast.hague, cast.lyon, &mut theirs.world.network);
    let documents = cast.world.network.rotate_annex_key("europol");
    assert_eq!(kept.rotate_annex_key("europol"), documents);
    let stood = tell(&mut cast, &documents);
    expel(&mut cast);
    let documents = cast.world.network.rotate_annex_key("europol");
    let mut roster = Roster::clone(&tell(&mut cast, &documents));
    let expelled = roster.hash();
    // The old one as it was.
    roster.apply(&stood.documents()).unwrap();
    assert_eq!(roster.hash(), expelled);
    // And one that has it again, by the key that it still holds.
    let contact = kept.dissolve(Cast::HAGUE);
    let _ = kept.publish();
    kept.restore(&contact);
    let refused = roster.apply(&kept.publish()).unwrap_err();
    assert_eq!(refused.check(), "R7");
    assert_eq!(roster.hash(), expelled);
    assert!(!roster.may_connect(&hague) && roster.may_connect(&lyon));
}

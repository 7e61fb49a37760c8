//! A relay that says deputies were asked, or asks them too early: its word moves no obligation.

use maille_client::core::{EventKind, IncidentKind, TrackedRecipient};
use maille_common::address::DeviceId;
use maille_common::codec::Exact;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::{Notice, ObligationState, SignedNotice, sign};
use maille_common::identifier::AlertId;
use maille_common::terms::{NoticeKind, Status};
use maille_common::wire::Push;
use maille_tests::hostile::{Cast, share};
use maille_tests::randomness::Seeded;

/// What a relay of this name says about Lyon's alert, signed by whichever relay.
fn said(cast: &mut Cast, alert: AlertId, kind: NoticeKind, by: &str) -> SignedNotice {
    let notice = Notice {
        version: 1,
        relay: "lyon".parse().unwrap(),
        incarnation: cast.world.relay("lyon").incarnation(),
        alert,
        status: Status::Actual,
        sender: Cast::LYON.parse().unwrap(),
        recipient: Cast::TUNIS.parse().unwrap(),
        kind,
        step: 1,
        device: DeviceId::from_bytes([0; 16]),
        accepted: cast.world.now,
        time: cast.world.now,
        roster: cast.world.relay("lyon").roster().hash(),
        uncertain: false,
    };
    let key = SigningKey::from_seed(cast.world.network.relay(by).signing);
    sign(&key, vec![Exact::of(notice).unwrap()]).remove(0)
}

fn bring(cast: &mut Cast, notice: SignedNotice) {
    let (lyon, relay) = (cast.lyon, "lyon".parse().unwrap());
    let push = Push::Notice {
        number: 1,
        notice: Box::new(notice),
    };
    cast.world.take_push(&lyon, &relay, push);
}

fn of_tunis(cast: &mut Cast, alert: &AlertId) -> TrackedRecipient {
    let (now, lyon) = (cast.world.now, cast.lyon);
    let track = cast.world.desk(&lyon).track(alert, now).unwrap().unwrap();
    let mut recipients = track.recipients.into_iter();
    recipients
        .find(|one| one.contact.as_str() == Cast::TUNIS)
        .unwrap()
}

#[test]
fn a_relay_that_says_that_deputies_were_asked_or_nobody_has_it_ends_nothing() {
    let mut cast = Cast::gathered();
    let alert = cast.sent("Nobody was asked").id();
    cast.world.settle();
    let kinds = [
        NoticeKind::Released,
        NoticeKind::PassedOver,
        NoticeKind::Overdue,
        NoticeKind::Unseen,
    ];
    for kind in kinds {
        let notice = said(&mut cast, alert, kind, "lyon");
        bring(&mut cast, notice.clone());
        let tracked = of_tunis(&mut cast, &alert);
        assert_eq!(tracked.standing.state, ObligationState::Open, "{kind}");
        assert!(tracked.notices.contains(&notice), "and its word is kept");
    }
}

#[test]
fn what_one_relay_signs_in_the_name_of_another_is_held_against_who_brought_it() {
    let mut cast = Cast::gathered();
    let (lyon, alert) = (cast.lyon, cast.sent("Nobody was asked").id());
    cast.world.settle();
    let forged = said(&mut cast, alert, NoticeKind::Released, "tunis");
    bring(&mut cast, forged);
    let incidents = cast.world.desk(&lyon).incidents_after(0, 10).unwrap();
    let relay = "lyon".parse().unwrap();
    assert_eq!(incidents[0].1.kind, IncidentKind::RelayStatement { relay });
    assert_eq!(of_tunis(&mut cast, &alert).notices, []);
}

/// The exception of I3: relay and deputy. The deputy answers in its own name, and both see it.
#[test]
fn a_deputy_that_a_relay_asks_too_early_answers_in_its_own_name_and_is_seen() {
    let mut cast = Cast::gathered();
    let (rabat, tunis) = (cast.rabat, cast.tunis);
    let sent = cast.sent("Not for you yet");
    cast.world.settle();
    let push = Push::Delivery {
        number: 1,
        delivery: Box::new(share(&sent, &rabat)),
    };
    let relay = "tunis".parse().unwrap();
    cast.world.take_push(&rabat, &relay, push);
    let now = cast.world.now;
    let acknowledge = maille_client::core::Act::Acknowledge;
    let desk = cast.world.desk(&rabat);
    desk.act(
        &sent.id(),
        &acknowledge,
        Some("Eve"),
        "",
        now,
        &mut Seeded::new(8),
    )
    .unwrap();
    cast.world.settle();
    let tracked = of_tunis(&mut cast, &sent.id());
    assert_eq!(tracked.standing.state, ObligationState::Acknowledged);
    let receipts = tracked
        .receipts
        .iter()
        .map(|(receipt, _)| &receipt.statement);
    let deputies: Vec<_> = receipts
        .filter(|receipt| receipt.contact.as_str() == Cast::RABAT)
        .map(|receipt| receipt.device)
        .collect();
    assert!(!deputies.is_empty() && deputies.iter().all(|device| *device == rabat));
    // Tunis sees who acted in its place, before its own time was up.
    let events = cast
        .world
        .desk(&tunis)
        .events_after(0, 1_000, true)
        .unwrap();
    let actor = |kind: &EventKind| match kind {
        EventKind::ActedElsewhere { contact, .. } => Some(contact.to_string()),
        _ => None,
    };
    let mut actors = events.iter().filter_map(|event| actor(&event.event.kind));
    assert!(actors.any(|actor| actor == Cast::RABAT));
}

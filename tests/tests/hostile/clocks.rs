//! Clocks that are ten years off: nothing is lost in silence by them (I8).

use maille_client::core::{Collected, IncidentKind, SendError};
use maille_common::codec::encode;
use maille_common::roster::Designation;
use maille_common::time::Span;
use maille_common::wire::Push;
use maille_tests::hostile::{Cast, share};
use maille_tests::memory::order;
use maille_tests::randomness::Seeded;

use crate::written;

fn ten_years() -> Span {
    Span::from_days(3_650)
}

#[test]
fn an_alert_dated_ten_years_ahead_is_taken_and_shows_its_time() {
    let mut cast = Cast::gathered();
    let (lyon, tunis) = (cast.lyon, cast.tunis);
    let mut core = cast.core(&lyon, &[Cast::TUNIS]);
    core.created = core.created + ten_years();
    let created = core.created;
    let sent = written(&mut cast, core, tunis, lyon);
    let opened = cast.judged(&tunis, &encode(&share(&sent, &tunis))).unwrap();
    assert_eq!(opened.core().created, created);
}

/// Ten years ago nobody was designated. A desk does not let it out, and nobody believes who did.
#[test]
fn an_alert_dated_before_its_sender_was_designated_does_not_leave_and_is_believed_nowhere() {
    let mut cast = Cast::gathered();
    let (lyon, tunis) = (cast.lyon, cast.tunis);
    let then = cast.world.now - ten_years();
    let written_then = order(&[Cast::TUNIS], "From ten years ago");
    let desk = cast.world.desk(&lyon);
    let refused = desk.send(&written_then, then, &mut Seeded::new(4));
    let Err(SendError::NotDesignated { designation, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(designation, Designation::NotYet);
    let mut core = cast.core(&lyon, &[Cast::TUNIS]);
    core.created = then;
    let sent = written(&mut cast, core, tunis, lyon);
    let delivery = share(&sent, &tunis);
    assert_eq!(cast.refused(&tunis, &encode(&delivery)), "E4 sender");
    let push = Push::Delivery {
        number: 1,
        delivery: Box::new(delivery),
    };
    let relay = "tunis".parse().unwrap();
    let collected = cast.world.take_push(&tunis, &relay, push).unwrap();
    assert!(matches!(collected, Collected::Disbelieved { .. }));
    let incidents = cast.world.desk(&tunis).incidents_after(0, 10).unwrap();
    let (_, incident) = &incidents[0];
    assert!(
        matches!(&incident.kind, IncidentKind::Delivery { check, .. } if check.as_str() == "E4"),
        "{incident:?}"
    );
}

/// The deadlines of both ends run by clocks that nobody sets: a wall that is set for good moves
/// none of them.
#[test]
fn a_wall_that_is_set_ten_years_on_expires_nothing() {
    let mut cast = Cast::gathered();
    let lyon = cast.lyon;
    let alert = cast.sent("Still open").id();
    cast.world.settle();
    let now = cast.world.now;
    for wall in [now + ten_years(), now - ten_years(), now] {
        cast.world.set_wall(wall);
        cast.world.tick();
        let track = cast.world.desk(&lyon).track(&alert, wall).unwrap().unwrap();
        for recipient in track.recipients {
            assert_eq!(recipient.expiries, [], "{wall}");
        }
    }
}

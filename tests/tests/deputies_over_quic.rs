//! Deputies over real QUIC, by the clock of this machine: asked on time, also by a relay that was
//! started again meanwhile.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::EventKind;
use maille_client::{Message, Milestone, Track};
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::{NoticeKind, Urgency};
use maille_common::time::Span;
use maille_tests::net::{NetPlan, TestNet};

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";
const AMMAN: &str = "cmai/amman";
/// Collects at a relay where nobody else does.
const DAKAR: &str = "afripol/dakar";

/// Within which Tunis has to acknowledge, and after which Amman is asked.
const ACK_WITHIN: Span = Span::from_ms(1_200);
const AFTER: Span = Span::from_ms(700);

/// Lyon knows the keys of both others, and Tunis has Amman as its deputy.
async fn acquainted() -> TestNet {
    let home: &[&str] = &["lyon"];
    let organisations = [("interpol", home), ("cmai", home)];
    let plan = NetPlan::new(&organisations, &[LYON, TUNIS, AMMAN]);
    let net = plan.deputy(TUNIS, AMMAN, AFTER).start().await;
    for contact in [TUNIS, AMMAN] {
        net.acquaint(LYON, contact).await;
    }
    net
}

async fn send(net: &TestNet) -> AlertId {
    let message = Message::text("Nobody there", "Is anybody there?")
        .to_all([TUNIS])
        .urgency(Urgency::Immediate)
        .ack_within(ACK_WITHIN);
    net.desk(LYON).client().send(message).await.unwrap().id
}

/// Waits until a deputy of Tunis has the alert, as such.
async fn asked(net: &TestNet, deputy: &str, alert: AlertId) {
    let received = net.desk(deputy).receive().await;
    assert_eq!(received.entry.id, alert);
    let principals: Vec<String> = received
        .entry
        .deputy_for
        .iter()
        .map(|principal| principal.contact.to_string())
        .collect();
    assert_eq!(principals, [TUNIS]);
}

/// Amman acknowledges, and Lyon has the proof.
async fn taken_on(net: &TestNet, alert: AlertId) -> Track {
    net.desk(AMMAN).acknowledge(alert).await;
    net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    let released = |kind: &EventKind| match kind {
        EventKind::Notice {
            alert: of, kind, ..
        } => *of == alert && *kind == NoticeKind::Released,
        _ => false,
    };
    net.desk(LYON).until("released", released).await;
    net.desk(LYON).client().track(alert).await.unwrap()
}

/// The relay released the deputy's wrap, by its own signed words, when it was due and not before.
fn is_not_early(track: &Track) {
    let recipient = &track.recipients[0];
    let mut notices = recipient.notices.iter();
    let notice = notices
        .find(|notice| notice.statement.kind == NoticeKind::Released)
        .unwrap();
    let (notice, accepted) = (&notice.statement, &recipient.accepted[0].statement);
    assert_eq!(notice.step, 1);
    assert!(!notice.uncertain);
    // It counted by another clock than it says here; each is told to the millisecond.
    let after = notice.time.since(accepted.time) + Span::from_ms(2);
    assert!(after >= ACK_WITHIN + AFTER, "early: {after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deputy_is_asked_on_time_and_its_acknowledgement_closes_the_senders_obligation() {
    let net = acquainted().await;
    let alert = send(&net).await;
    asked(&net, AMMAN, alert).await;
    let overdue =
        |kind: &EventKind| matches!(kind, EventKind::Overdue { alert: of, .. } if *of == alert);
    net.desk(LYON).until("overdue", overdue).await;
    let track = taken_on(&net, alert).await;
    let recipient = &track.recipients[0];
    assert_eq!(recipient.standing.state, ObligationState::Acknowledged);
    let (receipt, _) = recipient.receipts.last().unwrap();
    assert_eq!(receipt.statement.contact.as_str(), AMMAN);
    is_not_early(&track);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_started_again_meanwhile_asks_the_deputy_all_the_same() {
    let mut net = acquainted().await;
    let alert = send(&net).await;
    let answered =
        |kind: &EventKind| matches!(kind, EventKind::Answered { alert: of, .. } if *of == alert);
    net.desk(LYON).until("accepted", answered).await;
    net.stop_relay("lyon").await;
    net.start_relay("lyon").await;
    asked(&net, AMMAN, alert).await;
    let track = taken_on(&net, alert).await;
    is_not_early(&track);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deputy_that_collects_elsewhere_is_asked_by_the_senders_desk_and_gets_an_update() {
    let (lyon, dakar): (&[&str], &[&str]) = (&["lyon"], &["dakar"]);
    let organisations = [("interpol", lyon), ("cmai", lyon), ("afripol", dakar)];
    let plan = NetPlan::new(&organisations, &[LYON, TUNIS, DAKAR]);
    let net = plan.deputy(TUNIS, DAKAR, AFTER).start().await;
    for contact in [TUNIS, DAKAR] {
        net.acquaint(LYON, contact).await;
    }
    let alert = send(&net).await;
    asked(&net, DAKAR, alert).await;
    let update = Message::text("Nobody there", "It is urgent.");
    let client = net.desk(LYON).client();
    let update = client.update(alert, update).await.unwrap().id;
    asked(&net, DAKAR, update).await;
    net.desk(DAKAR).acknowledge(alert).await;
    net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    net.stop().await;
}

//! The first alert over real QUIC and real stores: delivery, restarts, removal, silence of the
//! relay.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::path::Path;

use maille_client::core::EventKind;
use maille_client::{Message, Milestone};
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Stage, Status};
use maille_tests::net::{TestNet, soon};

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";
const ALGIERS: &str = "afripol/algiers";

async fn one_relay() -> TestNet {
    let home: &[&str] = &["lyon"];
    let organisations = [("interpol", home), ("cmai", home), ("afripol", home)];
    TestNet::start(&organisations, &[LYON, TUNIS, ALGIERS]).await
}

async fn acquaint(net: &TestNet) {
    net.acquaint(LYON, TUNIS).await;
}

/// Waits until a relay has answered Lyon for an alert.
async fn accepted(net: &TestNet, alert: AlertId) {
    let answered =
        |kind: &EventKind| matches!(kind, EventKind::Answered { alert: id, .. } if *id == alert);
    net.desk(LYON).until("accepted", answered).await;
}

async fn state(net: &TestNet, contact: &str, at: usize) -> ObligationState {
    let outbox = net.desk(contact).client().outbox().await.unwrap();
    *outbox[at].states.values().next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_delivered_acknowledged_and_proven() {
    let net = one_relay().await;
    let alert = net.desk(LYON).send_to(&[TUNIS], "Stolen passports").await;
    let received = net.desk(TUNIS).receive().await;
    assert_eq!(received.entry.id, alert);
    net.desk(LYON).wait(alert, Milestone::Delivered).await;
    net.desk(TUNIS).acknowledge(alert).await;
    net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    let track = net.desk(LYON).client().track(alert).await.unwrap();
    let recipient = &track.recipients[0];
    assert_eq!(recipient.standing.state, ObligationState::Acknowledged);
    assert_eq!(recipient.accepted.len(), 1);
    let (receipt, note) = recipient.receipts.last().unwrap();
    assert_eq!(receipt.statement.stage, Stage::Acknowledged);
    assert_eq!(note.as_ref().unwrap().officer.as_str(), "Amina");
    assert!(
        net.desk(LYON)
            .client()
            .incidents(0, 10)
            .await
            .unwrap()
            .is_empty()
    );
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_waits_for_a_desk_that_is_offline() {
    let mut net = one_relay().await;
    acquaint(&net).await;
    net.close_desk(TUNIS).await;
    let alert = net.desk(LYON).send_to(&[TUNIS], "While you were out").await;
    accepted(&net, alert).await;
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_started_again_delivers_what_it_had_accepted() {
    let mut net = one_relay().await;
    acquaint(&net).await;
    net.close_desk(TUNIS).await;
    let alert = net.desk(LYON).send_to(&[TUNIS], "Before the restart").await;
    accepted(&net, alert).await;
    let incarnation = net.relay("lyon").incarnation();
    net.stop_relay("lyon").await;
    net.start_relay("lyon").await;
    assert_eq!(
        net.relay("lyon").incarnation(),
        incarnation,
        "the same store, the same life"
    );
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_lost_its_store_is_filled_again_by_the_outboxes() {
    let mut net = one_relay().await;
    acquaint(&net).await;
    net.close_desk(TUNIS).await;
    let alert = net.desk(LYON).send_to(&[TUNIS], "Before the fire").await;
    accepted(&net, alert).await;
    net.stop_relay("lyon").await;
    net.lose_store("lyon");
    net.start_relay("lyon").await;
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    assert_eq!(
        net.desk(TUNIS).arrivals().await,
        2,
        "nothing comes twice as new"
    );
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_closed_after_sending_goes_on_when_it_is_opened_again() {
    let mut net = one_relay().await;
    acquaint(&net).await;
    net.stop_relay("lyon").await;
    let alert = net.desk(LYON).send_to(&[TUNIS], "Into a dead line").await;
    net.close_desk(LYON).await;
    net.start_relay("lyon").await;
    net.open_desk(LYON).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_organisations_on_two_relays_lose_one_after_accepted_and_no_alert() {
    let organisations: [(&str, &[&str]); 2] =
        [("interpol", &["lyon"]), ("cmai", &["tunis", "amman"])];
    let mut net = TestNet::start(&organisations, &[LYON, TUNIS]).await;
    acquaint(&net).await;
    net.close_desk(TUNIS).await;
    let alert = net.desk(LYON).send_to(&[TUNIS], "Kept at both").await;
    for relay in ["tunis", "amman"] {
        let by = |kind: &EventKind| {
            matches!(kind, EventKind::Answered { alert: id, relay: at, .. }
                if *id == alert && at.as_str() == relay)
        };
        net.desk(LYON).until(relay, by).await;
    }
    net.stop_relay("tunis").await;
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_ack_rule_first_two_may_acknowledge_at_once() {
    let net = one_relay().await;
    let message = Message::text("Whoever is awake", "Please take it")
        .to_all([TUNIS, ALGIERS])
        .ack_rule(AckRule::First);
    let alert = net.desk(LYON).client().send(message).await.unwrap().id;
    net.desk(TUNIS).receive().await;
    net.desk(ALGIERS).receive().await;
    tokio::join!(
        net.desk(TUNIS).acknowledge(alert),
        net.desk(ALGIERS).acknowledge(alert)
    );
    net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    let track = net.desk(LYON).client().track(alert).await.unwrap();
    let acknowledged = |state| state == ObligationState::Acknowledged;
    assert!(
        track
            .recipients
            .iter()
            .all(|recipient| acknowledged(recipient.standing.state))
    );
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exercise_never_shows_in_the_default_stream() {
    let net = one_relay().await;
    let drill = Message::text("Drill", "Only a drill")
        .to(TUNIS)
        .status(Status::Exercise);
    net.desk(LYON).client().send(drill).await.unwrap();
    let real = net.desk(LYON).send_to(&[TUNIS], "Real").await;
    let mut events = net.desk(TUNIS).client().events("officer");
    loop {
        let event = soon("the real alert", events.next()).await.unwrap();
        if let EventKind::Arrived { alert, .. } = event.event.kind {
            assert_eq!(alert, real, "the drill came first and was passed over");
            break;
        }
    }
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_removed_while_connected_is_disconnected_and_not_heard_again() {
    let mut net = one_relay().await;
    acquaint(&net).await;
    let device = net.desk(TUNIS).device;
    net.network.remove(&device);
    net.publish().await;
    let gone = async {
        // The relay's own count is the event: it falls when the connection is closed.
        while net.relay("lyon").standing().await.unwrap().desks_connected > 2 {
            tokio::task::yield_now().await;
        }
    };
    soon("the removed desk is disconnected", gone).await;
    net.desk(TUNIS)
        .client()
        .send(Message::text("x", "x").to(LYON))
        .await
        .ok();
    let proof = net.desk(ALGIERS).send_to(&[LYON], "Heard").await;
    assert_eq!(
        net.desk(LYON).receive().await.entry.id,
        proof,
        "nothing came before it"
    );
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_readable_lies_on_the_relay() {
    let mut net = one_relay().await;
    let words = "Zwiebelfisch-Parapluie";
    let alert = net.desk(LYON).send_to(&[TUNIS], words).await;
    net.desk(TUNIS).receive().await;
    net.desk(TUNIS)
        .client()
        .acknowledge(
            alert,
            maille_client::By::Officer("Quetschkommode"),
            "Kaffeesatzleserei",
        )
        .await
        .unwrap();
    net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    for contact in [LYON, TUNIS, ALGIERS] {
        net.close_desk(contact).await;
    }
    net.stop_relay("lyon").await;
    let folder = net.relay_folder("lyon").to_owned();
    for word in [words, "Quetschkommode", "Kaffeesatzleserei"] {
        assert!(
            !holds(&folder, word.as_bytes()),
            "{word} lies readable on the relay"
        );
    }
}

/// Whether any file below a folder holds these bytes.
fn holds(folder: &Path, word: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, word);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(word.len()).any(|window| window == word)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_reference_sent_after_a_restart_is_the_same_alert() {
    let mut net = one_relay().await;
    let message = || {
        Message::text("Case 7", "As before")
            .to(TUNIS)
            .reference("case-7")
    };
    let first = net.desk(LYON).client().send(message()).await.unwrap();
    net.close_desk(LYON).await;
    net.open_desk(LYON).await;
    let again = net.desk(LYON).client().send(message()).await.unwrap();
    assert_eq!(again.id, first.id);
    assert!(again.already);
    net.desk(TUNIS).receive().await;
    net.desk(LYON).wait(first.id, Milestone::Delivered).await;
    assert_eq!(state(&net, LYON, 0).await, ObligationState::Open);
    assert_eq!(net.desk(TUNIS).arrivals().await, 1);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_goes_back_under_a_one_way_rule() {
    let mut net = one_relay().await;
    net.network.rules(&[("interpol/**", "cmai/**")]);
    net.publish().await;
    let alert = net.desk(LYON).send_to(&[TUNIS], "Answer me").await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    let against = Message::text("Unasked", "Unasked").to(LYON);
    let refused = net.desk(TUNIS).client().send(against).await;
    assert_eq!(refused.unwrap_err().code(), "no-rule");
    let answer = Message::text("Here", "Here it is");
    let reply = net.desk(TUNIS).client().reply(alert, answer).await.unwrap();
    let received = net.desk(LYON).receive().await;
    assert_eq!(received.entry.id, reply.id);
    assert_eq!(received.entry.refers_to, Some(alert));
    net.stop().await;
}

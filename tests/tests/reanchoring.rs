//! Alerts that are under way while a network is founded anew, and its relay and desks are given
//! the new anchor: over real QUIC and real stores, by the ceremony of docs/ceremonies.md.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{EventKind, IncidentKind};
use maille_client::{Client, Milestone};
use maille_common::evidence::ObligationState;
use maille_common::export::Export;
use maille_common::identifier::AlertId;
use maille_common::roster::Anchor;
use maille_common::terms::Stage;
use maille_tests::net::TestNet;

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";

async fn net() -> TestNet {
    let home: &[&str] = &["lyon"];
    let mut net = TestNet::start(&[("interpol", home), ("cmai", home)], &[LYON, TUNIS]).await;
    // The old authority has signed more parts than the new one will have.
    net.network.rules(&[("**", "**"), ("interpol/**", "**")]);
    net.publish().await;
    for contact in [LYON, TUNIS] {
        let second = |kind: &EventKind| matches!(kind, EventKind::Roster { number: 2 });
        net.desk(contact).until("second part", second).await;
    }
    net.acquaint(LYON, TUNIS).await;
    net
}

/// Sends an alert that Tunis, which is closed, finds at the relay.
async fn waiting(net: &TestNet, subject: &str) -> AlertId {
    let alert = net.desk(LYON).send_to(&[TUNIS], subject).await;
    let answered =
        |kind: &EventKind| matches!(kind, EventKind::Answered { alert: id, .. } if *id == alert);
    net.desk(LYON).until("accepted", answered).await;
    alert
}

/// Sends an alert that Tunis receives and leaves open.
async fn delivered(net: &TestNet, subject: &str) -> AlertId {
    let alert = net.desk(LYON).send_to(&[TUNIS], subject).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    net.desk(LYON).wait(alert, Milestone::Delivered).await;
    alert
}

async fn export(client: &Client, alert: AlertId) -> Vec<u8> {
    client.export(alert, false).await.unwrap().to_bytes()
}

/// What a file proves to whoever knows this anchor and nothing else.
fn proven(file: &[u8], anchor: &Anchor) -> (ObligationState, Vec<Stage>) {
    let proven = Export::parse(file).unwrap().verify(anchor).unwrap();
    let recipient = &proven.recipients[0];
    let receipts = recipient.receipts.iter();
    let stages = receipts.map(|proven| proven.receipt.statement().stage);
    (recipient.standing.state, stages.collect())
}

/// Its sender sees that it was acknowledged, and both desks prove it by the anchor of now.
async fn acknowledged(net: &TestNet, alert: AlertId) {
    net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    let expected = vec![Stage::Delivered, Stage::Acknowledged];
    for contact in [LYON, TUNIS] {
        let file = export(net.desk(contact).client(), alert).await;
        let (state, stages) = proven(&file, &net.network.anchor());
        assert_eq!(state, ObligationState::Acknowledged, "{contact}");
        assert_eq!(stages, expected, "{contact}");
    }
}

async fn incidents(net: &TestNet, contact: &str) -> Vec<IncidentKind> {
    let found = net.desk(contact).client().incidents(0, 100).await.unwrap();
    found
        .into_iter()
        .map(|(_, incident)| incident.kind)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_under_way_while_everybody_is_given_another_anchor_end_and_are_proven() {
    let mut net = net().await;
    let old = net.network.anchor();
    let done = delivered(&net, "Done before").await;
    net.desk(TUNIS).acknowledge(done).await;
    net.desk(LYON).wait(done, Milestone::Acknowledged).await;
    let made_before = export(net.desk(LYON).client(), done).await;
    let open = delivered(&net, "Delivered, and nobody took it on").await;
    let answered = delivered(&net, "Taken on while the relay was away").await;
    net.close_desk(TUNIS).await;
    let mailed = waiting(&net, "Waits at the relay").await;
    net.stop_relay("lyon").await;
    net.open_desk(TUNIS).await;
    net.desk(TUNIS).acknowledge(answered).await;
    net.close_desk(TUNIS).await;
    let unsent = net.desk(LYON).send_to(&[TUNIS], "Not submitted yet").await;
    net.close_desk(LYON).await;

    let anew = net.found_anew();
    net.reanchor_relay("lyon", &anew);
    net.reanchor_desk(LYON, &anew);
    net.reanchor_desk(TUNIS, &anew);
    net.start_relay("lyon").await;
    net.open_desk(LYON).await;
    net.open_desk(TUNIS).await;

    let mut received = [0; 2].map(|_| done);
    for received in &mut received {
        *received = net.desk(TUNIS).receive().await.entry.id;
    }
    received.sort();
    let mut expected = [mailed, unsent];
    expected.sort();
    assert_eq!(received, expected);
    for alert in [open, mailed, unsent] {
        net.desk(TUNIS).acknowledge(alert).await;
    }
    for alert in [done, open, answered, mailed, unsent] {
        acknowledged(&net, alert).await;
    }
    let (state, _) = proven(&made_before, &old);
    assert_eq!(state, ObligationState::Acknowledged);
    assert!(
        Export::parse(&made_before)
            .unwrap()
            .verify(&net.network.anchor())
            .is_err()
    );
    // Nobody was a stranger to anybody.
    for contact in [LYON, TUNIS] {
        let told = incidents(&net, contact).await;
        assert!(told.is_empty(), "{contact}: {told:?}");
    }
    net.stop().await;
}

/// No document under the new anchor names the device that answered.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_answered_that_left_before_stays_answered_and_is_proven_by_the_old_anchor() {
    let mut net = net().await;
    let answered = delivered(&net, "Answered by a device that left").await;
    net.desk(TUNIS).acknowledge(answered).await;
    net.desk(LYON).wait(answered, Milestone::Acknowledged).await;
    net.close_desk(TUNIS).await;
    let device = net.desk(TUNIS).device;
    net.network.remove(&device);
    net.publish().await;
    let changed = |kind: &EventKind| matches!(kind, EventKind::Roster { .. });
    // Its first two parts were told before this reader began.
    for _ in 0..2 {
        net.desk(LYON).until("roster", changed).await;
    }
    net.close_desk(LYON).await;
    net.stop_relay("lyon").await;
    let old = net.network.anchor();
    let anew = net.found_anew();
    net.reanchor_relay("lyon", &anew);
    net.reanchor_desk(LYON, &anew);
    net.start_relay("lyon").await;
    net.open_desk(LYON).await;
    let client = net.desk(LYON).client();
    let track = client.track(answered).await.unwrap();
    let standing = &track.recipients[0].standing;
    assert_eq!(
        standing.state,
        ObligationState::Acknowledged,
        "it only climbs"
    );
    let file = export(client, answered).await;
    assert_eq!(proven(&file, &old).0, ObligationState::Acknowledged);
    let anew = net.network.anchor();
    assert!(Export::parse(&file).unwrap().verify(&anew).is_err());
    net.stop().await;
}

/// Each side says that the other contradicts it, and what is signed on either side arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_trusts_the_new_anchor_later_loses_nothing_meanwhile() {
    let mut net = net().await;
    let open = delivered(&net, "Delivered, and nobody took it on").await;
    net.close_desk(TUNIS).await;
    let mailed = waiting(&net, "Waits at the relay").await;
    net.close_desk(LYON).await;
    net.stop_relay("lyon").await;
    let anew = net.found_anew();
    net.reanchor_relay("lyon", &anew);
    net.reanchor_desk(LYON, &anew);
    net.start_relay("lyon").await;
    net.open_desk(LYON).await;

    // Tunis goes on by the old one.
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, mailed);
    let signed_anew = net.desk(LYON).send_to(&[TUNIS], "Under the new one").await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, signed_anew);
    for alert in [open, mailed] {
        net.desk(TUNIS).acknowledge(alert).await;
        net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    }
    let told = incidents(&net, TUNIS).await;
    let forks = told
        .iter()
        .filter(|kind| matches!(kind, IncidentKind::Roster { .. }));
    assert_eq!(forks.count(), told.len(), "{told:?}");
    assert!(
        !told.is_empty(),
        "it is said that they contradict each other"
    );
    net.close_desk(TUNIS).await;
    let last = waiting(&net, "While two officers read a letter").await;
    net.reanchor_desk(TUNIS, &anew);
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, last);
    for alert in [signed_anew, last] {
        net.desk(TUNIS).acknowledge(alert).await;
    }
    for alert in [open, mailed, signed_anew, last] {
        acknowledged(&net, alert).await;
    }
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_trusts_the_new_anchor_later_serves_on_meanwhile() {
    let mut net = net().await;
    net.close_desk(TUNIS).await;
    let mailed = waiting(&net, "Waits at the relay").await;
    net.close_desk(LYON).await;
    let anew = net.found_anew();
    net.reanchor_desk(LYON, &anew);
    net.reanchor_desk(TUNIS, &anew);
    net.open_desk(LYON).await;
    let signed_anew = waiting(&net, "Through a relay of the old one").await;
    net.open_desk(TUNIS).await;
    for _ in [mailed, signed_anew] {
        let alert = net.desk(TUNIS).receive().await.entry.id;
        net.desk(TUNIS).acknowledge(alert).await;
    }
    for alert in [mailed, signed_anew] {
        acknowledged(&net, alert).await;
    }
    net.close_desk(TUNIS).await;
    let last = waiting(&net, "Before the relay is stopped").await;
    net.stop_relay("lyon").await;
    net.reanchor_relay("lyon", &anew);
    net.start_relay("lyon").await;
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, last);
    net.desk(TUNIS).acknowledge(last).await;
    acknowledged(&net, last).await;
    net.stop().await;
}

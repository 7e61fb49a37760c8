//! A desk's process is killed where it hurts most: with SIGKILL, between two steps of a promise.
//!
//! The desk runs in a process of its own and reaches its relay through a forwarder, whose closed
//! gates hold the moment: what the desk has stored, the relay cannot know yet, and the other way
//! round. After the kill the home is opened again in this process.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::EventKind;
use maille_client::{InboxEntry, Milestone};
use maille_common::identifier::AlertId;
use maille_common::terms::Stage;
use maille_tests::desk_process::{DeskProcess, READER};
use maille_tests::forwarder::{Forwarder, Way};
use maille_tests::net::{TestNet, soon};

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";
const RELAY: &str = "hub";

/// The program that is killed.
const DESK: &str = env!("CARGO_BIN_EXE_maille-test-desk");

/// A desk in a process of its own behind a forwarder, connected; the other one is in this process.
struct Scene {
    net: TestNet,
    line: Forwarder,
    process: DeskProcess,
    /// The alert by which the two got acquainted: the only one so far.
    known: AlertId,
}

impl Scene {
    /// Two desks that know each other's keys, of which this one goes on in another process.
    async fn with(contact: &'static str) -> Self {
        let home: &[&str] = &[RELAY];
        let organisations = [("interpol", home), ("cmai", home)];
        let mut net = TestNet::start(&organisations, &[LYON, TUNIS]).await;
        let known = net.acquaint(LYON, TUNIS).await;
        let line = Forwarder::to(net.relay(RELAY).address()).await;
        net.close_desk(contact).await;
        net.until_connected(RELAY, 1).await;
        net.route(contact, RELAY, line.address());
        let process = DeskProcess::start(DESK, &net, contact).await;
        net.until_connected(RELAY, 2).await;
        Self {
            net,
            line,
            process,
            known,
        }
    }

    /// Kills the process, mends the line and opens the home again; gives what nobody had waited
    /// for of what the process had said.
    async fn restart(self, contact: &str) -> (TestNet, Vec<String>) {
        let Self {
            mut net,
            line,
            process,
            ..
        } = self;
        let said = process.kill().await;
        // From here on the desk reaches the relay without the line.
        net.route(contact, RELAY, net.relay(RELAY).address());
        drop(line);
        net.open_desk(contact).await;
        (net, said)
    }
}

/// Waits until so many pieces of mail wait at the relay.
async fn until_waiting(net: &TestNet, pieces: u64) {
    let waiting = async {
        while net.relay(RELAY).standing().await.unwrap().waiting != pieces {
            tokio::task::yield_now().await;
        }
    };
    soon("so much waits at the relay", waiting).await;
}

async fn inbox(net: &TestNet) -> Vec<InboxEntry> {
    net.desk(TUNIS).client().inbox().await.unwrap()
}

/// The alert comes to `Delivered` with the sender: by one receipt, which the recipient's device
/// signed and which verifies by the roster.
async fn assert_delivered_once(net: &TestNet, alert: AlertId) {
    let lyon = net.desk(LYON);
    lyon.wait(alert, Milestone::Delivered).await;
    let track = lyon.client().track(alert).await.unwrap();
    let [(receipt, _)] = &track.recipients[0].receipts[..] else {
        panic!("one receipt: {:?}", track.recipients[0].receipts);
    };
    let proven = receipt.clone().verify(&lyon.client().roster()).unwrap();
    let receipt = proven.statement();
    assert_eq!(
        (receipt.alert, receipt.device, receipt.stage),
        (alert, net.desk(TUNIS).device, Stage::Delivered)
    );
}

/// Nothing looked wrong to anybody: no hole, no second story, no rollback.
async fn assert_no_incident(net: &TestNet) {
    for contact in [LYON, TUNIS] {
        let incidents = net.desk(contact).client().incidents(0, 10).await.unwrap();
        assert_eq!(incidents, [], "{contact}");
    }
}

/// What a reader of this name is told now about arrivals at Tunis.
async fn told(net: &TestNet, reader: &str) -> Vec<AlertId> {
    let mut events = net.desk(TUNIS).client().events(reader).all();
    let mut arrivals = Vec::new();
    while let Some(event) = events.try_next().await.unwrap() {
        if let EventKind::Arrived { alert, .. } = event.event.kind {
            arrivals.push(alert);
        }
    }
    arrivals
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_killed_between_storing_and_confirming_confirms_and_tells_nothing_again() {
    let mut scene = Scene::with(TUNIS).await;
    let known = scene.known;
    assert_eq!(scene.process.arrived().await, known);
    // What the relay has for the desk still comes; what the desk says is not heard any more.
    scene.line.close(Way::ToRelay);
    let alert = scene.net.desk(LYON).send_to(&[TUNIS], "Stored").await;
    assert_eq!(scene.process.arrived().await, alert);
    scene.process.handled().await;
    // The delivery alone, once Lyon has confirmed all receipts of before: nobody has answered it.
    until_waiting(&scene.net, 1).await;
    let track = scene.net.desk(LYON).client().track(alert).await.unwrap();
    assert_eq!(track.recipients[0].receipts, []);

    let (net, _) = scene.restart(TUNIS).await;
    assert_delivered_once(&net, alert).await;
    until_waiting(&net, 0).await;
    let listed: Vec<AlertId> = inbox(&net).await.iter().map(|entry| entry.id).collect();
    assert_eq!(listed, [known, alert]);
    assert_eq!(told(&net, READER).await, [], "it has handled both");
    assert_eq!(told(&net, "another").await, [known, alert]);
    assert_no_incident(&net).await;
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_told_and_not_handled_before_the_kill_is_told_again_as_possibly_seen() {
    let mut scene = Scene::with(TUNIS).await;
    scene.process.arrived().await;
    scene.process.handled().await;
    scene.line.close(Way::ToRelay);
    let alert = scene
        .net
        .desk(LYON)
        .send_to(&[TUNIS], "On the screen")
        .await;
    assert_eq!(scene.process.arrived().await, alert);

    let (net, _) = scene.restart(TUNIS).await;
    assert_delivered_once(&net, alert).await;
    assert_eq!(told(&net, READER).await, [alert], "and nothing else");
    let received = net.desk(TUNIS).client().received(alert).await.unwrap();
    assert!(received.entry.possibly_seen);
    assert_eq!(inbox(&net).await.len(), 2);
    assert_no_incident(&net).await;
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_did_not_reach_the_desk_before_the_kill_is_undelivered_and_comes_once() {
    let mut scene = Scene::with(TUNIS).await;
    scene.process.arrived().await;
    scene.process.handled().await;
    scene.line.close(Way::ToDesk);
    let alert = scene.net.desk(LYON).send_to(&[TUNIS], "On its way").await;
    scene.net.desk(LYON).wait(alert, Milestone::Accepted).await;
    let track = scene.net.desk(LYON).client().track(alert).await.unwrap();
    assert_eq!(track.recipients[0].receipts, [], "nobody says delivered");

    let (net, said) = scene.restart(TUNIS).await;
    assert_eq!(said, [""; 0], "it had heard of nothing");
    assert_delivered_once(&net, alert).await;
    assert_eq!(told(&net, READER).await, [alert]);
    let received = net.desk(TUNIS).client().received(alert).await.unwrap();
    assert!(!received.entry.possibly_seen);
    assert_eq!(inbox(&net).await.len(), 2);
    assert_no_incident(&net).await;
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_whose_sender_was_killed_before_the_relay_had_it_goes_out_by_itself() {
    let mut scene = Scene::with(LYON).await;
    let known = scene.known;
    scene.line.close(Way::ToRelay);
    let alert = scene.process.send(TUNIS, "Promised").await;
    assert_eq!(told(&scene.net, "another").await, [known]);

    let (net, _) = scene.restart(LYON).await;
    assert_delivered_once(&net, alert).await;
    assert_eq!(told(&net, "another").await, [known, alert]);
    let outbox = net.desk(LYON).client().outbox().await.unwrap();
    let sent: Vec<AlertId> = outbox.iter().map(|entry| entry.id).collect();
    assert_eq!(sent, [known, alert], "the same alert, not a second one");
    assert_no_incident(&net).await;
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_whose_sender_was_killed_before_it_heard_the_answer_arrives_once() {
    let mut scene = Scene::with(LYON).await;
    let known = scene.known;
    scene.line.close(Way::ToDesk);
    let alert = scene.process.send(TUNIS, "Accepted, unheard").await;
    assert_eq!(
        scene.net.desk(TUNIS).receive().await.entry.id,
        alert,
        "the relay has accepted it"
    );

    let (net, _) = scene.restart(LYON).await;
    assert_delivered_once(&net, alert).await;
    let answered =
        |kind: &EventKind| matches!(kind, EventKind::Answered { alert: id, .. } if *id == alert);
    net.desk(LYON).until("answers", answered).await;
    assert_eq!(told(&net, "another").await, [known, alert]);
    assert_no_incident(&net).await;
    net.stop().await;
}

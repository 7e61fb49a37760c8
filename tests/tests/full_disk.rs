//! A volume runs really full under a relay, and under a desk.
//!
//! The test fills a small file system of its own with a file of its own. Nothing is lost, nobody
//! says more than is stored, and when there is room again everything goes on by itself.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::clock::{Clock, ManualClock, SystemClock};
use maille_client::{Client, ClientConfig, FileToAttach, Message, Milestone, RelayStatus};
use maille_common::time::Span;
use maille_tests::net::{NetPlan, TestNet, soon};
use maille_tests::volume::Volume;

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";
const ALGIERS: &str = "cmai/algiers";
const RELAY: &str = "hub";

const MIB: u64 = 1024 * 1024;
const VOLUME_BYTES: u64 = 64 * MIB;
const LOW_WATER_BYTES: u64 = 16 * MIB;

/// Less than a desk leaves free, and more than what it keeps for receipts.
const BELOW_THE_MARK: u64 = 8 * MIB;

/// Less than the megabyte that a store leaves even when it takes receipts, and enough for what its
/// index had still to write.
const ALMOST_NOTHING: u64 = MIB - 128 * 1024;

/// When a sender tries again whom the disk of a relay refused.
const RETRY: Span = Span::from_seconds(30);

fn plan() -> NetPlan {
    let home: &[&str] = &[RELAY];
    NetPlan::new(&[("interpol", home), ("cmai", home)], &[LYON, TUNIS])
}

/// What a desk says of the relay, once it is so.
async fn until_status(
    net: &TestNet,
    contact: &str,
    is_so: impl Fn(&RelayStatus) -> bool,
) -> RelayStatus {
    let told = async {
        loop {
            let status = net.desk(contact).client().status().await.unwrap();
            if is_so(&status.relays[0]) {
                return status.relays[0].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    soon("the desk says so of its relay", told).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_on_a_full_volume_refuses_for_now_takes_receipts_and_then_the_same_alert() {
    let Some(volume) = Volume::or_skip(VOLUME_BYTES) else {
        return;
    };
    let clock = ManualClock::at(SystemClock.now());
    let plan = plan().place(RELAY, volume.folder()).clock(LYON, &clock);
    let mut net = plan.low_water(RELAY, LOW_WATER_BYTES).start().await;
    net.acquaint(LYON, TUNIS).await;
    net.close_desk(TUNIS).await;
    let before = net.desk(LYON).send_to(&[TUNIS], "Before").await;
    net.desk(LYON).wait(before, Milestone::Accepted).await;

    volume.leave(ALMOST_NOTHING);
    let during = net.desk(LYON).send_to(&[TUNIS], "During").await;
    let due = clock.now() + RETRY;
    let told = until_status(&net, LYON, |relay| relay.next_submission == Some(due)).await;
    let (_, why) = told.last_error.unwrap();
    assert!(why.ends_with("the relay refused it: disk-low."), "{why}");

    // Whoever was away connects, collects what is there, and is heard.
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, before);
    net.desk(LYON).wait(before, Milestone::Delivered).await;
    net.desk(TUNIS).acknowledge(before).await;
    net.desk(LYON).wait(before, Milestone::Acknowledged).await;
    assert!(volume.available_bytes() > MIB, "the ballast was released");

    // Receipts made no room for alerts.
    clock.advance(RETRY);
    let due = clock.now() + RETRY;
    until_status(&net, LYON, |relay| relay.next_submission == Some(due)).await;
    volume.make_room();
    clock.advance(RETRY);
    net.desk(LYON).wait(during, Milestone::Delivered).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, during);
    assert_eq!(net.desk(TUNIS).arrivals().await, 3);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_on_a_full_volume_sends_nothing_and_answers_only_what_it_has_stored() {
    let Some(volume) = Volume::or_skip(VOLUME_BYTES) else {
        return;
    };
    let mut net = plan().place(TUNIS, volume.folder()).start().await;
    net.acquaint(LYON, TUNIS).await;
    net.acquaint(TUNIS, LYON).await;

    volume.leave(BELOW_THE_MARK);
    let message = || Message::text("No room", "No room").to(LYON);
    let refused = net.desk(TUNIS).client().send(message()).await.unwrap_err();
    assert_eq!(refused.code(), "disk-full");
    assert!(refused.to_string().contains("bytes left"), "{refused}");
    let outbox = net.desk(TUNIS).client().outbox().await.unwrap();
    assert_eq!(outbox.len(), 1, "nothing of it stands there");

    // What comes is taken and answered from the reserve, also after a restart on the full volume.
    let first = net.desk(LYON).send_to(&[TUNIS], "Below the mark").await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, first);
    net.close_desk(TUNIS).await;
    net.open_desk(TUNIS).await;
    net.desk(TUNIS).acknowledge(first).await;
    net.desk(LYON).wait(first, Milestone::Acknowledged).await;

    // The reserve is gone as well.
    volume.leave(ALMOST_NOTHING);
    let second = net.desk(LYON).send_to(&[TUNIS], "No room at all").await;
    let is_told = |relay: &RelayStatus| {
        let last = relay.last_error.as_ref();
        last.is_some_and(|(_, why)| why.contains("bytes left"))
    };
    until_status(&net, TUNIS, is_told).await;
    net.desk(LYON).wait(second, Milestone::Accepted).await;
    let track = net.desk(LYON).client().track(second).await.unwrap();
    assert_eq!(track.recipients[0].receipts, [], "nobody says delivered");
    let unknown = net.desk(TUNIS).client().received(second).await;
    assert_eq!(unknown.unwrap_err().code(), "unknown-alert");

    volume.make_room();
    net.desk(LYON).wait(second, Milestone::Delivered).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, second);
    assert_eq!(net.desk(TUNIS).arrivals().await, 3);
    let sent = net.desk(TUNIS).client().send(message()).await.unwrap();
    assert_eq!(net.desk(LYON).receive().await.entry.id, sent.id);
    for contact in [LYON, TUNIS] {
        let incidents = net.desk(contact).client().incidents(0, 10).await.unwrap();
        assert_eq!(incidents, [], "{contact}");
    }
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_new_to_a_full_relay_can_be_written_to_soon_after_there_is_room() {
    let Some(volume) = Volume::or_skip(VOLUME_BYTES) else {
        return;
    };
    let plan = plan().place(RELAY, volume.folder());
    let mut net = plan.low_water(RELAY, LOW_WATER_BYTES).start().await;
    net.make_home(ALGIERS);
    let documents = net.publish().await;
    net.give_roster(ALGIERS, &documents);
    volume.leave(BELOW_THE_MARK);
    net.open_desk(ALGIERS).await;
    net.until_connected(RELAY, 3).await;
    let alert = net.desk(LYON).send_to(&[ALGIERS], "Welcome").await;
    volume.make_room();
    assert_eq!(net.desk(ALGIERS).receive().await.entry.id, alert);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_leave_a_desk_the_room_that_its_receipts_need() {
    let Some(volume) = Volume::or_skip(VOLUME_BYTES) else {
        return;
    };
    let net = plan().place(TUNIS, volume.folder()).start().await;
    net.acquaint(LYON, TUNIS).await;
    net.acquaint(TUNIS, LYON).await;
    volume.leave(BELOW_THE_MARK);
    let file = net.path().join("large");
    std::fs::write(&file, vec![7; 2 * 1024 * 1024]).unwrap();
    let with_file = |to: &str| {
        let message = Message::text("With a file", "Look").to(to);
        message.attach(FileToAttach::at(&file))
    };

    let refused = net.desk(TUNIS).client().send(with_file(LYON)).await;
    assert_eq!(refused.unwrap_err().code(), "disk-full");
    let left = std::fs::read_dir(net.desk(TUNIS).home.join("blobs")).unwrap();
    assert_eq!(left.count(), 0, "nothing of it stays behind");

    let sent = net
        .desk(LYON)
        .client()
        .send(with_file(TUNIS))
        .await
        .unwrap();
    assert_eq!(net.desk(TUNIS).receive().await.entry.blobs_missing, 1);
    net.desk(LYON).wait(sent.id, Milestone::Delivered).await;
    let is_told = |relay: &RelayStatus| {
        let last = relay.last_error.as_ref();
        last.is_some_and(|(_, why)| why.contains("an attachment was not fetched"))
    };
    until_status(&net, TUNIS, is_told).await;

    volume.make_room();
    // Whatever wakes the desk lets it look again.
    net.desk(LYON).send_to(&[TUNIS], "Anything").await;
    let attachment = net
        .desk(TUNIS)
        .client()
        .attachment(sent.id, 0)
        .await
        .unwrap();
    soon("the attachment is whole", attachment.whole())
        .await
        .unwrap();
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_on_a_volume_without_a_byte_loses_nothing_whether_it_can_be_opened_or_not() {
    let Some(volume) = Volume::or_skip(VOLUME_BYTES) else {
        return;
    };
    let mut net = plan().place(TUNIS, volume.folder()).start().await;
    let alert = net.acquaint(LYON, TUNIS).await;
    net.close_desk(TUNIS).await;
    volume.fill();
    // Opening needs a little room, which the index may happen to give back.
    if let Ok(client) = Client::open(ClientConfig::new(&net.desk(TUNIS).home)).await {
        client.shutdown().await;
    }
    volume.make_room();
    net.open_desk(TUNIS).await;
    let inbox = net.desk(TUNIS).client().inbox().await.unwrap();
    assert_eq!((inbox.len(), inbox[0].id), (1, alert));
    let next = net.desk(LYON).send_to(&[TUNIS], "Next").await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, next);
    net.desk(LYON).wait(next, Milestone::Delivered).await;
    let set_aside = std::fs::read_dir(&net.desk(TUNIS).home).unwrap();
    let set_aside = set_aside.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("damaged")
    });
    assert_eq!(set_aside.count(), 0);
    net.stop().await;
}

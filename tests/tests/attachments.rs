//! Attachments over real QUIC: text first, pieces checked, transfers that go on where they stopped.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::path::{Path, PathBuf};

use maille_client::attachments::{FileToAttach, Progress};
use maille_client::core::EventKind;
use maille_client::{Addition, Message, Milestone};
use maille_common::randomness::Randomness;
use maille_common::terms::Stage;
use maille_tests::net::{TestNet, soon};
use maille_tests::randomness::Seeded;

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";

async fn one_relay() -> TestNet {
    let home: &[&str] = &["lyon"];
    TestNet::start(&[("interpol", home), ("cmai", home)], &[LYON, TUNIS]).await
}

/// A file that no compression and no zeroed page could stand in for.
fn file(net: &TestNet, name: &str, bytes: usize) -> (PathBuf, Vec<u8>) {
    let path = net.path().join(name);
    let mut content = vec![0; bytes];
    Seeded::new(17).fill(&mut content);
    std::fs::write(&path, &content).unwrap();
    (path, content)
}

fn message(path: &Path) -> Message {
    Message::text("With a file", "See the file")
        .to(TUNIS)
        .attach(FileToAttach::at(path))
}

async fn saved(net: &TestNet, alert: maille_common::identifier::AlertId) -> Vec<u8> {
    let attachment = net.desk(TUNIS).client().attachment(alert, 0).await.unwrap();
    soon("the attachment is whole", attachment.whole())
        .await
        .unwrap();
    let path = net.path().join("saved");
    attachment.save_to(&path).await.unwrap();
    std::fs::read(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_of_several_pieces_arrives_byte_for_byte_and_is_proven_complete() {
    let net = one_relay().await;
    let (path, content) = file(&net, "picture.jpg", 9 * 1024 * 1024 + 17);
    let alert = net
        .desk(LYON)
        .client()
        .send(message(&path))
        .await
        .unwrap()
        .id;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    assert!(
        saved(&net, alert).await == content,
        "every byte as it was given"
    );
    let complete = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::Receipt {
                stage: Stage::Complete,
                ..
            }
        )
    };
    net.desk(LYON).until("complete", complete).await;
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_restarted_while_an_attachment_is_on_its_way_loses_none_of_it() {
    let mut net = one_relay().await;
    let (path, content) = file(&net, "recording.wav", 33 * 1024 * 1024);
    let alert = net
        .desk(LYON)
        .client()
        .send(message(&path))
        .await
        .unwrap()
        .id;
    let attachment = net.desk(LYON).client().attachment(alert, 0).await.unwrap();
    let some = async {
        let mut seen = Progress::default();
        while seen.bytes == 0 {
            seen = attachment.progress_after(seen).await;
        }
    };
    soon("the first piece", some).await;
    net.stop_relay("lyon").await;
    net.start_relay("lyon").await;
    net.desk(LYON).wait(alert, Milestone::Delivered).await;
    assert!(saved(&net, alert).await == content);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_interrupted_by_closing_the_desk_goes_on() {
    let mut net = one_relay().await;
    let (path, content) = file(&net, "film.mp4", 21 * 1024 * 1024);
    let alert = net
        .desk(LYON)
        .client()
        .send(message(&path))
        .await
        .unwrap()
        .id;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    net.close_desk(TUNIS).await;
    net.open_desk(TUNIS).await;
    assert!(saved(&net, alert).await == content);
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_attached_sends_nothing() {
    let net = one_relay().await;
    let missing = net.path().join("no-such-file");
    let refused = net
        .desk(LYON)
        .client()
        .send(message(&missing))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("no-such-file"), "{refused}");
    assert!(net.desk(LYON).client().outbox().await.unwrap().is_empty());
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_no_relay_takes_is_refused_before_anything_is_sealed() {
    let net = one_relay().await;
    let path = net.path().join("disk.img");
    let large = std::fs::File::create(&path).unwrap();
    large
        .set_len(maille_common::limits::ATTACHMENT_BYTES_MAX + 1)
        .unwrap();
    let refused = net.desk(LYON).client().send(message(&path)).await;
    assert_eq!(refused.unwrap_err().code(), "attachment-too-long");
    assert!(net.desk(LYON).client().outbox().await.unwrap().is_empty());
    net.stop().await;
}

/// Its own relay has the attachment, the one where it sends the alert now has not, and the desk
/// that sealed it is closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_brings_the_attachment_that_it_received_where_it_extends_the_alert() {
    let (dakar, night) = ("afripol/dakar", "night");
    let organisations: [(&str, &[&str]); 3] = [
        ("interpol", &["lyon"]),
        ("cmai", &["lyon"]),
        ("afripol", &["dakar"]),
    ];
    let mut net = TestNet::start(&organisations, &[LYON, TUNIS, dakar]).await;
    net.make_another_home(LYON, night);
    let documents = net.publish().await;
    net.give_roster(night, &documents);
    net.open_desk(night).await;
    let (path, content) = file(&net, "picture.jpg", 5 * 1024 * 1024 + 17);
    let sent = net.desk(LYON).client().send(message(&path)).await;
    let alert = sent.unwrap().id;
    let arrived = |kind: &EventKind| matches!(kind, EventKind::Arrived { .. });
    net.desk(night).until("copy", arrived).await;
    let copy = net.desk(night).client().attachment(alert, 0).await;
    soon("the copy has its attachment", copy.unwrap().whole())
        .await
        .unwrap();
    net.close_desk(LYON).await;
    let addition = Addition {
        to: vec![dakar.to_owned()],
        ..Addition::default()
    };
    let night = net.desk(night).client();
    let _ = night.add(alert, addition).await.unwrap();
    assert_eq!(net.desk(dakar).receive().await.entry.id, alert);
    let attachment = net.desk(dakar).client().attachment(alert, 0).await.unwrap();
    soon("the attachment is whole", attachment.whole())
        .await
        .unwrap();
    let path = net.path().join("saved");
    attachment.save_to(&path).await.unwrap();
    assert!(std::fs::read(path).unwrap() == content);
    net.stop().await;
}

//! A relay backed up while it serves, lost with its machine, and restored on another.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use maille_client::attachments::FileToAttach;
use maille_client::{Message, Milestone};
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_tests::net::{TestNet, soon};
use maille_tests::randomness::Seeded;

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";
const ALGIERS: &str = "afripol/algiers";

async fn one_relay() -> TestNet {
    let home: &[&str] = &["lyon"];
    let organisations = [("interpol", home), ("cmai", home), ("afripol", home)];
    let net = TestNet::start(&organisations, &[LYON, TUNIS, ALGIERS]).await;
    // After a first alert the keys are known, and nothing follows by addendum.
    for from in [LYON, ALGIERS] {
        net.desk(from)
            .send_to(&[TUNIS], "So that the keys are known")
            .await;
        net.desk(TUNIS).receive().await;
    }
    net
}

/// Sends until told to stop, at least so many.
async fn send_until(net: &TestNet, from: &str, least: usize, stop: &AtomicBool) -> Vec<AlertId> {
    let mut sent = Vec::new();
    while sent.len() < least || !stop.load(Ordering::SeqCst) {
        sent.push(net.desk(from).send_to(&[TUNIS], "Under load").await);
    }
    sent
}

async fn accepted(net: &TestNet, from: &str, alerts: &[AlertId]) {
    for alert in alerts {
        net.desk(from).wait(*alert, Milestone::Accepted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_backed_up_under_load_and_restored_loses_no_alert_and_repeats_none() {
    let mut net = one_relay().await;
    net.close_desk(TUNIS).await;
    let picture = net.path().join("picture.jpg");
    let mut content = vec![0; 5 * 1024 * 1024];
    Seeded::new(31).fill(&mut content);
    std::fs::write(&picture, &content).unwrap();
    let with_file = Message::text("With a file", "See the file")
        .to(TUNIS)
        .attach(FileToAttach::at(&picture));
    let with_file = net.desk(LYON).client().send(with_file).await.unwrap().id;
    let stop = AtomicBool::new(true);
    let mut before = send_until(&net, LYON, 5, &stop).await;
    before.push(with_file);
    accepted(&net, LYON, &before).await;

    stop.store(false, Ordering::SeqCst);
    let target = net.path().join("backup");
    let back_up = async {
        let made = net.back_up("lyon", &target).await;
        stop.store(true, Ordering::SeqCst);
        made
    };
    let (from_lyon, from_algiers, made) = tokio::join!(
        send_until(&net, LYON, 10, &stop),
        send_until(&net, ALGIERS, 10, &stop),
        back_up,
    );
    assert_eq!(made.gone, Vec::<String>::new());
    let after = send_until(&net, LYON, 3, &stop).await;
    for (from, alerts) in [(LYON, &from_lyon), (ALGIERS, &from_algiers), (LYON, &after)] {
        accepted(&net, from, alerts).await;
    }
    let books = net.account("lyon").await;
    assert!(books.is_sound(), "{books:#?}");
    let life = net.relay("lyon").incarnation();
    assert_eq!(made.incarnation, life.to_string());

    net.stop_relay("lyon").await;
    net.restore_relay("lyon", &target);
    let books = net.account("lyon").await;
    assert!(books.is_sound(), "{books:#?}");
    assert_eq!(books.commit, made.commit);
    let known = usize::try_from(books.all.open).unwrap();
    let all = [before.clone(), from_lyon, from_algiers, after].concat();
    assert!(
        (before.len()..=all.len() - 3).contains(&known),
        "{known} of {}: all of before, none of after",
        all.len()
    );
    net.start_relay("lyon").await;
    assert_ne!(net.relay("lyon").incarnation(), life);

    net.open_desk(TUNIS).await;
    let mut arrived = BTreeSet::new();
    while arrived.len() < all.len() {
        let alert = net.desk(TUNIS).receive().await.entry.id;
        assert!(arrived.insert(alert), "{alert} came twice as new");
    }
    assert_eq!(arrived, all.iter().copied().collect());
    let attachment = net
        .desk(TUNIS)
        .client()
        .attachment(with_file, 0)
        .await
        .unwrap();
    soon("the attachment is whole", attachment.whole())
        .await
        .unwrap();
    let saved = net.path().join("saved");
    attachment.save_to(&saved).await.unwrap();
    assert!(std::fs::read(saved).unwrap() == content, "byte for byte");
    for alert in before {
        net.desk(LYON).wait(alert, Milestone::Delivered).await;
    }
    assert_eq!(
        net.desk(TUNIS).arrivals().await,
        all.len() + 2,
        "nothing came twice as new"
    );
    for desk in [LYON, TUNIS, ALGIERS] {
        let incidents = net.desk(desk).client().incidents(0, 10).await.unwrap();
        // What is submitted again, and what waits in numbers, comes in no order, and comes.
        assert_eq!(incidents, [], "{desk}");
    }
    let books = net.account("lyon").await;
    assert!(books.is_sound(), "{books:#?}");
    net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_given_after_the_backup_come_back_to_the_sender_and_the_relay() {
    let mut net = one_relay().await;
    net.close_desk(LYON).await;
    net.open_desk(LYON).await;
    let alert = net
        .desk(LYON)
        .send_to(&[TUNIS], "Answered after the backup")
        .await;
    net.desk(TUNIS).receive().await;
    net.desk(LYON).wait(alert, Milestone::Delivered).await;
    let target = net.path().join("backup");
    net.back_up("lyon", &target).await;
    net.desk(TUNIS).acknowledge(alert).await;
    net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    let acknowledged = net.account("lyon").await.all.acknowledged;

    net.stop_relay("lyon").await;
    net.restore_relay("lyon", &target);
    assert_eq!(net.account("lyon").await.all.acknowledged, acknowledged - 1);
    net.start_relay("lyon").await;
    let reposted = async {
        while net.account("lyon").await.all.acknowledged < acknowledged {
            tokio::task::yield_now().await;
        }
    };
    soon("the receipt is posted again", reposted).await;
    assert!(net.account("lyon").await.is_sound());
    net.stop().await;
}

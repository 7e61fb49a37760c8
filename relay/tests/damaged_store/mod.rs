//! A store that is damaged: what `check` says before the start without touching it, and where the
//! relay says that a new life began.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{Desk, World, ask, hello};
use maille_common::terms::Reach;
use maille_relay::{Finding, Verdict, check};

/// Every file of a relay's folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

/// Flips a bit in the middle of the log, behind which there are batches that were synced later.
fn damage(world: &World) {
    let log = world.folder.store().join("log");
    let segment = std::fs::read_dir(log).unwrap().next().unwrap().unwrap();
    let mut bytes = std::fs::read(segment.path()).unwrap();
    bytes[100] ^= 1;
    std::fs::write(segment.path(), bytes).unwrap();
}

/// Serves, lets two desks say hello so that there are batches, and stops.
async fn serve_a_while(world: &World) {
    let relay = world.start().await;
    for desk in [Desk(1), Desk(2)] {
        let (_dialer, link) = world.connect(desk, &relay).await;
        ask(&link, &hello(desk)).await;
    }
    relay.shutdown().await.unwrap();
}

/// Checks, and shows that nothing changed on disk; what it says of the store.
fn check_store(world: &World) -> Vec<Finding> {
    let config = "name = \"north\"\nnetwork = \"testing\"\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(world.folder.config(), config).unwrap();
    let before = files(world.folder.root());
    let findings = check(&world.folder);
    assert_eq!(files(world.folder.root()), before, "`check` only reads");
    findings
        .into_iter()
        .filter(|finding| finding.what == "store")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reads_a_whole_store_and_says_up_to_where() {
    let world = World::new(Reach::Anywhere);
    assert!(check_store(&world)[0].found.starts_with("none yet"));
    serve_a_while(&world).await;
    let findings = check_store(&world);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].verdict, Verdict::Good);
    assert!(
        findings[0]
            .found
            .starts_with("whole up to commit 3, 4 records"),
        "{findings:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_bad_before_the_start_and_a_new_incarnation_after_it() {
    let world = World::new(Reach::Anywhere);
    serve_a_while(&world).await;
    let before = world.start().await;
    let incarnation = before.incarnation();
    before.shutdown().await.unwrap();
    damage(&world);

    let findings = check_store(&world);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].verdict, Verdict::Bad);
    assert!(
        findings[0].found.contains("new incarnation begins"),
        "{findings:?}"
    );
    let run = Command::new(env!("CARGO_BIN_EXE_maille-relay"))
        .arg("check")
        .arg(world.folder.root())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1), "BAD is exit code 1");

    let relay = world.start().await;
    assert_ne!(relay.incarnation(), incarnation);
    let standing = relay.standing().await.unwrap();
    assert_eq!(standing.incarnation, relay.incarnation().to_string());
    assert!(standing.incarnation_since_seconds < 3600);
    let [aside] = &standing.stores_set_aside[..] else {
        panic!("{:?}", standing.stores_set_aside)
    };
    assert!(aside.starts_with("store.damaged-"), "{aside}");
    let lines = standing.lines().join("\n");
    assert!(
        lines.contains(&format!("WARNING      {aside} was damaged")),
        "{lines}"
    );
    relay.shutdown().await.unwrap();

    let findings = check_store(&world);
    let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
    assert_eq!(verdicts, [Verdict::Good, Verdict::Warning]);
    assert!(
        findings[1].found.starts_with(aside.as_str()),
        "{findings:?}"
    );
    assert!(findings[1].found.contains(" KiB)"), "{findings:?}");
    assert!(!findings[1].advice.is_empty());
    // What was set aside is as it was, and the incarnation stays what it is now.
    let again = world.start().await;
    assert_eq!(again.incarnation(), relay_of(&standing));
    again.shutdown().await.unwrap();
}

fn relay_of(standing: &maille_relay::Standing) -> maille_common::identifier::Incarnation {
    standing.incarnation.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_the_age_of_the_incarnation_and_the_stores_set_aside() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::new(Reach::Anywhere);
    serve_a_while(&world).await;
    damage(&world);
    let mut config = world.config();
    config.metrics = Some("127.0.0.1:0".parse().unwrap());
    let relay = world.try_start(config).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(relay.metrics_address().unwrap())
        .await
        .unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    assert!(
        page.contains("\nmaille_relay_stores_set_aside 1\n"),
        "{page}"
    );
    assert!(
        page.contains("\nmaille_relay_incarnation_since_seconds "),
        "{page}"
    );
}

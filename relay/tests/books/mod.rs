//! The account of a relay as an operator asks for it, of one that runs and of one that does not.

use std::path::Path;
use std::process::Command;

use maille_common::terms::Reach;
use maille_relay::{Clock, Day, SystemClock, account_of_stopped};

use crate::world::{Desk, World, ask, hello};

fn account(folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_maille-relay"))
        .arg("account")
        .arg(folder)
        .args(more)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_gives_account_while_it_runs_and_when_it_is_stopped() {
    let world = World::new(Reach::Anywhere);
    let folder = world.folder.root();
    let day = Day::of(SystemClock.now()).to_string();
    let (code, _, said) = account(folder, &["--day", &day]);
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("There is no store in"), "{said}");

    let relay = world.start().await;
    let (_dialer, link) = world.connect(Desk(1), &relay).await;
    ask(&link, &hello(Desk(1))).await;
    let (code, running, said) = account(folder, &["--day", &day]);
    assert_eq!(code, Some(0), "{running}{said}");
    assert!(
        running.ends_with("the books balance at commit 2\n"),
        "{running}"
    );
    let (_, json, _) = account(folder, &["--day", &day, "--json"]);
    assert!(json.contains(&relay.incarnation().to_string()), "{json}");
    relay.shutdown().await.unwrap();

    let (code, stopped, _) = account(folder, &["--day", &day]);
    assert_eq!((code, stopped), (Some(0), running), "the same books");
    assert_eq!(account(folder, &["--day", "yesterday"]).0, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_gives_no_account_and_stays_where_it_is() {
    let world = World::new(Reach::Anywhere);
    world.start().await.shutdown().await.unwrap();
    let log = world.folder.store().join("log");
    std::fs::remove_dir_all(log).unwrap();
    let day = Day::of(SystemClock.now());
    let error = account_of_stopped(&world.folder, day).unwrap_err();
    assert_eq!(error.code(), "damaged");
    assert!(world.folder.store().exists());
}

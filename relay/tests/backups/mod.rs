//! Backup and restore as an operator does them, and what they refuse.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use maille_common::identifier::Incarnation;
use maille_common::terms::Reach;
use maille_common::wire::{Answer, Request, Seen};
use maille_relay::{
    BackupError, Manifest, OsRandomness, Relay, RelayFolder, RestoreError, RunningRelay, Setup,
    backup, check, restore,
};

use crate::world::{Desk, World, ask, hello};

fn run(arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maille-relay"));
    for argument in arguments {
        command.arg(argument);
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn restore_into(source: &Path, folder: &Path) -> Result<Manifest, RestoreError> {
    restore(source, &RelayFolder::new(folder), &mut OsRandomness::new())
}

fn beside(world: &World, name: &str) -> PathBuf {
    world.folder.root().with_file_name(name)
}

/// A relay that has served two desks and is stopped, its incarnation, and its backup with keys.
async fn backed_up() -> (World, Incarnation, PathBuf) {
    let world = World::new(Reach::Anywhere);
    write_config(&world);
    let relay = world.start().await;
    let incarnation = relay.incarnation();
    for desk in [Desk(1), Desk(2)] {
        let (_dialer, link) = world.connect(desk, &relay).await;
        ask(&link, &hello(desk)).await;
    }
    relay.shutdown().await.unwrap();
    let target = beside(&world, "backup");
    let made = backup(&world.folder, &target, true).unwrap();
    assert_eq!(made.incarnation, incarnation.to_string());
    (world, incarnation, target)
}

fn write_config(world: &World) {
    let config = "name = \"north\"\nnetwork = \"testing\"\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(world.folder.config(), config).unwrap();
}

async fn start_at(world: &World, folder: &Path) -> RunningRelay {
    let setup = Setup::new(RelayFolder::new(folder), world.config());
    Relay::start(setup).await.unwrap()
}

/// Every file and folder below one, with its mode.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            found.extend(modes(&path));
        }
        found.push((path, mode));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_backs_a_running_relay_up_and_restores_it_on_another_machine() {
    let world = World::new(Reach::Anywhere);
    write_config(&world);
    let relay = world.start().await;
    let (_dialer, link) = world.connect(Desk(1), &relay).await;
    ask(&link, &hello(Desk(1))).await;
    let (target, folder) = (beside(&world, "backup"), beside(&world, "restored"));
    let (code, said, hint) = run(&[&"backup", &world.folder.root(), &target]);
    assert_eq!(code, Some(0), "{hint}");
    assert!(said.starts_with("backup of north at commit 2: "), "{said}");
    assert!(hint.contains("keys are not in it"), "{hint}");
    assert!(!world.folder.backup_extract().exists());
    assert_eq!(run(&[&"backup", &world.folder.root(), &target]).0, Some(3));
    assert_eq!(
        run(&[&"restore", &target, &world.folder.root()]).0,
        Some(3),
        "a relay serves it"
    );
    let before = relay.incarnation();
    relay.shutdown().await.unwrap();

    let (code, said, hint) = run(&[&"restore", &target, &folder]);
    assert_eq!(code, Some(0), "{hint}");
    assert!(
        said.starts_with("restored north up to commit 2 of "),
        "{said}"
    );
    assert!(
        hint.contains("new incarnation") && hint.contains("transport.key"),
        "{hint}"
    );
    let fresh = RelayFolder::new(&folder);
    for (from, to) in [
        (world.folder.transport_key(), fresh.transport_key()),
        (world.folder.signing_key(), fresh.signing_key()),
    ] {
        assert!(!to.exists());
        std::fs::copy(from, to).unwrap();
    }
    for (path, mode) in modes(&folder).into_iter().chain(modes(&target)) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}", path.display());
    }
    let findings = check(&fresh);
    assert!(
        findings
            .iter()
            .all(|finding| finding.verdict != maille_relay::Verdict::Bad),
        "{findings:?}"
    );
    let relay = start_at(&world, &folder).await;
    assert_ne!(relay.incarnation(), before);
    relay.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_relay_begins_one_new_incarnation_whatever_desks_have_seen() {
    let (world, before, target) = backed_up().await;
    let mut lives = BTreeSet::from([before]);
    for name in ["first", "second"] {
        let folder = beside(&world, name);
        restore_into(&target, &folder).unwrap();
        let relay = start_at(&world, &folder).await;
        let life = relay.incarnation();
        assert!(
            lives.insert(life),
            "every restored store has a life of its own"
        );
        let (_dialer, link) = world.connect(Desk(1), &relay).await;
        // The desk has seen more of the old incarnation than the backup knows.
        let Request::Hello(mut greeting) = hello(Desk(1)) else {
            panic!("no hello")
        };
        greeting.seen = Some(Seen {
            incarnation: before,
            mailbox: 90,
            accepted: 90,
        });
        let Answer::Hello(answer) = ask(&link, &Request::Hello(greeting)).await else {
            panic!("no hello")
        };
        assert_eq!(
            answer.time.statement.incarnation, life,
            "it is not taken for rolled back"
        );
        drop(link);
        relay.shutdown().await.unwrap();
        let relay = start_at(&world, &folder).await;
        assert_eq!(relay.incarnation(), life, "a second start goes on");
        relay.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_with_anything_changed_missing_or_unfinished_is_refused_and_nothing_is_made() {
    let (world, _, target) = backed_up().await;
    let folder = beside(&world, "restored");
    let refused = |why: &str| {
        let error = restore_into(&target, &folder).expect_err(why);
        assert!(error.blames_backup(), "{why}: {error}");
        assert!(
            !folder.exists() && !beside(&world, "restored.unfinished").exists(),
            "{why}"
        );
        error
    };
    let manifest = Manifest::read(&target).unwrap();
    let names: Vec<&str> = manifest
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    for name in [
        "store.checkpoint",
        "relay.toml",
        "anchor",
        "transport.key",
        "signing.key",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(
        names.iter().any(|name| name.starts_with("roster/")),
        "{names:?}"
    );
    for name in names.into_iter().chain(["manifest.toml"]) {
        let path = target.join(name);
        let bytes = std::fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        std::fs::write(&path, changed).unwrap();
        refused("a flipped bit");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        refused("a file cut short");
        std::fs::remove_file(&path).unwrap();
        let error = refused("a missing file");
        assert!(error.to_string().contains(name), "{error}");
        std::fs::write(&path, bytes).unwrap();
    }
    // What a backup that was cut off leaves has everything but its manifest.
    std::fs::remove_file(target.join("manifest.toml")).unwrap();
    let (code, _, said) = run(&[&"restore", &target, &folder]);
    assert_eq!(code, Some(9));
    assert!(said.contains("no whole backup"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_a_store_or_anything_else_is_not_restored_into() {
    let (world, _, target) = backed_up().await;
    let error = restore_into(&target, world.folder.root()).unwrap_err();
    assert!(matches!(error, RestoreError::HoldsStore { .. }), "{error}");
    let folder = beside(&world, "other");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("note"), b"mine").unwrap();
    let error = restore_into(&target, &folder).unwrap_err();
    assert!(matches!(error, RestoreError::NotEmpty { .. }), "{error}");
    std::fs::remove_file(folder.join("note")).unwrap();
    restore_into(&target, &folder).expect("an empty folder is as good as none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_half_way_leaves_nothing() {
    let (world, _, _) = backed_up().await;
    let target = beside(&world, "half");
    // Everything is copied when it turns out that a key is not there.
    std::fs::remove_file(world.folder.signing_key()).unwrap();
    let error = backup(&world.folder, &target, true).unwrap_err();
    assert!(error.to_string().contains("signing.key"), "{error}");
    assert!(!target.exists() && !beside(&world, "half.unfinished").exists());
    backup(&world.folder, &target, false).expect("without keys it is whole");
    let left = beside(&world, "cut.unfinished");
    std::fs::create_dir(&left).unwrap();
    let error = backup(&world.folder, &beside(&world, "cut"), false).unwrap_err();
    assert!(matches!(error, BackupError::Exists { path } if path == left));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_not_backed_up() {
    let (world, _, _) = backed_up().await;
    std::fs::remove_dir_all(world.folder.store().join("log")).unwrap();
    let target = beside(&world, "damaged");
    let error = backup(&world.folder, &target, false).unwrap_err();
    assert_eq!(error.code(), "damaged");
    assert!(world.folder.store().exists() && !target.exists());
}

//! A relay that is to trust another anchor: what is refused changes nothing, and whoever was
//! interrupted goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use maille_common::terms::Reach;
use maille_common::wire::Answer;
use maille_relay::{NewAnchor, ReanchorError, Reanchored, StartError, read_anchor, reanchor};

use crate::world::{Anew, Desk, World, ask, hello};

fn world() -> (World, Anew) {
    let world = World::new(Reach::Anywhere);
    let config = "name = \"north\"\nnetwork = \"testing\"\nlisten = \"127.0.0.1:0\"\n";
    fs::write(world.folder.config(), config).unwrap();
    let anew = world.found_anew();
    (world, anew)
}

fn trust(world: &World, anew: &Anew) -> Result<Reanchored, ReanchorError> {
    let new = NewAnchor {
        anchor: &anew.anchor,
        roster: &anew.roster,
        code: &anew.code,
    };
    reanchor(&world.folder, &new)
}

/// The names in a folder, and what its files hold.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(tree(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap_or_default())),
        }
    }
    found.sort();
    found
}

fn codes_of(world: &World) -> String {
    read_anchor(&world.folder.anchor())
        .unwrap()
        .code()
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_trusts_the_new_anchor_serves_on_with_its_store() {
    let (world, anew) = world();
    let before = codes_of(&world);
    let relay = world.start().await;
    let incarnation = relay.incarnation();
    let (_dialer, link) = world.connect(Desk(1), &relay).await;
    ask(&link, &hello(Desk(1))).await;
    assert_eq!(trust(&world, &anew).unwrap_err().code(), "reanchor-running");
    relay.shutdown().await.unwrap();
    let done = trust(&world, &anew).unwrap();
    assert_eq!(codes_of(&world), anew.code);
    let kept = read_anchor(&done.before.join("anchor")).unwrap();
    assert_eq!(kept.code().to_string(), before);
    assert!(done.before.join("roster.heads").exists());
    let relay = world.start().await;
    assert_eq!(relay.incarnation(), incarnation);
    let (_dialer, link) = world.connect(Desk(2), &relay).await;
    let Answer::Hello(answer) = ask(&link, &hello(Desk(2))).await else {
        panic!("no hello")
    };
    assert_eq!(answer.roster.hash().to_string(), done.roster);
    relay.shutdown().await.unwrap();
    assert_eq!(trust(&world, &anew).unwrap_err().code(), "reanchor-same");
}

#[test]
fn what_is_refused_changes_nothing() {
    let (world, anew) = world();
    let before = tree(world.folder.root());
    let wrong = Anew {
        code: "0000-0000-0000-0000-0000-0000-0000-0000".to_owned(),
        ..world.found_anew()
    };
    assert_eq!(trust(&world, &wrong).unwrap_err().code(), "reanchor-code");
    // The roster of the old anchor does not verify from the new one.
    let old = Anew {
        roster: world.folder.roster(),
        ..world.found_anew()
    };
    assert_eq!(trust(&world, &old).unwrap_err().code(), "reanchor-roster");
    // Another relay's keys lie in the folder.
    let other = World::new(Reach::Anywhere);
    let config = fs::read(world.folder.config()).unwrap();
    fs::write(other.folder.config(), config).unwrap();
    let refused = trust(&other, &anew).unwrap_err();
    assert_eq!(refused.code(), "reanchor-not-in-roster");
    let text = fs::read_to_string(&anew.anchor).unwrap();
    fs::write(&anew.anchor, text.replace("testing", "elsewhere")).unwrap();
    let code = read_anchor(&anew.anchor).unwrap().code().to_string();
    let elsewhere = Anew { code, ..anew };
    let refused = trust(&world, &elsewhere).unwrap_err();
    assert_eq!(refused.code(), "reanchor-network");
    assert_eq!(tree(world.folder.root()), before);
}

/// Each state that a power cut can leave, in the order in which they come.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_interrupted_gives_the_command_again() {
    for moved in 0..=3 {
        let (world, anew) = world();
        let root = world.folder.root();
        let documents = tree(&world.folder.roster());
        let next = root.join("reanchor.next");
        let aside = next.join("before");
        fs::create_dir_all(&aside).unwrap();
        fs::create_dir(next.join("roster")).unwrap();
        for name in ["first.part", "second.part"] {
            fs::copy(anew.roster.join(name), next.join("roster").join(name)).unwrap();
        }
        fs::copy(&anew.anchor, next.join("anchor")).unwrap();
        if moved > 0 {
            fs::rename(root.join("roster"), aside.join("roster")).unwrap();
        }
        if moved > 1 {
            fs::rename(next.join("roster"), root.join("roster")).unwrap();
            // It does not start on half of it.
            let refused = world.try_start(world.config()).await.unwrap_err();
            assert!(matches!(refused, StartError::Roster(_)), "{refused}");
        }
        if moved > 2 {
            fs::rename(root.join("anchor"), aside.join("anchor")).unwrap();
        }
        let done = trust(&world, &anew).unwrap();
        let kept = tree(&done.before.join("roster"));
        let bytes = |files: &[(PathBuf, Vec<u8>)]| -> Vec<Vec<u8>> {
            files.iter().map(|(_, bytes)| bytes.clone()).collect()
        };
        assert_eq!(bytes(&kept), bytes(&documents), "{moved} moved");
        assert!(done.before.join("anchor").exists(), "{moved} moved");
        assert!(!next.exists(), "{moved} moved");
        world.start().await.shutdown().await.unwrap();
    }
}

/// Everything was in its place already: nothing is left to do but to keep what was before.
#[test]
fn a_change_that_was_interrupted_at_its_end_ends() {
    let (world, anew) = world();
    let done = trust(&world, &anew).unwrap();
    let next = world.folder.root().join("reanchor.next");
    fs::create_dir(&next).unwrap();
    fs::rename(&done.before, next.join("before")).unwrap();
    assert_eq!(trust(&world, &anew).unwrap_err().code(), "reanchor-same");
    assert!(done.before.join("anchor").exists());
    assert!(!next.exists());
}

#[test]
fn the_command_says_what_it_did_and_what_it_refused() {
    let (world, anew) = world();
    let run = |code: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_maille-relay"))
            .arg("reanchor")
            .arg(world.folder.root())
            .arg("--anchor")
            .arg(&anew.anchor)
            .arg("--roster")
            .arg(&anew.roster)
            .args(["--code", code])
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, _, said) = run("0000");
    assert_eq!(code, Some(5));
    assert!(said.contains("telephone those who signed it"), "{said}");
    let (code, printed, said) = run(&anew.code);
    assert_eq!(code, Some(0), "{said}");
    assert!(printed.starts_with(&format!("anchor {} with roster ", anew.code)));
    assert!(said.contains("from its next start on"), "{said}");
}

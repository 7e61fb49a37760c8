//! The home of a device is wiped at the command line.

use std::fs;

use crate::world::World;

/// A home that was at work leaves nothing, and the folder goes.
#[test]
fn a_home_that_was_at_work_is_wiped_whole() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let file = world.write("plan.pdf", vec![7; 100_000]);
    let at_tunis = tunis.agent();
    lyon.send(&["--body", "Look.", "--attach", file.to_str().unwrap()]);
    let arrived = tunis.until("test", |event| event["event"] == "arrived");
    let id = arrived["short"].as_str().unwrap();
    tunis.done(&["read", id, "--save", world.path("saved").to_str().unwrap()]);
    fs::write(tunis.home().join("settings.toml"), "retention_days = 7\n").unwrap();

    // Not under an agent, which may have something to send.
    let refused = tunis.refused(&["device", "wipe", "--yes"], 5, "home-locked");
    let hint = refused["error"]["hint"].as_str().unwrap();
    assert!(
        hint.contains("systemctl --user disable --now maille-agent"),
        "{hint}"
    );
    assert_eq!(tunis.json(&["status"])["agent"], true);
    assert_eq!(at_tunis.terminate(), 0);

    // Not without a word.
    for answer in ["", "y\n", "no\n"] {
        let asked = tunis.answer(&["device", "wipe"], answer);
        assert_eq!(asked.code, 8, "{}", asked.stderr);
        for said in ["afripol/tn/tunis", "night desk", "for good?"] {
            assert!(asked.stderr.contains(said), "{}", asked.stderr);
        }
    }
    let device = tunis.json(&["status"])["device"].clone();
    let wiped = tunis.answer(&["--json", "device", "wipe"], "yes\n");
    assert_eq!(wiped.code, 0, "{}", wiped.stderr);
    assert!(!tunis.home().exists());
    let told: serde_json::Value = serde_json::from_slice(&wiped.stdout).unwrap();
    assert_eq!(told["device"], device);
    assert_eq!(told["contact"], "afripol/tn/tunis");
    assert_eq!(told["left"].as_array().unwrap().len(), 0);
    let keys: Vec<&str> = told["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    let expected = [
        "machine.key",
        "slots.toml",
        "identity.sealed",
        "sealing.keys",
    ];
    assert_eq!(keys, expected);
    assert!(told["files"].as_u64().unwrap() > 8);
    let device = device.as_str().unwrap();
    for said in ["solid-state", "backup", "out of the roster", device] {
        assert!(wiped.stderr.contains(said), "{}", wiped.stderr);
    }
    for words in [&["device", "wipe", "--yes"][..], &["inbox"]] {
        let refused = tunis.answer(words, "");
        assert_eq!(refused.code, 3, "{}", refused.stderr);
        assert!(
            refused.stderr.contains("is not a home"),
            "{}",
            refused.stderr
        );
    }
}

/// What is not of the home is somebody else's: it is named, and stays.
#[test]
fn a_folder_that_is_no_home_is_never_wiped_and_what_is_not_of_a_home_stays() {
    let world = World::new();
    let tunis = world.tunis();
    let secret = tunis.home().join("webhook.secret");
    fs::write(&secret, "the agency's").unwrap();
    let folder = world.path("documents");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("machine.key"), "not ours").unwrap();
    let words = [
        "--home",
        folder.to_str().unwrap(),
        "device",
        "wipe",
        "--yes",
    ];
    tunis.refused(&words, 3, "not-a-home");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    let wiped = tunis.answer(&["device", "wipe", "--yes"], "");
    assert_eq!(wiped.code, 0, "{}", wiped.stderr);
    let said = String::from_utf8(wiped.stdout).unwrap();
    assert!(
        said.contains("(\"night desk\"), is wiped: 3 files with keys"),
        "{said}"
    );
    assert!(
        wiped.stderr.contains("webhook.secret is not of the home"),
        "{}",
        wiped.stderr
    );
    assert_eq!(fs::read(&secret).unwrap(), b"the agency's");
    assert_eq!(fs::read_dir(tunis.home()).unwrap().count(), 1);
}

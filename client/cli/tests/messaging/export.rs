//! Evidence leaves a desk, and is verified where nothing is known but the anchor.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use maille_client::home::format_anchor;
use serde_json::Value;

use crate::desk::{Answer, Desk};
use crate::world::World;

/// A machine with two files: the export, and the anchor that was handed over.
struct Court<'a> {
    folder: &'a Path,
}

impl<'a> Court<'a> {
    fn with(world: &World, folder: &'a Path, export: &Path) -> Self {
        fs::create_dir(folder).unwrap();
        fs::copy(export, folder.join("case.export")).unwrap();
        fs::write(folder.join("anchor.toml"), format_anchor(world.anchor())).unwrap();
        Self { folder }
    }

    /// Runs `maille verify` with no home, no environment and no standard input.
    fn verify(&self, more: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_maille"))
            .args(["verify", "case.export", "--anchor", "anchor.toml"])
            .args(more)
            .current_dir(self.folder)
            .env_clear()
            .output()
            .unwrap();
        Answer::from(output)
    }

    fn proven(&self) -> Value {
        let answer = self.verify(&["--json"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        serde_json::from_slice(&answer.stdout).unwrap()
    }

    fn refused(&self, code: &str) -> Value {
        let answer = self.verify(&["--json"]);
        assert_eq!((answer.code, answer.stdout.as_slice()), (1, &b""[..]));
        let fault: Value = serde_json::from_str(answer.stderr.lines().last().unwrap()).unwrap();
        assert_eq!(fault["error"]["code"], code, "{}", answer.stderr);
        fault
    }
}

/// Lyon has alerted Tunis, and Tunis has taken it on.
fn acknowledged(world: &World) -> String {
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let sent = lyon.send(&["--body", "Look for the sender."]);
    let id = sent["id"].as_str().unwrap().to_owned();
    tunis.until("test", |event| event["event"] == "arrived");
    tunis.done(&["read", &id]);
    tunis.done(&["ack", &id, "--note", "We are on it."]);
    lyon.until("test", |event| event["state"] == "acknowledged");
    id
}

fn exported(desk: &Desk, id: &str, to: &Path, more: &[&str]) -> Value {
    let words = [&["export", id, "--to", to.to_str().unwrap()], more].concat();
    desk.json(&words)
}

#[test]
fn an_export_is_verified_on_a_machine_that_knows_only_the_anchor() {
    let world = World::new().introduced();
    let id = acknowledged(&world);
    let file = world.path("case.export");
    let made = exported(&world.lyon(), &id, &file, &[]);
    assert_eq!(
        (&made["id"], &made["revealed"]),
        (&id.clone().into(), &false.into())
    );
    let metadata = fs::metadata(&file).unwrap();
    assert_eq!(made["bytes"], metadata.len());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);

    let folder = world.path("court");
    let court = Court::with(&world, &folder, &file);
    let proven = court.proven();
    assert_eq!(
        (&proven["id"], &proven["network"]),
        (&id.into(), &"testing".into())
    );
    assert_eq!(proven["from"], "interpol/fr/lyon");
    assert_eq!(proven["exported"]["by"], "interpol/fr/lyon");
    assert_eq!(
        (&proven["whole"], &proven["content"]),
        (&true.into(), &Value::Null)
    );
    let tunis = &proven["recipients"][0];
    assert_eq!(tunis["contact"], "afripol/tn/tunis");
    assert_eq!(tunis["state"], "acknowledged");
    let stages: Vec<&str> = tunis["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|moment| moment["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["accepted", "delivered", "read", "acknowledged"]);
    assert_eq!(tunis["timeline"][3]["officer"], Value::Null);
    let told = court.verify(&[]);
    let text = String::from_utf8(told.stdout).unwrap();
    for said in [
        "Verified from the anchor of testing",
        "afripol/tn/tunis: acknowledged",
        "content: sealed, not revealed",
        "name and words are sealed to the sender",
    ] {
        assert!(text.contains(said), "{text}");
    }
    assert!(!text.contains("Look for the sender."), "{text}");
    assert!(
        told.stderr.contains("may have left statements out"),
        "{}",
        told.stderr
    );
}

#[test]
fn what_is_revealed_can_be_read_and_names_who_acted() {
    let world = World::new().introduced();
    let id = acknowledged(&world);
    let file = world.path("case.export");
    exported(&world.lyon(), &id, &file, &["--reveal"]);
    let folder = world.path("court");
    let court = Court::with(&world, &folder, &file);
    let proven = court.proven();
    assert_eq!(proven["content"]["subjects"][0], "Ransomware");
    assert_eq!(
        proven["content"]["parts"][0]["text"],
        "Look for the sender."
    );
    let last = &proven["recipients"][0]["timeline"][3];
    assert_eq!(last["officer"], "S. Ben Ali");
    let text = String::from_utf8(court.verify(&[]).stdout).unwrap();
    assert!(text.contains("| Look for the sender."), "{text}");
}

#[test]
fn altering_any_byte_or_cutting_the_file_makes_it_fail_and_names_the_check() {
    let world = World::new().introduced();
    let id = acknowledged(&world);
    let file = world.path("case.export");
    exported(&world.lyon(), &id, &file, &[]);
    let folder = world.path("court");
    let court = Court::with(&world, &folder, &file);
    let honest = fs::read(&file).unwrap();
    let case = folder.join("case.export");
    // Every byte is altered in the tests of the format; the command is run for some of them.
    for at in (0..honest.len()).step_by(honest.len() / 12) {
        let mut bytes = honest.clone();
        bytes[at] ^= 1;
        fs::write(&case, &bytes).unwrap();
        // The magic, what the hash is over, the hash itself; and the signature behind it.
        let (code, check) = match at {
            0..16 => ("not-an-export", "X1"),
            _ if at < honest.len() - 64 => ("export-altered", "X1"),
            _ => ("export-signature", "X3"),
        };
        let fault = court.refused(code);
        let message = fault["error"]["message"].as_str().unwrap();
        assert!(message.contains(&format!("PROTOCOL {check}")), "{message}");
    }
    fs::write(&case, &honest[..honest.len() - 1]).unwrap();
    court.refused("export-altered");
    fs::write(&case, &honest).unwrap();
    court.proven();
}

#[test]
fn another_networks_anchor_proves_nothing() {
    let world = World::new().introduced();
    let id = acknowledged(&world);
    let file = world.path("case.export");
    exported(&world.lyon(), &id, &file, &[]);
    let folder = world.path("court");
    let court = Court::with(&world, &folder, &file);
    let other = World::new();
    let mut anchor = other.anchor().clone();
    anchor.keys = maille_common::codec::SortedList::new([
        maille_common::crypto::ed25519::SigningKey::from_seed([9; 32]).verifying_key(),
    ])
    .unwrap();
    fs::write(folder.join("anchor.toml"), format_anchor(&anchor)).unwrap();
    court.refused("export-roster");
}

#[test]
fn the_recipient_exports_too_through_its_agent_and_without_one() {
    let world = World::new().introduced();
    let id = acknowledged(&world);
    let tunis = world.tunis();
    let here = world.path("here.export");
    exported(&tunis, &id, &here, &["--reveal"]);
    let agent = tunis.agent();
    // A folder gets a file that is named after the alert.
    let made = exported(&tunis, &id, &world.path("."), &[]);
    let through = made["file"].as_str().unwrap().to_owned();
    assert!(through.ends_with(".export"), "{through}");
    agent.terminate();
    for (file, revealed) in [(here.to_str().unwrap(), true), (&through, false)] {
        let folder = world.path(if revealed { "court" } else { "court-2" });
        let proven = Court::with(&world, &folder, Path::new(file)).proven();
        assert_eq!(proven["exported"]["by"], "afripol/tn/tunis");
        assert_eq!(proven["recipients"][0]["state"], "acknowledged");
        assert_eq!(proven["whole"], false);
        assert_eq!(proven["content"].is_object(), revealed);
    }
}

#[test]
fn an_export_takes_no_other_files_place_and_faults_say_what_to_do() {
    let world = World::new().introduced();
    let lyon = world.lyon();
    let id = lyon.send(&["--body", "Look out."])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let file = world.write("kept.txt", "kept");
    let to = file.to_str().unwrap();
    lyon.refused(&["export", &id, "--to", to], 3, "export-in-the-way");
    assert_eq!(fs::read(&file).unwrap(), b"kept");
    let nowhere = world.path("missing/case.export");
    let nowhere = nowhere.to_str().unwrap();
    lyon.refused(&["export", &id, "--to", nowhere], 6, "export-file");
    lyon.refused(&["export", "7QK4-M2DX"], 3, "unknown-alert");
    let anchor = world.path("anchor.toml");
    let anchor = anchor.to_str().unwrap();
    lyon.refused(&["verify", nowhere, "--anchor", anchor], 3, "export-file");
    lyon.refused(&["verify", to, "--anchor", anchor], 1, "not-an-export");
    lyon.refused(&["verify", to, "--anchor", nowhere], 3, "file-missing");
}

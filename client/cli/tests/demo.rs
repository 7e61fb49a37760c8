//! `maille demo` as people run it: the real binary, the real relay process, `openssl` by itself.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are tests too, and what is skipped is said loudly"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Steps whose absence would be noticed by nobody else.
const STEPS: [&str; 23] = [
    "network",
    "relay",
    "desks",
    "sent",
    "accepted",
    "killed",
    "restarted",
    "same-reference",
    "delivered",
    "flipped-bit",
    "turned-back",
    "once",
    "payload",
    "attachment",
    "acknowledged",
    "refused",
    "no-rule",
    "no-rule-at-the-relay",
    "unknown-device",
    "moved-receipt",
    "hand-check",
    "relay-folder",
    "datagrams",
];

/// A CAP 1.2 file in another encoding than ours, with Windows line ends, and words that a relay
/// uses itself.
const CAP: &[u8] = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n\
<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\r\n\
<identifier>TEST-17</identifier><sender>desk@example.org</sender>\r\n\
<sent>2026-11-23T10:00:00-00:00</sent><status>Exercise</status><msgType>Alert</msgType>\r\n\
<scope>Private</scope><addresses>afripol cmai</addresses>\r\n\
<info><language>fr</language><category>Security</category><event>Enl\xe8vement</event>\r\n\
<urgency>Expected</urgency><severity>Severe</severity><certainty>Likely</certainty>\r\n\
<headline>Enl\xe8vement pr\xe9sum\xe9 d'un adolescent</headline>\r\n\
<description>Delivered to the checkpoint, complete; acknowledged.</description>\r\n\
</info></alert>\r\n";

fn demo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maille"));
    command.arg("demo").args(arguments).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Every step, verified, in order, with a proof; then the summary, which is returned.
fn verified(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    let mut lines = lines(output);
    for line in &lines {
        assert_eq!(line["ok"], true, "{line}\n{errors}");
        assert!(!line["proof"].as_str().unwrap().is_empty(), "{line}");
    }
    let summary = lines.pop().unwrap();
    let steps: Vec<&str> = lines
        .iter()
        .map(|line| line["step"].as_str().unwrap())
        .collect();
    assert_eq!(steps, STEPS);
    assert_eq!(summary["proof"], "verified 23 of 23 steps");
    assert!(output.status.success(), "{errors}");
    summary
}

#[test]
fn the_demonstration_verifies_every_step_and_openssl_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("net");
    let output = demo(&["--json", "--dir", dir.to_str().unwrap()]);
    let summary = verified(&output);
    check_with_openssl(&dir, summary["openssl"].as_str().unwrap());
    check_flipped_bit(&dir, &lines(&output));
    for step in ["relay-folder", "datagrams"] {
        let proof = proof(&lines(&output), step);
        for words in [
            "6 letters or more",
            "runs of shorter ones",
            "UTF-16",
            "found 0",
        ] {
            assert!(proof.contains(words), "{proof}");
        }
    }
}

#[test]
fn for_people_the_timeline_ends_with_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("net");
    let output = demo(&["--dir", dir.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for words in [
        "verified 23 of 23 steps",
        "openssl pkeyutl",
        "maille-relay run",
        " inbox",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_cap_file_of_others_arrives_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alert.xml");
    std::fs::write(&file, CAP).unwrap();
    sends(&file);
}

#[test]
fn cap_files_that_nobody_here_wrote_arrive_byte_for_byte() {
    let Some(samples) = samples() else {
        // Said loudly, so that nobody takes it for passed.
        eprintln!("SKIPPED: no folder shared/samples/cap beside this repository");
        return;
    };
    for name in [
        "oasis-cap12-appendix-a1.xml",
        "ipaws-michigan-state-police.xml",
    ] {
        sends(&samples.join(name));
    }
}

#[test]
fn a_file_that_is_not_cap_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (file, dir) = (folder.path().join("not.xml"), folder.path().join("net"));
    std::fs::write(&file, "no markup").unwrap();
    let output = demo(&[
        "--dir",
        dir.to_str().unwrap(),
        "--cap",
        file.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--cap"));
    assert!(!dir.exists());
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "kept").unwrap();
    let output = demo(&["--json", "--dir", folder.path().to_str().unwrap()]);
    assert!(!output.status.success());
    assert_eq!(lines(&output)[0]["ok"], false);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn proof(lines: &[Value], step: &str) -> String {
    let line = lines.iter().find(|line| line["step"] == step).unwrap();
    line["proof"].as_str().unwrap().to_owned()
}

/// The desk that was served the flipped bit still tells of it, before the one arrival.
fn check_flipped_bit(dir: &Path, lines: &[Value]) {
    let flipped = proof(lines, "flipped-bit");
    assert!(flipped.contains("check E11"), "{flipped}");
    let turned_back = proof(lines, "turned-back");
    assert!(turned_back.contains("number 1 of its row"), "{turned_back}");
    let maille = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_maille"));
        command.arg("--home").arg(dir.join("homes/cmai-duty"));
        command.args(words).output().unwrap()
    };
    let (told, line) = with_relay(dir, || {
        let told = maille(&["--json", "listen", "--count", "3"]);
        let line = maille(&["listen", "--reader", "people", "--count", "1"]);
        (self::lines(&told), String::from_utf8(line.stdout).unwrap())
    });
    let kinds: Vec<_> = told.iter().map(|told| &told["event"]).collect();
    assert_eq!(kinds, ["incident", "arrived", "acted"]);
    let words = told[0]["words"].as_str().unwrap();
    assert!(words.contains("E11") && words.contains("lyon"), "{words}");
    // It names the alert that arrived, in the line for people too.
    assert_eq!(told[0]["alert"], told[1]["alert"]);
    assert_eq!(told[0]["short"], told[1]["short"]);
    let short = told[0]["short"].as_str().unwrap();
    assert!(
        line.contains(&format!("incident  {short}  {words}")),
        "{line}"
    );
}

/// The relay serves on, as people are told to go on by hand; this program has one within.
fn with_relay<T>(dir: &Path, then: impl FnOnce() -> T) -> T {
    let mut relay = Command::new(env!("CARGO_BIN_EXE_maille"));
    relay.arg("demo-relay").arg(dir.join("relay"));
    let relay = relay.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut relay = relay.stderr(Stdio::null()).spawn().unwrap();
    let mut serving = String::new();
    let mut output = BufReader::new(relay.stdout.take().unwrap());
    output.read_line(&mut serving).unwrap();
    assert!(serving.contains("address"), "{serving}");
    let done = then();
    drop(relay.stdin.take());
    assert!(relay.wait().unwrap().success());
    done
}

fn sends(file: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("net");
    let given = [
        "--json",
        "--dir",
        dir.to_str().unwrap(),
        "--cap",
        file.to_str().unwrap(),
    ];
    verified(&demo(&given));
    let sent = std::fs::read(file).unwrap();
    for recipient in ["afripol-duty", "cmai-duty"] {
        let got = std::fs::read(dir.join(format!("payload-at-{recipient}.xml"))).unwrap();
        assert_eq!(got, sent, "{recipient}");
    }
}

fn check_with_openssl(dir: &Path, command: &str) {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: no openssl on this machine");
        return;
    }
    let check = || Command::new("sh").args(["-c", command]).output().unwrap();
    let holds = check();
    assert!(
        holds.status.success(),
        "{}",
        String::from_utf8_lossy(&holds.stderr)
    );
    let receipt = dir.join("proof/receipt");
    let mut bytes = std::fs::read(&receipt).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&receipt, bytes).unwrap();
    assert!(
        !check().status.success(),
        "one flipped bit of the receipt is noticed"
    );
}

fn samples() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = here
        .ancestors()
        .map(|folder| folder.join("shared/samples/cap"));
    found.find(|folder| folder.is_dir())
}

//! The front page's first alert by hand, run as it stands there.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What the page gives as a folder, as an id, and as the way to the programs.
const FOLDER: &str = "/tmp/dialogue";
const ID: &str = "7QK4-M2DX";
const PATHS: &str = "export PATH=\"$PWD/target/release:$PATH\"";
const BUILD: &str = "cargo build --release -p maille -p maille-relay";

/// Longer than any of the lines takes on a slow machine.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(90);

/// The shell blocks of the section, in order.
fn blocks() -> Vec<Vec<String>> {
    let page = include_str!("../../../README.md");
    let section = page.split("## Your first alert by hand").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1);
    let lines = |block: &str| {
        block
            .split("```")
            .next()
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    };
    blocks.map(lines).collect()
}

/// Where the programs of this build are; the relay's is built if it is not there yet.
fn programs() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_maille")).parent().unwrap();
    if !folder.join("maille-relay").exists() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let mut build = Command::new(env!("CARGO"));
        let built = build
            .current_dir(root)
            .args(["build", "-p", "maille-relay"])
            .status();
        assert!(built.unwrap().success());
    }
    folder.to_owned()
}

fn shell(line: &str, at: &Path) -> Command {
    let path = format!(
        "{}:{}",
        programs().display(),
        std::env::var("PATH").unwrap()
    );
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line])
        .current_dir(at)
        .env("PATH", path)
        .env_remove("MAILLE_HOME");
    shell
}

/// Runs a line to its end; one that waits for ever fails the test instead of hanging it.
fn run(line: &str, at: &Path) -> String {
    let mut command = shell(line, at);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let output = ended.recv_timeout(DEADLINE);
    let output = output
        .unwrap_or_else(|_| panic!("`{line}` does not end"))
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "`{line}` ended with {}: {said}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The relay in the first terminal, stopped when the test ends.
struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts the relay, and waits until it says that it listens.
fn serve(line: &str, at: &Path) -> Relay {
    let line = format!("exec {line}");
    let mut child = shell(&line, at).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    assert!(said.contains("listens on"), "{said}");
    Relay(child)
}

/// A port of loopback that nobody had a moment ago: the page's own may be taken on this machine.
fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

#[test]
#[cfg(unix)]
fn the_first_alert_by_hand_goes_as_the_front_page_says() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("dialogue").display().to_string();
    let [first, second] = blocks().try_into().unwrap();
    assert_eq!(first[..2], [BUILD, PATHS]);
    let listen = format!("{folder} --listen 127.0.0.1:{}", free_port());
    run(&first[2].replace(FOLDER, &listen), scratch.path());
    let relay = serve(&first[3].replace(FOLDER, &folder), scratch.path());
    assert_eq!(second[0], PATHS);
    let homes = scratch.path().join("dialogue/homes");
    assert_eq!(second[1], "cd /tmp/dialogue/homes");
    let mut id = ID.to_owned();
    let mut said = Vec::new();
    for line in &second[2..] {
        let output = run(&line.replace(ID, &id), &homes);
        if line.contains(" send ") {
            let shown = |word: &&str| word.len() == ID.len() && word.as_bytes()[4] == b'-';
            let word = output.split_whitespace().find(shown);
            id = word
                .unwrap_or_else(|| panic!("no id in {output}"))
                .to_owned();
        }
        said.push(output);
    }
    drop(relay);
    assert!(said[2].contains(&id), "the inbox shows it: {}", said[2]);
    assert!(said[3].contains("By hand."), "it can be read: {}", said[3]);
    assert!(
        said[5].contains("acknowledged"),
        "and its sender sees: {}",
        said[5]
    );
}

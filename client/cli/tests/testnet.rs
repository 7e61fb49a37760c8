//! `maille testnet` as other people's tests use it.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use maille_client::{By, Client, ClientConfig, Message, Milestone};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(60);

fn start(contacts: &str) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_maille"))
        .args(["testnet", "--json", "--contacts", contacts])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn home(standing: &Value, index: usize) -> PathBuf {
    standing["contacts"][index]["home"].as_str().unwrap().into()
}

/// The whole use of it: read one object, exchange an alert, close standard input.
#[test]
fn an_alert_passes_and_everything_ends_when_standard_input_closes() {
    let mut testnet = start("lyon,tunis");
    let mut output = BufReader::new(testnet.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let standing: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(standing["contacts"][0]["address"], "lyon/duty");
    assert_eq!(standing["contacts"][1]["address"], "tunis/duty");
    assert!(
        standing["relay"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    let anchor = PathBuf::from(standing["anchor"].as_str().unwrap());
    assert!(anchor.is_file());

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(exchange(home(&standing, 0), home(&standing, 1)));

    drop(testnet.stdin.take());
    assert!(testnet.wait().unwrap().success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "one object and nothing else");
    assert!(!anchor.exists(), "the folder is gone");
}

#[test]
fn a_contact_that_is_none_is_refused_with_the_flag() {
    let output = Command::new(env!("CARGO_BIN_EXE_maille"))
        .args(["testnet", "--contacts", "Lyon Desk"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--contacts"));
}

async fn exchange(from: PathBuf, to: PathBuf) {
    let tunis = Client::open(ClientConfig::new(to)).await.unwrap();
    assert!(tunis.ready(DEADLINE).await);
    let lyon = Client::open(ClientConfig::new(from)).await.unwrap();
    assert!(lyon.ready(DEADLINE).await);
    let sent = lyon
        .send(Message::text("Test", "Words.").to("tunis/duty"))
        .await
        .unwrap();
    lyon.wait(sent.id, Milestone::Delivered, DEADLINE)
        .await
        .unwrap();
    tunis.acknowledge(sent.id, By::System, "").await.unwrap();
    lyon.wait(sent.id, Milestone::Acknowledged, DEADLINE)
        .await
        .unwrap();
    lyon.shutdown().await;
    tunis.shutdown().await;
}

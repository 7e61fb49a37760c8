//! `idle`: what connections cost on which nothing is said.
//!
//! They are held by processes of their own: one may not have so many files open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use maille_common::codec::{from_hex, to_hex};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::hash::Hash;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::task::JoinSet;

use super::bare::{Bare, BareText, Line, RelayAt};
use super::latencies::round;
use super::report::Report;
use super::usage::{cpu_seconds, resident_kib};
use super::world::{People, Place, Serving};

/// Connections that one process holds; each has two sockets.
const OF_ONE_PROCESS: usize = 2_500;
/// Handshakes of one process at a time.
const AT_ONCE: usize = 8;

/// Arguments of `idle`.
#[derive(Debug, Args)]
pub(super) struct Idle {
    #[command(flatten)]
    place: Place,
    /// Connections, each of a device of its own.
    #[arg(long, default_value_t = 2_000)]
    connections: usize,
    /// Seconds before the first look, and after the last connection.
    #[arg(long, default_value_t = 10.0)]
    settle: f64,
    /// Seconds in which processor time is counted. Each connection shows every ten that it lives.
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
}

/// What a process that holds connections is told, in one line.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    address: SocketAddr,
    key: String,
    roster: String,
    devices: Vec<BareText>,
}

impl Idle {
    pub(super) async fn run(&self, report: &mut Report) {
        let serving = self.place.serve(People {
            bare: self.connections,
            ..People::default()
        });
        let relay = serving.relay.number();
        let settle = Duration::from_secs_f64(self.settle);
        tokio::time::sleep(settle).await;
        let before = resident_kib(relay);
        let begun = Instant::now();
        let shares = serving.world.bare.chunks(OF_ONE_PROCESS);
        let holders: Vec<Holder> = shares.map(|share| Holder::start(&serving, share)).collect();
        let holders = tokio::task::block_in_place(|| {
            let up = |mut holder: Holder| {
                holder.until_up();
                holder
            };
            holders.into_iter().map(up).collect::<Vec<_>>()
        });
        let connect_s = begun.elapsed().as_secs_f64();
        tokio::time::sleep(settle).await;
        let (from, from_s) = (Instant::now(), cpu_seconds(relay));
        tokio::time::sleep(Duration::from_secs_f64(self.seconds)).await;
        let cores = (cpu_seconds(relay) - from_s) / from.elapsed().as_secs_f64();
        let after = resident_kib(relay);
        let connected = serving.relay.metric("desks_connected");
        let wanted = u64::try_from(self.connections).unwrap();
        let each = (after as f64 - before as f64) / connected.max(1) as f64;
        drop(holders);
        report.line(
            "idle",
            json!({
                "n": self.connections,
                "alive": connected,
                "lost": wanted.saturating_sub(connected),
                "connect_s": connect_s,
                "rss_kib": [before, after],
                "rss_kib_per_conn": round(each, 1),
                "idle_cpu_cores": round(cores, 4),
                "idle_cpu_us_per_conn_per_s": round(cores * 1e6 / connected.max(1) as f64, 2),
            }),
        );
    }
}

/// A process that holds connections. Dropping it kills it.
struct Holder(Child);

impl Holder {
    fn start(serving: &Serving, devices: &[Bare]) -> Self {
        let relay = serving.at();
        let orders = Orders {
            address: relay.address,
            key: relay.key.to_string(),
            roster: to_hex(relay.roster.as_bytes()),
            devices: devices.iter().map(Bare::to_text).collect(),
        };
        let child = Command::new(std::env::current_exe().unwrap())
            .arg("holder")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.as_ref().unwrap();
        writeln!(stdin, "{}", serde_json::to_string(&orders).unwrap()).unwrap();
        Self(child)
    }

    fn until_up(&mut self) {
        let mut line = String::new();
        let mut said = BufReader::new(self.0.stdout.as_mut().unwrap());
        said.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "\"up\"", "a process holds its connections");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What such a process does: it connects, says so, and holds on until its standard input ends.
pub(super) fn hold() -> ExitCode {
    let mut stdin = BufReader::new(std::io::stdin());
    let mut line = String::new();
    stdin.read_line(&mut line).unwrap();
    let orders: Orders = serde_json::from_str(&line).unwrap();
    let key: VerifyingKey = orders.key.parse().unwrap();
    let relay = RelayAt {
        address: orders.address,
        key,
        roster: Hash::from_bytes(from_hex(&orders.roster).unwrap()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let lines = connect_all(relay, orders.devices).await;
        crate::crash::rig::print(&json!("up"));
        let ended = tokio::task::spawn_blocking(move || stdin.read_to_end(&mut Vec::new()));
        ended.await.unwrap().unwrap();
        drop(lines);
    });
    ExitCode::SUCCESS
}

async fn connect_all(relay: RelayAt, devices: Vec<BareText>) -> Vec<Line> {
    let (mut connecting, mut lines) = (JoinSet::new(), Vec::new());
    for device in devices {
        if connecting.len() >= AT_ONCE {
            lines.extend(connecting.join_next().await);
        }
        connecting.spawn(async move {
            let line = device.bare().connect(&relay).await;
            line.expect("the relay takes its connection")
        });
    }
    while let Some(line) = connecting.join_next().await {
        lines.push(line);
    }
    lines.into_iter().map(Result::unwrap).collect()
}

//! A relay in a process of its own: what it holds, and what it tells of itself.
//!
//! The program that measures or floods a relay is the relay's program as well: it has a subcommand
//! `relay`, which is [`RelayPart`].

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use clap::Args;
use maille_relay::{Config, Relay, RelayFolder, Setup};
use serde_json::json;

use crate::crash::rig::print;

/// What the relay's process is told.
#[derive(Debug, Args)]
pub(crate) struct RelayPart {
    /// Its folder.
    #[arg(long)]
    dir: PathBuf,
}

impl RelayPart {
    /// Serves until standard input ends; says first where it listens and tells metrics.
    pub(crate) fn play(self) -> ExitCode {
        log();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let folder = RelayFolder::new(&self.dir);
            let mut config = Config::read(&folder.config()).unwrap();
            config.metrics = Some(([127, 0, 0, 1], 0).into());
            let relay = Relay::start(Setup::new(folder, config)).await.unwrap();
            let metrics = relay.metrics_address().unwrap();
            print(&json!([relay.address(), metrics]));
            let ended =
                tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
            ended.await.unwrap().unwrap();
            relay.shutdown().await.unwrap();
        });
        ExitCode::SUCCESS
    }
}

/// Logs to standard error what `RUST_LOG` asks for.
fn log() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let lines = tracing_subscriber::fmt().with_env_filter(filter);
    // Nobody set up another one before.
    let _ = lines.with_writer(std::io::stderr).try_init();
}

/// The process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct RelayProcess {
    child: Child,
    pub(crate) address: SocketAddr,
    metrics: SocketAddr,
}

impl RelayProcess {
    /// Starts this program again as a relay, and waits until it serves.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["relay", "--dir"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let (address, metrics) = serde_json::from_str(&line).unwrap();
        Self {
            child,
            address,
            metrics,
        }
    }

    /// Ends it by SIGKILL.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Its number in the system.
    pub(crate) fn number(&self) -> u32 {
        self.child.id()
    }

    /// What it holds now.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most it ever held.
    pub(crate) fn resident_bytes_peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next());
        kib.unwrap().parse::<u64>().unwrap() << 10
    }

    /// Datagrams for which the system had no room.
    pub(crate) fn datagrams_lost(&self) -> u64 {
        let port = format!(":{:04X} ", self.address.port());
        let sockets = std::fs::read_to_string("/proc/net/udp").unwrap();
        let line = sockets.lines().find(|line| line.contains(&port)).unwrap();
        line.split_whitespace()
            .next_back()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Each of its metrics whose name begins with one of these words. None while it cannot answer.
    pub(crate) fn metrics(&self, told: &[&str]) -> Option<BTreeMap<String, u64>> {
        let page = self.page().ok()?;
        let lines = page.lines().filter_map(|line| {
            let line = line.strip_prefix("maille_relay_")?;
            let told = told.iter().any(|name| line.starts_with(name));
            let (name, value) = line.rsplit_once(' ').filter(|_| told)?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Some(lines.collect())
    }

    /// One of its metrics, by its whole name.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let told = self.metrics(&[name]).expect("a relay at work has metrics");
        *told
            .get(name)
            .unwrap_or_else(|| panic!("a relay tells {name}"))
    }

    fn page(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.metrics)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

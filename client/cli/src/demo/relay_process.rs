//! The relay as a process of its own: this program, run again with a hidden command.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use super::relay_folder::RelayInside;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::network::file_fault;
use crate::sentence::{fault, hint};

/// The name of the hidden command.
pub(crate) const COMMAND: &str = "demo-relay";

/// The name of the relay's log in its folder.
pub(crate) const LOG: &str = "relay.log";

/// Longest wait for the first word of the process; a cold machine with a full disk cache needs a
/// second.
const START: Duration = Duration::from_secs(30);

/// Longest wait for the end of the process: it tells its desks, and closes its store.
const STOP: Duration = Duration::from_secs(30);

/// Arguments of `demo-relay`: serves until standard input closes, so it never outlives its parent.
#[derive(Debug, Args)]
pub(crate) struct DemoRelay {
    /// The relay's folder.
    dir: PathBuf,
    /// Where it listens, instead of where its configuration says.
    #[arg(long)]
    listen: Option<SocketAddr>,
}

/// The first word of the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Serving {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The life of its store.
    pub(crate) incarnation: String,
}

/// A relay in a process of its own. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct RelayProcess {
    child: Child,
    /// What it said first.
    pub(crate) serving: Serving,
}

impl Run for DemoRelay {
    fn run(self, context: &Context) -> Result<(), Fault> {
        log();
        super::steps::runtime()?.block_on(async {
            let relay = RelayInside::start(&self.dir, self.listen).await?;
            let serving = Serving {
                address: relay.address(),
                incarnation: relay.incarnation(),
            };
            let line = serde_json::to_string(&serving).map_err(super::stage::failed)?;
            context.output.result(&serving, &line)?;
            let mut words = Vec::new();
            // Closed or broken, the parent is gone.
            let _ = tokio::io::stdin().read_to_end(&mut words).await;
            relay.shutdown().await
        })
    }
}

impl RelayProcess {
    /// Starts the process, and returns when it serves.
    ///
    /// What it logs lies in its folder, beside everything else that it writes.
    pub(crate) async fn start(dir: &Path, listen: SocketAddr) -> Result<Self, Fault> {
        let program = std::env::current_exe().map_err(|error| spawn_failed(&error))?;
        let log = dir.join(LOG);
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| file_fault(&log, &error))?;
        let mut child = Command::new(program)
            .arg(COMMAND)
            .arg(dir)
            .args(["--listen", &listen.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| spawn_failed(&error))?;
        let output = child.stdout.take().ok_or_else(silent)?;
        let mut lines = BufReader::new(output).lines();
        let first = tokio::time::timeout(START, lines.next_line()).await;
        let line = first
            .ok()
            .and_then(Result::ok)
            .flatten()
            .ok_or_else(silent)?;
        let serving = serde_json::from_str(&line).map_err(|_| silent())?;
        Ok(Self { child, serving })
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Tells the process to stop, and returns when it has closed its store and is gone.
    pub(crate) async fn stop(mut self) -> Result<(), Fault> {
        drop(self.child.stdin.take());
        let gone = tokio::time::timeout(STOP, self.child.wait()).await;
        let status = gone
            .map_err(|late| spawn_failed(&late.into()))?
            .map_err(|error| spawn_failed(&error))?;
        if status.success() {
            return Ok(());
        }
        let sentence = fault::RelayNotStopped { status: &status };
        Err(Fault::new(Exit::World, "relay-process", sentence).with_hint(hint::ReadRelayLog))
    }

    /// Kills the process with SIGKILL (elsewhere: as hard as the system can), and returns when
    /// it is gone.
    pub(crate) async fn kill(mut self) -> Result<ExitStatus, Fault> {
        self.child
            .start_kill()
            .map_err(|error| spawn_failed(&error))?;
        self.child
            .wait()
            .await
            .map_err(|error| spawn_failed(&error))
    }
}

fn log() {
    // A log that is set up already stays.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

fn spawn_failed(error: &std::io::Error) -> Fault {
    Fault::new(Exit::World, "relay-process", fault::RelayProcess { error })
}

fn silent() -> Fault {
    Fault::new(Exit::World, "relay-silent", fault::RelaySilent).with_hint(hint::ReadRelayLog)
}

//! `maille-relay run`: a relay from its start to its last signal.

use std::io;

use maille_common::safe_text::{safe_event, safe_json};
use maille_link::{ServiceState, notify, watchdog_period};
use tracing_subscriber::EnvFilter;

use super::exit::Exit;
use super::print;
use crate::config::{Config, LogFormat};
use crate::folder::RelayFolder;
use crate::running::RunningRelay;
use crate::start::{Relay, Setup, StartError};

/// Serves until a signal to stop, or until the store fails. Prints one line with the bound address
/// once devices can connect.
pub async fn run(folder: RelayFolder, config: Config) -> Result<(), Exit> {
    let mut signals = Signals::listen()
        .map_err(|error| Exit::Other(format!("Signals cannot be heard: {error}.")))?;
    let name = config.name.clone();
    let relay = Relay::start(Setup::new(folder, config))
        .await
        .map_err(|error| kind(&error))?;
    print(&format!(
        "relay {name} listens on {} (UDP)",
        relay.address()
    ))?;
    notify(ServiceState::Ready);
    let failure = serve_until_told(&relay, &mut signals).await;
    notify(ServiceState::Stopping);
    let closed = relay.shutdown().await;
    failure?;
    closed.map_err(|error| Exit::Store(error.to_string()))
}

/// Says lines of the log on standard error. `RUST_LOG` chooses how much of it.
pub(super) fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(move || SafeLog(format));
    // A host that set up its own log keeps it.
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}

/// Standard error, an event at a time: what an event quotes neither begins another line nor is
/// obeyed by a terminal.
struct SafeLog(LogFormat);

impl io::Write for SafeLog {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let safe = match self.0 {
            LogFormat::Text => safe_event(&text),
            LogFormat::Json => safe_json(&text).into_owned(),
        };
        io::stderr().lock().write_all(safe.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

async fn serve_until_told(relay: &RunningRelay, signals: &mut Signals) -> Result<(), Exit> {
    let period = watchdog_period();
    loop {
        let watchdog = async {
            match period {
                Some(period) => tokio::time::sleep(period).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            failure = relay.failed() => return Err(Exit::Store(failure.to_string())),
            signal = signals.next() => match signal {
                Signal::Stop => return Ok(()),
                #[cfg(unix)]
                Signal::Reload => match relay.reload_roster().await {
                    Ok(changed) => tracing::info!(changed, "the roster's folder was looked at"),
                    Err(error) => tracing::error!(%error, "the roster was not changed"),
                },
            },
            // The store has to answer before the service manager hears that the relay lives.
            () = watchdog => if relay.standing().await.is_ok() {
                notify(ServiceState::Watchdog);
            },
        }
    }
}

fn kind(error: &StartError) -> Exit {
    let sentence = error.to_string();
    match error {
        StartError::Key(_) | StartError::Identity(_) => Exit::Keys(sentence),
        StartError::Anchor(_)
        | StartError::Network { .. }
        | StartError::Roster(_)
        | StartError::NotInRoster { .. } => Exit::Roster(sentence),
        StartError::Store(_) | StartError::Step(_) => Exit::Store(sentence),
        StartError::Folder { .. } => Exit::Config(sentence),
        StartError::Bind(_) | StartError::Metrics { .. } => Exit::Address(sentence),
    }
}

enum Signal {
    Stop,
    #[cfg(unix)]
    Reload,
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}

/// Windows has Ctrl-C only; dropped files are noticed by themselves.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Stop,
            Err(_) => std::future::pending().await,
        }
    }
}

//! The processes that the rig runs: this program again, each with one part of the product in it.
//!
//! Each reads orders from standard input and writes reports to standard output, a line of JSON
//! each. It ends when standard input does, so it never outlives the rig.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use clap::{Args, Subcommand};
use maille_client::{Client, ClientConfig, OpenError};
use tokio::sync::mpsc;

use super::letter::Letters;
use super::report::{Order, Report};

mod expectant;
mod recipient;
mod relay;
mod sender;
mod submitters;

pub(crate) use sender::standing_of;
pub(crate) use submitters::options;

/// Desks let events gather for so long, as programs do that have other things to do as well: a
/// cursor that moves with every single event would be most of the load.
const PACE: Duration = Duration::from_millis(20);

/// A part to play.
#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    /// A relay.
    Relay(relay::RelayPart),
    /// A desk that sends.
    Sender(DeskPart),
    /// A desk that receives, shows and answers.
    Recipient(DeskPart),
    /// A desk that sends what nobody answers.
    Expectant(expectant::ExpectantPart),
    /// A store with many submitters.
    Submitters(submitters::SubmittersPart),
}

/// What a desk is told.
#[derive(Debug, Args)]
pub(crate) struct DeskPart {
    /// Its home.
    #[arg(long)]
    home: PathBuf,
    /// Its place among the senders or recipients.
    #[arg(long)]
    index: u8,
    /// Where the relay is.
    #[arg(long)]
    relay: String,
    /// All letters, as JSON.
    #[arg(long)]
    letters: String,
}

impl Part {
    /// Names the threads, so that a profile tells the parts apart.
    const fn name(&self) -> &'static str {
        match self {
            Self::Relay(_) => "relay",
            Self::Sender(_) => "sender",
            Self::Recipient(_) => "recipient",
            Self::Expectant(_) => "expectant",
            Self::Submitters(_) => "submitters",
        }
    }

    /// Plays the part to its end.
    pub(crate) fn play(self) -> ExitCode {
        log();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(self.name())
            .enable_all()
            .build()
            .expect("a runtime can be built");
        let mouth = Mouth::default();
        let stopped = runtime.block_on(async {
            match self {
                Self::Relay(part) => relay::play(part, mouth.clone()).await,
                Self::Sender(part) => sender::play(part, mouth.clone()).await,
                Self::Recipient(part) => recipient::play(part, mouth.clone()).await,
                Self::Expectant(part) => expectant::play(part, mouth.clone()).await,
                Self::Submitters(part) => submitters::play(&part, &mouth),
            }
        });
        match stopped {
            Ok(()) => ExitCode::SUCCESS,
            Err(Stopped { code, sentence }) => {
                mouth.say(&Report::Stops { code, sentence });
                // What still waits on the disk or on a reader must not keep the process.
                std::process::exit(1)
            }
        }
    }
}

/// Why a process stops by itself.
#[derive(Debug)]
pub(crate) struct Stopped {
    code: String,
    sentence: String,
}

impl Stopped {
    fn new(code: &str, sentence: impl std::fmt::Display) -> Self {
        Self {
            code: code.to_owned(),
            sentence: sentence.to_string(),
        }
    }
}

impl From<maille_client::DeskError> for Stopped {
    fn from(error: maille_client::DeskError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<OpenError> for Stopped {
    fn from(error: OpenError) -> Self {
        Self::new(error.code(), &error)
    }
}

/// What a desk did; none, after a pause, while its volume is full: it is asked again, as people and
/// programs do. Whatever else is wrong stops the process.
async fn unless_full<T>(asked: Result<T, impl Into<Stopped>>) -> Result<Option<T>, Stopped> {
    match asked.map_err(Into::into) {
        Err(stopped) if stopped.code == "disk-full" => {
            tokio::time::sleep(PACE).await;
            Ok(None)
        }
        asked => asked.map(Some),
    }
}

/// Says reports, each whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mouth(Arc<Mutex<()>>);

impl Mouth {
    pub(crate) fn say(&self, report: &Report) {
        let mut line = serde_json::to_vec(report).expect("a report is JSON");
        line.push(b'\n');
        let _whole = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            // The rig is gone.
            std::process::exit(2);
        }
    }
}

/// Hears orders until the rig is gone, which ends the process at once.
pub(crate) fn orders() -> mpsc::UnboundedReceiver<Order> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lines() {
            let Some(order) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
                break;
            };
            if sender.send(order).is_err() {
                return;
            }
        }
        std::process::exit(0);
    });
    receiver
}

impl DeskPart {
    fn letters(&self) -> Letters {
        serde_json::from_str(&self.letters).expect("the rig writes letters as JSON")
    }

    /// Opens the desk, and says so.
    async fn open(&self, mouth: &Mouth) -> Result<Client, Stopped> {
        let relay = super::world::RELAY
            .parse()
            .expect("the relay's name is one");
        let config = ClientConfig::new(&self.home).relay_address(relay, &self.relay);
        let client = Client::open(config).await?;
        let life = client.status().await?.epoch.to_string();
        mouth.say(&Report::Up { life });
        Ok(client)
    }
}

/// Logs to standard error, which the rig leads into a file.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    // Nobody set up another one before.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .try_init();
}

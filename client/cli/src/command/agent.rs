//! `maille agent`: holds the home, sends and collects, and answers the other commands.

use std::path::PathBuf;

use clap::Args;
use maille_common::time::Span;

use super::{Context, Run};
use crate::args::DeskArgs;
use crate::fault::Fault;
#[cfg(unix)]
use crate::sentence::agent;

/// Arguments of `agent`.
#[derive(Debug, Args)]
pub(crate) struct AgentArgs {
    /// A program to run for what arrives, with the alert as JSON on its standard input.
    #[arg(long, value_name = "PROGRAM")]
    on_alert: Option<PathBuf>,
    /// A program to run for what is late: an acknowledgement or an answer, owed by us or to us.
    #[arg(long, value_name = "PROGRAM")]
    on_overdue: Option<PathBuf>,
    /// Run them for exercises and tests as well; what they are told says that it is one.
    #[arg(long)]
    exercises: bool,
    /// How long such a program may take before it is killed, and run again later.
    #[arg(long, value_name = "SPAN", default_value = "60s")]
    hook_limit: Span,
    #[command(flatten)]
    desk: DeskArgs,
}

#[cfg(unix)]
impl Run for AgentArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        use maille_link::{ServiceState, notify};
        crate::agent::block_on(async {
            let home = context.home()?;
            let mut stop = unix::Stop::listen()?;
            unix::log(context.output.is_json());
            let outlets = self.outlets(home)?;
            let desk = std::sync::Arc::new(crate::agent::open_for_agent(home, &self.desk).await?);
            let mut hooks = crate::hook::Hooks::new();
            hooks.tell(&desk, outlets).await?;
            let socket = crate::agent::Socket::bind(home)?;
            unix::ready(context, &desk, socket.path()).await?;
            let client = desk.client().clone();
            let served = std::sync::Arc::clone(&desk);
            notify(ServiceState::Ready);
            let mut failed = None;
            let end = async {
                tokio::select! {
                    () = stop.asked() => {}
                    () = crate::agent::watch(&served) => {}
                    failure = client.failed() => failed = Some(failure),
                }
            };
            let end = async {
                end.await;
                notify(ServiceState::Stopping);
                hooks.stop_all().await;
            };
            socket.serve(desk, end).await;
            if let Some(failure) = failed {
                return Err(failure.into());
            }
            context.output.say(agent::Stopped);
            Ok(())
        })
    }
}

#[cfg(unix)]
impl AgentArgs {
    /// Whoever is told of events.
    fn outlets(&self, home: &std::path::Path) -> Result<crate::hook::Outlets, Fault> {
        let wanted = crate::hook::Wanted {
            on_alert: self.on_alert.clone(),
            on_overdue: self.on_overdue.clone(),
            exercises: self.exercises,
            limit: self.hook_limit.into(),
        };
        crate::hook::Outlets::find(wanted, home)
    }
}

/// Windows has no socket that is a file of the home.
#[cfg(not(unix))]
impl Run for AgentArgs {
    fn run(self, _: &Context) -> Result<(), Fault> {
        use crate::sentence::{fault, hint};
        let sentence = fault::NoAgentHere;
        let fault = Fault::new(crate::exit::Exit::World, "no-agent-here", sentence);
        Err(fault.with_hint(hint::NoAgentNeeded))
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::path::Path;

    use serde::Serialize;
    use tokio::signal::unix::{Signal, SignalKind, signal};
    use tracing_subscriber::EnvFilter;

    use crate::agent::Desk;
    use crate::command::Context;
    use crate::exit::Exit;
    use crate::fault::Fault;
    use crate::safe_text::{safe_event, safe_json};
    use crate::sentence::{agent, fault};

    /// The signals that ask for an end.
    pub(super) struct Stop {
        terminate: Signal,
        interrupt: Signal,
    }

    impl Stop {
        /// Hears them from now on.
        pub(super) fn listen() -> Result<Self, Fault> {
            let hear = |kind| {
                signal(kind).map_err(|error| {
                    let sentence = fault::SignalsUnheard { error: &error };
                    Fault::new(Exit::World, "signals", sentence)
                })
            };
            let terminate = hear(SignalKind::terminate())?;
            Ok(Self {
                terminate,
                interrupt: hear(SignalKind::interrupt())?,
            })
        }

        /// Ends with the first.
        pub(super) async fn asked(&mut self) {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
        }
    }

    /// Logs to standard error what nobody asked for: programs that fail, and worse.
    pub(super) fn log(json: bool) {
        let filter = EnvFilter::try_from_default_env();
        let filter = filter.unwrap_or_else(|_| EnvFilter::new("error,maille::hook=warn"));
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(move || SafeLog { json });
        // A second subscriber is refused; the first goes on.
        let _ = match json {
            true => lines.json().try_init(),
            false => lines.try_init(),
        };
    }

    /// Standard error, an event at a time: what an event quotes neither begins another line nor is
    /// obeyed by a terminal.
    struct SafeLog {
        json: bool,
    }

    impl io::Write for SafeLog {
        fn write(&mut self, event: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(event);
            let safe = match self.json {
                false => safe_event(&text),
                true => safe_json(&text).into_owned(),
            };
            io::stderr().lock().write_all(safe.as_bytes())?;
            Ok(event.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            io::stderr().flush()
        }
    }

    /// Commands find the agent from now on.
    #[derive(Debug, Serialize)]
    struct Ready<'a> {
        contact: String,
        socket: &'a Path,
    }

    /// Says so.
    pub(super) async fn ready(context: &Context, desk: &Desk, socket: &Path) -> Result<(), Fault> {
        let contact = desk.client().status().await?.contact.to_string();
        let ready = agent::Ready {
            contact: &contact,
            socket: &socket.display(),
        };
        let text = ready.to_string();
        context.output.result(&Ready { contact, socket }, &text)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use clap::Parser;

    use crate::{Cli, Command};

    /// What systemd would run, word by word.
    fn commands(unit: &str) -> Vec<Vec<String>> {
        let lines = unit
            .lines()
            .filter_map(|line| line.strip_prefix("ExecStart="));
        let commands = lines.filter(|line| !line.is_empty());
        let words = |line: &str| {
            let line = line
                .replace("%h", "/home/duty")
                .replace("%d", "/run/credentials");
            let quoted = line.split('"').enumerate();
            let pieces = quoted.flat_map(|(at, piece)| match at % 2 {
                0 => piece.split_whitespace().map(str::to_owned).collect(),
                _ => vec![piece.to_owned()],
            });
            pieces.collect()
        };
        commands.map(words).collect()
    }

    #[test]
    fn the_units_run_an_agent_as_the_command_line_understands_it() {
        let unit = include_str!("../../systemd/maille-agent.service");
        let passphrase = include_str!("../../systemd/passphrase.conf");
        let home = format!("ReadWritePaths={}", "%h/.local/share/maille");
        assert!(unit.contains(&home), "what it may write to is its home");
        for unit in [unit, passphrase] {
            let commands = commands(unit);
            assert_eq!(commands.len(), 1);
            let parsed = Cli::try_parse_from(&commands[0]).unwrap();
            assert!(matches!(parsed.command, Command::Agent(_)));
            let home = parsed.global.home.unwrap();
            assert_eq!(home.to_str(), Some("/home/duty/.local/share/maille"));
        }
    }
}

//! `maille agent`: holds the home, sends and collects, and answers the other commands.

use clap::Args;

use super::{Context, Run};
use crate::args::DeskArgs;
use crate::fault::Fault;
#[cfg(unix)]
use crate::sentence::agent;

/// Arguments of `agent`.
#[derive(Debug, Args)]
pub(crate) struct AgentArgs {
    #[command(flatten)]
    desk: DeskArgs,
}

#[cfg(unix)]
impl Run for AgentArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        crate::agent::block_on(async {
            let home = context.home()?;
            let mut stop = unix::Stop::listen()?;
            let desk = std::sync::Arc::new(crate::agent::Desk::open(home, &self.desk, true).await?);
            let socket = crate::agent::Socket::bind(home)?;
            unix::ready(context, &desk, socket.path()).await?;
            let client = desk.client().clone();
            let mut failed = None;
            let end = async {
                tokio::select! {
                    () = stop.asked() => {}
                    failure = client.failed() => failed = Some(failure),
                }
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
    use std::path::Path;

    use serde::Serialize;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use crate::agent::Desk;
    use crate::command::Context;
    use crate::exit::Exit;
    use crate::fault::Fault;
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

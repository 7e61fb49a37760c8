//! What an agent tells by itself: programs that it runs for events.
//!
//! Each has a reader of its own with a durable cursor, so that what was not told because a program
//! failed, hung, or the agent died is told again. None of them holds up the agent.
//!
//! | file | its noun |
//! |---|---|
//! | `occurrence.rs` | what is told: an event, and the alert it is about |
//! | `on_event.rs` | runs a program for each event that it is for |
//! | `program.rs` | a program: no shell, no arguments, a time limit |
//! | `window.rs` | events that were taken up, of which not all before are done |
//! | `standing.rs` | how each stands, for `status` and `doctor` |

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use maille_client::EventReader;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::agent::Desk;
use crate::fault::Fault;

mod occurrence;
mod on_event;
mod program;
mod standing;
mod window;

use on_event::{Occasion, OnEvent};
use program::Program;
pub(crate) use standing::{Board, Standing};

/// What the names of these readers begin with, so that nobody who listens takes theirs.
pub(crate) const READER: &str = "agent:";

/// Which programs are to be run.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// For what arrives.
    pub(crate) on_alert: Option<&'a Path>,
    /// For what is late.
    pub(crate) on_overdue: Option<&'a Path>,
    /// For exercises and tests as well.
    pub(crate) exercises: bool,
    /// How long one may take.
    pub(crate) limit: Duration,
}

/// Programs that were found, and what each is for.
#[derive(Debug)]
pub(crate) struct Programs {
    found: Vec<(Occasion, Program)>,
    exercises: bool,
}

impl Programs {
    /// Finds them, before anything is opened.
    pub(crate) fn find(wanted: &Wanted<'_>, home: &Path) -> Result<Self, Fault> {
        let mut found = Vec::new();
        for (occasion, path) in [
            (Occasion::Alert, wanted.on_alert),
            (Occasion::Overdue, wanted.on_overdue),
        ] {
            let Some(path) = path else { continue };
            found.push((occasion, Program::find(path, home, wanted.limit)?));
        }
        let exercises = wanted.exercises;
        Ok(Self { found, exercises })
    }
}

/// Everything that an agent tells, while it runs.
#[derive(Debug)]
pub(crate) struct Hooks {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Hears that the agent stops.
#[derive(Debug, Clone)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Ends when it does.
    async fn asked(&mut self) {
        // Without a sender nobody waits for these tasks any more.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl Hooks {
    /// Nothing is told yet.
    pub(crate) fn new() -> Self {
        Self {
            stop: watch::Sender::new(false),
            tasks: JoinSet::new(),
        }
    }

    /// Runs programs from now on: from where each stopped, or from what happens next.
    pub(crate) async fn run(&mut self, desk: &Arc<Desk>, programs: Programs) -> Result<(), Fault> {
        let exercises = programs.exercises;
        for (occasion, program) in programs.found {
            let events = reader(desk, occasion.name()).await?;
            let target = ("program", program.path().display().to_string());
            let done = events.committed().await?;
            let line = desk.board().add(occasion.name(), target, done);
            let hook = OnEvent {
                desk: Arc::clone(desk),
                occasion,
                program,
                exercises,
                line,
            };
            self.tasks.spawn(hook.serve(events, self.stop()));
        }
        Ok(())
    }

    /// Tells nothing more; what runs is killed, and comes again at the next start.
    pub(crate) async fn stop_all(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }

    fn stop(&self) -> Stop {
        Stop(self.stop.subscribe())
    }
}

/// A reader of all events, who begins with what happens next where it is new.
async fn reader(desk: &Desk, name: &str) -> Result<EventReader, Fault> {
    let events = desk.client().events(&format!("{READER}{name}"));
    // Whether exercises are told is decided here: the cursor passes them by.
    Ok(events.all().from_now().await?)
}

/// Notes what failed, and when.
fn failed(standing: &mut Standing, why: String) {
    standing.last_error = Some((crate::clock::now(), why));
}

//! What an agent tells by itself: programs that it runs, and systems of the agency, by webhook.
//!
//! Each has a reader of its own with a durable cursor, so that what was not told because somebody
//! failed, hung, or the agent died is told again. None of them holds up the agent.
//!
//! | file | its noun |
//! |---|---|
//! | `occurrence.rs` | what is told: an event, and the alert it is about |
//! | `on_event.rs` | runs a program for each event that it is for |
//! | `program.rs` | a program: no shell, no arguments, a time limit |
//! | `webhook.rs` | tells a system of the agency, in order and until it has taken it |
//! | `address.rs`, `secret.rs`, `post.rs` | where to, signed with what, one message |
//! | `pause.rs` | how long to wait before something is told again |
//! | `window.rs` | events that were taken up, of which not all before are done |
//! | `standing.rs` | how each stands, for `status` and `doctor` |

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use maille_client::settings::Settings;
use maille_client::{EventReader, OpenError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::agent::Desk;
use crate::fault::Fault;
use crate::sentence::fault;

mod address;
mod occurrence;
mod on_event;
mod pause;
mod post;
mod program;
mod secret;
mod standing;
mod webhook;
mod window;

use occurrence::Origin;
use on_event::{Occasion, OnEvent};
use program::Program;
use standing::Line;
pub(crate) use standing::{Board, Standing};
use webhook::Webhook;

/// What the names of these readers begin with, so that nobody who listens takes theirs.
pub(crate) const READER: &str = "agent:";

/// Which programs are to be run.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// For what arrives.
    pub(crate) on_alert: Option<PathBuf>,
    /// For what is late.
    pub(crate) on_overdue: Option<PathBuf>,
    /// For exercises and tests as well.
    pub(crate) exercises: bool,
    /// How long one may take.
    pub(crate) limit: Duration,
}

/// Programs and webhooks that were found, and can be told.
#[derive(Debug)]
pub(crate) struct Outlets {
    programs: Vec<(Occasion, Program)>,
    /// Programs are told of exercises and tests as well.
    exercises: bool,
    webhooks: Vec<Webhook>,
}

impl Outlets {
    /// Finds them before anything is opened: those of a command line, which go before those of the
    /// settings, and the webhooks of the settings.
    pub(crate) fn find(wanted: Wanted, home: &Path) -> Result<Self, Fault> {
        let settings = Settings::load(home).map_err(OpenError::from)?;
        let at_home = |path: PathBuf| home.join(path);
        let on_alert = wanted.on_alert.or(settings.on_alert.map(at_home));
        let on_overdue = wanted.on_overdue.or(settings.on_overdue.map(at_home));
        let mut programs = Vec::new();
        for (occasion, path) in [(Occasion::Alert, on_alert), (Occasion::Overdue, on_overdue)] {
            let Some(path) = path else { continue };
            programs.push((occasion, Program::find(&path, home, wanted.limit)?));
        }
        let mut webhooks: Vec<Webhook> = Vec::new();
        for webhook in &settings.webhook {
            let found = Webhook::find(webhook, home)?;
            if webhooks.iter().any(|other| other.name == found.name) {
                return Err(webhook::refusal(&found.name, &fault::WebhookTwice));
            }
            webhooks.push(found);
        }
        Ok(Self {
            programs,
            exercises: wanted.exercises,
            webhooks,
        })
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

    /// Tells them from now on: from where each stopped, or from what happens next.
    pub(crate) async fn tell(&mut self, desk: &Arc<Desk>, outlets: Outlets) -> Result<(), Fault> {
        let origin = Arc::new(Origin::of(desk).await?);
        let exercises = outlets.exercises;
        for (occasion, program) in outlets.programs {
            let target = ("program", program.path().display().to_string());
            let (events, line) = enter(desk, occasion.name(), occasion.name(), target).await?;
            let hook = OnEvent {
                desk: Arc::clone(desk),
                origin: Arc::clone(&origin),
                occasion,
                program,
                exercises,
                line,
            };
            self.tasks.spawn(hook.serve(events, self.stop()));
        }
        for webhook in outlets.webhooks {
            let reader = format!("webhook:{}", webhook.name);
            let target = ("webhook", webhook.address());
            let (events, line) = enter(desk, &reader, &webhook.name, target).await?;
            let of = (Arc::clone(desk), Arc::clone(&origin));
            self.tasks
                .spawn(webhook.serve(of, line, events, self.stop()));
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

/// A reader of all events, who begins with what happens next where it is new, and its line on the
/// board.
async fn enter(
    desk: &Desk,
    reader: &str,
    name: &str,
    target: (&'static str, String),
) -> Result<(EventReader, Line), Fault> {
    let events = desk.client().events(&format!("{READER}{reader}"));
    // Whether exercises are told is decided here: the cursor passes them by.
    let events = events.all().from_now().await?;
    let done = events.committed().await?;
    Ok((events, desk.board().add(name, target, done)))
}

/// Notes what failed, and when.
fn failed(standing: &mut Standing, why: String) {
    standing.last_error = Some((crate::clock::now(), why));
}

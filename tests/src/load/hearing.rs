//! What a desk at work hears, and when: every event of it, by alert.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use maille_client::{Client, EventKind};
use maille_common::identifier::AlertId;
use maille_common::terms::{AcceptReason, Stage};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The name under which events are read. Nothing is committed under it: what a program does with an
/// event is its own.
pub(super) const READER: &str = "load";

/// How far an alert has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// At its sender: a relay answered.
    Accepted,
    /// At its recipient: it is stored there.
    Arrived,
    /// At its sender: the recipient's signed receipt is here.
    Delivered,
}

/// When it came so far, or why a relay refused it.
pub(super) type Heard = Result<Instant, String>;

enum State {
    Heard(Heard),
    Awaited(oneshot::Sender<Heard>),
}

type States = Arc<Mutex<BTreeMap<(AlertId, Step), State>>>;

/// One desk, open, whose events are heard. Dropping it stops the hearing, and not the desk.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) client: Client,
    ear: Ear,
    hearing: JoinHandle<()>,
}

/// Where what was heard is asked for.
#[derive(Clone)]
pub(super) struct Ear(States);

impl Desk {
    /// Hears everything from now on.
    pub(super) async fn of(client: Client) -> Self {
        let ear = Ear(States::default());
        let events = client.events(READER).all().from_now().await;
        let mut events = events.expect("the desk is open");
        let states = Arc::clone(&ear.0);
        let hearing = tokio::spawn(async move {
            // It ends when the desk is closed.
            while let Ok(event) = events.next().await {
                if let Some((alert, step, heard)) = told(&event.event.kind) {
                    note(&states, (alert, step), heard);
                }
            }
        });
        Self {
            client,
            ear,
            hearing,
        }
    }

    /// Where to ask.
    pub(super) fn ear(&self) -> Ear {
        self.ear.clone()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.hearing.abort();
    }
}

impl Ear {
    /// Waits until an alert has come so far for the first time. To be asked once.
    pub(super) async fn until(&self, alert: AlertId, step: Step) -> Heard {
        let waiting = {
            let mut states = self.0.lock().unwrap();
            if let Some(State::Heard(heard)) = states.remove(&(alert, step)) {
                return heard;
            }
            let (awaited, waiting) = oneshot::channel();
            states.insert((alert, step), State::Awaited(awaited));
            waiting
        };
        let heard = super::patience(waiting).await;
        match heard {
            Ok(Ok(heard)) => heard,
            _ => Err(format!("not {step:?} in time")),
        }
    }
}

impl std::fmt::Debug for Ear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ear").finish_non_exhaustive()
    }
}

fn told(kind: &EventKind) -> Option<(AlertId, Step, Heard)> {
    let now = Instant::now();
    let (alert, step, heard) = match kind {
        EventKind::Answered { alert, reason, .. } => {
            let heard = match reason {
                AcceptReason::None => Ok(now),
                reason => Err(reason.name().to_owned()),
            };
            (alert, Step::Accepted, heard)
        }
        EventKind::Arrived { alert, .. } => (alert, Step::Arrived, Ok(now)),
        EventKind::Receipt { alert, stage, .. } => match stage {
            Stage::Delivered => (alert, Step::Delivered, Ok(now)),
            Stage::Returned | Stage::Refused => {
                (alert, Step::Delivered, Err(stage.name().to_owned()))
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((*alert, step, heard))
}

/// The first word counts.
fn note(states: &States, key: (AlertId, Step), heard: Heard) {
    let mut states = states.lock().unwrap();
    match states.remove(&key) {
        // Whoever waited may have lost patience.
        Some(State::Awaited(waiting)) => drop(waiting.send(heard)),
        Some(first) => drop(states.insert(key, first)),
        None => drop(states.insert(key, State::Heard(heard))),
    }
}

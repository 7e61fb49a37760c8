//! Runs a program for each event that it is for: several at once, each until it succeeded.

use std::collections::VecDeque;
use std::sync::Arc;

use maille_client::{EventKind, EventReader, NumberedEvent};
use maille_common::terms::Status;
use tokio::task::JoinSet;

use super::occurrence::{Occurrence, Origin};
use super::pause::pause_after;
use super::program::{Program, Run};
use super::standing::Line;
use super::window::Window;
use super::{Stop, failed};
use crate::agent::Desk;
use crate::fault::Fault;

/// Programs of one hook that run at once: one that hangs does not keep others from being told.
const RUNNING_MAX: usize = 4;

/// Something that failed so often may be given up, once hundreds behind it did not fail.
const FAILURES_MIN: u32 = 5;

/// What a program is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Something arrived, or this contact is asked in another's place.
    Alert,
    /// An acknowledgement or an answer is late.
    Overdue,
}

/// A program, and what it is run for.
pub(super) struct OnEvent {
    pub(super) desk: Arc<Desk>,
    pub(super) origin: Arc<Origin>,
    pub(super) occasion: Occasion,
    pub(super) program: Program,
    /// For exercises and tests as well.
    pub(super) exercises: bool,
    pub(super) line: Line,
}

/// An event that was taken up.
#[derive(Debug)]
struct Task {
    event: NumberedEvent,
    failures: u32,
}

/// Where each event stands that was taken up and is not done.
struct Tasks {
    window: Window,
    ready: VecDeque<Task>,
    running: JoinSet<(Task, Result<Run, Fault>)>,
    pausing: JoinSet<Task>,
}

impl Occasion {
    /// The name of the hook, and of its reader.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Alert => "on-alert",
            Self::Overdue => "on-overdue",
        }
    }

    const fn is(self, kind: &EventKind) -> bool {
        match kind {
            EventKind::Arrived { .. } | EventKind::AskedAsDeputy { .. } => {
                matches!(self, Self::Alert)
            }
            EventKind::Overdue { .. } | EventKind::Unanswered { .. } => {
                matches!(self, Self::Overdue)
            }
            _ => false,
        }
    }
}

impl OnEvent {
    /// Runs the program until the agent stops, or the desk does. What it was not run for, or did
    /// not succeed with, comes again at the next start.
    pub(super) async fn serve(self, mut events: EventReader, mut stop: Stop) {
        let hook = Arc::new(self);
        let done = events.committed().await.unwrap_or_default();
        let mut tasks = Tasks {
            window: Window::after(done),
            ready: VecDeque::new(),
            running: JoinSet::new(),
            pausing: JoinSet::new(),
        };
        let mut committed = done;
        loop {
            while tasks.running.len() < RUNNING_MAX
                && let Some(task) = tasks.ready.pop_front()
            {
                tasks.running.spawn(Arc::clone(&hook).attempt(task));
            }
            hook.show(&tasks);
            tokio::select! {
                () = stop.asked() => break,
                event = events.next(), if tasks.window.has_room() => match event {
                    Ok(event) => hook.take(&mut tasks, event),
                    // The desk closes.
                    Err(_) => break,
                },
                Some(Ok((task, ran))) = tasks.running.join_next() => {
                    hook.ended(&mut tasks, task, ran);
                }
                Some(Ok(task)) = tasks.pausing.join_next() => tasks.ready.push_back(task),
            }
            let through = tasks.window.done_through();
            if through > committed && events.commit_through(through).await.is_ok() {
                committed = through;
            }
        }
        tasks.running.shutdown().await;
    }

    fn take(&self, tasks: &mut Tasks, event: NumberedEvent) {
        let is_real = event.event.status == Status::Actual;
        if self.occasion.is(&event.event.kind) && (self.exercises || is_real) {
            tasks.window.take(event.number);
            tasks.ready.push_back(Task { event, failures: 0 });
        } else {
            tasks.window.pass(event.number);
        }
    }

    async fn attempt(self: Arc<Self>, task: Task) -> (Task, Result<Run, Fault>) {
        let ran = self.run_for(&task.event).await;
        (task, ran)
    }

    async fn run_for(&self, event: &NumberedEvent) -> Result<Run, Fault> {
        let all = |_: &str| true;
        let occurrence = Occurrence::of(&self.desk, &self.origin, event.clone(), all).await?;
        let wanted = occurrence
            .filter(|occurrence| self.occasion != Occasion::Alert || !occurrence.is_copy());
        let Some(occurrence) = wanted else {
            let (outcome, stderr_bytes) = (Ok(()), 0);
            return Ok(Run {
                outcome,
                stderr_bytes,
            });
        };
        Ok(self.program.run(&occurrence.json()?).await)
    }

    fn ended(&self, tasks: &mut Tasks, mut task: Task, ran: Result<Run, Fault>) {
        let number = task.event.number;
        let (why, stderr_bytes) = match ran {
            Ok(Run {
                outcome: Ok(()), ..
            }) => {
                tasks.window.finish(number);
                return;
            }
            Ok(Run {
                outcome: Err(failure),
                stderr_bytes,
            }) => (failure.to_string(), stderr_bytes),
            Err(fault) => (fault.sentence, 0),
        };
        task.failures = task.failures.saturating_add(1);
        let (hook, failures) = (self.occasion.name(), task.failures);
        tracing::warn!(hook, event = number, failures, stderr_bytes, %why, "program-failed");
        self.line.change(|line| failed(line, why));
        if tasks.window.holds_up() == Some(number) && failures >= FAILURES_MIN {
            tracing::error!(hook, event = number, failures, "program-given-up");
            self.line.change(|line| line.given_up += 1);
            tasks.window.finish(number);
            return;
        }
        let pause = pause_after(failures);
        tasks.pausing.spawn(async move {
            tokio::time::sleep(pause).await;
            task
        });
    }

    fn show(&self, tasks: &Tasks) {
        self.line.change(|line| {
            line.done_through = tasks.window.done_through();
            line.waiting = tasks.window.undone();
            if line.waiting == 0 {
                line.last_error = None;
            }
        });
    }
}

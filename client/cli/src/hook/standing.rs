//! How each outlet stands, as `status` and `doctor` show it.

use std::sync::{Arc, Mutex, PoisonError};

use maille_common::time::Timestamp;

/// How one program or webhook stands.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// `on-alert`, `on-overdue`, or the name of a webhook.
    pub(crate) name: String,
    /// `program` or `webhook`.
    pub(crate) kind: &'static str,
    /// The program's path, or the address.
    pub(crate) target: String,
    /// Everything up to this event is done.
    pub(crate) done_through: u64,
    /// Events that were taken up and are not done.
    pub(crate) waiting: usize,
    /// What failed last, and is tried again; none when all went well since.
    pub(crate) last_error: Option<(Timestamp, String)>,
    /// Events given up because they failed while hundreds behind them did not.
    pub(crate) given_up: u64,
    /// It wants no more until the agent is started again.
    pub(crate) ended: bool,
}

/// One outlet's line on the board, which its task writes.
#[derive(Debug, Clone)]
pub(crate) struct Line(Arc<Mutex<Standing>>);

/// How all of them stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board(Arc<Mutex<Vec<Line>>>);

impl Line {
    /// Writes something on it.
    pub(super) fn change(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Board {
    /// Adds an outlet that has done everything up to this event.
    pub(super) fn add(
        &self,
        name: &str,
        (kind, target): (&'static str, String),
        done_through: u64,
    ) -> Line {
        let line = Line(Arc::new(Mutex::new(Standing {
            name: name.to_owned(),
            kind,
            target,
            done_through,
            waiting: 0,
            last_error: None,
            given_up: 0,
            ended: false,
        })));
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.clone());
        line
    }

    /// How all stand.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |line: &Line| {
            line.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        };
        lines.iter().map(read).collect()
    }
}

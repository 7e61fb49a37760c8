//! How a program or webhook stands that the agent tells of events.

use std::fmt::Display;

use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::Desk;
use crate::fault::Fault;
use crate::form::maybe;
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::status;

/// One of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hook {
    name: String,
    /// `program` or `webhook`.
    kind: String,
    /// The program's path, or the address.
    target: String,
    /// Everything up to this event is told.
    told_through: u64,
    /// How many events came after that one.
    behind: u64,
    /// Events that are being told, or told again.
    waiting: usize,
    /// What failed last; `null` when everything is told.
    pub(crate) last_error: Option<String>,
    #[serde(with = "maybe")]
    last_error_at: Option<Timestamp>,
    /// Events that are not told any more, because they alone failed again and again.
    pub(crate) given_up: u64,
    /// Whoever is told wants no more, until the agent is started again.
    pub(crate) ended: bool,
}

impl Hook {
    /// All that the agent of this desk tells; none where no agent holds it.
    #[cfg(unix)]
    pub(crate) async fn all_of(desk: &Desk) -> Result<Vec<Self>, Fault> {
        let newest = desk.client().newest_event().await?;
        let standings = desk.board().standings().into_iter();
        let hooks = standings.map(|standing| {
            let (last_error_at, last_error) = standing.last_error.unzip();
            Self {
                name: standing.name,
                kind: standing.kind.to_owned(),
                target: standing.target,
                told_through: standing.done_through,
                behind: newest.saturating_sub(standing.done_through),
                waiting: standing.waiting,
                last_error,
                last_error_at,
                given_up: standing.given_up,
                ended: standing.ended,
            }
        });
        Ok(hooks.collect())
    }

    /// Without an agent there are none.
    #[cfg(not(unix))]
    pub(crate) async fn all_of(_: &Desk) -> Result<Vec<Self>, Fault> {
        Ok(Vec::new())
    }

    /// What it is, for people.
    pub(crate) fn what(&self) -> String {
        let (name, target) = (&safe_text(&self.name), &safe_text(&self.target));
        match self.kind.as_str() {
            "webhook" => status::Webhook { name, target }.to_string(),
            _ => status::Program { name, target }.to_string(),
        }
    }

    /// How far it is, for people.
    pub(crate) fn standing(&self) -> String {
        let count = &self.behind;
        let far: &dyn Display = match count {
            0 => &status::AllTold,
            _ => &status::Behind { count },
        };
        let mut text = far.to_string();
        if let (Some(words), Some(time)) = (&self.last_error, self.last_error_at) {
            let (time, words) = (&local(time), &safe_text(words));
            text += &format!(", {}", status::LastError { time, words });
        }
        if self.given_up > 0 {
            let count = &self.given_up;
            text += &format!(", {}", status::GivenUp { count });
        }
        if self.ended {
            text += &format!(", {}", status::WantsNoMore);
        }
        text
    }

    /// For people: one line.
    pub(crate) fn text(&self) -> String {
        format!("{}: {}\n", self.what(), self.standing())
    }
}

//! `maille ledger`: what is open, in both directions, what happens next and when.

use std::fmt::Write;

use clap::Args;
use maille_client::LedgerPage;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;
use crate::form::word;
use crate::safe_text::safe_name;
use crate::sentence::{alert, ledger, status};

mod call;
mod coming;
mod obligation;

pub(super) use call::call;
pub(super) use coming::Coming;
pub(crate) use obligation::Obligation;
pub(super) use obligation::{InHand, headed};

/// The longest part of the list that is shown at once.
pub(super) const LIMIT_MAX: u16 = 1_000;

/// Arguments of `ledger`.
#[derive(Debug, Args)]
pub(crate) struct LedgerArgs {
    #[command(flatten)]
    question: Ledger,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks what is open.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ledger {
    /// Show exercises and tests as well.
    #[arg(long)]
    all: bool,
    /// Show at most so many.
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(LIMIT_MAX)))]
    limit: u16,
    /// Leave out so many from the top, which earlier calls have shown.
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: u32,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            all: false,
            limit: 100,
            skip: 0,
        }
    }
}

/// What is open: overdue first, then what falls due first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Open {
    #[serde(with = "word")]
    now: Timestamp,
    /// Whoever is on duty, and owns the list.
    officer: Option<String>,
    obligations: Vec<Obligation>,
    /// How many are open and real, on all pages.
    total: usize,
    /// How many of them are overdue.
    overdue: usize,
    /// How many exercises and tests stand behind these, on all pages.
    drills: usize,
    /// How many exercises and tests `all` would show.
    hidden: usize,
    /// How many stand above this page.
    skip: usize,
}

impl Run for LedgerArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let open = with_desk(context, &self.desk, async |access| {
            access.ask(self.question).await
        })?;
        context.output.result(&open, &open.text())
    }
}

impl Ask for Ledger {
    const NAME: &'static str = "ledger";
    const COLLECTS: bool = true;
    type Answer = Open;

    async fn answer(self, desk: &Desk) -> Result<Open, Fault> {
        let skip = usize::try_from(self.skip).unwrap_or(usize::MAX);
        let page = LedgerPage {
            skip,
            limit: usize::from(self.limit.min(LIMIT_MAX)),
            drills: self.all,
        };
        let found = desk.client().ledger(page).await?;
        Ok(Open {
            now: crate::clock::now(),
            officer: desk.officer()?,
            obligations: found.obligations.iter().map(Obligation::of).collect(),
            total: found.total,
            overdue: found.overdue,
            drills: found.drills,
            hidden: found.hidden,
            skip,
        })
    }
}

impl Open {
    fn text(&self) -> String {
        let mut text = format!(
            "{}\n",
            head(self.total, self.overdue, self.officer.as_deref())
        );
        text += &listed(&self.obligations);
        // Writing to a String cannot fail.
        let shown = self.skip.saturating_add(self.obligations.len());
        if let Some(count @ 1..) = (self.total + self.drills).checked_sub(shown) {
            let (count, skip) = (&count, &shown);
            let _ = writeln!(text, "{}", ledger::More { count, skip });
        }
        if self.hidden > 0 {
            let count = &self.hidden;
            let _ = writeln!(text, "{}", alert::MoreHidden { count });
        }
        text.trim_end().to_owned()
    }
}

/// Obligations, one below the other; the exercises among them in a section of their own.
pub(super) fn listed(obligations: &[Obligation]) -> String {
    let of = |drills: bool| {
        let of_it = move |one: &&Obligation| one.is_drill() == drills;
        obligations.iter().filter(of_it).map(Obligation::text)
    };
    let mut text: String = of(false).collect();
    let drills: String = of(true).collect();
    if !drills.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}\n{drills}", alert::Exercises);
    }
    text
}

/// How much is open, and whose list it is.
pub(super) fn head(total: usize, overdue: usize, officer: Option<&str>) -> String {
    let officer = match officer {
        Some(name) => safe_name(name),
        None => status::NobodyOnDuty.to_string(),
    };
    let (total, overdue, officer) = (&total, &overdue, &officer);
    ledger::Open {
        total,
        overdue,
        officer,
    }
    .to_string()
}

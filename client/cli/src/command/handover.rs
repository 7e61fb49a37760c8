//! `maille handover`: what one officer leaves to the next, to be printed and read out.

use std::fmt::{Display, Write};

use clap::Args;
use maille_client::LedgerPage;
use maille_common::terms::Status;
use maille_common::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::ledger::{self, Coming, Obligation};
use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;
use crate::form::word;
use crate::local_time::local;
use crate::safe_text::{safe_name, safe_text};
use crate::sentence::handover;

mod promise;

use promise::Promise;

/// How long a promise is handed on that nobody has written back about.
const PROMISED: Span = Span::from_days(7);

/// The most promises that are handed on: the newest.
const PROMISES_MAX: usize = 1_000;

/// Arguments of `handover`.
#[derive(Debug, Args)]
pub(crate) struct HandoverArgs {
    #[command(flatten)]
    question: Handover,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks what the next officer has to know.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Handover {
    /// How long the next shift is, in hours: what falls due in it is listed.
    #[arg(long, value_name = "N", default_value_t = 8,
        value_parser = clap::value_parser!(u8).range(1..=168))]
    hours: u8,
    /// Hand over exercises and tests as well.
    #[arg(long)]
    all: bool,
}

impl Default for Handover {
    fn default() -> Self {
        Self {
            hours: 8,
            all: false,
        }
    }
}

/// What the next officer has to know.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HandedOver {
    contact: String,
    #[serde(with = "word")]
    now: Timestamp,
    /// The end of the next shift.
    #[serde(with = "word")]
    until: Timestamp,
    /// Whoever is on duty.
    officer: Option<String>,
    /// Since when; `null` for nobody, and for whoever opened the home for this command.
    since: Option<String>,
    /// What is open, overdue first.
    obligations: Vec<Obligation>,
    total: usize,
    overdue: usize,
    /// How many exercises and tests there are besides, where they are handed over.
    drills: usize,
    /// What was acknowledged here in the last seven days, and nobody wrote back about.
    promises: Vec<Promise>,
    /// How many more there are, older ones.
    promises_left: usize,
    /// What falls due until then, first things first.
    due: Vec<Due>,
}

/// What falls due about one alert.
#[derive(Debug, Serialize, Deserialize)]
struct Due {
    id: String,
    short: String,
    recipient: String,
    #[serde(flatten)]
    coming: Coming,
}

impl Run for HandoverArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let handed = with_desk(context, &self.desk, async |access| {
            access.ask(self.question).await
        })?;
        context.output.result(&handed, &handed.text())
    }
}

impl Ask for Handover {
    const NAME: &'static str = "handover";
    const COLLECTS: bool = true;
    type Answer = HandedOver;

    async fn answer(self, desk: &Desk) -> Result<HandedOver, Fault> {
        let client = desk.client();
        let now = crate::clock::now();
        let until = now + Span::from_hours(u64::from(self.hours));
        let page = LedgerPage {
            skip: 0,
            limit: usize::from(ledger::LIMIT_MAX),
            drills: self.all,
        };
        let open = client.ledger(page).await?;
        let mut promises = client.promises(now - PROMISED).await?;
        promises.retain(|promise| self.all || promise.status == Status::Actual);
        let promises_left = promises.len().saturating_sub(PROMISES_MAX);
        let officer = desk.officer()?;
        let duty = desk
            .on_duty()?
            .filter(|duty| Some(&duty.officer) == officer.as_ref());
        let obligations: Vec<_> = open.obligations.iter().map(Obligation::of).collect();
        Ok(HandedOver {
            contact: client.status().await?.contact.to_string(),
            now,
            until,
            officer,
            since: duty.map(|duty| duty.since),
            due: due(&obligations, until),
            obligations,
            total: open.total,
            overdue: open.overdue,
            drills: open.drills,
            promises: promises[promises_left..].iter().map(Promise::of).collect(),
            promises_left,
        })
    }
}

/// What falls due until then; what waits for keys has no time.
fn due(obligations: &[Obligation], until: Timestamp) -> Vec<Due> {
    let mut due = Vec::new();
    for obligation in obligations {
        let in_shift = |coming: &&Coming| coming.time.is_some_and(|time| time <= until);
        due.extend(obligation.coming.iter().filter(in_shift).map(|coming| Due {
            id: obligation.id.clone(),
            short: obligation.short.clone(),
            recipient: obligation.recipient.clone(),
            coming: coming.clone(),
        }));
    }
    due.sort_by_key(|due| due.coming.time);
    due
}

impl HandedOver {
    fn text(&self) -> String {
        let (contact, time) = (&self.contact, &local(self.now));
        let mut text = format!("{}\n{}\n", handover::Head { contact, time }, self.on_duty());
        section(&mut text, &handover::Open);
        if self.obligations.is_empty() {
            line(&mut text, &handover::NothingOpen);
        } else {
            let officer = self.officer.as_deref();
            line(&mut text, &ledger::head(self.total, self.overdue, officer));
        }
        text += &ledger::listed(&self.obligations);
        let all = self.total + self.drills;
        if let Some(count @ 1..) = all.checked_sub(self.obligations.len()) {
            let count = &count;
            line(&mut text, &handover::Left { count });
        }
        section(&mut text, &handover::Promised);
        for promise in &self.promises {
            text += &promise.text();
        }
        match self.promises_left {
            0 if self.promises.is_empty() => line(&mut text, &handover::NothingPromised),
            0 => {}
            ref count => line(&mut text, &handover::PromisesLeft { count }),
        }
        let until = &local(self.until);
        section(&mut text, &handover::FallsDue { until });
        for due in &self.due {
            let time = due.coming.time.map(local).unwrap_or_default();
            let what = due.coming.words(&due.recipient);
            line(&mut text, &format!("{time}  {}  {what}", due.short));
        }
        if self.due.is_empty() {
            line(&mut text, &handover::NothingFallsDue);
        }
        section(&mut text, &handover::SignIn);
        section(&mut text, &handover::Hands);
        text.trim_end().to_owned()
    }

    fn on_duty(&self) -> String {
        let Some(officer) = self.officer.as_deref().map(safe_name) else {
            return handover::NobodyOnDuty.to_string();
        };
        let officer = &officer;
        let since = self.since.as_deref().map(|since| match since.parse() {
            Ok(time) => local(time),
            // Somebody wrote the file by hand.
            Err(_) => safe_text(since),
        });
        match &since {
            Some(since) => handover::OnDutySince { officer, since }.to_string(),
            None => handover::OnDuty { officer }.to_string(),
        }
    }
}

/// A heading, with a free line above.
fn section(text: &mut String, heading: &dyn Display) {
    line(text, &format!("\n{heading}"));
}

fn line(text: &mut String, words: &dyn Display) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{words}");
}

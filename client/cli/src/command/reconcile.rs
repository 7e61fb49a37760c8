//! `maille reconcile`: what this desk and another one hold of the alerts between them, day by day.

use std::fmt::Write;

use clap::Args;
use maille_client::{AlertApart, DayCompared, Reconciled};
use maille_common::address::ContactAddress;
use maille_common::identifier::AlertId;
use maille_common::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::form::{maybe, word};
use crate::sentence::{fault, hint, reconcile, term};

/// How long the answers of the other desk are waited for.
const WAIT: &str = "60s";

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    #[command(flatten)]
    question: Reconcile,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks to compare with a contact.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reconcile {
    /// The contact, by its address.
    #[arg(value_name = "CONTACT")]
    #[serde(with = "word")]
    contact: ContactAddress,
    /// How long to wait for its answer.
    #[arg(long, value_name = "SPAN", default_value = WAIT)]
    #[serde(default = "wait", with = "word")]
    wait: Span,
}

/// What each device of the contact holds beside this one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Compared {
    contact: String,
    devices: Vec<Round>,
}

/// The newest reconciliation with one device.
#[derive(Debug, Serialize, Deserialize)]
struct Round {
    device: String,
    #[serde(with = "maybe")]
    asked: Option<Timestamp>,
    /// `same`, `mended`, `apart` or `unanswered`; `null` while it is under way.
    end: Option<String>,
    days: Vec<Day>,
    /// Statements that the other side lacked.
    given: u32,
    /// Statements that were lacking here.
    taken: u32,
    /// Alerts sent again from here.
    sent_again: Vec<String>,
    /// Alerts sent again from there.
    sent_again_there: Vec<String>,
    /// Alerts of which something stays different.
    apart: Vec<Apart>,
}

/// An alert of which something stays different.
#[derive(Debug, Serialize, Deserialize)]
struct Apart {
    id: String,
    short: String,
    /// `missing-here`, `missing-there`, or `statements`.
    differs: String,
    /// Where it stands with its recipient, by what is held here.
    state: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Day {
    /// Its midnight, UTC.
    #[serde(with = "word")]
    day: Timestamp,
    sent: u32,
    received_there: u32,
    received: u32,
    sent_there: u32,
}

fn wait() -> Span {
    Span::from_minutes(1)
}

impl Run for ReconcileArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let compared = with_desk(context, &self.desk, async |access| {
            access.ask(self.question).await
        })?;
        context
            .output
            .result(&compared, compared.text().trim_end())?;
        compared.judge()
    }
}

impl Ask for Reconcile {
    const NAME: &'static str = "reconcile";
    const COLLECTS: bool = true;
    const BRINGS: bool = true;
    type Answer = Compared;

    async fn answer(self, desk: &Desk) -> Result<Compared, Fault> {
        let Self { contact, wait } = self;
        let rounds = desk.client().reconcile(&contact, wait.into()).await?;
        Ok(Compared {
            contact: contact.to_string(),
            devices: rounds.iter().map(Round::of).collect(),
        })
    }
}

impl Compared {
    fn text(&self) -> String {
        let mut text = String::new();
        for round in &self.devices {
            round.write(&mut text, &self.contact);
        }
        text
    }

    /// What stays different, or was not answered, has to be told by the exit code as well.
    fn judge(&self) -> Result<(), Fault> {
        let contact = &self.contact;
        let has = |end: Option<&str>| self.devices.iter().any(|one| one.end.as_deref() == end);
        if has(Some("apart")) {
            let sentence = fault::StaysApart { contact };
            return Err(
                Fault::new(Exit::Refused, "apart", sentence).with_hint(hint::TelephoneAndCompare)
            );
        }
        if has(None) || has(Some("unanswered")) {
            let sentence = fault::NotCompared { contact };
            return Err(
                Fault::new(Exit::Late, "not-compared", sentence).with_hint(hint::ComparesDaily)
            );
        }
        Ok(())
    }
}

impl Round {
    fn of(round: &Reconciled) -> Self {
        let short = |alerts: &[AlertId]| {
            let shown = alerts.iter().map(|one| one.prefix().to_string());
            shown.collect()
        };
        Self {
            device: round.device.to_string(),
            asked: round.asked,
            end: round.end.map(|end| end.to_string()),
            days: round.days.iter().map(Day::of).collect(),
            given: round.given,
            taken: round.taken,
            sent_again: short(&round.again),
            sent_again_there: short(&round.again_there),
            apart: round.apart.iter().map(Apart::of).collect(),
        }
    }

    fn write(&self, text: &mut String, contact: &str) {
        let end = self.end.as_deref().unwrap_or("under-way");
        let end = &term::RoundEnd { word: &end };
        let (contact, device) = (&contact, &self.device);
        let head = reconcile::Device {
            contact,
            device,
            end,
        };
        let _ = writeln!(text, "{head}");
        for day in &self.days {
            let Day {
                day: midnight,
                sent,
                received_there,
                received,
                sent_there,
            } = day;
            let shown = midnight.to_string();
            let date = shown.get(..10).unwrap_or(&shown);
            let day = reconcile::Day {
                day: &date,
                sent,
                received_there,
                received,
                sent_there,
            };
            let _ = writeln!(text, "  {day}");
        }
        if self.given + self.taken > 0 {
            let (given, taken) = (&self.given, &self.taken);
            let _ = writeln!(text, "  {}", reconcile::Exchanged { given, taken });
        }
        for (alerts, from_here) in [(&self.sent_again, true), (&self.sent_again_there, false)] {
            if alerts.is_empty() {
                continue;
            }
            let alerts = &alerts.join(", ");
            let line = match from_here {
                true => reconcile::SentAgain { alerts }.to_string(),
                false => reconcile::SentAgainThere { alerts }.to_string(),
            };
            let _ = writeln!(text, "  {line}");
        }
        for apart in &self.apart {
            let line = reconcile::Apart {
                alert: &apart.short,
                differs: &term::Differs {
                    word: &apart.differs,
                },
                state: &term::State { word: &apart.state },
            };
            let _ = writeln!(text, "  {line}");
        }
    }
}

impl Apart {
    fn of(apart: &AlertApart) -> Self {
        Self {
            id: apart.alert.to_string(),
            short: apart.alert.prefix().to_string(),
            differs: apart.differs.to_string(),
            state: apart.state.state().to_string(),
        }
    }
}

impl Day {
    fn of(day: &DayCompared) -> Self {
        Self {
            day: day.day,
            sent: day.sent,
            received_there: day.received_there,
            received: day.received,
            sent_there: day.sent_there,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a desk is told it that was given what is left of an alert.
    #[test]
    fn what_stays_different_is_told_with_what_became_of_it() {
        let apart = |short: &str, differs: &str, state: &str| Apart {
            id: String::new(),
            short: short.to_owned(),
            differs: differs.to_owned(),
            state: state.to_owned(),
        };
        let round = Round {
            device: "8c1f".to_owned(),
            asked: None,
            end: Some("apart".to_owned()),
            days: Vec::new(),
            given: 0,
            taken: 2,
            sent_again: Vec::new(),
            sent_again_there: Vec::new(),
            apart: vec![
                apart("7QK4-M2DX", "missing-here", "expired"),
                apart("AAAA-BBBB", "statements", "open"),
            ],
        };
        let mut text = String::new();
        round.write(&mut text, "cmai/tn/tunis");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "cmai/tn/tunis device 8c1f: DIFFERS",
                "  0 statements given, 2 taken",
                "  STAYS DIFFERENT: 7QK4-M2DX: missing here; expired",
                "  STAYS DIFFERENT: AAAA-BBBB: what was signed about it differs; open",
            ]
        );
    }
}

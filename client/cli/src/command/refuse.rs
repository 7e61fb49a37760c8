//! `maille refuse`: this contact does not take an alert, for a reason.

use clap::{Args, ValueEnum};
use maille_client::RefuseReason;
use maille_common::address::ContactAddress;
use serde::{Deserialize, Serialize};

use super::answered::Answered;
use super::{Context, Run};
use crate::agent::{Ask, Desk, by, with_desk};
use crate::args::DeskArgs;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::form::maybe;
use crate::sentence::{fault, hint};

/// Arguments of `refuse`.
#[derive(Debug, Args)]
pub(crate) struct RefuseArgs {
    #[command(flatten)]
    question: Refuse,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks to refuse an alert, as whoever is on duty. Only an officer refuses.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refuse {
    /// The alert, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
    /// Why.
    #[arg(long, value_enum)]
    reason: Reason,
    /// Whose business it is, with --reason not-ours.
    #[arg(long, value_name = "ADDRESS")]
    #[serde(default, with = "maybe")]
    whose: Option<ContactAddress>,
    /// Which alert it repeats, with --reason duplicate.
    #[arg(long, value_name = "ID")]
    #[serde(default)]
    duplicate_of: Option<String>,
    /// Words for the sender.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    #[serde(default)]
    note: String,
}

/// Why an alert is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    /// Another contact's business.
    NotOurs,
    /// The same matter is known already.
    Duplicate,
    /// It cannot be read.
    CannotOpen,
    /// The law does not allow it.
    NoLegalBasis,
    /// The handling conditions cannot be kept.
    Handling,
    /// Another reason, in the note.
    Other,
}

impl Run for RefuseArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let note_given = !self.question.note.is_empty() || self.question.whose.is_some();
        let answered = with_desk(context, &self.desk, async |access| {
            access.ask(self.question).await
        })?;
        context.output.result(&answered, &answered.text(note_given))
    }
}

impl Ask for Refuse {
    const NAME: &'static str = "refuse";
    const COLLECTS: bool = true;
    const BRINGS: bool = true;
    type Answer = Answered;

    async fn answer(self, desk: &Desk) -> Result<Answered, Fault> {
        let alert = desk.find(&self.id).await?;
        let reason = self.reason(desk).await?;
        let officer = desk.officer()?;
        let officer = officer.as_deref();
        let signed = desk
            .client()
            .refuse(alert, reason, by(officer), &self.note)
            .await?;
        Ok(Answered::new(alert, "refused", officer, signed))
    }
}

impl Refuse {
    async fn reason(&self, desk: &Desk) -> Result<RefuseReason, Fault> {
        if self.whose.is_some() && self.reason != Reason::NotOurs {
            return Err(misplaced("whose", "not-ours"));
        }
        if self.duplicate_of.is_some() && self.reason != Reason::Duplicate {
            return Err(misplaced("duplicate-of", "duplicate"));
        }
        Ok(match self.reason {
            Reason::NotOurs => RefuseReason::NotOurs {
                suggested: self.whose.clone(),
            },
            Reason::Duplicate => {
                let of = self.duplicate_of.as_deref().ok_or_else(which_is_missing)?;
                RefuseReason::Duplicate {
                    of: desk.find(of).await?,
                }
            }
            Reason::CannotOpen => RefuseReason::CannotOpen,
            Reason::NoLegalBasis => RefuseReason::NoLegalBasis,
            Reason::Handling => RefuseReason::Handling,
            Reason::Other => RefuseReason::Other,
        })
    }
}

fn misplaced(flag: &str, reason: &str) -> Fault {
    let (flag, reason) = (&flag, &reason);
    let sentence = fault::ReasonMisplaced { flag, reason };
    Fault::new(Exit::Usage, "reason-form", sentence).with_hint(hint::GiveReason { flag, reason })
}

fn which_is_missing() -> Fault {
    Fault::new(Exit::Usage, "reason-form", fault::RepeatedUnnamed).with_hint(hint::NameRepeated)
}

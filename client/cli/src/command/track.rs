//! `maille track`: the whole story of an alert that was sent, with every proof.

use std::fmt::Write;

use clap::Args;
use maille_client::{Track as Story, TrackedRecipient};
use maille_common::terms::{Kind, Status, Urgency};
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::amended::Amended;
use super::inbox::short_of;
use super::ledger::call;
use super::refusal::Refused;
use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;
use crate::form::word;
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::{alert, term, track};

mod timeline;

use timeline::{Moment, Told};

/// Arguments of `track`.
#[derive(Debug, Args)]
pub(crate) struct TrackArgs {
    #[command(flatten)]
    question: Track,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks for the story of an alert.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Track {
    /// The alert, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
}

/// The story of an alert.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tracked {
    id: String,
    short: String,
    #[serde(with = "word")]
    kind: Kind,
    #[serde(with = "word")]
    status: Status,
    #[serde(with = "word")]
    urgency: Urgency,
    #[serde(with = "word")]
    committed: Timestamp,
    reference: Option<String>,
    /// The alert it is about.
    refers_to: Option<String>,
    /// What was said about it since.
    amendments: Vec<Amended>,
    /// Another device of this contact sent it: what stands here is what came here.
    copy: bool,
    recipients: Vec<Recipient>,
    /// The whole story: every signed piece about any recipient, in the order of their times.
    timeline: Vec<Told>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Recipient {
    contact: String,
    /// The addendum that added it; `null` for whom the alert itself names.
    added_by: Option<String>,
    /// `open`, `expired`, `cancelled`, `refused` or `acknowledged`.
    state: String,
    overdue: bool,
    /// The machine was started anew meanwhile, so that a clock that may have been set counted.
    uncertain: bool,
    #[serde(with = "word")]
    ack_due: Timestamp,
    #[serde(with = "word")]
    expires: Timestamp,
    telephones: Vec<String>,
    /// Spoken there, the preferred one first.
    languages: Vec<String>,
    /// Devices that follow when their keys appear.
    devices_waiting: Vec<String>,
    /// Who does not take it, and why.
    refusals: Vec<Refused>,
    /// Every proof about this recipient, oldest first by its signer's clock.
    timeline: Vec<Moment>,
}

impl Run for TrackArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let tracked = with_desk(context, &self.desk, async |access| {
            access.ask(self.question).await
        })?;
        context.output.result(&tracked, &tracked.text())
    }
}

impl Ask for Track {
    const NAME: &'static str = "track";
    const COLLECTS: bool = true;
    type Answer = Tracked;

    async fn answer(self, desk: &Desk) -> Result<Tracked, Fault> {
        let alert = desk.find(&self.id).await?;
        Ok(Tracked::of(&desk.client().track(alert).await?))
    }
}

impl Tracked {
    fn of(story: &Story) -> Self {
        let entry = &story.entry;
        Self {
            id: entry.id.to_string(),
            short: entry.id.prefix().to_string(),
            kind: entry.kind,
            status: entry.status,
            urgency: entry.urgency,
            committed: entry.committed,
            reference: entry.reference.clone(),
            refers_to: story.core.refers_to().map(|about| about.to_string()),
            amendments: Amended::all(&story.core.sender, &story.amendments),
            copy: story.is_copy,
            recipients: story.recipients.iter().map(Recipient::of).collect(),
            timeline: timeline::whole(story),
        }
    }

    fn text(&self) -> String {
        let head = track::Head {
            urgency: &term::Urgency {
                word: &self.urgency,
            },
            kind: &term::Kind { word: &self.kind },
            status: &term::Status { word: &self.status },
            sent: &local(self.committed),
        };
        let mut text = format!("{}  {head}\n", self.short);
        if let Some(reference) = &self.reference {
            let reference = &safe_text(reference);
            text += &format!("{}\n", track::Reference { reference });
        }
        if self.copy {
            text += &format!("{}\n", track::Copy);
        }
        if let Some(about) = self.refers_to.as_deref().and_then(short_of) {
            text += &format!("{}\n", alert::AboutAlert { short: &about });
        }
        for amended in &self.amendments {
            text += &format!("{}\n", amended.text());
        }
        text += "\n";
        for recipient in &self.recipients {
            text += &recipient.text();
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{}", track::Clocks);
        let several = self.recipients.len() > 1;
        for told in &self.timeline {
            text += &told.text(several);
        }
        text.trim_end().to_owned()
    }
}

impl Recipient {
    fn of(tracked: &TrackedRecipient) -> Self {
        Self {
            contact: tracked.contact.to_string(),
            added_by: tracked.added_by.map(|addendum| addendum.to_string()),
            state: tracked.standing.state.to_string(),
            overdue: tracked.overdue,
            uncertain: tracked.uncertain,
            ack_due: tracked.ack_due,
            expires: tracked.expires,
            telephones: tracked.telephones.clone(),
            languages: tracked.languages.clone(),
            devices_waiting: tracked
                .reach
                .lacking
                .iter()
                .map(ToString::to_string)
                .collect(),
            refusals: Refused::all_of(&tracked.refusals),
            timeline: timeline::of(tracked),
        }
    }

    fn text(&self) -> String {
        let (contact, state) = (&self.contact, &term::State { word: &self.state });
        let (due, ends) = (&local(self.ack_due), &local(self.expires));
        let standing = match self.overdue {
            true => track::RecipientOverdue {
                contact,
                state,
                due,
                ends,
            }
            .to_string(),
            false => track::Recipient {
                contact,
                state,
                due,
                ends,
            }
            .to_string(),
        };
        let mut text = format!("{standing}\n");
        if let Some(addendum) = self.added_by.as_deref().and_then(short_of) {
            let addendum = &addendum;
            text += &format!("  {}\n", track::AddedBy { addendum });
        }
        if self.overdue {
            let call = call(&self.contact, &self.telephones, &self.languages);
            text += &format!("  {call}\n");
        }
        if self.uncertain {
            text += &format!("  {}\n", track::Uncertain);
        }
        for refused in &self.refusals {
            text += &refused.text();
        }
        if !self.devices_waiting.is_empty() {
            let count = &self.devices_waiting.len();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {}", track::DevicesFollow { count });
        }
        text
    }
}

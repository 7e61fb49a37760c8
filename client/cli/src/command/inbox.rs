//! `maille inbox`: what was received and waits for an answer.

use std::fmt::Write;

use clap::Args;
use maille_client::{InboxEntry, QueryError, Unseen};
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, Stage, Status, Urgency};
use maille_common::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::amended::Amended;
use super::excluded::Excluded;
use super::ledger::InHand;
use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;
use crate::form::{maybe, word};
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::{alert, term};

mod unseen;

use unseen::ExpiredUnseen;

/// Arguments of `inbox`.
#[derive(Debug, Args)]
pub(crate) struct InboxArgs {
    #[command(flatten)]
    question: Inbox,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks what was received.
#[derive(Debug, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Inbox {
    /// Show exercises, tests, what was answered and copies of what was sent as well.
    #[arg(long, conflicts_with = "exercises")]
    all: bool,
    /// Show the exercises and tests that wait for an answer, and nothing real.
    #[arg(long)]
    exercises: bool,
}

/// What was received, newest last.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InboxList {
    alerts: Vec<Line>,
    /// What expired at a relay before it was collected here: its senders are to be asked again.
    unseen: Vec<ExpiredUnseen>,
    /// How many more `all` would show.
    hidden: usize,
    /// How many of those wait for an answer and are exercises or tests.
    exercises: usize,
    /// Why this desk may not act any more, or which relays refuse it; `null` where all is well.
    #[serde(default)]
    excluded: Option<Excluded>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    id: String,
    short: String,
    #[serde(with = "word")]
    kind: Kind,
    #[serde(with = "word")]
    status: Status,
    /// Of what it is about, where that is held here: it claims to be real about an exercise, or
    /// the other way round, where it differs from `status`.
    #[serde(with = "maybe")]
    about_status: Option<Status>,
    #[serde(with = "word")]
    urgency: Urgency,
    from: String,
    /// For whom it is answered here; `null` for a copy of what was sent.
    recipient: Option<String>,
    /// In whose place this contact was asked, because nobody there acknowledged in time.
    deputy_for: Vec<String>,
    /// `null` once the content was purged.
    subject: Option<String>,
    #[serde(with = "word")]
    received: Timestamp,
    #[serde(with = "word")]
    ack_due: Timestamp,
    #[serde(with = "word")]
    stage: Stage,
    /// Somebody answered it: this desk, another of this contact, or a deputy.
    answered: bool,
    /// Who has it in hand; `null` where nobody has said so.
    taken: Option<InHand>,
    overdue: bool,
    /// Somebody may have seen it: it was being shown when the desk stopped.
    possibly_seen: bool,
    /// Attachments that are not here yet.
    attachments_missing: u32,
    /// The alert it is about.
    refers_to: Option<String>,
    /// What its sender has said about it since.
    amendments: Vec<Amended>,
}

impl Run for InboxArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        with_desk(context, &self.desk, async |access| {
            let list = access.ask(self.question).await?;
            context.output.result(&list, &list.text())
        })
    }
}

impl Ask for Inbox {
    const NAME: &'static str = "inbox";
    const COLLECTS: bool = true;
    const FETCHES: bool = true;
    type Answer = InboxList;

    async fn answer(self, desk: &Desk) -> Result<InboxList, Fault> {
        let entries = desk.client().inbox().await?;
        let (shown, hidden): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| self.shows(entry));
        let mut alerts = Vec::new();
        for entry in shown {
            alerts.push(Line::of(desk, &entry).await?);
        }
        let (unseen, earlier): (Vec<_>, Vec<_>) = desk
            .client()
            .unseen()
            .await?
            .into_iter()
            .partition(|unseen| self.all || is_news(unseen));
        Ok(InboxList {
            alerts,
            exercises: hidden.iter().filter(|entry| is_exercise(entry)).count(),
            unseen: unseen.into_iter().map(ExpiredUnseen::of).collect(),
            hidden: hidden.len() + earlier.len(),
            excluded: Excluded::of(desk).await?,
        })
    }
}

impl Inbox {
    fn shows(&self, entry: &InboxEntry) -> bool {
        match self.exercises {
            true => is_exercise(entry),
            false => self.all || is_waiting(entry),
        }
    }
}

/// Real, and heard of in the last seven days: time enough to ask for it again.
fn is_news(unseen: &Unseen) -> bool {
    let heard = crate::clock::now().since(unseen.received);
    unseen.status == Status::Actual && heard < Span::from_days(7)
}

/// Real, and nobody here has answered it. What was taken back waits until somebody has read it.
pub(super) fn is_waiting(entry: &InboxEntry) -> bool {
    let is_over = entry.cancel().is_some() && entry.stage >= Stage::Read;
    entry.status == Status::Actual && entry.is_open() && !is_over
}

/// What was taken back is owed no answer.
fn is_late(entry: &InboxEntry) -> bool {
    is_waiting(entry) && entry.cancel().is_none() && crate::clock::now() > entry.ack_due
}

/// An exercise or test that nobody here has answered.
fn is_exercise(entry: &InboxEntry) -> bool {
    entry.status != Status::Actual && entry.is_open()
}

/// What its reader is to be warned of: what is real and what is an exercise contradict each other.
pub(super) fn contradiction(status: Status, about: Option<Status>) -> Option<String> {
    match (status.is_actual(), about.map(Status::is_actual)) {
        (true, Some(false)) => Some(alert::ClaimsActual.to_string()),
        (false, Some(true)) => Some(alert::ExerciseAboutActual.to_string()),
        _ => None,
    }
}

/// In whose place this contact was asked.
pub(super) fn deputy_for(entry: &InboxEntry) -> Vec<String> {
    let principals = entry.deputy_for.iter();
    principals
        .map(|principal| principal.contact.to_string())
        .collect()
}

impl Line {
    async fn of(desk: &Desk, entry: &InboxEntry) -> Result<Self, Fault> {
        let subject = match desk.client().received(entry.id).await {
            Ok(received) => Some(received.content.subject(&[]).to_owned()),
            Err(QueryError::Purged(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            id: entry.id.to_string(),
            short: entry.id.prefix().to_string(),
            kind: entry.kind,
            status: entry.status,
            about_status: entry.about,
            urgency: entry.urgency,
            from: entry.from.to_string(),
            recipient: entry.recipient.as_ref().map(ToString::to_string),
            deputy_for: deputy_for(entry),
            subject,
            received: entry.received,
            ack_due: entry.ack_due,
            stage: entry.stage,
            answered: entry.recipient.is_some() && !entry.is_open(),
            taken: entry.taken.as_ref().map(InHand::of),
            overdue: is_late(entry),
            possibly_seen: entry.possibly_seen,
            attachments_missing: entry.blobs_missing,
            refers_to: entry.refers_to.map(|about| about.to_string()),
            amendments: Amended::all(&entry.from, &entry.amendments),
        })
    }

    fn text(&self) -> String {
        let subject = self.subject.as_deref().map(safe_text);
        let subject = subject.unwrap_or_else(|| format!("({})", alert::Purged));
        let status = term::Status { word: &self.status }.to_string();
        let real = match self.status {
            Status::Actual => String::new(),
            _ => format!(" [{}]", status.to_uppercase()),
        };
        let urgency = term::Urgency {
            word: &self.urgency,
        };
        let head = alert::Listed {
            urgency: &format_args!("{urgency}{real}"),
            kind: &term::Kind { word: &self.kind },
            from: &self.from,
            subject: &subject,
        };
        let received = alert::ListedReceived {
            received: &local(self.received),
            stage: &term::Stage { word: &self.stage },
            due: &local(self.ack_due),
        };
        let mut text = format!("{}  {head}\n  {received}", self.short);
        // Writing to a String cannot fail.
        if self.overdue {
            let _ = write!(text, " - {}", alert::Overdue);
        }
        if !self.deputy_for.is_empty() {
            let contacts = &self.deputy_for.join(", ");
            let _ = write!(text, "; {}", alert::AsDeputy { contacts });
        }
        if self.possibly_seen {
            let _ = write!(text, "; {}", alert::PossiblySeen);
        }
        if self.attachments_missing > 0 {
            let count = &self.attachments_missing;
            let _ = write!(text, "; {}", alert::AttachmentsMissing { count });
        }
        if let Some(warning) = contradiction(self.status, self.about_status) {
            let _ = write!(text, "\n  {warning}");
        }
        if let Some(about) = self.refers_to.as_deref().and_then(short_of) {
            let _ = write!(text, "\n  {}", alert::AboutAlert { short: &about });
        }
        for amended in &self.amendments {
            let _ = write!(text, "\n  {}", amended.text());
        }
        if let Some(taken) = self.taken.as_ref().filter(|taken| !taken.here()) {
            let _ = write!(text, "\n{}", taken.text().trim_end());
        }
        text
    }
}

/// An id as people see it.
pub(super) fn short_of(id: &str) -> Option<String> {
    let id: AlertId = id.parse().ok()?;
    Some(id.prefix().to_string())
}

impl InboxList {
    fn text(&self) -> String {
        let (real, drills): (Vec<_>, Vec<_>) = self
            .alerts
            .iter()
            .partition(|line| line.status == Status::Actual);
        let mut lines: Vec<String> = real.into_iter().map(Line::text).collect();
        if self.alerts.is_empty() {
            lines.push(alert::NothingWaits.to_string());
        }
        lines.extend(self.unseen.iter().map(ExpiredUnseen::text));
        if !drills.is_empty() {
            lines.push(alert::Exercises.to_string());
            lines.extend(drills.into_iter().map(Line::text));
        }
        if self.hidden > 0 {
            let count = &self.hidden;
            lines.push(alert::MoreHidden { count }.to_string());
        }
        if self.exercises > 0 {
            let count = &self.exercises;
            lines.push(alert::ExercisesWait { count }.to_string());
        }
        Excluded::before(self.excluded.as_ref(), &lines.join("\n"))
    }
}

//! `maille read`: an alert with its words; whoever is on duty has read it then.

use std::path::PathBuf;

use clap::Args;
use maille_client::{QueryError, Received};
use maille_common::identifier::AlertId;
use maille_common::terms::Stage;
use serde::{Deserialize, Serialize};

use super::{Context, Run};
use crate::agent::{Ask, Desk, by, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;

mod paper;
pub(crate) mod part;
pub(crate) mod save;
mod text;

use paper::Arrival;
pub(crate) use paper::Paper;
use part::Part;
use save::Save;

/// Arguments of `read`.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// The alert, sent or received, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
    /// Write one part to standard output, exactly as it was sent.
    #[arg(long, value_name = "N", conflicts_with = "save")]
    part: Option<usize>,
    /// Save the attachments to this folder, under names that are safe there.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Do not say that whoever is on duty has read it.
    #[arg(long)]
    unread: bool,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks for an alert with its words.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    id: String,
    /// Do not say that whoever is on duty has read it.
    #[serde(default)]
    unread: bool,
}

impl Run for ReadArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let Self {
            id,
            part,
            save,
            unread,
            desk,
        } = self;
        if let Some(part) = part {
            let question = Part { id, part };
            let found = with_desk(context, &desk, async |access| access.ask(question).await)?;
            return context.output.bytes(&found.bytes()?);
        }
        if let Some(folder) = save {
            let question = Save::new(id, &folder)?;
            let saved = with_desk(context, &desk, async |access| access.ask(question).await)?;
            return context.output.result(&saved, &saved.text());
        }
        let question = Read { id, unread };
        with_desk(context, &desk, async |access| {
            let paper = access.ask(question).await?;
            context.output.result(&paper, &paper.text())
        })
    }
}

impl Ask for Read {
    const NAME: &'static str = "read";
    const COLLECTS: bool = true;
    const BRINGS: bool = true;
    const FETCHES: bool = true;
    type Answer = Paper;

    async fn answer(self, desk: &Desk) -> Result<Paper, Fault> {
        let alert = desk.find(&self.id).await?;
        let received = match desk.client().received(alert).await {
            Ok(received) => received,
            Err(QueryError::Unknown(_)) => {
                let paper = sent_paper(desk, alert).await?;
                return Ok(paper.ok_or(QueryError::Purged(alert))?);
            }
            Err(error) => return Err(error.into()),
        };
        // After a crash between here and the screen it is "possibly seen" (I5).
        desk.client().showing(alert).await?;
        let read_by = match self.unread {
            true => None,
            false => mark(desk, &received).await?,
        };
        let arrival = Arrival::of(&received.entry, read_by);
        let attachments = desk.client().attachments(alert).await?;
        Ok(Paper::new(
            alert,
            &received.core,
            &received.content,
            &attachments,
            (Some(arrival), &received.entry.amendments),
        ))
    }
}

/// An alert with its words, for a program that is told of it: nothing is marked as shown or read.
/// None where its content was purged.
#[cfg(unix)]
pub(crate) async fn paper(desk: &Desk, alert: AlertId) -> Result<Option<Paper>, Fault> {
    let client = desk.client();
    let found = match client.received(alert).await {
        Ok(found) => found,
        Err(QueryError::Purged(_)) => return Ok(None),
        Err(QueryError::Unknown(_)) => return sent_paper(desk, alert).await,
        Err(error) => return Err(error.into()),
    };
    let attachments = client.attachments(alert).await?;
    let since = (
        Some(Arrival::of(&found.entry, None)),
        &found.entry.amendments[..],
    );
    let paper = Paper::new(alert, &found.core, &found.content, &attachments, since);
    Ok(Some(paper))
}

/// `None` where its content was purged.
async fn sent_paper(desk: &Desk, alert: AlertId) -> Result<Option<Paper>, Fault> {
    let words = match desk.client().sent_words(alert).await {
        Err(QueryError::Purged(_)) => return Ok(None),
        words => words?,
    };
    let track = desk.client().track(alert).await?;
    let attachments = desk.client().attachments(alert).await?;
    let since = (None, &track.amendments[..]);
    let paper = Paper::new(alert, &track.core, &words, &attachments, since);
    Ok(Some(paper))
}

/// Whoever is on duty has read it; nobody has where nobody is, and what was answered was read.
async fn mark(desk: &Desk, received: &Received) -> Result<Option<String>, Fault> {
    let entry = &received.entry;
    let officer = desk.officer()?;
    let is_new = matches!(entry.stage, Stage::Delivered | Stage::Complete);
    if let (Some(name), true, Some(_)) = (&officer, is_new, &entry.recipient) {
        desk.client().mark_read(entry.id, by(Some(name))).await?;
        return Ok(officer);
    }
    Ok(None)
}

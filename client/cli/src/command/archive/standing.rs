//! `maille archive status`: how far the archive of this desk has come.

use std::fmt::Write;

use clap::Args;
use maille_client::Archiving;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::command::{Context, Run};
use crate::fault::Fault;
use crate::form::maybe;
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::archive;

/// Arguments of `archive status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks how the archive stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ArchiveStatus {}

/// How an archive stands; nothing of it where there is none.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    archive: Option<Archived>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Archived {
    folder: String,
    /// The id of the archive key, of which its code is the beginning.
    key: String,
    chain: String,
    /// Records written.
    records: u64,
    /// The hash of the newest record; whoever opens the archive compares it.
    last: String,
    /// Events not looked at yet.
    behind: u64,
    /// Attachments that are still to be copied.
    attachments: usize,
    /// Alerts and attachments that could not be archived.
    left_out: u64,
    #[serde(with = "maybe")]
    failing_since: Option<Timestamp>,
    /// Why it cannot be written.
    trouble: Option<String>,
}

impl Run for StatusArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let standing = with_desk(context, &self.desk, async |access| {
            access.ask(ArchiveStatus {}).await
        })?;
        context.output.result(&standing, &standing.text())
    }
}

impl Ask for ArchiveStatus {
    const NAME: &'static str = "archive-status";
    const COLLECTS: bool = true;
    type Answer = Standing;

    async fn answer(self, desk: &Desk) -> Result<Standing, Fault> {
        // What just came is written in a moment; an attachment may take longer than anybody waits.
        let written = desk.client().archived();
        if let Ok(standing) = tokio::time::timeout(desk.patience(), written).await {
            return Ok(Standing::from(standing?));
        }
        Ok(Standing::from(desk.client().archiving().await?))
    }
}

impl From<Option<(Archiving, Option<String>)>> for Standing {
    fn from(found: Option<(Archiving, Option<String>)>) -> Self {
        found.map_or(Self { archive: None }, |(archiving, trouble)| {
            Self::of(&archiving, trouble)
        })
    }
}

impl Standing {
    pub(super) fn of(archiving: &Archiving, trouble: Option<String>) -> Self {
        let archived = Archived {
            folder: archiving.folder.clone(),
            key: archiving.key.to_string(),
            chain: archiving.chain.to_string(),
            records: archiving.number,
            last: archiving.last.to_string(),
            behind: archiving.behind,
            attachments: archiving.attachments,
            left_out: archiving.left_out,
            failing_since: archiving.failing,
            trouble,
        };
        Self {
            archive: Some(archived),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Some(archived) = &self.archive else {
            return archive::NoArchive.to_string();
        };
        let (records, folder) = (&archived.records, &safe_text(&archived.folder));
        let mut text = archive::Stands { records, folder }.to_string();
        // Writing to a String cannot fail.
        let mut line = |words: &dyn std::fmt::Display| {
            let _ = write!(text, "\n{words}");
        };
        let (chain, last) = (&archived.chain, &archived.last);
        line(&archive::Newest { chain, last });
        if archived.behind > 0 {
            let count = &archived.behind;
            line(&archive::Behind { count });
        }
        if archived.attachments > 0 {
            let count = &archived.attachments;
            line(&archive::AttachmentsWait { count });
        }
        if archived.left_out > 0 {
            let count = &archived.left_out;
            line(&archive::LeftOut { count });
        }
        if let Some(since) = archived.failing_since {
            let why = &safe_text(archived.trouble.as_deref().unwrap_or_default());
            let time = &local(since);
            line(&archive::Failing { time, why });
        }
        text
    }
}

//! `maille drill show`: whom a drill reached, and the file that proves it.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::command::export::{create, unusable};
use crate::command::{Context, Run};
use crate::fault::Fault;
use crate::sentence::export;

/// Arguments of `drill show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The drill, by the beginning of its alert's id.
    #[arg(value_name = "ID")]
    id: String,
    /// Print a table for spreadsheets (RFC 4180), in which nothing is taken for a formula.
    #[arg(long)]
    csv: bool,
    /// Also write the signed evidence, which `maille verify` proves; never over a file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks whom a drill reached.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Show {
    pub(super) id: String,
    /// The file to make of the evidence; absolute where an agent writes.
    #[serde(default)]
    pub(super) to: Option<PathBuf>,
}

/// Whom it reached.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    id: String,
    short: String,
    #[serde(flatten)]
    record: Record,
    /// The file that was made.
    file: Option<PathBuf>,
    bytes: Option<u64>,
}

impl Run for ShowArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let Self { id, csv, out, desk } = self;
        let absolute =
            |path: PathBuf| std::path::absolute(&path).map_err(|error| unusable(&path, &error));
        let question = Show {
            id,
            to: out.map(absolute).transpose()?,
        };
        let shown = with_desk(context, &desk, async |access| access.ask(question).await)?;
        match csv {
            true => context.output.bytes(shown.record.csv().as_bytes())?,
            false => context.output.result(&shown, &shown.text())?,
        }
        if let (Some(file), Some(bytes)) = (&shown.file, &shown.bytes) {
            let path = &file.display();
            context.output.say(export::Written { path, bytes });
            context.output.say(export::Discloses);
        }
        Ok(())
    }
}

impl Ask for Show {
    const NAME: &'static str = "drill-show";
    const COLLECTS: bool = true;
    type Answer = Shown;

    async fn answer(self, desk: &Desk) -> Result<Shown, Fault> {
        let alert = desk.find(&self.id).await?;
        let (reachability, export) = desk.client().reachability(alert).await?;
        let mut length = None;
        if let Some(path) = &self.to {
            let bytes = export.to_bytes();
            create(path, &bytes).map_err(|error| unusable(path, &error))?;
            length = Some(bytes.len() as u64);
        }
        Ok(Shown {
            id: alert.to_string(),
            short: alert.prefix().to_string(),
            record: Record::of(&reachability),
            bytes: length,
            file: self.to,
        })
    }
}

impl Shown {
    pub(super) fn text(&self) -> String {
        format!("{}  {}", self.short, self.record.text())
    }
}

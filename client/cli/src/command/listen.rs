//! `maille listen`: everything that happens at this desk, from where the reader stopped.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Context, Run};
use crate::agent::{Access, Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint};

mod happening;
mod incident;

#[cfg(any(unix, test))]
pub(crate) use happening::EVENTS;
pub(crate) use happening::Happening;

/// Arguments of `listen`.
#[derive(Debug, Args)]
pub(crate) struct ListenArgs {
    /// The name whose cursor remembers what was told; each program has its own.
    #[arg(long, value_name = "NAME", default_value = "listen")]
    reader: String,
    /// Tell of exercises and tests as well.
    #[arg(long)]
    all: bool,
    /// Stop after so many events.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks for the next event of a reader, and waits until there is one.
///
/// It is told again until it is said to be handled: after a crash nothing is missed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Next {
    reader: String,
    #[serde(default)]
    all: bool,
}

/// Says that a reader has handled everything up to an event. Durable on return.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Handled {
    reader: String,
    #[serde(default)]
    all: bool,
    /// The event's number.
    number: u64,
}

/// How far a reader has come.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    reader: String,
    number: u64,
}

impl Run for ListenArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        with_desk(context, &self.desk, async |access| {
            let mut told = 0;
            while self.count.is_none_or(|count| told < count) {
                self.tell_next(context, access).await?;
                told += 1;
            }
            Ok(())
        })
    }
}

impl ListenArgs {
    /// An event is handled once it is printed, never before.
    async fn tell_next(&self, context: &Context, access: &Access) -> Result<(), Fault> {
        let (reader, all) = (self.reader.clone(), self.all);
        let happening = access
            .ask(Next {
                reader: reader.clone(),
                all,
            })
            .await?;
        context.output.result(&happening, &happening.text())?;
        access
            .ask(Handled {
                reader,
                all,
                number: happening.number(),
            })
            .await?;
        Ok(())
    }
}

impl Ask for Next {
    const NAME: &'static str = "next";
    const BRINGS: bool = true;
    type Answer = Happening;

    async fn answer(self, desk: &Desk) -> Result<Happening, Fault> {
        check_name(&self.reader)?;
        let events = desk.client().events(&self.reader);
        let mut events = if self.all { events.all() } else { events };
        Happening::of(desk, events.next().await?).await
    }
}

impl Ask for Handled {
    const NAME: &'static str = "handled";
    type Answer = Cursor;

    async fn answer(self, desk: &Desk) -> Result<Cursor, Fault> {
        check_name(&self.reader)?;
        let events = desk.client().events(&self.reader);
        let mut events = if self.all { events.all() } else { events };
        let mut last = 0;
        while last < self.number {
            let Some(event) = events.try_next().await? else {
                break;
            };
            last = event.number;
        }
        events.commit().await?;
        Ok(Cursor {
            reader: self.reader,
            number: last,
        })
    }
}

/// Names stand in the store for ever, so they are short.
fn check_name(reader: &str) -> Result<(), Fault> {
    const BYTES_MAX: usize = 64;
    // What they have taken is not told again.
    #[cfg(unix)]
    if reader.starts_with(crate::hook::READER) {
        let sentence = fault::ReaderOfAgent { reader: &reader };
        return Err(Fault::new(Exit::Input, "reader-name", sentence).with_hint(hint::CheckReader));
    }
    if (1..=BYTES_MAX).contains(&reader.len()) {
        return Ok(());
    }
    let sentence = fault::ReaderName { limit: &BYTES_MAX };
    Err(Fault::new(Exit::Input, "reader-name", sentence).with_hint(hint::CheckReader))
}

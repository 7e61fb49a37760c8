//! `maille export`: everything held about an alert, as a file that proves itself to others.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{export, fault, hint};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The alert, sent or received, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
    /// Add the content key and the names of officers: whoever has the file can read the alert.
    #[arg(long)]
    reveal: bool,
    /// The file to make, or a folder for it; never one that is there already.
    #[arg(
        long,
        value_name = "FILE",
        default_value = ".",
        hide_default_value = true
    )]
    to: PathBuf,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks to export an alert.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Export {
    id: String,
    #[serde(default)]
    reveal: bool,
    /// A file, or a folder that is there; absolute where an agent writes.
    to: PathBuf,
}

/// The file that was made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Exported {
    id: String,
    short: String,
    file: PathBuf,
    bytes: u64,
    revealed: bool,
}

impl Run for ExportArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let Self {
            id,
            reveal,
            to,
            desk,
        } = self;
        let to = std::path::absolute(&to).map_err(|error| unusable(&to, &error))?;
        let question = Export { id, reveal, to };
        let exported = with_desk(context, &desk, async |access| access.ask(question).await)?;
        let (path, bytes) = (&exported.file.display(), &exported.bytes);
        let text = export::Written { path, bytes }.to_string();
        context.output.result(&exported, &text)?;
        if exported.revealed {
            context.output.say(export::Reveals);
        }
        context.output.say(export::Discloses);
        Ok(())
    }
}

impl Ask for Export {
    const NAME: &'static str = "export";
    const COLLECTS: bool = true;
    type Answer = Exported;

    async fn answer(self, desk: &Desk) -> Result<Exported, Fault> {
        let alert = desk.find(&self.id).await?;
        let export = desk.client().export(alert, self.reveal).await?;
        let id = export.head().alert;
        let file = match self.to.is_dir() {
            true => self.to.join(format!("{}.export", id.prefix())),
            false => self.to,
        };
        let bytes = export.to_bytes();
        create(&file, &bytes).map_err(|error| unusable(&file, &error))?;
        Ok(Exported {
            id: id.to_string(),
            short: id.prefix().to_string(),
            bytes: bytes.len() as u64,
            revealed: self.reveal,
            file,
        })
    }
}

/// Makes a file that its owner alone may read, and that is durable; none where it fails.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = write(&mut file, bytes);
    if written.is_err() {
        // What is not whole proves nothing, and would be in the way.
        let _ = fs::remove_file(path);
    }
    written
}

fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

pub(super) fn unusable(path: &Path, error: &io::Error) -> Fault {
    let exists = error.kind() == io::ErrorKind::AlreadyExists;
    let path = &path.display();
    if exists {
        let sentence = fault::ExportInTheWay { path };
        return Fault::new(Exit::Input, "export-in-the-way", sentence).with_hint(hint::OtherTo);
    }
    let sentence = fault::FileUnusable { path, error };
    Fault::new(Exit::World, "export-file", sentence).with_hint(hint::OtherTo)
}

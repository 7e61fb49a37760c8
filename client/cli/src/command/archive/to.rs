//! `maille archive use`: write every alert of this desk to an archive.

use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::archive::ArchivePublicFile;
use maille_common::typed_code::is_typed_code;
use serde::{Deserialize, Serialize};

use super::standing::Standing;
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::sentence::{archive, fault, hint};

/// Arguments of `archive use`.
#[derive(Debug, Args)]
pub(crate) struct UseArgs {
    /// The public key of the archive, as `archive init` made it.
    #[arg(value_name = "FILE")]
    key: PathBuf,
    /// The folder that records are written to; it is there, and this desk may write to it.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The code of the key, as it was read out by whoever made it.
    #[arg(long, value_name = "CODE")]
    code: String,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks to write to an archive.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Use {
    /// The file of the public key; absolute where an agent reads it.
    key: PathBuf,
    /// The same.
    to: PathBuf,
    code: String,
}

impl Run for UseArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let question = Use {
            key: absolute(&self.key)?,
            to: absolute(&self.to)?,
            code: self.code,
        };
        let standing = with_desk(context, &self.desk, async |access| {
            access.ask(question).await
        })?;
        context.output.result(&standing, &standing.text())?;
        context.output.say(archive::Begun);
        Ok(())
    }
}

impl Ask for Use {
    const NAME: &'static str = "archive-use";
    type Answer = Standing;

    async fn answer(self, desk: &Desk) -> Result<Standing, Fault> {
        let key = ArchivePublicFile::read(&self.key).hint(hint::CheckArchiveKey)?;
        // Whoever exchanged the file on its way would read everything.
        if !is_typed_code(&key.code(), &self.code) {
            let fault = Fault::new(Exit::Refused, "wrong-archive-code", fault::WrongArchiveCode);
            return Err(fault.with_hint(hint::CompareArchiveCode));
        }
        let begun = desk.client().archive_to(key, &self.to).await;
        let begun = begun.hint(hint::CheckArchiveFolder)?;
        Ok(Standing::of(&begun, None))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Fault> {
    std::path::absolute(path).map_err(|error| {
        let (path, why) = (&path.display(), &error);
        let sentence = fault::FileUnreadable { path, why };
        Fault::new(Exit::Input, "archive-folder", sentence).with_hint(hint::CheckArchiveFolder)
    })
}

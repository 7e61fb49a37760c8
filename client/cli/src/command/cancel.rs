//! `maille cancel`: take an alert of this contact back, from everybody who holds it.

use clap::Args;
use maille_common::terms::Kind;

use super::send::{self, MessageForm, WaitArgs};
use super::{Context, Run};
use crate::args::DeskArgs;
use crate::fault::Fault;

/// Arguments of `cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The alert, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
    /// Why, in words for those who hold it; `-` reads them from standard input.
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    reason: Option<String>,
    /// The language of the reason (BCP 47).
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Your own name for it: sent again under it, the same cancel does not go twice.
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    desk: DeskArgs,
}

impl Run for CancelArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let message = MessageForm {
            about: Some(self.id),
            kind: Some(Kind::Cancel),
            // An alert has words; without a reason these are its subject alone.
            body: Some(self.reason.unwrap_or_default()),
            language: self.language,
            reference: self.reference,
            ..MessageForm::default()
        };
        send::run(context, message, &self.wait, &self.desk)
    }
}

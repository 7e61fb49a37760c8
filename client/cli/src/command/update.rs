//! `maille update`: say more, or better, about an alert of this contact, to everybody who holds it.

use clap::Args;
use maille_common::terms::Kind;

use super::send::{self, MessageForm, WaitArgs};
use super::{Context, Run};
use crate::args::DeskArgs;
use crate::fault::Fault;

/// Arguments of `update`.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// The alert, by the beginning of its id.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    message: MessageForm,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    desk: DeskArgs,
}

impl Run for UpdateArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let message = MessageForm {
            about: Some(self.id),
            kind: Some(Kind::Update),
            ..self.message
        };
        send::run(context, message, &self.wait, &self.desk)
    }
}

//! `maille officer out`: go off duty.

use clap::Args;

use super::on_duty;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::Fault;

/// Arguments of `officer out`.
#[derive(Debug, Args)]
pub(crate) struct Out;

impl Run for Out {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let was = on_duty::read(home)?.ok_or_else(|| {
            Fault::new(
                Exit::Input,
                "nobody-on-duty",
                "Nobody is on duty in this home.",
            )
            .with_hint("Check --home.")
        })?;
        on_duty::clear(home)?;
        context
            .output
            .result(&was, &format!("{} is off duty.", was.officer))
    }
}

//! `maille officer out`: go off duty.

use clap::Args;

use super::on_duty;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint, officer};

/// Arguments of `officer out`.
#[derive(Debug, Args)]
pub(crate) struct Out;

impl Run for Out {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let was = on_duty::read(home)?.ok_or_else(|| {
            Fault::new(Exit::Input, "nobody-on-duty", fault::NobodyOnDuty)
                .with_hint(hint::CheckHome)
        })?;
        on_duty::clear(home)?;
        let officer = &was.officer;
        let text = officer::OffDuty { officer }.to_string();
        context.output.result(&was, &text)
    }
}

//! `maille demo`: the main job in one command, every step verified.

use std::path::PathBuf;

use clap::Args;

use crate::command::{Context, Run};
use crate::demo::{self, Request};
use crate::fault::Fault;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// A new or empty folder for the network; where it is missing, a temporary one, which stays.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A CAP 1.2 file to send instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    cap: Option<PathBuf>,
}

impl Run for Demo {
    fn run(self, context: &Context) -> Result<(), Fault> {
        demo::run(
            Request {
                dir: self.dir,
                cap: self.cap,
            },
            &context.output,
        )
    }
}

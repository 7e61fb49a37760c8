//! `maille demo`: the main job in one command, every step verified.

use std::path::PathBuf;

use clap::Args;

use crate::command::{Context, Run};
use crate::demo::{self, Request};
use crate::fault::Fault;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// An empty or new folder for the network; a new temporary one, which stays, where it is missing.
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

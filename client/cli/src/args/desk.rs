//! The desk that a command asks: who opens it, and how long relays are waited for.

use clap::Args;
use maille_common::time::Span;

use super::UnlockArgs;

/// How a command comes to its desk. An agent that runs has it open already.
#[derive(Debug, Args)]
pub(crate) struct DeskArgs {
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    /// How long to wait for relays before going on without them. An agent waits by itself.
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    pub(crate) patience: Span,
}

//! What can be asked of a desk: of the agent that holds it, or of one opened for the question.
//!
//! One process holds a home. Where an agent does, every command asks it over `agent.sock` in the
//! home; where none runs, the command opens the home, does the very same, and closes it. Programs
//! of an agency use the same socket: HTTP/1.1, `POST /v1/QUESTION` with the question as JSON, and
//! the answer as JSON, or `{"code", "message", "hint", "exit"}` with a status of 400 or more.
//!
//! | file | its noun |
//! |---|---|
//! | `ask.rs` | a question, and what answers it |
//! | `desk.rs` | an open desk |
//! | `access.rs` | the way to a desk: an agent, or one of our own |
//! | `turn.rs` | waiting for a home that another process holds |
//! | `questions.rs` | all questions by name |
//! | `wire.rs` | a fault on its way over the socket |
//! | `service.rs` | what systemd is told of an agent; only on Unix |
//! | `call.rs`, `serve.rs` | the two ends of the socket; only on Unix |

mod access;
mod ask;
#[cfg(unix)]
mod call;
mod desk;
#[cfg(unix)]
mod questions;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod service;
mod turn;
#[cfg(unix)]
mod wire;

#[cfg(unix)]
pub(crate) use access::open_for_agent;
pub(crate) use access::{Access, through_agent, with_desk};
pub(crate) use ask::Ask;
pub(crate) use desk::{Desk, by};
#[cfg(unix)]
pub(crate) use serve::Socket;
#[cfg(unix)]
pub(crate) use service::watch;

/// Runs what waits for the network.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, crate::fault::Fault>>,
) -> Result<T, crate::fault::Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        let sentence = crate::sentence::fault::NoThreads { error: &error };
        crate::fault::Fault::new(crate::exit::Exit::World, "threads", sentence)
    })?;
    runtime.block_on(work)
}

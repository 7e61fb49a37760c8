//! The load tool: what carrying alerts costs, in figures. docs/performance.md says how to repeat
//! each.
//!
//! | module | what it is |
//! |---|---|
//! | `world`, `bare` | the measured network on disk, its relay's process, devices without desks |
//! | `sealed`, `submit` | alerts sealed ahead, and submitted as fast as a relay takes them |
//! | `pairs`, `hearing` | desks that send and receive, and when they hear of what |
//! | `stretch`, `meter`, `usage` | a measured stretch, and what processes and machine used in it |
//! | `numbers` | several numbers in one argument |
//! | `latencies`, `report` | percentiles, and the lines that are printed |
//! | the others | a figure each |

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use maille_common::time::Timestamp;

use crate::relay_process::RelayPart;

mod accept;
mod attach;
mod backlog;
mod bare;
mod drain;
mod e2e;
mod fanout;
mod hearing;
mod idle;
mod latencies;
mod meter;
mod numbers;
mod overload;
mod pairs;
mod report;
mod sealed;
mod stretch;
mod submit;
mod urgent;
mod usage;
mod world;

use report::Report;

/// Longer than anything takes that comes about, on a slow machine under load.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures what carrying alerts costs: a relay in a process of its own, desks over the library
/// that agencies embed, QUIC on loopback, durable stores on a real disk.
///
/// One JSON line a figure goes to standard output. It exits with 0 only if nothing was lost.
#[derive(Debug, Parser)]
#[command(name = "load", args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    figure: Figure,
}

#[derive(Debug, Subcommand)]
enum Figure {
    /// Alerts accepted a second while their recipients are away.
    Accept(accept::Accept),
    /// From sending to stored at the recipient, at a rate.
    E2e(e2e::EndToEnd),
    /// From sending to the recipient's signed receipt, at a rate or as many as go.
    Receipt(e2e::Receipt),
    /// A desk that was away takes and signs what waits for it.
    Drain(drain::Drain),
    /// One alert to many who are online.
    Fanout(fanout::Fanout),
    /// Memory and processor time of connections on which nothing is said.
    Idle(idle::Idle),
    /// One large attachment through the relay.
    Attach(attach::Attach),
    /// Accepting and delivering while mailboxes of others are full.
    Backlog(backlog::Backlog),
    /// How soon a relay with full mailboxes serves again.
    Restart(backlog::Restart),
    /// Urgent alerts while a relay accepts all it can of others.
    Urgent(urgent::Urgent),
    /// More than a relay can accept, for a time.
    Overload(overload::Overload),
    /// The relay's process.
    #[command(hide = true)]
    Relay(RelayPart),
    /// A desk's process.
    #[command(hide = true)]
    Desk(attach::DeskPart),
    /// A process that holds connections.
    #[command(hide = true)]
    Holder,
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    match Cli::parse().figure {
        Figure::Relay(part) => part.play(),
        Figure::Desk(part) => part.play(),
        Figure::Holder => idle::hold(),
        figure => measure(&figure),
    }
}

fn measure(figure: &Figure) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut report = Report::default();
    runtime.block_on(async {
        match figure {
            Figure::Accept(figure) => figure.run(&mut report).await,
            Figure::E2e(figure) => figure.run(&mut report).await,
            Figure::Receipt(figure) => figure.run(&mut report).await,
            Figure::Drain(figure) => figure.run(&mut report).await,
            Figure::Fanout(figure) => figure.run(&mut report).await,
            Figure::Idle(figure) => figure.run(&mut report).await,
            Figure::Attach(figure) => figure.run(&mut report).await,
            Figure::Backlog(figure) => figure.run(&mut report).await,
            Figure::Restart(figure) => figure.run(&mut report).await,
            Figure::Urgent(figure) => figure.run(&mut report).await,
            Figure::Overload(figure) => figure.run(&mut report).await,
            Figure::Relay(_) | Figure::Desk(_) | Figure::Holder => {
                unreachable!("a part was played")
            }
        }
    });
    // What a library does in the background ends with the process.
    runtime.shutdown_background();
    match report.is_broken() {
        false => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
    }
}

/// The time now.
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since.expect("it is after 1970").as_millis();
    Timestamp::from_unix_ms(u64::try_from(ms).expect("it is before the year 584 million"))
}

/// It did not come about within [`PATIENCE`].
#[derive(Debug)]
struct GivenUp;

/// What comes within [`PATIENCE`].
async fn patience<T>(work: impl Future<Output = T>) -> Result<T, GivenUp> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .map_err(|_| GivenUp)
}

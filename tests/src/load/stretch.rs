//! A measured stretch: workers begin together, and it ends when the first has nothing left to do,
//! for what the others still do is less than was asked for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use maille_client::Client;
use tokio::task::JoinSet;

use super::latencies::{Latencies, round};
use super::meter::{Meter, Used};
use crate::relay_process::RelayProcess;

/// When one piece of work began and ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    begun: Instant,
    ended: Instant,
}

/// What one worker has done.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) spans: Vec<Span>,
    /// Why others came to nothing, by code.
    pub(super) faults: Vec<String>,
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) used: Used,
    from: Instant,
    to: Instant,
    /// Of all workers, what they did after the end included.
    pub(super) work: Work,
}

impl Span {
    /// From a moment until now.
    pub(super) fn since(begun: Instant) -> Self {
        let ended = Instant::now();
        Self { begun, ended }
    }
}

impl Work {
    /// One more has ended now.
    pub(super) fn add(&mut self, begun: Instant, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.spans.push(Span::since(begun)),
            Err(fault) => self.faults.push(fault),
        }
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.spans.extend(more.spans);
        self.faults.extend(more.faults);
    }

    /// How often each fault was met.
    pub(super) fn faults(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for fault in &self.faults {
            *counts.entry(fault.as_str()).or_default() += 1;
        }
        counts
    }

    /// How many came about.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.spans.len()).unwrap()
    }
}

/// Lets workers work, and measures. `desks` are those whose syncs count.
pub(super) async fn measure(
    relay: &RelayProcess,
    desks: &[Client],
    workers: impl IntoIterator<Item = impl Future<Output = Work> + Send + 'static>,
) -> Measured {
    let meter = Meter::begin(relay, desks).await;
    let from = Instant::now();
    let mut working = JoinSet::new();
    for worker in workers {
        working.spawn(worker);
    }
    let first = working.join_next().await.expect("there is a worker");
    let to = Instant::now();
    let used = meter.end().await;
    let mut work = first.expect("no worker panics");
    while let Some(more) = working.join_next().await {
        work.extend(more.expect("no worker panics"));
    }
    Measured {
        used,
        from,
        to,
        work,
    }
}

impl Measured {
    fn within(&self) -> impl Iterator<Item = &Span> {
        let inside = |span: &&Span| span.ended > self.from && span.ended <= self.to;
        self.work.spans.iter().filter(inside)
    }

    /// How many ended within the stretch.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.within().count()).unwrap()
    }

    /// How long those took.
    pub(super) fn latencies(&self) -> Latencies {
        let took = |span: &Span| span.ended - span.begun;
        self.within().map(took).collect()
    }

    /// How long it was.
    pub(super) fn wall(&self) -> Duration {
        self.to - self.from
    }

    /// So many a second.
    pub(super) fn per_second(&self) -> f64 {
        round(self.count() as f64 / self.wall().as_secs_f64(), 1)
    }
}

//! `overload`: twice as much as a relay can accept, for a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::Args;
use maille_common::terms::Urgency;
use maille_link::Priority;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::bare::{Line, submit};
use super::e2e::count_of;
use super::latencies::{Latencies, round};
use super::meter::Meter;
use super::report::Report;
use super::sealed::{Letter, Stock, stock};
use super::stretch::measure;
use super::submit::one_by_one;
use super::usage::peak_kib;
use super::world::{People, Place};

/// Arguments of `overload`.
#[derive(Debug, Args)]
pub(super) struct Overload {
    #[command(flatten)]
    place: Place,
    /// Alerts by which the capacity is found, 64 in flight.
    #[arg(long, default_value_t = 20_000)]
    count: usize,
    /// How many times the capacity is offered.
    #[arg(long, default_value_t = 2.0)]
    times: f64,
    /// How long. All that is offered is sealed ahead and kept in memory: twice 10,000 a second of
    /// 3 KiB are 60 MB a second.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    conns: usize,
    /// Mailboxes that alerts go to in turn, of devices that are away.
    #[arg(long, default_value_t = 64)]
    mailboxes: usize,
    /// Bytes of text of an alert.
    #[arg(long, default_value_t = 1536)]
    bytes: usize,
}

/// What came of one alert that was offered.
struct Offered {
    /// After the beginning.
    ended: Duration,
    /// Since it was due.
    took: Duration,
    outcome: Result<(), String>,
}

impl Overload {
    pub(super) async fn run(&self, report: &mut Report) {
        let serving = self.place.serve(People {
            bare: self.conns + self.mailboxes,
            ..People::default()
        });
        let (senders, away) = serving.world.bare.split_at(self.conns);
        let mailboxes = serving.mailboxes(away).await;
        let (lines, mut quills) = (serving.connect(senders).await, serving.quills(senders));
        let letter = Letter {
            bytes: self.bytes,
            urgency: Urgency::Expected,
        };
        let mut sealed = |count: usize| {
            tokio::task::block_in_place(|| stock(&mut quills, &mailboxes, count, letter))
        };
        let found = sealed(self.count.max(2 * self.conns));
        let peak = measure(&serving.relay, &[], one_by_one(&lines, found)).await;
        let capacity = peak.per_second();
        let offered_per_s = capacity * self.times;
        let count = usize::try_from(count_of(offered_per_s * self.seconds)).unwrap();
        let stocks = sealed(count);

        let meter = Meter::begin(&serving.relay, &[]).await;
        let offered = offer(&lines, stocks, offered_per_s).await;
        let used = meter.end().await;
        let accepted: Vec<&Offered> = offered.iter().filter(|one| one.outcome.is_ok()).collect();
        let within = Duration::from_secs_f64(self.seconds);
        let in_time = accepted.iter().filter(|one| one.ended <= within).count();
        let per_second = round(in_time as f64 / self.seconds, 1);
        let all = peak.work.count() + u64::try_from(accepted.len()).unwrap();
        let held = serving.until("waiting", all).await;
        let mut faults = BTreeMap::new();
        for fault in offered.iter().filter_map(|one| one.outcome.as_ref().err()) {
            *faults.entry(fault.as_str()).or_insert(0u64) += 1;
        }
        let latencies: Latencies = accepted.iter().map(|one| one.took).collect();
        let messages = u64::try_from(accepted.len()).unwrap();
        report.line(
            "overload",
            json!({
                "payload": self.bytes,
                "conns": self.conns,
                "seconds": self.seconds,
                "capacity_per_s": capacity,
                "offered_per_s": round(offered_per_s, 1),
                "offered": offered.len(),
                "accepted": accepted.len(),
                "accepted_per_s": per_second,
                "of_capacity": round(per_second / capacity, 3),
                "refused": faults,
                "accept": latencies.json(),
                "lost": all.saturating_sub(held),
                "server_peak_kib": peak_kib(serving.relay.number()),
                "cpu": used.cpu(messages),
                "syncs": used.syncs(),
                "memory": used.memory(),
            }),
        );
    }
}

/// Offers everything at a rate, whether or not what was offered before was answered.
async fn offer(lines: &[Line], stocks: Vec<Stock>, rate: f64) -> Vec<Offered> {
    let count: usize = stocks.iter().map(Vec::len).sum();
    let links: Vec<_> = lines.iter().map(|line| line.link.clone()).collect();
    let mut stocks: Vec<_> = stocks.into_iter().map(Vec::into_iter).collect();
    let mut turns = (0..links.len()).cycle();
    let handle = Handle::current();
    let paced = tokio::task::spawn_blocking(move || {
        let mut under_way = JoinSet::new();
        let begun = Instant::now();
        for number in 0..count {
            let due = begun + Duration::from_secs_f64(number as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let (link, request) = loop {
                let turn = turns.next().expect("turns never end");
                // Some have one more than others.
                if let Some(request) = stocks[turn].next() {
                    break (links[turn].clone(), request);
                }
            };
            under_way.spawn_on(
                async move {
                    let outcome = submit(&link, Priority::Normal, &request).await;
                    let now = Instant::now();
                    Offered {
                        ended: now - begun,
                        took: now.saturating_duration_since(due),
                        outcome,
                    }
                },
                &handle,
            );
        }
        under_way
    });
    paced.await.expect("nothing panics").join_all().await
}

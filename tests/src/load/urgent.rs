//! `urgent`: how long an urgent alert takes while a relay accepts all it can of others.

use clap::Args;
use maille_common::terms::Urgency;
use serde_json::json;

use super::e2e::count_of;
use super::pairs::{Pace, Pairs};
use super::report::Report;
use super::sealed::{Letter, stock};
use super::stretch::measure;
use super::submit::one_by_one;
use super::world::{People, Place};

/// Arguments of `urgent`.
#[derive(Debug, Args)]
pub(super) struct Urgent {
    #[command(flatten)]
    place: Place,
    /// Pairs of desks that exchange urgent alerts.
    #[arg(long, default_value_t = 4)]
    pairs: usize,
    /// Urgent alerts a second, of all pairs together.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// How long they go before anything else does.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Others, which are not urgent, sealed ahead; the urgent go on until they are accepted.
    #[arg(long, default_value_t = 100_000)]
    bulk: usize,
    /// Of these in flight at a time.
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Mailboxes that they go to in turn, of devices that are away.
    #[arg(long, default_value_t = 64)]
    mailboxes: usize,
    /// Bytes of text of an alert.
    #[arg(long, default_value_t = 1536)]
    bytes: usize,
}

impl Urgent {
    pub(super) async fn run(&self, report: &mut Report) {
        let serving = self.place.serve(People {
            desks: Pairs::desks(self.pairs),
            bare: self.in_flight + self.mailboxes,
            devices_each: 1,
        });
        let (senders, away) = serving.world.bare.split_at(self.in_flight);
        let mailboxes = serving.mailboxes(away).await;
        let (lines, mut quills) = (serving.connect(senders).await, serving.quills(senders));
        let pairs = Pairs::open(&serving, self.pairs).await;
        let letter = Letter {
            bytes: self.bytes,
            urgency: Urgency::Future,
        };
        let count = self.bulk.max(2 * self.in_flight);
        let sealed = tokio::task::block_in_place(|| stock(&mut quills, &mailboxes, count, letter));
        let pace = |count: u64| Pace {
            rate: self.rate,
            count,
            bytes: self.bytes,
            urgency: Urgency::Immediate,
        };
        let alone = pairs.at_rate(&serving, pace(count_of(self.rate * self.seconds)));
        let alone = alone.await.json();
        let bulk = measure(&serving.relay, &[], one_by_one(&lines, sealed));
        let (during, bulk) = pairs.at_rate_during(&serving, pace(u64::MAX), bulk).await;
        let during = during.json();
        let both = |name: &str| {
            let of = |line: &serde_json::Value| line[name].as_u64().unwrap_or(0);
            of(&alone) + of(&during)
        };
        report.line(
            "urgent",
            json!({
                "payload": self.bytes,
                "pairs": self.pairs,
                "rate": self.rate,
                "k": self.in_flight,
                "alone": alone,
                "under_load": during,
                "bulk_per_s": bulk.per_second(),
                "bulk_accept": bulk.latencies().json(),
                "errors": both("errors") + u64::try_from(bulk.work.faults.len()).unwrap(),
                "lost": both("lost"),
            }),
        );
        pairs.close().await;
    }
}

//! `e2e` and `receipt`: from the moment at which an alert is to be sent until it is stored at its
//! recipient, and until the recipient's signed receipt is back.

use clap::Args;
use maille_common::terms::Urgency;
use serde_json::{Value, json};

use super::hearing::Step;
use super::pairs::{Pace, Pairs};
use super::report::Report;
use super::world::{People, Place, Serving};

/// Seconds at the same rate before the measured ones.
const WARM: f64 = 2.0;
/// Under way at a time when the capacity is asked for.
const OUTSTANDING: usize = 64;

/// What both take.
#[derive(Debug, Args)]
struct Desks {
    #[command(flatten)]
    place: Place,
    /// Pairs of desks, each with a home of its own.
    #[arg(long, default_value_t = 10)]
    pairs: usize,
    /// Bytes of text of an alert.
    #[arg(long, default_value_t = 1536)]
    bytes: usize,
    /// Alerts a second, of all pairs together.
    #[arg(long, default_value_t = 100.0)]
    rate: f64,
    /// How long.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
}

/// Arguments of `e2e`.
#[derive(Debug, Args)]
pub(super) struct EndToEnd {
    #[command(flatten)]
    desks: Desks,
    /// Half of what arrives a second with 64 under way, instead of --rate.
    #[arg(long)]
    half: bool,
    /// With --half: alerts by which the capacity is found.
    #[arg(long, default_value_t = 5_000, requires = "half")]
    count: usize,
}

/// Arguments of `receipt`.
#[derive(Debug, Args)]
pub(super) struct Receipt {
    #[command(flatten)]
    desks: Desks,
    /// So many under way at a time, instead of a rate.
    #[arg(long)]
    outstanding: Option<usize>,
    /// With --outstanding: alerts that are measured.
    #[arg(long, default_value_t = 5_000, requires = "outstanding")]
    count: usize,
}

impl Desks {
    async fn open(&self) -> (Serving, Pairs) {
        let desks = Pairs::desks(self.pairs);
        let serving = self.place.serve(People {
            desks,
            ..People::default()
        });
        let pairs = Pairs::open(&serving, self.pairs).await;
        (serving, pairs)
    }

    async fn at_rate(&self, serving: &Serving, pairs: &Pairs, rate: f64) -> Value {
        let mut line = at_rate(serving, pairs, (rate, self.seconds, self.bytes)).await;
        line["payload"] = json!(self.bytes);
        line["pairs"] = json!(self.pairs);
        line
    }
}

/// Warms up, and measures.
pub(super) async fn at_rate(
    serving: &Serving,
    pairs: &Pairs,
    (rate, seconds, bytes): (f64, f64, usize),
) -> Value {
    let pace = |seconds: f64| Pace {
        rate,
        count: count_of(rate * seconds),
        bytes,
        urgency: Urgency::Expected,
    };
    pairs.at_rate(serving, pace(WARM.min(seconds))).await;
    let traffic = pairs.at_rate(serving, pace(seconds)).await;
    let mut line = traffic.json();
    line["rate"] = json!(rate);
    line
}

/// A whole number of alerts, at least one.
pub(super) fn count_of(alerts: f64) -> u64 {
    format!("{:.0}", alerts.max(1.0))
        .parse()
        .expect("a finite number of alerts")
}

impl EndToEnd {
    pub(super) async fn run(&self, report: &mut Report) {
        let (serving, pairs) = self.desks.open().await;
        let (mut rate, mut capacity) = (self.desks.rate, None);
        if self.half {
            let asked = (OUTSTANDING, self.count);
            let found = pairs.outstanding(&serving, asked, self.desks.bytes, Step::Arrived);
            let found = found.await.per_second();
            (rate, capacity) = (found / 2.0, Some(found));
        }
        let mut line = self.desks.at_rate(&serving, &pairs, rate).await;
        line["capacity_per_s"] = json!(capacity);
        report.line("e2e", line);
        pairs.close().await;
    }
}

impl Receipt {
    pub(super) async fn run(&self, report: &mut Report) {
        let (serving, pairs) = self.desks.open().await;
        match self.outstanding {
            None => {
                let rate = self.desks.rate;
                let line = self.desks.at_rate(&serving, &pairs, rate).await;
                report.line("receipt", line);
            }
            Some(outstanding) => {
                let line = self.most(&serving, &pairs, outstanding).await;
                report.line("receiptmax", line);
            }
        }
        pairs.close().await;
    }

    async fn most(&self, serving: &Serving, pairs: &Pairs, outstanding: usize) -> Value {
        let bytes = self.desks.bytes;
        let run =
            |count: usize| pairs.outstanding(serving, (outstanding, count), bytes, Step::Delivered);
        run(self.count / 10).await;
        let measured = run(self.count).await;
        let count = measured.count();
        json!({
            "payload": bytes,
            "pairs": self.desks.pairs,
            "outstanding": outstanding,
            "round_trips_per_s": measured.per_second(),
            "round_n": count,
            "round": measured.latencies().json(),
            "errors": measured.work.faults.len(),
            "faults": measured.work.faults(),
            // Each is an alert without its receipt.
            "lost": measured.work.faults.len(),
            "cpu": measured.used.cpu(count),
            "syncs": measured.used.syncs(),
            "memory": measured.used.memory(),
        })
    }
}

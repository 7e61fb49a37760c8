//! `backlog`: what accepting and delivering cost while mailboxes of others are full; and `restart`:
//! how soon a relay with full mailboxes serves again.

use std::fs;
use std::time::Instant;

use clap::Args;
use maille_common::terms::Urgency;
use serde_json::{Value, json};

use super::bare::Line;
use super::e2e::at_rate;
use super::latencies::round;
use super::numbers::Numbers;
use super::pairs::Pairs;
use super::report::Report;
use super::sealed::{Letter, Mailbox, Quill, stock};
use super::stretch::{Measured, measure};
use super::submit::{fill, one_by_one};
use super::usage::peak_kib;
use super::world::{People, Place, Serving};

/// Connections that fill mailboxes, and share what is in flight.
const SENDERS: usize = 64;

/// What both take.
#[derive(Debug, Args)]
struct Full {
    #[command(flatten)]
    place: Place,
    /// Mailboxes over which what waits is spread.
    #[arg(long, default_value_t = 64)]
    mailboxes: usize,
    /// Bytes of text of an alert.
    #[arg(long, default_value_t = 1536)]
    bytes: usize,
}

/// Arguments of `backlog`.
#[derive(Debug, Args)]
pub(super) struct Backlog {
    #[command(flatten)]
    full: Full,
    /// Alerts that wait; a line for each number, which must rise.
    #[arg(long, default_value = "0,100000,1000000")]
    waiting: Numbers,
    /// Alerts by which accepting is measured, one at a time and 64 at a time. They wait as well.
    #[arg(long, default_value_t = 5_000)]
    count: usize,
    /// Pairs of desks that exchange alerts.
    #[arg(long, default_value_t = 10)]
    pairs: usize,
    /// Alerts a second that they exchange.
    #[arg(long, default_value_t = 100.0)]
    rate: f64,
    /// How long.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
}

/// Arguments of `restart`.
#[derive(Debug, Args)]
pub(super) struct Restart {
    #[command(flatten)]
    full: Full,
    /// Alerts that wait.
    #[arg(long, default_value_t = 1_000_000)]
    waiting: usize,
}

/// Bare senders, and whom they write to.
struct Senders {
    lines: Vec<Line>,
    quills: Vec<Quill>,
    mailboxes: Vec<Mailbox>,
    letter: Letter,
}

impl Full {
    async fn serve(&self, desks: usize) -> (Serving, Senders) {
        let serving = self.place.serve(People {
            desks,
            bare: SENDERS + self.mailboxes,
            devices_each: 1,
        });
        let (senders, away) = serving.world.bare.split_at(SENDERS);
        let letter = Letter {
            bytes: self.bytes,
            urgency: Urgency::Expected,
        };
        let senders = Senders {
            mailboxes: serving.mailboxes(away).await,
            lines: serving.connect(senders).await,
            quills: serving.quills(senders),
            letter,
        };
        (serving, senders)
    }
}

impl Senders {
    async fn fill(&mut self, count: usize) {
        let Self {
            lines,
            quills,
            mailboxes,
            letter,
        } = self;
        fill(lines, quills, mailboxes, count, *letter).await;
    }

    /// Submits with so many in flight.
    async fn accept(&mut self, serving: &Serving, in_flight: usize, count: usize) -> Measured {
        let count = count.max(2 * in_flight);
        let quills = &mut self.quills[..in_flight];
        let sealed =
            tokio::task::block_in_place(|| stock(quills, &self.mailboxes, count, self.letter));
        measure(&serving.relay, &[], one_by_one(&self.lines, sealed)).await
    }
}

impl Backlog {
    pub(super) async fn run(&self, report: &mut Report) {
        let (serving, mut senders) = self.full.serve(Pairs::desks(self.pairs)).await;
        let pairs = Pairs::open(&serving, self.pairs).await;
        let mut held = 0;
        for &waiting in &self.waiting.0 {
            let begun = Instant::now();
            senders.fill(waiting.saturating_sub(held)).await;
            held = held.max(waiting);
            let filled_s = begun.elapsed().as_secs_f64();
            let one = senders.accept(&serving, 1, self.count).await;
            let many = senders.accept(&serving, SENDERS, self.count).await;
            held += self.count.max(2) + self.count.max(2 * SENDERS);
            let pace = (self.rate, self.seconds, self.full.bytes);
            let mut line = at_rate(&serving, &pairs, pace).await;
            let faults = one.work.faults.len() + many.work.faults.len();
            let now = serving.until("waiting", u64::try_from(held).unwrap()).await;
            line["waiting"] = json!(waiting);
            line["payload"] = json!(self.full.bytes);
            line["mailboxes"] = json!(self.full.mailboxes);
            line["filled_s"] = json!(filled_s);
            line["accept_1"] = one.latencies().json();
            line["accept_64"] = many.latencies().json();
            line["accept_64_per_s"] = json!(many.per_second());
            line["accept_64_cpu"] = many.used.cpu(many.count());
            let errors = line["errors"].as_u64().unwrap_or(0);
            line["errors"] = json!(errors + u64::try_from(faults).unwrap());
            let lost = line["lost"].as_u64().unwrap_or(0);
            line["lost"] = json!(lost + u64::try_from(held).unwrap().saturating_sub(now));
            report.line("backlog", line);
        }
        pairs.close().await;
    }
}

impl Restart {
    pub(super) async fn run(&self, report: &mut Report) {
        let (mut serving, mut senders) = self.full.serve(0).await;
        senders.fill(self.waiting).await;
        let mut held = self.waiting;
        for (how, index_lost) in [("killed", false), ("killed, its index in doubt", true)] {
            senders.lines.clear();
            let mut line = self.again(&mut serving, &mut senders, index_lost).await;
            held += 1;
            let now = serving.until("waiting", u64::try_from(held).unwrap()).await;
            line["how"] = json!(how);
            line["payload"] = json!(self.full.bytes);
            line["waiting"] = json!(self.waiting);
            line["lost"] = json!(u64::try_from(held).unwrap().saturating_sub(now));
            report.line("restart", line);
        }
    }

    /// Kills the relay, starts it again, and submits one alert.
    async fn again(&self, serving: &mut Serving, senders: &mut Senders, in_doubt: bool) -> Value {
        serving.relay.kill();
        if in_doubt {
            // As after a power cut: nobody knows what reached the disk of the index.
            let store = maille_relay::RelayFolder::new(serving.world.relay_folder()).store();
            fs::remove_file(store.join("index.state")).expect("a store has a marker");
        }
        let begun = Instant::now();
        serving.start_again();
        let up_ms = ms(begun);
        senders.lines = serving.connect(&serving.world.bare[..1]).await;
        let quills = &mut senders.quills[..1];
        let one = stock(quills, &senders.mailboxes, 1, senders.letter);
        for worker in one_by_one(&senders.lines, one) {
            let work = worker.await;
            assert!(work.faults.is_empty(), "not accepted: {:?}", work.faults);
        }
        json!({
            "up_ms": up_ms,
            "first_accepted_ms": ms(begun),
            "server_peak_kib": peak_kib(serving.relay.number()),
            "errors": 0,
        })
    }
}

fn ms(begun: Instant) -> f64 {
    round(begun.elapsed().as_secs_f64() * 1e3, 1)
}

//! `accept`: how many alerts a relay accepts, durably, while their recipients are away.

use std::time::Instant;

use clap::Args;
use maille_client::{Client, Message};
use maille_common::terms::Urgency;
use serde_json::{Value, json};

use super::hearing::{Desk, Ear, Step};
use super::numbers::Numbers;
use super::pairs::message;
use super::report::Report;
use super::sealed::{Letter, stock, text};
use super::stretch::{Measured, Work, measure};
use super::submit::one_by_one;
use super::world::{People, Place, Serving, bare_address};

/// Alerts that a desk has under way at one relay at a time.
const OF_ONE_DESK: usize = 16;
/// Desks that share what is in flight, unless said: more are more logs on one disk.
const DESKS_MAX: usize = 16;

/// Arguments of `accept`.
#[derive(Debug, Args)]
pub(super) struct Accept {
    #[command(flatten)]
    place: Place,
    /// Alerts under way at a time; a line for each number.
    #[arg(long, default_value = "64")]
    in_flight: Numbers,
    /// Bytes of text of an alert; lines for each number.
    #[arg(long, default_value = "1536")]
    bytes: Numbers,
    /// Alerts that are measured. A tenth as many go before them.
    #[arg(long, default_value_t = 20_000)]
    count: usize,
    /// Submits what was sealed before, over bare connections: the relay alone.
    #[arg(long)]
    ahead: bool,
    /// Mailboxes that they go to in turn.
    #[arg(long, default_value_t = 64)]
    mailboxes: usize,
    /// Desks that send [default: one for 16 in flight, 16 at most]. Not with --ahead, where each
    /// alert in flight has a connection.
    #[arg(long, conflicts_with = "ahead")]
    desks: Option<usize>,
}

impl Accept {
    pub(super) async fn run(&self, report: &mut Report) {
        for &bytes in &self.bytes.0 {
            for &in_flight in &self.in_flight.0 {
                let line = match self.ahead {
                    true => self.relay_alone(bytes, in_flight).await,
                    false => self.with_sealing(bytes, in_flight).await,
                };
                report.line("accept", line);
            }
        }
    }

    fn count(&self, in_flight: usize) -> usize {
        self.count.max(2 * in_flight)
    }

    async fn relay_alone(&self, bytes: usize, in_flight: usize) -> Value {
        let people = People {
            bare: self.mailboxes + in_flight,
            ..People::default()
        };
        let serving = self.place.serve(people);
        let (away, senders) = serving.world.bare.split_at(self.mailboxes);
        let mailboxes = serving.mailboxes(away).await;
        let (lines, mut quills) = (serving.connect(senders).await, serving.quills(senders));
        let letter = Letter {
            bytes,
            urgency: Urgency::Expected,
        };
        let mut sealed = |count: usize| {
            tokio::task::block_in_place(|| stock(&mut quills, &mailboxes, count, letter))
        };
        let warm = sealed((self.count / 10).max(in_flight));
        let stocks = sealed(self.count(in_flight));
        let submission = stocks.iter().flatten().next().map(Vec::len);
        let warmed = measure(&serving.relay, &[], one_by_one(&lines, warm)).await;
        let measured = measure(&serving.relay, &[], one_by_one(&lines, stocks)).await;
        let mut line = told(&serving, &[warmed.work], &measured).await;
        line["submission_bytes"] = json!(submission);
        line["conns"] = json!(in_flight);
        self.with_arguments(line, bytes, in_flight)
    }

    async fn with_sealing(&self, bytes: usize, in_flight: usize) -> Value {
        let fair = in_flight.div_ceil(OF_ONE_DESK).clamp(1, DESKS_MAX);
        let desks = self.desks.unwrap_or(fair).clamp(1, in_flight);
        let people = People {
            desks,
            bare: self.mailboxes,
            devices_each: 1,
        };
        let serving = self.place.serve(people);
        serving.mailboxes(&serving.world.bare).await;
        let clients = serving.open_all(0..desks).await;
        let mut heard = Vec::new();
        for client in &clients {
            heard.push(Desk::of(client.clone()).await);
        }
        let workers = |count: usize| {
            let slots = (0..in_flight).map(|slot| Slot {
                client: clients[slot % desks].clone(),
                ear: heard[slot % desks].ear(),
                first: slot,
                count: count / in_flight + usize::from(slot < count % in_flight),
                mailboxes: self.mailboxes,
                text: text(bytes),
            });
            let slots = slots.filter(|slot| slot.count > 0);
            slots.map(Slot::work).collect::<Vec<_>>()
        };
        let warm = (self.count / 10).max(in_flight);
        let warmed = measure(&serving.relay, &clients, workers(warm)).await;
        let count = self.count(in_flight);
        let measured = measure(&serving.relay, &clients, workers(count)).await;
        let mut line = told(&serving, &[warmed.work], &measured).await;
        line["desks"] = json!(desks);
        drop(heard);
        close(clients).await;
        self.with_arguments(line, bytes, in_flight)
    }

    fn with_arguments(&self, mut line: Value, bytes: usize, in_flight: usize) -> Value {
        line["payload"] = json!(bytes);
        line["k"] = json!(in_flight);
        line["ahead"] = json!(self.ahead);
        line["mailboxes"] = json!(self.mailboxes);
        line
    }
}

/// What `accept` tells: the relay has to hold everything that it accepted.
async fn told(serving: &Serving, before: &[Work], measured: &Measured) -> Value {
    let works = || before.iter().chain([&measured.work]);
    let accepted: u64 = works().map(Work::count).sum();
    let errors: usize = works().map(|work| work.faults.len()).sum();
    let held = serving.until("waiting", accepted).await;
    let count = measured.count();
    json!({
        "msgs_per_s": measured.per_second(),
        "msgs": count,
        "accept": measured.latencies().json(),
        "errors": errors,
        "faults": measured.work.faults(),
        "lost": accepted.saturating_sub(held),
        "cpu": measured.used.cpu(count),
        "syncs": measured.used.syncs(),
        "memory": measured.used.memory(),
    })
}

/// One alert in flight: the next is sent when a relay has accepted it.
struct Slot {
    client: Client,
    ear: Ear,
    /// The mailbox that it begins with.
    first: usize,
    count: usize,
    mailboxes: usize,
    text: String,
}

impl Slot {
    async fn work(self) -> Work {
        let mut done = Work::default();
        for turn in 0..self.count {
            let to = bare_address((self.first + turn) % self.mailboxes);
            let begun = Instant::now();
            let outcome = self.send(message(&self.text).to(to)).await;
            done.add(begun, outcome);
        }
        done
    }

    async fn send(&self, message: Message) -> Result<(), String> {
        let sent = self.client.send(message).await;
        let sent = sent.map_err(|error| error.code().to_owned())?;
        self.ear.until(sent.id, Step::Accepted).await.map(|_| ())
    }
}

/// Closes desks in order.
pub(super) async fn close(clients: Vec<Client>) {
    for client in clients {
        client.shutdown().await;
    }
}

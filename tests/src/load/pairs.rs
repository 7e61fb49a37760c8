//! Pairs of desks at work: one sends, the other one stores and signs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use maille_client::{Client, Message};
use maille_common::terms::Urgency;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::accept::close;
use super::hearing::{Desk, Ear, Step};
use super::latencies::Latencies;
use super::meter::{Meter, Used};
use super::sealed::text;
use super::stretch::{Measured, Work, measure};
use super::world::{Serving, desk_address};

/// Desks that are open.
#[derive(Debug)]
pub(super) struct Pairs {
    senders: Vec<Desk>,
    recipients: Vec<Desk>,
    /// The first desk that receives.
    first: usize,
}

/// What is sent, and how fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Alerts a second, of all pairs together.
    pub(super) rate: f64,
    pub(super) count: u64,
    pub(super) bytes: usize,
    pub(super) urgency: Urgency,
}

/// What came of it. Each time counts from the moment at which an alert was to be sent, whenever it
/// was: what waits because others are slow is late.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) sent: u64,
    accept: Latencies,
    recv: Latencies,
    round: Latencies,
    faults: Vec<String>,
    lost: u64,
    pub(super) used: Used,
}

/// One way, from a sender to its recipient.
#[derive(Debug, Clone)]
struct Way {
    client: Client,
    sender: Ear,
    recipient: Ear,
    to: String,
}

/// When one alert came how far.
#[derive(Debug, Default)]
struct Times {
    accept: Option<Duration>,
    recv: Option<Duration>,
    round: Option<Duration>,
    faults: Vec<String>,
}

impl Pairs {
    /// Desks that a world needs for so many.
    pub(super) fn desks(pairs: usize) -> usize {
        2 * pairs
    }

    /// Opens the first desks of a world: recipients first, so that their sealing keys are known.
    /// One alert has gone each way when it returns.
    pub(super) async fn open(serving: &Serving, pairs: usize) -> Self {
        let recipients = heard(serving.open_all(pairs..2 * pairs).await).await;
        let senders = heard(serving.open_all(0..pairs).await).await;
        let opened = Self {
            senders,
            recipients,
            first: pairs,
        };
        for way in opened.ways() {
            let times = way.send("First", Urgency::Expected, Instant::now()).await;
            assert!(
                times.faults.is_empty(),
                "the first alert: {:?}",
                times.faults
            );
        }
        opened
    }

    /// All desks.
    pub(super) fn clients(&self) -> Vec<Client> {
        let desks = self.senders.iter().chain(&self.recipients);
        desks.map(|desk| desk.client.clone()).collect()
    }

    fn ways(&self) -> Vec<Way> {
        let pairs = self.senders.iter().zip(&self.recipients).enumerate();
        let way = |(pair, (sender, recipient)): (usize, (&Desk, &Desk))| Way {
            client: sender.client.clone(),
            sender: sender.ear(),
            recipient: recipient.ear(),
            to: desk_address(self.first + pair),
        };
        pairs.map(way).collect()
    }

    /// Sends at a rate, whether or not what was sent before has arrived.
    pub(super) async fn at_rate(&self, serving: &Serving, pace: Pace) -> Traffic {
        let meter = Meter::begin(&serving.relay, &self.clients()).await;
        let under_way = self.pace_until(pace, Arc::default()).await;
        let times = under_way.join_all().await;
        Traffic::of(times, meter.end().await)
    }

    /// The same while something else goes on; it ends with that.
    pub(super) async fn at_rate_during<T>(
        &self,
        serving: &Serving,
        pace: Pace,
        work: impl Future<Output = T>,
    ) -> (Traffic, T) {
        let meter = Meter::begin(&serving.relay, &self.clients()).await;
        let over = Arc::new(AtomicBool::new(false));
        let begun = self.pace_until(pace, Arc::clone(&over));
        let work = async {
            let done = work.await;
            over.store(true, Ordering::Relaxed);
            done
        };
        let (under_way, done) = tokio::join!(begun, work);
        let times = under_way.join_all().await;
        (Traffic::of(times, meter.end().await), done)
    }

    /// A thread of its own keeps the pace: timers of the runtime are a millisecond late.
    async fn pace_until(&self, pace: Pace, over: Arc<AtomicBool>) -> JoinSet<Times> {
        let (ways, handle) = (self.ways(), Handle::current());
        let words = text(pace.bytes);
        let paced = tokio::task::spawn_blocking(move || {
            let mut under_way = JoinSet::new();
            let begun = Instant::now();
            for number in 0..pace.count {
                let due = begun + Duration::from_secs_f64(number as f64 / pace.rate);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let turn = usize::try_from(number).unwrap() % ways.len();
                let (way, words) = (ways[turn].clone(), words.clone());
                let sending = async move { way.send(&words, pace.urgency, due).await };
                under_way.spawn_on(sending, &handle);
            }
            under_way
        });
        paced.await.expect("nothing panics")
    }

    /// So many alerts are under way at a time, until so many have come so far.
    pub(super) async fn outstanding(
        &self,
        serving: &Serving,
        (outstanding, count): (usize, usize),
        bytes: usize,
        step: Step,
    ) -> Measured {
        let ways = self.ways();
        let words = text(bytes);
        let workers = (0..outstanding).map(|slot| {
            let way = ways[slot % ways.len()].clone();
            let words = words.clone();
            let share = count / outstanding + usize::from(slot < count % outstanding);
            async move {
                let mut done = Work::default();
                for _ in 0..share.max(2) {
                    let begun = Instant::now();
                    let outcome = way.until(&words, step).await;
                    done.add(begun, outcome);
                }
                done
            }
        });
        measure(&serving.relay, &self.clients(), workers).await
    }

    /// Closes every desk.
    pub(super) async fn close(self) {
        close(self.clients()).await;
    }
}

impl Way {
    /// Sends, and waits until the alert has come as far as it is asked for.
    async fn until(&self, words: &str, step: Step) -> Result<(), String> {
        let sent = self.client.send(message(words).to(&self.to)).await;
        let alert = sent.map_err(|error| error.code().to_owned())?.id;
        let ear = match step {
            Step::Arrived => &self.recipient,
            _ => &self.sender,
        };
        ear.until(alert, step).await.map(|_| ())
    }

    /// Sends, and waits until the alert has come all the way and back.
    async fn send(&self, words: &str, urgency: Urgency, due: Instant) -> Times {
        let message = message(words).to(&self.to).urgency(urgency);
        let alert = match self.client.send(message).await {
            Ok(sent) => sent.id,
            Err(error) => {
                return Times {
                    faults: vec![error.code().to_owned()],
                    ..Times::default()
                };
            }
        };
        let mut times = Times::default();
        let (accepted, arrived, delivered) = tokio::join!(
            self.sender.until(alert, Step::Accepted),
            self.recipient.until(alert, Step::Arrived),
            self.sender.until(alert, Step::Delivered),
        );
        for (heard, time) in [
            (accepted, &mut times.accept),
            (arrived, &mut times.recv),
            (delivered, &mut times.round),
        ] {
            match heard {
                Ok(at) => *time = Some(at.saturating_duration_since(due)),
                Err(fault) => times.faults.push(fault),
            }
        }
        times
    }
}

impl Traffic {
    fn of(times: Vec<Times>, used: Used) -> Self {
        let each = |time: fn(&Times) -> Option<Duration>| times.iter().filter_map(time).collect();
        let lost = times.iter().filter(|times| times.recv.is_none()).count();
        Self {
            sent: u64::try_from(times.len()).unwrap(),
            accept: each(|times| times.accept),
            recv: each(|times| times.recv),
            round: each(|times| times.round),
            lost: u64::try_from(lost).unwrap(),
            faults: times.into_iter().flat_map(|times| times.faults).collect(),
            used,
        }
    }

    /// What was measured, in the names of the comparison with peers.
    pub(super) fn json(&self) -> Value {
        json!({
            "sent": self.sent,
            "recv_n": self.recv.count(),
            "accept": self.accept.json(),
            "recv": self.recv.json(),
            "round": self.round.json(),
            "round_n": self.round.count(),
            "errors": self.faults.len(),
            "lost": self.lost,
            "cpu": self.used.cpu(self.sent),
            "syncs": self.used.syncs(),
            "memory": self.used.memory(),
        })
    }
}

/// An alert of these words.
pub(super) fn message(words: &str) -> Message {
    Message::text("Measured", words)
}

async fn heard(clients: Vec<Client>) -> Vec<Desk> {
    let mut desks = Vec::new();
    for client in clients {
        desks.push(Desk::of(client).await);
    }
    desks
}

//! Honest desks, while a relay is flooded: they connect, ask, and send alerts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, Unlock};
use maille_client::{Client, ClientConfig, Message, Milestone};
use maille_common::address::DeviceId;
use maille_common::codec::{List, decode, encode};
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::hash::Hash;
use maille_common::identifier::Epoch;
use maille_common::randomness::Randomness;
use maille_common::wire::{ANSWER_BYTES_MAX, Answer, Hello, Request};
use maille_link::{AnswerBound, CloseCode, Dialer, Identity, Limits, Link, Priority};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::crash::report::Role;
use crate::crash::world::{RELAY, World, contact_of};

/// From one question of a connected desk to the next.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// From one alert to the next.
const ALERT_EVERY: Duration = Duration::from_secs(1);
/// Longer than anything takes that comes about.
const PATIENCE: Duration = Duration::from_secs(30);

const BOUND: AnswerBound = AnswerBound {
    bytes_max: ANSWER_BYTES_MAX,
    deadline: Duration::from_secs(10),
};

/// What they did, and how long it took.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Served {
    /// Connections tried, each with a greeting and a question.
    pub(super) connects: u64,
    pub(super) connected: u64,
    pub(super) connect_ms: Times,
    /// Why others did not come about, by code.
    pub(super) faults: Vec<String>,
    /// Questions over a connection that stood before the flood.
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) answer_ms: Times,
    pub(super) alerts: u64,
    pub(super) delivered: u64,
    pub(super) delivered_ms: Times,
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Times {
    median: u64,
    of_a_hundred_99: u64,
    most: u64,
}

/// A desk's keys.
#[derive(Clone)]
struct Desk {
    device: DeviceId,
    identity: Identity,
    relay: (SocketAddr, VerifyingKey),
}

/// Two desks that exchange alerts, and two whose keys ask bare questions.
pub(super) struct Desks {
    sender: Client,
    recipient: Client,
    to: String,
    standing: Link,
    dialer: Dialer,
    comer: Desk,
}

impl Desks {
    /// Opens the desks; the alerts' recipient is known to their sender when it returns.
    pub(super) async fn open(world: &World, address: SocketAddr) -> Self {
        let open = |role: Role| open(world.folder_of(role), address);
        let sender = open(Role::Sender(0)).await;
        let recipient = open(Role::Recipient(0)).await;
        let to = contact_of(Role::Recipient(0)).to_string();
        deliver(&sender, &to)
            .await
            .expect("in quiet times an alert is delivered");
        let [asker, comer] = [Role::Sender(1), Role::Recipient(1)].map(|role| {
            let home = Home::open(&world.folder_of(role), Unlock::Machine).unwrap();
            let key = SigningKey::from_seed(*home.transport_seed());
            Desk {
                device: home.device(),
                identity: Identity::new("desk", &key).unwrap(),
                relay: (address, world.relay_transport_key()),
            }
        });
        let (dialer, standing) = asker
            .connect()
            .await
            .expect("in quiet times a desk connects");
        Self {
            sender,
            recipient,
            to,
            standing,
            dialer,
            comer,
        }
    }

    /// Goes on until it is told to stop, and lets what has begun end.
    pub(super) async fn serve(self, connects_per_second: u32, stop: Arc<AtomicBool>) -> Served {
        let (connects, questions, alerts) = tokio::join!(
            come_and_go(&self.comer, connects_per_second, &stop),
            ask(&self.standing, &stop),
            send(&self.sender, &self.to, &stop),
        );
        self.dialer.close(CloseCode::Done);
        self.sender.shutdown().await;
        self.recipient.shutdown().await;
        let (times, faults) = connects;
        let mut served = Served {
            connects: (times.len() + faults.len()) as u64,
            connected: times.len() as u64,
            connect_ms: Times::of(times),
            faults,
            asked: questions.0,
            answered: questions.1.len() as u64,
            answer_ms: Times::of(questions.1),
            alerts: alerts.0,
            delivered: alerts.1.len() as u64,
            delivered_ms: Times::of(alerts.1),
        };
        served.faults.truncate(20);
        served
    }
}

async fn open(home: PathBuf, relay: SocketAddr) -> Client {
    let name = RELAY.parse().unwrap();
    let config = ClientConfig::new(home).relay_address(name, relay.to_string());
    Client::open(config).await.unwrap()
}

/// Sends an alert, and waits until its recipient's desk has signed for it.
async fn deliver(sender: &Client, to: &str) -> Option<Duration> {
    let begun = Instant::now();
    let message = Message::text("Under a flood", "Still served.").to_all([to]);
    let alert = sender.send(message).await.unwrap().id;
    let delivered = sender.wait(alert, Milestone::Delivered, PATIENCE).await;
    delivered.is_ok().then(|| begun.elapsed())
}

async fn send(sender: &Client, to: &str, stop: &AtomicBool) -> (u64, Vec<Duration>) {
    let (mut sent, mut times) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        sent += 1;
        times.extend(deliver(sender, to).await);
        tokio::time::sleep(ALERT_EVERY).await;
    }
    (sent, times)
}

async fn ask(link: &Link, stop: &AtomicBool) -> (u64, Vec<Duration>) {
    let (mut asked, mut times) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        asked += 1;
        times.extend(question(link).await);
        tokio::time::sleep(ASK_EVERY).await;
    }
    (asked, times)
}

/// Connects at a pace, whether or not what was begun before has come about.
async fn come_and_go(
    desk: &Desk,
    per_second: u32,
    stop: &AtomicBool,
) -> (Vec<Duration>, Vec<String>) {
    let mut under_way = JoinSet::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second);
    while !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let desk = desk.clone();
        under_way.spawn(async move { desk.come_and_go().await });
    }
    let (mut times, mut faults) = (Vec::new(), Vec::new());
    for outcome in under_way.join_all().await {
        match outcome {
            Ok(time) => times.push(time),
            Err(code) => faults.push(code),
        }
    }
    (times, faults)
}

impl Desk {
    /// Connects and greets.
    async fn connect(&self) -> Result<(Dialer, Link), String> {
        let dialer = Dialer::bind(self.identity.clone(), Limits::default()).unwrap();
        let (address, key) = self.relay;
        let link = dialer.connect(&address.to_string(), &[key]).await;
        let link = link.map_err(|error| error.code().to_owned())?;
        let hello = Request::Hello(Hello {
            versions: List::new([1]).unwrap(),
            device: self.device,
            roster: Hash::ZERO,
            epoch: Epoch(1),
            challenge: OsRandomness::new().array(),
            seen: None,
        });
        let answer = link.request(Priority::Normal, &encode(&hello), BOUND).await;
        let answer = answer.map_err(|error| error.code().to_owned())?;
        match decode(&answer) {
            Ok(Answer::Hello(_)) => Ok((dialer, link)),
            other => Err(format!("{other:?}")),
        }
    }

    /// A whole visit: a handshake, a greeting, a question.
    async fn come_and_go(&self) -> Result<Duration, String> {
        let begun = Instant::now();
        let (dialer, link) = self.connect().await?;
        let answered = question(&link).await;
        dialer.close(CloseCode::Done);
        answered
            .map(|_| begun.elapsed())
            .ok_or("unanswered".to_owned())
    }
}

/// Asks what every relay can say; how long it took.
async fn question(link: &Link) -> Option<Duration> {
    let begun = Instant::now();
    let request = encode(&Request::FetchHeads { roster: Hash::ZERO });
    let answer = link.request(Priority::Normal, &request, BOUND).await.ok()?;
    let answer: Answer = decode(&answer).ok()?;
    matches!(answer, Answer::Refused(_) | Answer::Heads(_)).then(|| begun.elapsed())
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |hundredth: usize| {
            let place = (times.len() * hundredth / 100).min(times.len().saturating_sub(1));
            times
                .get(place)
                .map_or(0, |time| u64::try_from(time.as_millis()).unwrap())
        };
        Self {
            median: at(50),
            of_a_hundred_99: at(99),
            most: at(100),
        }
    }
}

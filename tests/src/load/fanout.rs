//! `fanout`: one alert to many, all of them online.

use std::time::Instant;

use clap::Args;
use maille_client::Client;
use maille_common::codec::decode;
use maille_common::envelope::Env;
use maille_common::identifier::AlertId;
use maille_common::wire::{PUSH_BYTES_MAX, Push};
use maille_link::Link;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::accept::close;
use super::bare::Line;
use super::drain::DELIVERED;
use super::hearing::{Desk, Step};
use super::latencies::Latencies;
use super::meter::{Meter, Used};
use super::pairs::message;
use super::patience;
use super::report::Report;
use super::sealed::text;
use super::world::{People, Place, Serving, bare_address, desk_address};

/// Recipient contacts of one alert, at most; more devices are several of each contact.
const CONTACTS_MAX: usize = 1_000;
/// Rounds before the measured ones.
const WARM: usize = 1;

/// Arguments of `fanout`.
#[derive(Debug, Args)]
pub(super) struct Fanout {
    #[command(flatten)]
    place: Place,
    /// Devices that get it.
    #[arg(long, default_value_t = 200)]
    devices: usize,
    /// Alerts, one after the other. With --bare at most 40, which nobody answers.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Bytes of text of an alert.
    #[arg(long, default_value_t = 1536)]
    bytes: usize,
    /// Devices that take what the relay brings and neither open nor store it: as many desks as
    /// there are devices may be more than one machine carries.
    #[arg(long)]
    bare: bool,
}

/// One alert, and how far it came.
struct Round {
    begun: Instant,
    sent: Instant,
    accepted: Instant,
    last: Instant,
    /// What the relay brought, where that is seen.
    bytes: Option<u64>,
    /// Devices that it did not reach; nothing is sent after such a one.
    lost: usize,
}

impl Fanout {
    pub(super) async fn run(&self, report: &mut Report) {
        let (contacts, devices_each) = match self.bare {
            true => {
                let each = self.devices.div_ceil(CONTACTS_MAX);
                (self.devices.div_ceil(each), each)
            }
            false => (self.devices, 1),
        };
        let serving = self.place.serve(match self.bare {
            true => People {
                desks: 1,
                bare: contacts,
                devices_each,
            },
            false => People {
                desks: 1 + contacts,
                ..People::default()
            },
        });
        let line = match self.bare {
            true => self.to_bare(&serving, contacts).await,
            false => self.to_desks(&serving).await,
        };
        report.line("fanout", line);
    }

    async fn to_desks(&self, serving: &Serving) -> Value {
        let clients = serving.open_all(1..self.devices + 1).await;
        let mut recipients = Vec::new();
        for client in &clients {
            recipients.push(Desk::of(client.clone()).await);
        }
        let sender = Desk::of(serving.open(0).await).await;
        let to: Vec<String> = (1..=self.devices).map(desk_address).collect();
        let everybody = [&clients[..], std::slice::from_ref(&sender.client)].concat();
        let (mut rounds, mut meter) = (Vec::new(), None);
        for turn in 0..WARM + self.rounds {
            if turn == WARM {
                meter = Some(Meter::begin(&serving.relay, &everybody).await);
            }
            let (begun, alert) = (Instant::now(), self.send(&sender.client, &to).await);
            let sent = Instant::now();
            let mut waiting = JoinSet::new();
            for recipient in &recipients {
                let ear = recipient.ear();
                waiting.spawn(async move { ear.until(alert, Step::Arrived).await });
            }
            let accepted = sender.ear().until(alert, Step::Accepted).await;
            let arrived: Vec<Instant> = waiting
                .join_all()
                .await
                .into_iter()
                .filter_map(Result::ok)
                .collect();
            let lost = self.devices - arrived.len();
            rounds.push(Round {
                begun,
                sent,
                accepted: accepted.unwrap_or(sent),
                last: arrived.into_iter().max().unwrap_or(sent),
                bytes: None,
                lost,
            });
            if lost > 0 {
                break;
            }
            // The next one does not meet the receipts of this one.
            let receipts = (turn + 1) * self.devices;
            serving
                .until(DELIVERED, u64::try_from(receipts).unwrap())
                .await;
        }
        let used = match meter {
            Some(meter) => Some(meter.end().await),
            None => None,
        };
        drop(recipients);
        close(clients).await;
        sender.client.shutdown().await;
        self.line(&rounds, used.as_ref())
    }

    async fn to_bare(&self, serving: &Serving, contacts: usize) -> Value {
        let lines = serving.connect(&serving.world.bare).await;
        for (bare, line) in serving.world.bare.iter().zip(&lines) {
            bare.publish(line).await;
        }
        let (tell, mut told) = unbounded_channel();
        for line in &lines {
            tokio::spawn(take(line.link.clone(), tell.clone()));
        }
        let sender = Desk::of(serving.open(0).await).await;
        let to: Vec<String> = (0..contacts).map(bare_address).collect();
        let (mut rounds, mut meter) = (Vec::new(), None);
        for turn in 0..WARM + self.rounds {
            if turn == WARM {
                let desks = [sender.client.clone()];
                meter = Some(Meter::begin(&serving.relay, &desks).await);
            }
            let (begun, alert) = (Instant::now(), self.send(&sender.client, &to).await);
            let sent = Instant::now();
            let (bytes, count) = everybody(&mut told, alert, &lines).await;
            let last = Instant::now();
            let accepted = sender.ear().until(alert, Step::Accepted).await;
            let lost = lines.len() - count;
            rounds.push(Round {
                begun,
                sent,
                accepted: accepted.unwrap_or(sent),
                last,
                bytes: Some(bytes),
                lost,
            });
            if lost > 0 {
                break;
            }
        }
        let used = match meter {
            Some(meter) => Some(meter.end().await),
            None => None,
        };
        sender.client.shutdown().await;
        self.line(&rounds, used.as_ref())
    }

    async fn send(&self, client: &Client, to: &[String]) -> AlertId {
        let sent = client.send(message(&text(self.bytes)).to_all(to)).await;
        let sent = sent.expect("the desk takes it");
        let lacking = sent.reach.iter().filter(|reach| !reach.lacking.is_empty());
        assert_eq!(lacking.count(), 0, "everybody's sealing keys are known");
        sent.id
    }

    fn line(&self, all: &[Round], used: Option<&Used>) -> Value {
        let lost: usize = all.iter().map(|round| round.lost).sum();
        let rounds = all.get(WARM..).unwrap_or_default();
        let each = |until: fn(&Round) -> Instant| -> Value {
            let took: Latencies = rounds
                .iter()
                .map(|round| until(round) - round.begun)
                .collect();
            took.json()
        };
        let messages = u64::try_from(rounds.len() * self.devices).unwrap();
        let bytes = rounds.iter().map(|round| round.bytes).max().flatten();
        let devices = u64::try_from(self.devices).unwrap();
        json!({
            "payload": self.bytes,
            "n": self.devices,
            "rounds": rounds.len(),
            "bare": self.bare,
            "sealed": each(|round| round.sent),
            "accepted": each(|round| round.accepted),
            "all_received": each(|round| round.last),
            "relay_bytes": bytes,
            "relay_bytes_per_device": bytes.map(|bytes| bytes / devices),
            "errors": 0,
            "lost": lost,
            "cpu": used.map(|used| used.cpu(messages)),
            "syncs": used.map(Used::syncs),
            "memory": used.map(Used::memory),
        })
    }
}

/// What a device without a desk takes: the alert, and the bytes it came in.
type Brought = (AlertId, u64);

async fn take(link: Link, tell: UnboundedSender<Brought>) {
    while let Ok(mut push) = link.accept_push().await {
        let tell = tell.clone();
        tokio::spawn(async move {
            let Ok(bytes) = push.read(PUSH_BYTES_MAX).await else {
                return;
            };
            if let Ok(Push::Delivery { delivery, .. }) = decode(&bytes) {
                let alert = Env::id(delivery.env.bytes());
                // The run may be over.
                let _ = tell.send((alert, u64::try_from(bytes.len()).unwrap()));
            }
        });
    }
}

/// Waits until an alert was brought to everybody: its bytes in all, and to how many it came.
async fn everybody(
    told: &mut UnboundedReceiver<Brought>,
    wanted: AlertId,
    lines: &[Line],
) -> (u64, usize) {
    let (mut bytes, mut count) = (0, 0);
    while count < lines.len()
        && let Ok(Some((alert, more))) = patience(told.recv()).await
    {
        if alert == wanted {
            (bytes, count) = (bytes + more, count + 1);
        }
    }
    (bytes, count)
}

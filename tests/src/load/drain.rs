//! `drain`: a desk was away while alerts came for it; how fast it takes and signs them.

use std::collections::BTreeSet;
use std::time::Instant;

use clap::Args;
use maille_client::{Client, EventKind};
use maille_common::identifier::AlertId;
use maille_common::terms::Urgency;
use serde_json::json;

use super::hearing::READER;
use super::latencies::round;
use super::meter::Meter;
use super::report::Report;
use super::sealed::Letter;
use super::submit::fill;
use super::world::{People, Place};
use super::{GivenUp, patience};

/// The metric of a relay that counts the receipts that end its duty to a device.
pub(super) const DELIVERED: &str = "receipts_total{stage=\"delivered\"}";

/// Arguments of `drain`.
#[derive(Debug, Args)]
pub(super) struct Drain {
    #[command(flatten)]
    place: Place,
    /// Alerts that wait.
    #[arg(long, default_value_t = 50_000)]
    count: usize,
    /// Bytes of text of an alert.
    #[arg(long, default_value_t = 1536)]
    bytes: usize,
    /// Contacts they are from, in turn.
    #[arg(long, default_value_t = 8)]
    senders: usize,
}

impl Drain {
    pub(super) async fn run(&self, report: &mut Report) {
        let serving = self.place.serve(People {
            desks: 1,
            bare: self.senders,
            devices_each: 1,
        });
        // So that its sealing keys are known.
        serving.open(0).await.shutdown().await;
        let senders = &serving.world.bare;
        let (lines, mut quills) = (serving.connect(senders).await, serving.quills(senders));
        let letter = Letter {
            bytes: self.bytes,
            urgency: Urgency::Expected,
        };
        let mailbox = [serving.mailbox(0)];
        fill(&lines, &mut quills, &mailbox, self.count, letter).await;
        drop(lines);

        let meter = Meter::begin(&serving.relay, &[]).await;
        let begun = Instant::now();
        let client = serving.open_at_once(0).await;
        let mut taken = Taken::default();
        let whole = taken.take(&client, self.count).await;
        let received = begun.elapsed();
        let wanted = u64::try_from(self.count).unwrap();
        let signed = match whole {
            Ok(()) => serving.until(DELIVERED, wanted).await,
            Err(GivenUp) => serving.relay.metric(DELIVERED),
        };
        let answered = begun.elapsed();
        let client_syncs = client.syncs().await.expect("the desk is open");
        let used = meter.end().await;
        let got = u64::try_from(taken.alerts.len()).unwrap();
        let first = taken
            .first
            .map(|first| round((first - begun).as_secs_f64() * 1e3, 1));
        let mut line = json!({
            "payload": self.bytes,
            "n": self.count,
            "senders": self.senders,
            "received": got,
            "duplicates": taken.twice,
            "lost": wanted - got.min(signed),
            "msgs_per_s": round(got as f64 / answered.as_secs_f64(), 1),
            "first_ms": first,
            "received_s": received.as_secs_f64(),
            "acked_s": answered.as_secs_f64(),
            "cpu": used.cpu(got),
            "syncs": used.syncs(),
            "memory": used.memory(),
        });
        line["syncs"]["client_per_s"] = json!(used.per_second(client_syncs));
        report.line("drain", line);
        client.shutdown().await;
    }
}

/// What arrived.
#[derive(Debug, Default)]
struct Taken {
    alerts: BTreeSet<AlertId>,
    first: Option<Instant>,
    twice: u64,
}

impl Taken {
    /// Takes arrivals until there are so many, or none comes any more.
    async fn take(&mut self, client: &Client, wanted: usize) -> Result<(), GivenUp> {
        let mut events = client.events(READER).all();
        while self.alerts.len() < wanted {
            let event = patience(events.next()).await?.expect("the desk is open");
            if let EventKind::Arrived { alert, .. } = event.event.kind {
                self.first.get_or_insert_with(Instant::now);
                self.twice += u64::from(!self.alerts.insert(alert));
            }
        }
        Ok(())
    }
}

//! What one stretch of work took of relay, desks and machine.

use std::time::{Duration, Instant};

use maille_client::Client;
use serde_json::{Value, json};

use super::latencies::round;
use super::usage::{Machine, cpu_seconds, peak_kib, resident_kib};
use crate::relay_process::RelayProcess;

/// The metric of a relay that counts syncs of its log.
const SYNCS: &str = "store_syncs_total";

/// A stretch that has begun.
pub(super) struct Meter<'a> {
    relay: &'a RelayProcess,
    desks: Vec<Client>,
    begun: Counts,
}

/// Everything counted at one moment.
struct Counts {
    at: Instant,
    server_s: f64,
    client_s: f64,
    server_syncs: u64,
    client_syncs: u64,
    machine: Machine,
}

/// What the stretch took.
#[derive(Debug, Clone)]
pub(super) struct Used {
    /// How long it was.
    pub(super) wall: Duration,
    server_s: f64,
    client_s: f64,
    server_syncs: u64,
    client_syncs: u64,
    before: Machine,
    after: Machine,
    memory: [u64; 4],
}

impl<'a> Meter<'a> {
    /// Begins. `desks` are those whose syncs count; all of this process is their processor time.
    pub(super) async fn begin(relay: &'a RelayProcess, desks: &[Client]) -> Self {
        let desks = desks.to_vec();
        let begun = Counts::now(relay, &desks).await;
        Self {
            relay,
            desks,
            begun,
        }
    }

    /// Ends.
    pub(super) async fn end(self) -> Used {
        let Self {
            relay,
            desks,
            begun,
        } = self;
        let ended = Counts::now(relay, &desks).await;
        let (server, client) = (relay.number(), std::process::id());
        Used {
            wall: ended.at - begun.at,
            server_s: ended.server_s - begun.server_s,
            client_s: ended.client_s - begun.client_s,
            server_syncs: ended.server_syncs - begun.server_syncs,
            client_syncs: ended.client_syncs - begun.client_syncs,
            before: begun.machine,
            after: ended.machine,
            memory: [
                resident_kib(server),
                peak_kib(server),
                resident_kib(client),
                peak_kib(client),
            ],
        }
    }
}

impl Counts {
    async fn now(relay: &RelayProcess, desks: &[Client]) -> Self {
        let mut client_syncs = 0;
        for desk in desks {
            client_syncs += desk.syncs().await.expect("the desk is open");
        }
        Self {
            server_syncs: relay.metric(SYNCS),
            client_syncs,
            server_s: cpu_seconds(relay.number()),
            client_s: cpu_seconds(std::process::id()),
            machine: Machine::now(),
            at: Instant::now(),
        }
    }
}

impl Used {
    /// So many a second.
    pub(super) fn per_second(&self, count: u64) -> f64 {
        round(count as f64 / self.wall.as_secs_f64(), 1)
    }

    /// Processor time and flushes, in the names of the comparison with peers.
    pub(super) fn cpu(&self, messages: u64) -> Value {
        let wall = self.wall.as_secs_f64();
        let each = |seconds: f64| match messages {
            0 => Value::Null,
            count => json!(round(seconds * 1e6 / count as f64, 1)),
        };
        let busy = self.after.busy_s - self.before.busy_s;
        let other = (busy - self.server_s - self.client_s).max(0.0);
        let (flushes, mib) = (
            self.after.flushes - self.before.flushes,
            self.after.written_mib - self.before.written_mib,
        );
        json!({
            "server_cpu_us_per_msg": each(self.server_s),
            "client_cpu_us_per_msg": each(self.client_s),
            "server_cores": round(self.server_s / wall, 2),
            "client_cores": round(self.client_s / wall, 2),
            "other_cores": round(other / wall, 2),
            "steal_cores": round((self.after.steal_s - self.before.steal_s) / wall, 2),
            "disk_flushes_per_s": round(flushes / wall, 1),
            "disk_mib_per_s": round(mib / wall, 1),
        })
    }

    /// Syncs of logs a second.
    pub(super) fn syncs(&self) -> Value {
        json!({
            "server_per_s": self.per_second(self.server_syncs),
            "client_per_s": self.per_second(self.client_syncs),
        })
    }

    /// What relay and desks hold, and held at most, in KiB.
    pub(super) fn memory(&self) -> Value {
        let [server, server_peak, client, client_peak] = self.memory;
        json!({
            "server_rss_kib": server, "server_peak_kib": server_peak,
            "client_rss_kib": client, "client_peak_kib": client_peak,
        })
    }
}

//! What an operator sees of a running relay.

use serde::{Deserialize, Serialize};

/// Where a relay stands. The JSON of `maille-relay status --json`; its shape is stable: fields are
/// added, none is removed or renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The relay's name.
    pub relay: String,
    /// The network.
    pub network: String,
    /// The version of this program.
    pub version: String,
    /// Where it listens.
    pub address: String,
    /// The life of its store, in hexadecimal.
    pub incarnation: String,
    /// When that life began (RFC 3339).
    pub incarnation_since: String,
    /// Its age in seconds.
    pub incarnation_since_seconds: u64,
    /// Names of stores beside it that were damaged and set aside, until somebody removes them.
    pub stores_set_aside: Vec<String>,
    /// Devices connected now.
    pub desks_connected: u64,
    /// Devices in the roster.
    pub desks_designated: u64,
    /// Pieces of mail that wait.
    pub waiting: u64,
    /// Devices that have mail waiting.
    pub mailboxes_waiting: u64,
    /// When the oldest alert that still waits was accepted (RFC 3339).
    pub oldest_waiting: Option<String>,
    /// Its age in seconds.
    pub oldest_waiting_seconds: Option<u64>,
    /// The number of the authority part in force.
    pub roster_number: u64,
    /// The roster hash, in hexadecimal.
    pub roster_hash: String,
    /// When the authority part was written (RFC 3339).
    pub roster_issued: String,
    /// Its age in seconds.
    pub roster_age_seconds: u64,
    /// Whether authority part or an annex is past its date of renewal. Nothing is refused for it.
    pub roster_stale: bool,
    /// What of the roster ends within 30 days.
    pub roster_ends_within_30_days: u64,
    /// Of that, within 7 days.
    pub roster_ends_within_7_days: u64,
    /// Of that, within one day.
    pub roster_ends_within_1_day: u64,
    /// What has ended: the part, annexes, and of the last 30 days contacts and devices.
    pub roster_ended: u64,
    /// Whether the roster names this relay with the keys it has.
    pub in_roster: bool,
    /// The public transport key in use, in hexadecimal.
    #[serde(default)]
    pub keys_transport: String,
    /// Where the next keys stand: `none`, `made` where the roster does not name them, `announced`
    /// where it does and they are used from a time on, `due` where they are about to be used.
    #[serde(default)]
    pub next_keys: String,
    /// The next public transport key, in hexadecimal.
    #[serde(default)]
    pub next_keys_transport: Option<String>,
    /// From when on the next keys are used, by themselves (RFC 3339).
    #[serde(default)]
    pub next_keys_used_from: Option<String>,
    /// In how many seconds that is.
    #[serde(default)]
    pub next_keys_used_in_seconds: Option<u64>,
    /// Free bytes of the volume.
    pub disk_free_bytes: u64,
    /// Bytes of attachments.
    pub attachment_bytes: u64,
}

impl Standing {
    /// For people, a line each.
    pub fn lines(&self) -> Vec<String> {
        let oldest = match (&self.oldest_waiting, self.oldest_waiting_seconds) {
            (Some(time), Some(seconds)) => format!(", the oldest since {time} ({})", age(seconds)),
            _ => String::new(),
        };
        let stale = if self.roster_stale {
            ", STALE: ask the authority to renew it"
        } else {
            ""
        };
        let mut lines = vec![
            format!(
                "relay        {} of {}, at {}",
                self.relay, self.network, self.address
            ),
            format!(
                "desks        {} of {} connected",
                self.desks_connected, self.desks_designated
            ),
            format!(
                "waiting      {} for {} desks{oldest}",
                self.waiting, self.mailboxes_waiting
            ),
            format!(
                "roster       part {} of {} ({}){stale}",
                self.roster_number,
                self.roster_issued,
                age(self.roster_age_seconds)
            ),
            format!(
                "incarnation  {} since {} ({})",
                self.incarnation,
                self.incarnation_since,
                age(self.incarnation_since_seconds)
            ),
            format!("disk         {} MiB free", self.disk_free_bytes >> 20),
            format!("attachments  {} MiB", self.attachment_bytes >> 20),
        ];
        if self.roster_ends_within_30_days + self.roster_ended > 0 {
            lines.push(format!(
                "ends         {} of the roster within 30 days, {} within 7, {} within 1; {} ended",
                self.roster_ends_within_30_days,
                self.roster_ends_within_7_days,
                self.roster_ends_within_1_day,
                self.roster_ended
            ));
        }
        match (self.next_keys.as_str(), &self.next_keys_used_from) {
            ("announced", Some(time)) => lines.push(format!(
                "next keys    in the roster, used by themselves from {time} on"
            )),
            ("made", _) => lines.push(
                "next keys    made, and not in the roster: hand what `maille-relay renew-keys` \
                 prints to the authority"
                    .to_owned(),
            ),
            ("due", _) => lines.push("next keys    due".to_owned()),
            _ => {}
        }
        for name in &self.stores_set_aside {
            lines.push(format!(
                "WARNING      {name} was damaged and set aside: see `maille-relay check`"
            ));
        }
        if !self.in_roster {
            lines.push("WARNING      the roster does not name this relay with its keys".to_owned());
        }
        lines
    }
}

/// A span of time, roughly.
fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

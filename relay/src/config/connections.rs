//! `[connections]` of `relay.toml`: what strangers and devices may take of a relay.

use std::time::Duration;

use maille_link::{Allowance, Limits};
use serde::Deserialize;

/// Each key as it stands in the file; what is left out is at its default.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionsFile {
    connections_max: Option<u32>,
    connections_of_device_max: Option<u32>,
    handshakes_max: Option<u32>,
    handshakes_known: Option<u32>,
    handshakes_unproven: Option<u32>,
    handshakes_of_network_max: Option<u32>,
    handshake_seconds: Option<u32>,
    unproven_per_second: Option<u32>,
    network_at_once: Option<u32>,
    network_per_second: Option<u32>,
    requests_mib_max: Option<u32>,
    requests_of_device_mib_max: Option<u32>,
    sends_mib_max: Option<u32>,
    sends_of_device_mib_max: Option<u32>,
}

impl ConnectionsFile {
    /// The limits of the listener; or which key cannot be so.
    pub(super) fn limits(&self, default: &Limits) -> Result<Limits, String> {
        let count = |key: &str, asked: Option<u32>, default: usize| match asked {
            None => Ok(default),
            Some(0) => Err(format!("{key} is at least 1, or nobody could connect")),
            Some(count) => Ok(count as usize),
        };
        let rate = |key: &str, asked: Option<u32>, default: Duration| match asked {
            None => Ok(default),
            Some(1..=PER_SECOND_MAX) => Ok(Duration::from_secs(1) / asked.unwrap_or(1)),
            Some(_) => Err(format!("{key} is 1 to {PER_SECOND_MAX}")),
        };
        let handshakes = count("handshakes_max", self.handshakes_max, default.handshakes)?;
        // Zero is a choice: no place is kept, and everybody proves first.
        let or = |asked: Option<u32>, default: usize| asked.map_or(default, |it| it as usize);
        let known = or(
            self.handshakes_known,
            default.handshakes_known.min(handshakes / 4),
        );
        if known >= handshakes {
            return Err("handshakes_known is less than handshakes_max".to_owned());
        }
        let burst = self.network_at_once;
        let at_once = count("network_at_once", burst, default.prefix.burst as usize)?;
        let requests = memory(
            "requests",
            (self.requests_of_device_mib_max, default.large_bytes),
            (self.requests_mib_max, default.large_bytes_total),
        )?;
        let sends = memory(
            "sends",
            (self.sends_of_device_mib_max, default.send_bytes),
            (self.sends_mib_max, default.send_bytes_total),
        )?;
        Ok(Limits {
            large_bytes: requests.0,
            large_bytes_total: requests.1,
            send_bytes: sends.0,
            send_bytes_total: sends.1,
            links: count("connections_max", self.connections_max, default.links)?,
            links_per_key: count(
                "connections_of_device_max",
                self.connections_of_device_max,
                default.links_per_key,
            )?,
            handshakes,
            handshakes_known: known,
            handshakes_calm: or(self.handshakes_unproven, default.handshakes_calm),
            handshakes_of_prefix: count(
                "handshakes_of_network_max",
                self.handshakes_of_network_max,
                default.handshakes_of_prefix,
            )?,
            handshake: match self.handshake_seconds {
                None => default.handshake,
                Some(seconds @ 1..=60) => Duration::from_secs(seconds.into()),
                Some(_) => return Err("handshake_seconds is 1 to 60".to_owned()),
            },
            unproven: Allowance {
                burst: self.unproven_per_second.unwrap_or(default.unproven.burst),
                refill: rate(
                    "unproven_per_second",
                    self.unproven_per_second,
                    default.unproven.refill,
                )?,
            },
            prefix: Allowance {
                burst: u32::try_from(at_once).unwrap_or(u32::MAX),
                refill: rate(
                    "network_per_second",
                    self.network_per_second,
                    default.prefix.refill,
                )?,
            },
            ..default.clone()
        })
    }
}

/// More than any machine shakes hands.
const PER_SECOND_MAX: u32 = 100_000;
/// Of one device: the largest frame.
const MIB_LEAST: u32 = 16;
/// Of all together.
const MIB_MOST: u32 = 4_095;

/// Bytes in memory of one device, and of all together.
fn memory(
    what: &str,
    (of_device, default): (Option<u32>, u32),
    (of_all, default_of_all): (Option<u32>, u32),
) -> Result<(u32, u32), String> {
    let bytes =
        |mib: Option<u32>, default: u32| mib.map_or(Some(default), |mib| mib.checked_mul(1 << 20));
    let bytes = (bytes(of_device, default), bytes(of_all, default_of_all));
    match bytes {
        (Some(device), Some(all)) if device >= MIB_LEAST << 20 && all >= device => {
            Ok((device, all))
        }
        _ => Err(format!(
            "{what}_of_device_mib_max is at least {MIB_LEAST}, and {what}_mib_max as much or more, \
             up to {MIB_MOST}"
        )),
    }
}

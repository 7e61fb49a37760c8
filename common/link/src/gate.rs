//! Who may begin a handshake: decided before any cryptography, without clock or socket.
//!
//! A sender's address can be forged until it has answered a Retry. So nothing that an unproven
//! address does is held against that address: at worst everyone takes one more round trip.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{Allowance, Limits, PREFIXES_MAX};

/// An attempt to connect, as the gate sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) address: IpAddr,
    /// Whether the address has shown that it receives.
    pub(crate) proven: bool,
    /// Handshakes under way.
    pub(crate) handshakes: usize,
    /// Connections established.
    pub(crate) links: usize,
}

/// What to do with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Begin the handshake.
    Admit,
    /// Let the address prove itself first. Costs one packet and no memory.
    Prove,
    /// Say no, so that the peer does not wait.
    Refuse,
}

/// The counters behind the verdicts.
#[derive(Debug)]
pub(crate) struct Gate {
    links: usize,
    handshakes: usize,
    handshakes_calm: usize,
    per_prefix: Allowance,
    unproven: Bucket,
    prefixes: HashMap<[u8; 7], Bucket>,
}

impl Gate {
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            links: limits.links,
            handshakes: limits.handshakes,
            handshakes_calm: limits.handshakes_calm,
            per_prefix: limits.prefix,
            unproven: Bucket::full(limits.unproven, now),
            prefixes: HashMap::new(),
        }
    }

    pub(crate) fn judge(&mut self, attempt: &Attempt, now: Instant) -> Verdict {
        if attempt.links >= self.links || attempt.handshakes >= self.handshakes {
            return Verdict::Refuse;
        }
        if !attempt.proven {
            let calm = attempt.handshakes < self.handshakes_calm;
            return if calm && self.unproven.take(now) {
                Verdict::Admit
            } else {
                Verdict::Prove
            };
        }
        if self.take_of_prefix(prefix(attempt.address), now) {
            Verdict::Admit
        } else {
            Verdict::Refuse
        }
    }

    /// When every place is taken by a prefix that is still counted, strangers pass uncounted: the
    /// limit on handshakes holds, and filling the table takes 16,384 real networks.
    fn take_of_prefix(&mut self, prefix: [u8; 7], now: Instant) -> bool {
        let allowance = self.per_prefix;
        if !self.prefixes.contains_key(&prefix) && self.prefixes.len() >= PREFIXES_MAX {
            self.prefixes.retain(|_, bucket| !bucket.is_full(now));
            if self.prefixes.len() >= PREFIXES_MAX {
                return true;
            }
        }
        self.prefixes
            .entry(prefix)
            .or_insert_with(|| Bucket::full(allowance, now))
            .take(now)
    }
}

/// The network that an address belongs to: /24 of IPv4, /56 of IPv6, as sites are given them.
fn prefix(address: IpAddr) -> [u8; 7] {
    let mut prefix = [0; 7];
    match address.to_canonical() {
        // Under ::ffff:0:0/96, which no IPv6 host has: the two kinds never meet.
        IpAddr::V4(v4) => {
            prefix[..4].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
            prefix[4..].copy_from_slice(&v4.octets()[..3]);
        }
        IpAddr::V6(v6) => prefix.copy_from_slice(&v6.octets()[..7]),
    }
    prefix
}

/// A token bucket.
#[derive(Debug)]
struct Bucket {
    allowance: Allowance,
    tokens: u32,
    /// When the newest token was put in.
    filled: Instant,
}

impl Bucket {
    fn full(allowance: Allowance, now: Instant) -> Self {
        Self {
            allowance,
            tokens: allowance.burst,
            filled: now,
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        self.refill(now);
        let taken = self.tokens.checked_sub(1);
        self.tokens = taken.unwrap_or(0);
        taken.is_some()
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens == self.allowance.burst
    }

    /// Adds the tokens of the time that passed, and keeps the rest of that time.
    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled);
        let step = self.allowance.refill.max(Duration::from_nanos(1));
        let earned = u32::try_from(passed.as_nanos() / step.as_nanos()).unwrap_or(u32::MAX);
        if earned >= self.allowance.burst - self.tokens {
            self.tokens = self.allowance.burst;
            self.filled = now;
        } else {
            self.tokens += earned;
            self.filled += step * earned;
        }
    }
}

#[cfg(test)]
mod tests;

//! Who may begin a handshake: decided before any cryptography, without clock or socket.
//!
//! A sender's address can be forged until it has answered a Retry. So nothing that an unproven
//! address does is held against that address: at worst everyone takes one more round trip.
//!
//! Whoever has many real addresses can fill the places that strangers may take, for as long as a
//! handshake may hang. Networks from which somebody admitted has connected have places of their own
//! then: desks come back from where they were.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{Allowance, KNOWN_PREFIXES_MAX, Limits, PREFIXES_MAX};

/// How often a full table of prefixes is looked through for those that have rested.
const SWEEP: Duration = Duration::from_secs(1);

/// An attempt to connect, as the gate sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) address: IpAddr,
    /// Whether the address has shown that it receives.
    pub(crate) proven: bool,
    /// Connections established.
    pub(crate) links: usize,
}

/// What to do with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Begin the handshake, and say when it has ended.
    Admit(Begun),
    /// Let the address prove itself first. Costs one packet and no memory.
    Prove,
    /// Say no, so that the peer does not wait.
    Refuse(Refused),
}

/// Why an attempt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many connections are established as may be.
    Links,
    /// As many handshakes are under way as may be, for whoever asks.
    Handshakes,
    /// Its network has as many handshakes under way as one network may have.
    OfPrefix,
    /// Its network has tried too often.
    Allowance,
}

/// A handshake under way, which its network is charged with if the address was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    charged: Option<[u8; 7]>,
}

/// The counters behind the verdicts.
#[derive(Debug)]
pub(crate) struct Gate {
    limits: GateLimits,
    under_way: usize,
    unproven: Bucket,
    prefixes: HashMap<[u8; 7], Prefix>,
    swept: Option<Instant>,
    /// Networks from which somebody admitted has connected, and when last.
    known: HashMap<[u8; 7], Instant>,
}

#[derive(Debug)]
struct GateLimits {
    links: usize,
    handshakes: usize,
    known: usize,
    calm: usize,
    of_prefix: usize,
    allowance: Allowance,
}

/// What one network does.
#[derive(Debug)]
struct Prefix {
    bucket: Bucket,
    under_way: usize,
}

impl Gate {
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            limits: GateLimits {
                links: limits.links,
                handshakes: limits.handshakes,
                known: limits.handshakes_known,
                calm: limits.handshakes_calm,
                of_prefix: limits.handshakes_of_prefix,
                allowance: limits.prefix,
            },
            under_way: 0,
            unproven: Bucket::full(limits.unproven, now),
            prefixes: HashMap::new(),
            swept: None,
            known: HashMap::new(),
        }
    }

    /// Handshakes under way.
    pub(crate) const fn under_way(&self) -> usize {
        self.under_way
    }

    pub(crate) fn judge(&mut self, attempt: &Attempt, now: Instant) -> Verdict {
        if attempt.links >= self.limits.links {
            return Verdict::Refuse(Refused::Links);
        }
        if !attempt.proven {
            let calm = self.under_way < self.limits.calm;
            return if calm && self.unproven.take(now) {
                self.begin(None)
            } else {
                Verdict::Prove
            };
        }
        let prefix = prefix(attempt.address);
        let kept = match self.known.contains_key(&prefix) {
            true => 0,
            false => self.limits.known,
        };
        if self.under_way + kept >= self.limits.handshakes {
            return Verdict::Refuse(Refused::Handshakes);
        }
        match self.charge(prefix, now) {
            Ok(charged) => self.begin(charged.then_some(prefix)),
            Err(refused) => Verdict::Refuse(refused),
        }
    }

    /// A handshake has ended, one way or another.
    pub(crate) fn ended(&mut self, begun: Begun) {
        self.under_way = self.under_way.saturating_sub(1);
        let charged = begun.charged.and_then(|it| self.prefixes.get_mut(&it));
        if let Some(prefix) = charged {
            prefix.under_way = prefix.under_way.saturating_sub(1);
        }
    }

    /// Somebody admitted has connected from here.
    pub(crate) fn admitted(&mut self, address: IpAddr, now: Instant) {
        let prefix = prefix(address);
        if self.known.len() >= KNOWN_PREFIXES_MAX && !self.known.contains_key(&prefix) {
            let oldest = self.known.iter().min_by_key(|(_, seen)| **seen);
            if let Some(oldest) = oldest.map(|(prefix, _)| *prefix) {
                self.known.remove(&oldest);
            }
        }
        self.known.insert(prefix, now);
    }

    fn begin(&mut self, charged: Option<[u8; 7]>) -> Verdict {
        self.under_way += 1;
        Verdict::Admit(Begun { charged })
    }

    /// Charges a network with a handshake; false where it passes uncounted.
    ///
    /// When every place of the table is taken by a network that is still counted, strangers pass
    /// uncounted: the limit on handshakes holds, and so do the places of known networks.
    fn charge(&mut self, prefix: [u8; 7], now: Instant) -> Result<bool, Refused> {
        if !self.prefixes.contains_key(&prefix) && self.prefixes.len() >= PREFIXES_MAX {
            self.sweep(now);
            if self.prefixes.len() >= PREFIXES_MAX {
                return Ok(false);
            }
        }
        let (allowance, most) = (self.limits.allowance, self.limits.of_prefix);
        let held = self.prefixes.entry(prefix).or_insert_with(|| Prefix {
            bucket: Bucket::full(allowance, now),
            under_way: 0,
        });
        if held.under_way >= most {
            return Err(Refused::OfPrefix);
        }
        if !held.bucket.take(now) {
            return Err(Refused::Allowance);
        }
        held.under_way += 1;
        Ok(true)
    }

    /// Forgets networks that have rested. Not at every attempt: a table takes time to look through.
    fn sweep(&mut self, now: Instant) {
        let is_early = |swept: Instant| now.saturating_duration_since(swept) < SWEEP;
        if self.swept.is_some_and(is_early) {
            return;
        }
        self.swept = Some(now);
        self.prefixes
            .retain(|_, held| held.under_way > 0 || !held.bucket.is_full(now));
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
pub(crate) struct Bucket {
    allowance: Allowance,
    tokens: u32,
    /// When the newest token was put in.
    filled: Instant,
}

impl Bucket {
    pub(crate) fn full(allowance: Allowance, now: Instant) -> Self {
        Self {
            allowance,
            tokens: allowance.burst,
            filled: now,
        }
    }

    pub(crate) fn take(&mut self, now: Instant) -> bool {
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

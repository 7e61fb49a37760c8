//! Addresses that send valid first packets of connections, and do nothing more.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::crash::chance::Chance;
use crate::raw::{Ids, Initials, Stranger};

/// How often they look at the clock.
const TICK: Duration = Duration::from_millis(1);
/// So long after the last packet the relay may still answer: it sends again what an address does
/// not acknowledge, until a handshake has taken too long.
const ECHO: Duration = Duration::from_secs(12);

/// How fast, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forging {
    pub(super) per_second: u64,
    pub(super) until: Instant,
}

/// Many addresses.
#[derive(Debug)]
pub(super) struct Forgers {
    strangers: Vec<Stranger>,
    initials: Initials,
    chance: Chance,
    /// Bytes heard of each attempt, by its connection id.
    heard: HashMap<[u8; 8], u64>,
}

/// What they sent and heard.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Forged {
    pub(super) initials: u64,
    pub(super) bytes_sent: u64,
    pub(super) bytes_heard: u64,
    /// Of the address that heard most for what it sent.
    pub(super) worst_sent: u64,
    pub(super) worst_heard: u64,
    /// Of the attempt that heard most. Each sent one datagram, of 1,200 bytes.
    pub(super) worst_of_attempt: u64,
}

impl Forgers {
    /// Binds addresses of loopback, each of a network of its own.
    pub(super) fn at(count: u32, relay: SocketAddr, seed: u64) -> Self {
        let address = |number: u32| {
            let [_, a, b, _] = (number << 8).to_be_bytes();
            // Not in the network of honest desks, 127.0.0.0/24.
            Ipv4Addr::new(127, 1 + a, b, 7)
        };
        let strangers = (0..count).map(|number| Stranger::at(address(number), relay));
        Self {
            strangers: strangers.collect(),
            initials: Initials::new(),
            chance: Chance::new(seed),
            heard: HashMap::new(),
        }
    }

    /// Sends at a pace, each packet of another connection, and says when it is over; then hears
    /// what still comes.
    pub(super) fn forge(mut self, pace: Forging, over: &AtomicBool) -> Forged {
        let (begun, count) = (Instant::now(), self.strangers.len());
        let mut initials = 0;
        while Instant::now() < pace.until {
            let passed = u64::try_from(begun.elapsed().as_micros()).unwrap();
            let due = passed * pace.per_second / 1_000_000;
            while initials < due {
                let turn = usize::try_from(initials).unwrap() % count;
                let datagram = self.first();
                self.hear(turn);
                self.strangers[turn].send(&datagram);
                initials += 1;
                if initials % 1_024 == 0 && Instant::now() >= pace.until {
                    break;
                }
            }
            thread::sleep(TICK);
        }
        over.store(true, Ordering::Relaxed);
        let quiet = Instant::now() + ECHO;
        while Instant::now() < quiet {
            (0..count).for_each(|turn| self.hear(turn));
            thread::sleep(50 * TICK);
        }
        self.account(initials)
    }

    fn hear(&mut self, turn: usize) {
        let heard = &mut self.heard;
        self.strangers[turn].hear_each(|to, bytes| *heard.entry(to).or_default() += bytes);
    }

    fn first(&mut self) -> Vec<u8> {
        let ids = Ids {
            to: self.chance.next().to_be_bytes(),
            from: self.chance.next().to_be_bytes(),
        };
        let random = self.chance.bytes(32);
        self.initials
            .first(&ids, random[..32].first_chunk().unwrap())
    }

    fn account(&self, initials: u64) -> Forged {
        let sum = |what: fn(&Stranger) -> u64| self.strangers.iter().map(what).sum();
        let worst = self
            .strangers
            .iter()
            .max_by_key(|one| one.heard * 1_000 / one.sent.max(1));
        Forged {
            initials,
            bytes_sent: sum(|one| one.sent),
            bytes_heard: sum(|one| one.heard),
            worst_sent: worst.map_or(0, |one| one.sent),
            worst_heard: worst.map_or(0, |one| one.heard),
            worst_of_attempt: self.heard.values().copied().max().unwrap_or(0),
        }
    }
}

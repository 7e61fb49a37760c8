//! What a listener or dialer counts: whom it turned away, which handshakes came to nothing, which
//! streams it cut.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::gate::Refused;

/// Why a handshake came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandshakeFault {
    /// It was not complete in time.
    TooSlow,
    /// The key is not admitted.
    NotAdmitted,
    /// The peer gave it up, or does not speak the protocol.
    Failed,
}

/// Why a stream was cut on this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It carried more than its bound.
    TooLarge,
    /// It fell silent.
    Silent,
    /// It was not complete in time.
    Slow,
    /// The peer took no bytes, or too few.
    Stalled,
}

/// Counters that only grow.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    retries: AtomicU64,
    faulty: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
    handshakes: [AtomicU64; HandshakeFault::ALL.len()],
    cut: [AtomicU64; Cut::ALL.len()],
}

/// What a listener has counted since it was bound, by reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Connections established now.
    pub links: usize,
    /// Handshakes under way now.
    pub handshakes: usize,
    /// Bytes claimed now for large requests, and for answers and pushes.
    pub memory: (u64, u64),
    /// Attempts whose address had to prove itself first.
    pub retries: u64,
    /// Attempts refused.
    pub refused: Vec<(&'static str, u64)>,
    /// Handshakes that came to nothing.
    pub handshakes_failed: Vec<(&'static str, u64)>,
    /// Connections closed because too many of their streams came to nothing.
    pub faulty: u64,
    /// Streams cut.
    pub cut: Vec<(&'static str, u64)>,
}

impl Refused {
    /// In the order of their counters.
    const ALL: [Self; 4] = [
        Self::Links,
        Self::Handshakes,
        Self::OfPrefix,
        Self::Allowance,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Handshakes => "handshakes",
            Self::OfPrefix => "handshakes-of-network",
            Self::Allowance => "rate-of-network",
        }
    }
}

impl HandshakeFault {
    const ALL: [Self; 3] = [Self::TooSlow, Self::NotAdmitted, Self::Failed];

    const fn name(self) -> &'static str {
        match self {
            Self::TooSlow => "too-slow",
            Self::NotAdmitted => "not-admitted",
            Self::Failed => "failed",
        }
    }
}

impl Cut {
    const ALL: [Self; 4] = [Self::TooLarge, Self::Silent, Self::Slow, Self::Stalled];

    const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::Stalled => "stalled",
        }
    }
}

impl Tally {
    pub(crate) fn asked_to_prove(&self) {
        add(&self.retries);
    }

    pub(crate) fn refused(&self, why: Refused) {
        add(&self.refused[why as usize]);
    }

    pub(crate) fn faulty(&self) {
        add(&self.faulty);
    }

    pub(crate) fn handshake_failed(&self, why: HandshakeFault) {
        add(&self.handshakes[why as usize]);
    }

    pub(crate) fn cut(&self, why: Cut) {
        add(&self.cut[why as usize]);
    }

    pub(crate) fn figures(&self, links: usize, handshakes: usize, memory: (u64, u64)) -> Figures {
        Figures {
            links,
            handshakes,
            memory,
            faulty: self.faulty.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            refused: named(Refused::ALL.map(Refused::name), &self.refused),
            handshakes_failed: named(
                HandshakeFault::ALL.map(HandshakeFault::name),
                &self.handshakes,
            ),
            cut: named(Cut::ALL.map(Cut::name), &self.cut),
        }
    }
}

fn named<const N: usize>(
    names: [&'static str; N],
    counters: &[AtomicU64; N],
) -> Vec<(&'static str, u64)> {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    names.into_iter().zip(counters.iter().map(count)).collect()
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter is found by the place of its reason.
    #[test]
    fn each_reason_has_the_counter_of_its_name() {
        let tally = Tally::default();
        for why in Refused::ALL {
            tally.refused(why);
            let figures = tally.figures(0, 0, (0, 0)).refused;
            let counted = figures.iter().filter(|(_, count)| *count == 1).count();
            assert_eq!(counted, why as usize + 1);
            assert_eq!(figures[why as usize], (why.name(), 1));
        }
        for why in HandshakeFault::ALL {
            tally.handshake_failed(why);
            let figures = tally.figures(0, 0, (0, 0)).handshakes_failed;
            assert_eq!(figures[why as usize], (why.name(), 1));
        }
        for why in Cut::ALL {
            tally.cut(why);
            let figures = tally.figures(0, 0, (0, 0)).cut;
            assert_eq!(figures[why as usize], (why.name(), 1));
        }
    }
}

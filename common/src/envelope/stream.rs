//! Streams: the numbers and hash chain that make a missing alert visible (I4).

use std::collections::BTreeMap;

use crate::address::DeviceId;
use crate::codec::{Decode, Encode};
use crate::hash::{Hash, hash};
use crate::identifier::Epoch;
use crate::label::Label;

/// A place in a stream, as a wrap carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct StreamPosition {
    /// The life of the sending device's store.
    pub epoch: Epoch,
    /// From 1; 0 for a wrap outside the stream.
    pub number: u64,
    /// `chain_n`; zero for a wrap outside the stream.
    pub chain: Hash,
}

/// What one envelope adds to a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Link {
    /// `H("core", core)`.
    pub core: Hash,
    /// `H("body hash", body)`.
    pub body: Hash,
}

/// The sender's end of a stream: its newest position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct OutgoingStream(StreamPosition);

/// The recipient's end of a stream within one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingStream {
    /// Everything up to here has arrived and chains.
    head: StreamPosition,
    /// What arrived beyond a hole.
    ahead: BTreeMap<u64, (Link, Hash)>,
}

/// What an arrival means for its stream (PROTOCOL E16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// The next in order; perhaps it closed a hole.
    InOrder,
    /// Beyond a hole: the numbers `from..=to` are missing.
    Hole {
        /// First missing number.
        from: u64,
        /// Last missing number.
        to: u64,
    },
    /// Already counted, and the same.
    Repeated,
    /// One number with two hashes, or a chain that does not follow: the sender, or somebody with
    /// its key, tells two stories.
    Fork,
}

fn chain_start(sender: &DeviceId, epoch: Epoch, receiver: &DeviceId) -> Hash {
    hash(
        Label::STREAM,
        &[
            sender.as_bytes(),
            &epoch.0.to_le_bytes(),
            receiver.as_bytes(),
        ],
    )
}

fn chain_next(previous: &Hash, number: u64, link: &Link) -> Hash {
    let parts: [&[u8]; 4] = [
        previous.as_bytes(),
        &number.to_le_bytes(),
        link.core.as_bytes(),
        link.body.as_bytes(),
    ];
    hash(Label::STREAM, &parts)
}

impl StreamPosition {
    /// The position of a wrap that is outside the stream: held, own, or of an addendum that fills
    /// no gap.
    pub fn outside(epoch: Epoch) -> Self {
        Self {
            epoch,
            number: 0,
            chain: Hash::ZERO,
        }
    }
}

impl OutgoingStream {
    /// The empty stream from one device to another within an epoch.
    pub fn start(sender: &DeviceId, epoch: Epoch, receiver: &DeviceId) -> Self {
        Self(StreamPosition {
            epoch,
            number: 0,
            chain: chain_start(sender, epoch, receiver),
        })
    }

    /// The stream as it stood at a position that was given out.
    pub fn at(position: StreamPosition) -> Self {
        Self(position)
    }

    /// The newest position, which a heartbeat repeats.
    pub fn newest(&self) -> StreamPosition {
        self.0
    }

    /// The stream with one more envelope.
    pub fn extended(&self, link: &Link) -> Self {
        let number = self.0.number + 1;
        let chain = chain_next(&self.0.chain, number, link);
        Self(StreamPosition {
            epoch: self.0.epoch,
            number,
            chain,
        })
    }
}

impl IncomingStream {
    /// Arrivals beyond a hole that are remembered; of more, the numbers alone are counted.
    pub const AHEAD_MAX: usize = 1024;

    /// The empty stream from one device to another within an epoch.
    pub fn start(sender: &DeviceId, epoch: Epoch, receiver: &DeviceId) -> Self {
        let chain = chain_start(sender, epoch, receiver);
        Self {
            head: StreamPosition {
                epoch,
                number: 0,
                chain,
            },
            ahead: BTreeMap::new(),
        }
    }

    /// Rebuilds the stream from what was stored: the head, and the arrivals beyond a hole.
    pub fn resume(
        head: StreamPosition,
        ahead: impl IntoIterator<Item = (u64, Link, Hash)>,
    ) -> Self {
        let ahead = ahead
            .into_iter()
            .map(|(number, link, chain)| (number, (link, chain)))
            .collect();
        Self { head, ahead }
    }

    /// Everything up to here has arrived.
    pub fn head(&self) -> StreamPosition {
        self.head
    }

    /// What arrived beyond a hole, ascending.
    pub fn ahead(&self) -> impl Iterator<Item = (u64, Link, Hash)> + '_ {
        self.ahead
            .iter()
            .map(|(number, (link, chain))| (*number, *link, *chain))
    }

    /// The newest number that arrived and is remembered.
    pub fn newest(&self) -> u64 {
        let ahead = self.ahead.keys().next_back();
        ahead.copied().unwrap_or(self.head.number)
    }

    /// The first hole, if something arrived beyond one.
    pub fn hole(&self) -> Option<(u64, u64)> {
        let next = *self.ahead.keys().next()?;
        Some((self.head.number + 1, next - 1))
    }

    /// Counts an envelope whose wrap carried `position`, a number from 1.
    ///
    /// The caller has checked that the epoch is this stream's.
    pub fn receive(&mut self, position: &StreamPosition, link: Link) -> Arrival {
        let number = position.number;
        if number <= self.head.number {
            // What is behind the head was checked when it came; the id tells a repetition from a
            // fork, because one id is one core and one body.
            let same = number < self.head.number || position.chain == self.head.chain;
            return if same {
                Arrival::Repeated
            } else {
                Arrival::Fork
            };
        }
        if let Some(known) = self.ahead.get(&number) {
            return if *known == (link, position.chain) {
                Arrival::Repeated
            } else {
                Arrival::Fork
            };
        }
        if number > self.head.number + 1 {
            if self.ahead.len() < Self::AHEAD_MAX {
                self.ahead.insert(number, (link, position.chain));
            }
            let (from, to) = self.hole().unwrap_or((self.head.number + 1, number - 1));
            return Arrival::Hole { from, to };
        }
        if chain_next(&self.head.chain, number, &link) != position.chain {
            return Arrival::Fork;
        }
        self.head = *position;
        self.close_holes()
    }

    /// The chain that a number has by what is known here: an alert of this link has it if it is the
    /// next one.
    pub fn chain_of(&self, number: u64, link: Link) -> Option<Hash> {
        if number == self.head.number {
            return Some(self.head.chain);
        }
        let next = number == self.head.number + 1;
        let ahead = self.ahead.get(&number).map(|(_, chain)| *chain);
        ahead.or_else(|| next.then(|| chain_next(&self.head.chain, number, &link)))
    }

    /// Judges a heartbeat's position, which adds nothing: is something missing?
    pub fn heard_of(&self, newest: &StreamPosition) -> Arrival {
        if newest.number > self.newest() {
            let to = self.hole().map_or(newest.number, |(_, to)| to);
            return Arrival::Hole {
                from: self.head.number + 1,
                to,
            };
        }
        let known = match newest.number == self.head.number {
            true => Some(self.head.chain),
            false => self.ahead.get(&newest.number).map(|(_, chain)| *chain),
        };
        match known {
            Some(chain) if chain != newest.chain => Arrival::Fork,
            _ => Arrival::Repeated,
        }
    }

    fn close_holes(&mut self) -> Arrival {
        while let Some((link, chain)) = self.ahead.remove(&(self.head.number + 1)) {
            let number = self.head.number + 1;
            if chain_next(&self.head.chain, number, &link) != chain {
                return Arrival::Fork;
            }
            self.head = StreamPosition {
                epoch: self.head.epoch,
                number,
                chain,
            };
        }
        Arrival::InOrder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Epoch = Epoch(7);

    fn device(byte: u8) -> DeviceId {
        DeviceId::from_bytes([byte; 16])
    }

    fn link(byte: u8) -> Link {
        Link {
            core: Hash::from_bytes([byte; 32]),
            body: Hash::from_bytes([byte; 32]),
        }
    }

    fn sent(count: u8) -> Vec<(StreamPosition, Link)> {
        let mut stream = OutgoingStream::start(&device(1), EPOCH, &device(2));
        (1..=count)
            .map(|byte| {
                stream = stream.extended(&link(byte));
                (stream.newest(), link(byte))
            })
            .collect()
    }

    fn empty() -> IncomingStream {
        IncomingStream::start(&device(1), EPOCH, &device(2))
    }

    #[test]
    fn envelopes_in_order_leave_no_hole() {
        let mut stream = empty();
        for (position, link) in sent(5) {
            assert_eq!(stream.receive(&position, link), Arrival::InOrder);
        }
        assert_eq!(stream.head().number, 5);
        assert_eq!(stream.hole(), None);
    }

    #[test]
    fn a_missing_envelope_is_a_hole_until_it_arrives() {
        let mut stream = empty();
        let sent = sent(4);
        assert_eq!(stream.receive(&sent[0].0, sent[0].1), Arrival::InOrder);
        assert_eq!(
            stream.receive(&sent[3].0, sent[3].1),
            Arrival::Hole { from: 2, to: 3 }
        );
        assert_eq!(
            stream.receive(&sent[2].0, sent[2].1),
            Arrival::Hole { from: 2, to: 2 }
        );
        assert_eq!(stream.receive(&sent[1].0, sent[1].1), Arrival::InOrder);
        assert_eq!(stream.head().number, 4);
    }

    #[test]
    fn one_number_with_two_hashes_is_a_fork_in_every_place() {
        let sent = sent(3);
        let mut other = OutgoingStream::start(&device(1), EPOCH, &device(2));
        other = other.extended(&link(9));
        let mut stream = empty();
        stream.receive(&sent[0].0, sent[0].1);
        assert_eq!(stream.receive(&other.newest(), link(9)), Arrival::Fork);
        let forged = StreamPosition {
            chain: Hash::from_bytes([9; 32]),
            ..sent[2].0
        };
        stream.receive(&sent[2].0, sent[2].1);
        assert_eq!(stream.receive(&forged, sent[2].1), Arrival::Fork);
        let forged = StreamPosition {
            chain: Hash::from_bytes([9; 32]),
            ..sent[1].0
        };
        assert_eq!(stream.receive(&forged, sent[1].1), Arrival::Fork);
    }

    #[test]
    fn a_heartbeat_shows_that_the_last_envelope_is_missing() {
        let mut stream = empty();
        let sent = sent(2);
        stream.receive(&sent[0].0, sent[0].1);
        assert_eq!(stream.heard_of(&sent[0].0), Arrival::Repeated);
        assert_eq!(
            stream.heard_of(&sent[1].0),
            Arrival::Hole { from: 2, to: 2 }
        );
        let forged = StreamPosition {
            chain: Hash::ZERO,
            ..sent[0].0
        };
        assert_eq!(stream.heard_of(&forged), Arrival::Fork);
    }

    #[test]
    fn a_stream_resumed_from_its_parts_goes_on_the_same() {
        let mut stream = empty();
        let sent = sent(4);
        stream.receive(&sent[0].0, sent[0].1);
        stream.receive(&sent[2].0, sent[2].1);
        let mut resumed = IncomingStream::resume(stream.head(), stream.ahead());
        assert_eq!(resumed, stream);
        assert_eq!(resumed.receive(&sent[1].0, sent[1].1), Arrival::InOrder);
        assert_eq!(resumed.head().number, 3);
    }

    #[test]
    fn a_repetition_changes_nothing() {
        let mut stream = empty();
        let sent = sent(2);
        for (position, link) in &sent {
            stream.receive(position, *link);
        }
        let before = stream.clone();
        for (position, link) in &sent {
            assert_eq!(stream.receive(position, *link), Arrival::Repeated);
        }
        assert_eq!(stream, before);
    }
}

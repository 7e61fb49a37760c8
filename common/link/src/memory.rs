//! Bytes of large messages that may be in memory: of one peer, and of all together.
//!
//! What a peer sends slowly, or does not take, stays in memory for as long as it is waited for. So
//! each peer has a share, over all its connections, and all together have a sum; whoever finds no
//! room waits for its turn. Urgent messages have shares and a sum of their own.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::Limits;
use crate::priority::Priority;

/// What messages are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heap {
    /// Requests, or at a device pushes, that are being read.
    Incoming,
    /// Answers and pushes that are being sent.
    Outgoing(Priority),
}

/// Room for one peer's messages, or for everybody's.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    incoming: Arc<Semaphore>,
    outgoing: Arc<Semaphore>,
    urgent: Arc<Semaphore>,
    sizes: [u32; 3],
}

/// Room for one message, until it is dropped.
#[derive(Debug)]
#[must_use = "room that is dropped is given to others"]
pub struct Room {
    of_peer: OwnedSemaphorePermit,
    of_all: OwnedSemaphorePermit,
}

impl Memory {
    /// The room of all peers together.
    pub(crate) fn of_all(limits: &Limits) -> Self {
        Self::new([
            limits.large_bytes_total,
            limits.send_bytes_total,
            limits.send_bytes_total / 4,
        ])
    }

    /// The share of one peer.
    pub(crate) fn of_peer(limits: &Limits) -> Self {
        Self::new([limits.large_bytes, limits.send_bytes, limits.send_bytes / 2])
    }

    fn new(sizes: [u32; 3]) -> Self {
        let [incoming, outgoing, urgent] =
            sizes.map(|size| Arc::new(Semaphore::new(size as usize)));
        Self {
            incoming,
            outgoing,
            urgent,
            sizes,
        }
    }

    /// Bytes that are claimed now: incoming, and outgoing of both kinds.
    pub(crate) fn claimed(&self) -> (u64, u64) {
        let [incoming, outgoing, urgent] = [&self.incoming, &self.outgoing, &self.urgent];
        let claimed = |heap: &Semaphore, size: u32| {
            u64::from(size).saturating_sub(heap.available_permits() as u64)
        };
        let [of_incoming, of_outgoing, of_urgent] = self.sizes;
        (
            claimed(incoming, of_incoming),
            claimed(outgoing, of_outgoing) + claimed(urgent, of_urgent),
        )
    }

    /// Waits until a peer with this share may have so many bytes in memory; a message above the
    /// whole share takes all of it. The whole is claimed at once: messages that each held a part
    /// and waited for the rest would wait for each other. `None` never happens: nobody closes it.
    pub(crate) async fn claim(&self, share: &Self, heap: Heap, bytes: usize) -> Option<Room> {
        let (all, size_of_all) = self.heap(heap);
        let (peer, size_of_peer) = share.heap(heap);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let bytes = bytes.min(size_of_all).min(size_of_peer);
        let of_peer = Arc::clone(peer).acquire_many_owned(bytes).await.ok()?;
        let of_all = Arc::clone(all).acquire_many_owned(bytes).await.ok()?;
        Some(Room { of_peer, of_all })
    }

    fn heap(&self, heap: Heap) -> (&Arc<Semaphore>, u32) {
        let [incoming, outgoing, urgent] = self.sizes;
        match heap {
            Heap::Incoming => (&self.incoming, incoming),
            Heap::Outgoing(Priority::Urgent) => (&self.urgent, urgent),
            Heap::Outgoing(Priority::Bulk | Priority::Normal) => (&self.outgoing, outgoing),
        }
    }
}

impl Room {
    /// Gives to others what the message turned out not to need.
    pub fn shrink(&mut self, bytes: usize) {
        for permit in [&mut self.of_peer, &mut self.of_all] {
            let surplus = permit.num_permits().saturating_sub(bytes);
            drop(permit.split(surplus));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u32 = 1024 * 1024;

    fn limits() -> Limits {
        Limits {
            large_bytes: 4 * MIB,
            large_bytes_total: 6 * MIB,
            send_bytes: 4 * MIB,
            send_bytes_total: 8 * MIB,
            ..Limits::default()
        }
    }

    /// Whether there is room at once.
    fn now(all: &Memory, share: &Memory, heap: Heap, mib: usize) -> Option<Room> {
        let claim = std::pin::pin!(all.claim(share, heap, mib << 20));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match claim.poll(&mut context) {
            std::task::Poll::Ready(room) => room,
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn one_peer_takes_its_share_and_all_together_their_sum() {
        let all = Memory::of_all(&limits());
        let [one, other, third] = [(); 3].map(|()| Memory::of_peer(&limits()));
        let held = now(&all, &one, Heap::Incoming, 4).expect("a share");
        assert!(
            now(&all, &one, Heap::Incoming, 1).is_none(),
            "its share is taken"
        );
        let _two = now(&all, &other, Heap::Incoming, 2).expect("what is left");
        assert!(
            now(&all, &third, Heap::Incoming, 1).is_none(),
            "nothing is left"
        );
        assert_eq!(all.claimed(), (6 << 20, 0));
        drop(held);
        assert!(now(&all, &third, Heap::Incoming, 4).is_some());
    }

    #[test]
    fn what_is_not_needed_is_given_back_and_what_is_too_large_takes_a_whole_share() {
        let all = Memory::of_all(&limits());
        let share = Memory::of_peer(&limits());
        let mut room = now(&all, &share, Heap::Incoming, 100).expect("all of the share");
        assert_eq!(all.claimed(), (4 << 20, 0));
        room.shrink(1 << 20);
        assert_eq!(all.claimed(), (1 << 20, 0));
        room.shrink(3 << 20);
        assert_eq!(all.claimed(), (1 << 20, 0), "it never grows");
    }

    #[test]
    fn urgent_messages_do_not_wait_for_others() {
        let all = Memory::of_all(&limits());
        let share = Memory::of_peer(&limits());
        let _held = now(&all, &share, Heap::Outgoing(Priority::Bulk), 4).expect("a share");
        assert!(now(&all, &share, Heap::Outgoing(Priority::Normal), 1).is_none());
        assert!(now(&all, &share, Heap::Outgoing(Priority::Urgent), 2).is_some());
    }
}

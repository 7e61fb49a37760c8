//! A forwarder of datagrams on loopback, between desks and their relay: a line that a test cuts.
//!
//! Each way has a gate of its own. What comes to a closed gate is lost, as on a broken line: QUIC
//! sends it again as long as its sender lives, and a killed one never does. Desks reach the relay
//! through [`Forwarder::address`]; the relay sees each of them at an address of the forwarder's.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::net::UdpSocket;
use tokio::task::{JoinHandle, JoinSet};

/// More than any datagram has.
const DATAGRAM_BYTES_MAX: usize = 64 * 1024;

/// A direction through the forwarder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// What desks send.
    ToRelay,
    /// What the relay sends.
    ToDesk,
}

/// A forwarder at work. Dropping it ends it.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    gates: Arc<Gates>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Gates {
    to_relay: Gate,
    to_desk: Gate,
}

#[derive(Debug, Default)]
struct Gate {
    closed: AtomicBool,
    lost: AtomicU64,
}

impl Forwarder {
    /// Forwards to a relay, with both gates open. The relay may be stopped and started meanwhile.
    pub async fn to(relay: SocketAddr) -> Self {
        let front = Arc::new(bind().await);
        let gates = Arc::<Gates>::default();
        Self {
            address: front.local_addr().unwrap(),
            task: tokio::spawn(forward(front, relay, Arc::clone(&gates))),
            gates,
        }
    }

    /// Where desks reach the relay through it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets nothing through this way any more.
    pub fn close(&self, way: Way) {
        self.gate(way).closed.store(true, Ordering::SeqCst);
    }

    /// Lets everything through again. What came to the closed gate stays lost.
    pub fn open(&self, way: Way) {
        self.gate(way).closed.store(false, Ordering::SeqCst);
    }

    /// How many datagrams were lost at the gate of this way.
    pub fn lost(&self, way: Way) -> u64 {
        self.gate(way).lost.load(Ordering::SeqCst)
    }

    fn gate(&self, way: Way) -> &Gate {
        self.gates.of(way)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gates {
    fn of(&self, way: Way) -> &Gate {
        match way {
            Way::ToRelay => &self.to_relay,
            Way::ToDesk => &self.to_desk,
        }
    }

    /// Passes a datagram on, unless the gate is closed.
    async fn pass(&self, way: Way, datagram: &[u8], through: &UdpSocket, to: SocketAddr) {
        let gate = self.of(way);
        if gate.closed.load(Ordering::SeqCst) {
            gate.lost.fetch_add(1, Ordering::SeqCst);
            return;
        }
        // A datagram that the system does not take is lost, as it may be anywhere.
        let _ = through.send_to(datagram, to).await;
    }
}

/// Takes what desks send, and gives each desk a socket of its own towards the relay.
async fn forward(front: Arc<UdpSocket>, relay: SocketAddr, gates: Arc<Gates>) {
    let mut backs: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    // Dropped with this future, and with them everything that forwards.
    let mut answers = JoinSet::new();
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        // An error tells of an earlier datagram that met nobody.
        let Ok((length, desk)) = front.recv_from(&mut datagram).await else {
            continue;
        };
        let back = match backs.get(&desk) {
            Some(back) => Arc::clone(back),
            None => {
                let back = Arc::new(bind().await);
                answers.spawn(answer(
                    (Arc::clone(&back), Arc::clone(&front)),
                    desk,
                    Arc::clone(&gates),
                ));
                backs.insert(desk, Arc::clone(&back));
                back
            }
        };
        gates
            .pass(Way::ToRelay, &datagram[..length], &back, relay)
            .await;
    }
}

/// Takes what the relay sends to one desk.
async fn answer(
    (back, front): (Arc<UdpSocket>, Arc<UdpSocket>),
    desk: SocketAddr,
    gates: Arc<Gates>,
) {
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        if let Ok((length, _)) = back.recv_from(&mut datagram).await {
            gates
                .pass(Way::ToDesk, &datagram[..length], &front, desk)
                .await;
        }
    }
}

async fn bind() -> UdpSocket {
    UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::soon;

    /// Sends a word, and gives what the other side receives next.
    async fn carry(from: &UdpSocket, to: SocketAddr, at: &UdpSocket) -> (u8, SocketAddr) {
        from.send_to(&[7], to).await.unwrap();
        receive(at).await
    }

    async fn receive(at: &UdpSocket) -> (u8, SocketAddr) {
        let mut word = [0];
        let (_, from) = soon("a datagram", at.recv_from(&mut word)).await.unwrap();
        (word[0], from)
    }

    async fn until_lost(forwarder: &Forwarder, way: Way) {
        let lost = async {
            while forwarder.lost(way) == 0 {
                tokio::task::yield_now().await;
            }
        };
        soon("a datagram is lost", lost).await;
    }

    #[tokio::test]
    async fn what_comes_to_a_closed_gate_is_lost_and_the_other_way_stays_open() {
        let (desk, relay) = (bind().await, bind().await);
        let forwarder = Forwarder::to(relay.local_addr().unwrap()).await;
        let (_, back) = carry(&desk, forwarder.address(), &relay).await;

        forwarder.close(Way::ToRelay);
        desk.send_to(&[1], forwarder.address()).await.unwrap();
        until_lost(&forwarder, Way::ToRelay).await;
        let (word, from) = carry(&relay, back, &desk).await;
        assert_eq!((word, from), (7, forwarder.address()));

        forwarder.open(Way::ToRelay);
        let again = carry(&desk, forwarder.address(), &relay).await;
        assert_eq!(again, (7, back), "what was lost does not come");

        forwarder.close(Way::ToDesk);
        relay.send_to(&[2], back).await.unwrap();
        until_lost(&forwarder, Way::ToDesk).await;
        forwarder.open(Way::ToDesk);
        assert_eq!(carry(&relay, back, &desk).await.0, 7);
    }
}

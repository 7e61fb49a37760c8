//! A recorder of datagrams: it stands between desks and relay on loopback, passes every UDP
//! datagram on unchanged, and keeps a copy of each.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The longest UDP datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// A recorder at work. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Recorder {
    address: SocketAddr,
    relay: watch::Sender<Option<SocketAddr>>,
    tape: Arc<Tape>,
    _tasks: JoinSet<()>,
}

/// What was recorded.
#[derive(Debug, Default)]
struct Tape(Mutex<Vec<Vec<u8>>>);

/// What the tasks of one recorder share.
#[derive(Debug, Clone)]
struct Desk {
    front: Arc<UdpSocket>,
    relay: watch::Receiver<Option<SocketAddr>>,
    tape: Arc<Tape>,
}

impl Recorder {
    /// Takes a free port of loopback. Until a relay is named, what arrives is kept and goes no
    /// further.
    pub(crate) async fn start() -> io::Result<Self> {
        let front = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let address = front.local_addr()?;
        let (relay, named) = watch::channel(None);
        let tape = Arc::new(Tape::default());
        let desk = Desk {
            front,
            relay: named,
            tape: Arc::clone(&tape),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(pass_to_relay(desk));
        Ok(Self {
            address,
            relay,
            tape,
            _tasks: tasks,
        })
    }

    /// Where desks find the relay.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Names the relay behind it.
    pub(crate) fn set_relay(&self, address: SocketAddr) {
        self.relay.send_replace(Some(address));
    }

    /// The relay behind it.
    pub(crate) fn relay(&self) -> Option<SocketAddr> {
        *self.relay.borrow()
    }

    /// Everything that passed so far.
    pub(crate) fn datagrams(&self) -> Vec<Vec<u8>> {
        self.tape.lock().clone()
    }
}

impl Tape {
    fn keep(&self, datagram: &[u8]) {
        self.lock().push(datagram.to_vec());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        // A list of copies is whole after every push.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every desk gets a socket of its own towards the relay, so that answers find their way back.
async fn pass_to_relay(desk: Desk) {
    let mut sockets: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut answers = JoinSet::new();
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        // An error tells of a datagram sent before, which nobody took; QUIC sends it again.
        let Ok((length, from)) = desk.front.recv_from(&mut buffer).await else {
            continue;
        };
        desk.tape.keep(&buffer[..length]);
        let Some(relay) = *desk.relay.borrow() else {
            continue;
        };
        let socket = match sockets.get(&from) {
            Some(socket) => Arc::clone(socket),
            None => {
                let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await else {
                    continue;
                };
                let socket = Arc::new(socket);
                sockets.insert(from, Arc::clone(&socket));
                answers.spawn(pass_back(desk.clone(), Arc::clone(&socket), from));
                socket
            }
        };
        // A relay that is dead takes nothing; QUIC sends again.
        let _ = socket.send_to(&buffer[..length], relay).await;
    }
}

async fn pass_back(desk: Desk, socket: Arc<UdpSocket>, to: SocketAddr) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let Ok((length, _)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        desk.tape.keep(&buffer[..length]);
        let _ = desk.front.send_to(&buffer[..length], to).await;
    }
}

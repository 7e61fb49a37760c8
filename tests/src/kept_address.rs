//! Addresses of loopback that a relay keeps while it is stopped.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use crate::crash::chance::{Chance, any_seed};

/// An address that nobody has. Its port is not one of those that systems give to sockets by
/// themselves, or another socket would take it while the relay is down.
pub fn kept_address() -> SocketAddr {
    let mut chance = Chance::new(any_seed());
    loop {
        let port = u16::try_from(chance.between(12_000, 32_000)).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

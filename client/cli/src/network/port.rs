//! A free port of loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// An address of loopback whose UDP port nobody has now. Between asking and binding somebody may
/// take it: whoever binds it then fails, and says so.
pub(crate) fn free_port() -> io::Result<SocketAddr> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

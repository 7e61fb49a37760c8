//! Every limit of the link, with its arithmetic (I10).
//!
//! Constants are settings of the carrier, equal at both ends. [`Limits`] are budgets that a relay
//! or client may set lower or higher; their defaults stand here as well.

use std::time::Duration;

/// Requests of one connection at a time. QUIC allocates each in advance: 16 cost 37 KiB when idle.
pub const REQUEST_STREAMS_MAX: u32 = 16;
/// Pushes of one connection at a time: twice the requests, since each is held until acknowledged.
pub const PUSH_STREAMS_MAX: u32 = 32;
/// Streams of each kind that only [`Priority::Urgent`](crate::Priority::Urgent) may use: a quarter
/// of the requests, so that bulk transfers never make an alert wait for a stream.
pub const URGENT_STREAMS: u32 = 4;
/// Bytes in flight on one stream. At 100 ms round trip this carries 2.5 MiB/s, a piece of 4 MiB in
/// 1.6 s; 16 streams together 40 MiB/s.
pub const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// What a relay can have buffered of one connection's requests: 16 x 256 KiB = 4 MiB. Every stream
/// has room for its whole window, so none can starve another.
pub const REQUEST_WINDOW_BYTES: u32 = REQUEST_STREAMS_MAX * STREAM_WINDOW_BYTES;
/// What a client can have buffered of answers and pushes: (16 + 32) x 256 KiB = 12 MiB.
pub const ANSWER_WINDOW_BYTES: u32 = (REQUEST_STREAMS_MAX + PUSH_STREAMS_MAX) * STREAM_WINDOW_BYTES;

/// Bytes of a request, answer or push that are read without asking the budget of the connection:
/// a window's worth, so that small ones never wait. All streams together: 48 x 256 KiB = 12 MiB.
pub const SMALL_BYTES_MAX: usize = 256 * 1024;

/// Attempts that wait for the gate's verdict, which takes microseconds. Above, QUIC refuses.
pub const INCOMING_MAX: usize = 1024;
/// Bytes kept of one waiting attempt beyond its first packet: a client hello of two packets.
pub const INCOMING_BYTES_MAX: u64 = 4096;
/// Bytes kept of all waiting attempts: 1,024 x 4 KiB.
pub const INCOMING_BYTES_TOTAL: u64 = 4 * 1024 * 1024;
/// Handshake bytes buffered out of order. A certificate of ours has about 300 bytes, the whole
/// flight under 2 KiB.
pub const HANDSHAKE_BYTES_MAX: usize = 8 * 1024;

/// Address prefixes that the gate counts. An entry has 64 bytes: 1 MiB.
pub const PREFIXES_MAX: usize = 16_384;
/// Networks remembered because somebody admitted has connected from there: as many as connections.
/// An entry has 32 bytes: 256 KiB.
pub const KNOWN_PREFIXES_MAX: usize = 8_192;
/// Room for datagrams that wait in the system for this process, as far as the system gives it. At
/// 20,000 of 1,200 bytes a second it lasts for 50 ms and more, in which others may use the
/// processors; what finds no room is lost, whoever sent it.
pub const RECEIVE_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// Established links that wait to be accepted by the application.
pub const LINKS_WAITING_MAX: usize = 64;
/// Addresses tried for one relay: a roster lists at most 8, a name rarely gives more.
pub const ADDRESSES_MAX: usize = 8;
/// Head start of one address before the next is tried beside it (RFC 8305, section 5).
pub const ADDRESS_HEAD_START: Duration = Duration::from_millis(250);

/// Longest name in a certificate: a contact address (PROTOCOL section 1).
pub const NAME_BYTES_MAX: usize = 128;

/// Budgets and deadlines of one listener or dialer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest handshake, and longest resolution of a name. 10 s: four round trips over a
    /// satellite, with one packet lost.
    pub handshake: Duration,
    /// Silence after which a connection is lost. 30 s (RFC 9308, section 3.2).
    pub connection_idle: Duration,
    /// How often a client shows that it lives: a third of `connection_idle`, so two may be lost;
    /// also under the 30 s after which many firewalls forget a UDP flow.
    pub keep_alive: Duration,
    /// Age at which a connection is closed and made anew, so that no key lives for ever: 12 h.
    pub link_age: Duration,

    /// Silence within a stream, either way, after which the stream is cut: 15 s, half of
    /// `connection_idle`.
    pub stream_idle: Duration,
    /// Longest reading, or sending, of one request, answer or push: 5 min carry 16 MiB at
    /// 0.45 Mbit/s.
    pub stream_total: Duration,
    /// Bytes of large requests or pushes of one peer that may be in memory at a time, over all its
    /// connections: two of the largest frame, or eight pieces. 32 MiB; a single read is counted
    /// with its bound.
    pub large_bytes: u32,
    /// The same of all peers together: 256 MiB. Eight peers that each send their largest request as
    /// slowly as they may fill it; they are members of the network, and named in metrics and log.
    pub large_bytes_total: u32,
    /// Bytes of answers and pushes that are in memory for one peer, until its transport has them:
    /// the largest frame and one push. 24 MiB; urgent pushes have half as much of their own.
    pub send_bytes: u32,
    /// The same for all peers together: 256 MiB, and a quarter of it for urgent ones.
    pub send_bytes_total: u32,
    /// Streams of one connection that come to nothing: silent, cut, given up. 64 at once, then one
    /// a second; above, the connection is closed. A desk that loses patience gives up 16.
    pub faults: Allowance,

    /// Connections of a listener: 4,096 contacts with two devices; idle about 300 MiB.
    pub links: usize,
    /// Connections of one key. A device that lost its network leaves its old connection behind for
    /// `connection_idle`: 2 would do, 4 survive a flapping network. Above, the oldest is closed.
    pub links_per_key: usize,
    /// Handshakes at a time; above, attempts are refused. 256 x 0.4 ms are 0.1 s of one core.
    pub handshakes: usize,
    /// Of these, places for networks from which an admitted peer has connected: a quarter. Whoever
    /// has many real addresses can fill the others.
    pub handshakes_known: usize,
    /// Handshakes at a time from proven addresses of one /24 or /56: as many as may begin at once.
    pub handshakes_of_prefix: usize,
    /// Handshakes at a time above which an address must first prove that it receives: an eighth.
    pub handshakes_calm: usize,
    /// Attempts from unproven addresses, all together: 64 at once, then 64 a second. Above, an
    /// address must prove that it receives; nobody is locked out by forged senders.
    pub unproven: Allowance,
    /// Attempts from proven addresses of one /24 or /56: 32 at once (a site of 32 desks after a
    /// restart of the relay), then 4 a second. Above, attempts are refused.
    pub prefix: Allowance,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            connection_idle: Duration::from_secs(30),
            keep_alive: Duration::from_secs(10),
            link_age: Duration::from_secs(12 * 60 * 60),
            stream_idle: Duration::from_secs(15),
            stream_total: Duration::from_secs(5 * 60),
            large_bytes: 32 * 1024 * 1024,
            large_bytes_total: 256 * 1024 * 1024,
            send_bytes: 24 * 1024 * 1024,
            send_bytes_total: 256 * 1024 * 1024,
            faults: Allowance {
                burst: 64,
                refill: Duration::from_secs(1),
            },
            links: 8192,
            links_per_key: 4,
            handshakes: 256,
            handshakes_known: 64,
            handshakes_of_prefix: 32,
            handshakes_calm: 32,
            unproven: Allowance {
                burst: 64,
                refill: Duration::from_micros(15_625),
            },
            prefix: Allowance {
                burst: 32,
                refill: Duration::from_millis(250),
            },
        }
    }
}

/// How often something may happen: a full bucket at first, then one more each `refill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many at once.
    pub burst: u32,
    /// Time after which one more is allowed.
    pub refill: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arithmetic_of_the_comments_holds() {
        let limits = Limits::default();
        assert_eq!(REQUEST_WINDOW_BYTES, 4 * 1024 * 1024);
        assert_eq!(ANSWER_WINDOW_BYTES, 12 * 1024 * 1024);
        const { assert!(URGENT_STREAMS < REQUEST_STREAMS_MAX) };
        assert!(limits.keep_alive * 3 <= limits.connection_idle);
        assert!(limits.stream_idle * 2 <= limits.connection_idle);
        assert!(limits.handshakes_calm * 8 <= limits.handshakes);
        assert_eq!(limits.handshakes_known * 4, limits.handshakes);
        assert_eq!(limits.handshakes_of_prefix, limits.prefix.burst as usize);
        assert_eq!(limits.unproven.refill * 64, Duration::from_secs(1));
        assert_eq!(limits.prefix.refill * 4, Duration::from_secs(1));
    }
}

//! The network shell that relay and client share: bytes and keys, nothing of requests or rosters.
//!
//! A [`Link`] is an established connection between two peers that proved their Ed25519 keys to each
//! other. One request is one bidirectional stream, one push one unidirectional stream (PROTOCOL
//! section 8); the bytes in them are the caller's.
//!
//! | room | holds | deliberately absent |
//! |---|---|---|
//! | `certificate` | the X.509 container around a transport key | authorities, names, dates |
//! | `directory`, `verifier` | the one question: is this key admitted now? | any other trust |
//! | `endpoint` | the settings of TLS 1.3 and QUIC | 0-RTT, resumption, datagrams |
//! | `gate`, `door`, `open_links`, `listener` | who may shake hands, who is connected | requests |
//! | `common`, `tally` | what all links of an endpoint share and count | |
//! | `reset` | how a killed relay's next life ends its connections | |
//! | `dial` | names, addresses, attempts side by side | when to try again |
//! | `memory` | how much of messages one peer, and all together, may have in memory | |
//! | `link`, `request`, `push`, `stream` | bounded streams, priorities, deadlines | meaning |
//! | `web` | TLS to an agency's web server, by authorities it names | a part in the protocol |
//! | `systemd` | systemd hears how a service is doing | a part in the protocol |
//! | `limits` | every number, with its arithmetic | |
//!
//! No type of quinn or rustls appears in the public interface: a second carrier (TCP, where UDP is
//! blocked) would join inside `session` and `stream`, and its users would not notice.
//!
//! Logs name keys, addresses and reasons; never content, never secrets.

mod certificate;
mod close;
mod common;
mod dial;
mod directory;
mod door;
mod endpoint;
mod gate;
pub mod limits;
mod link;
mod listener;
mod memory;
mod open_links;
#[cfg(test)]
mod pair;
#[cfg(feature = "parsers")]
pub mod parsers;
mod priority;
mod push;
mod request;
mod reset;
mod session;
mod stream;
mod systemd;
mod tally;
mod verifier;
mod web;

pub use certificate::{Identity, IdentityError};
pub use close::{CloseCode, CloseReason};
pub use dial::{ConnectError, Dialer};
pub use directory::Directory;
pub use endpoint::{ALPN, BindError};
pub use limits::{Allowance, Limits};
pub use link::Link;
pub use listener::{Listener, ListenerConfig};
pub use memory::Room;
pub use priority::Priority;
pub use push::PushStream;
pub use request::{AnswerBound, IncomingRequest, RequestError, RequestStream};
pub use stream::{ReadError, SendError};
pub use systemd::{ServiceState, notify, watchdog_period};
pub use tally::Figures;
pub use web::{Authorities, AuthoritiesError};

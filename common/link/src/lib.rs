//! The network shell that relay and client share: bytes and keys, and nothing of requests or rosters.
//!
//! A [`Link`] is an established connection between two peers that proved their Ed25519 keys to each
//! other. One request is one bidirectional stream, one push one unidirectional stream (PROTOCOL
//! section 8); the bytes in them are the caller's.
//!
//! | room | what it holds | what is deliberately absent |
//! |---|---|---|
//! | `certificate` | the X.509 container around a transport key | authorities, names, dates |
//! | `directory`, `verifier` | the one question asked of a peer: is this key admitted now? | trust of any other kind |
//! | `endpoint` | the settings of TLS 1.3 and QUIC | 0-RTT, resumption, datagrams |
//! | `gate`, `open_links`, `listener` | who may begin a handshake, and who is connected | requests |
//! | `dial` | names, addresses, attempts side by side | when to try again |
//! | `link`, `request`, `push`, `stream` | bounded streams with priorities and deadlines | what the bytes mean |
//! | `limits` | every number, with its arithmetic | |
//!
//! No type of quinn or rustls appears in the public interface: a second carrier (TCP, where UDP is
//! blocked) would join inside `session` and `stream`, and its users would not notice.
//!
//! Logs name keys, addresses and reasons; never content, never secrets.

mod certificate;
mod close;
mod dial;
mod directory;
mod endpoint;
mod gate;
pub mod limits;
mod link;
mod listener;
mod open_links;
mod priority;
mod push;
mod request;
mod session;
mod stream;
mod verifier;

pub use certificate::{Identity, IdentityError};
pub use close::{CloseCode, CloseReason};
pub use dial::{ConnectError, Dialer};
pub use directory::Directory;
pub use endpoint::{ALPN, BindError};
pub use limits::{Allowance, Limits};
pub use link::Link;
pub use listener::{Listener, ListenerConfig};
pub use priority::Priority;
pub use push::PushStream;
pub use request::{AnswerBound, IncomingRequest, RequestError, RequestStream};
pub use stream::{ReadError, SendError};

//! Peers that do not keep to the rules: packets made by hand, and QUIC without our own link.
//!
//! | module | what it is |
//! |---|---|
//! | `initial` | first packets of connections, with the protection that QUIC gives them |
//! | `stranger` | an address that sends such packets, proves itself if asked, and does no more |
//! | `peer` | a whole connection of QUIC, with streams used in any way |
//! | `intruder` | a connection into which frames are put that no library would send |

mod initial;
mod intruder;
mod peer;
mod stranger;

pub use initial::{Ids, Initials, crypto_frame, stream_frame};
pub use intruder::{Intruder, Secrets};
pub use peer::RawPeer;
pub use stranger::{Retry, Stranger};

//! The relay of Maille: accepts, keeps and hands over sealed alerts, and signs what it did.
//!
//! The [`core`] decides; everything else is a shell that moves bytes and decides nothing about
//! the protocol.
//!
//! | room | what it does | absent |
//! |---|---|---|
//! | [`core`] | pure steps over a store, a roster and `now` | sockets, files, clock |
//! | `start`, `running`, `service` | one relay; no answer leaves before it is durable | protocol |
//! | `steps`, `looks` | what waits for the core, taken in groups | the order in which it came |
//! | `session`, `sessions`, `window` | a connection: requests, and pushes urgent first | store |
//! | `live_roster`, `roster_*` | the roster, its files and changes | trust in a file |
//! | `blobs` | sealed attachments, piece by piece | keys to open them |
//! | `books` | the account of a day, over a snapshot of the store | |
//! | `backup`, `restore`, `copying` | a relay in a folder of another name | |
//! | `renewal` | the next keys: made beside those in use, and used by themselves | |
//! | `reanchor` | another anchor, after a letter | |
//! | `rounds` | what is due by the clock | |
//! | `config`, `folder`, `identity`, `anchor_file`, `init`, `check` | the relay's folder | |
//! | `admin`, `opening`, `standing` | an operator's view | content, secrets |
//! | `metrics`, `counters` | its numbers | content, secrets |
//! | `clock`, `entropy` | the one place for each | |
//! | [`command`] | the binary `maille-relay` | |
//!
//! Logs name contacts, devices, ids and reasons; never content, never secrets.

mod admin;
mod anchor_file;
mod backup;
mod blobs;
mod books;
mod check;
mod clock;
pub mod command;
mod config;
mod copying;
pub mod core;
mod counters;
mod entropy;
mod folder;
mod identity;
mod init;
mod live_roster;
mod looks;
mod metrics;
mod opening;
#[cfg(feature = "parsers")]
pub mod parsers;
mod reanchor;
mod renewal;
mod restore;
mod roster_desk;
mod roster_folder;
mod roster_growth;
mod roster_heads;
mod rounds;
mod running;
mod service;
mod session;
mod sessions;
mod standing;
mod start;
mod steps;
mod window;

pub use self::core::OVERLAP;
pub use anchor_file::{AnchorFileError, read_anchor};
pub use backup::{BackupError, Manifest, ManifestError, ManifestFile, backup};
pub use books::{BooksError, Day, NotADay, account_of_stopped};
pub use check::{Finding, Verdict, check};
pub use clock::{Clock, SystemClock};
pub use config::{BlobBudget, Config, ConfigError, LogFormat, PORT};
pub use entropy::OsRandomness;
pub use folder::RelayFolder;
pub use identity::{KeyFileError, RelayKeyPair};
pub use init::{InitError, NewRelay, RelayRequest, init};
pub use opening::opening_progress;
pub use reanchor::{NewAnchor, ReanchorError, Reanchored, reanchor};
pub use renewal::{RenewError, Renewed, renew_keys};
pub use restore::{RestoreError, restore};
pub use roster_desk::RosterRefused;
pub use running::{RelayFailure, RunningRelay};
pub use standing::Standing;
pub use start::{Relay, Setup, StartError};

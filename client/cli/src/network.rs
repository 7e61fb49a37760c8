//! A whole small network in one folder, with every key made by one hand: for the demonstration,
//! for other people's tests, and to read. Its reach is loopback: relay and client refuse it
//! anywhere else.
//!
//! | file | its noun |
//! |---|---|
//! | `site.rs` | the folder and the names in it |
//! | `founding.rs` | keys, homes and signed documents from a description |
//! | `dialogue.toml`, `demo.toml` | descriptions, as `maille authority apply` reads them |
//! | `readable.rs` | a roster as text for people |
//! | `plan_text.rs` | a roster as `network.toml` |
//! | `pem.rs` | certificates and keys for `openssl` |
//! | `port.rs` | a free port of loopback |

mod founding;
mod pem;
mod plan_text;
mod port;
mod readable;
mod site;

pub(crate) use founding::{Founded, RelaySite, found, new_home};
pub(crate) use pem::{certificate_pem, public_key_pem};
pub(crate) use plan_text::plan_text;
pub(crate) use port::free_port;
pub(crate) use readable::readable;
pub(crate) use site::{Site, file_fault, file_stem};

/// The ten bodies of the Dialogue: eight members and two observers.
pub(crate) const DIALOGUE: &str = include_str!("network/dialogue.toml");

/// Three members and an observer to whom no rule gives anything.
pub(crate) const DEMO: &str = include_str!("network/demo.toml");

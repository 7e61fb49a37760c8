//! The client library of Maille: what a duty desk or an agency's system embeds.
//!
//! A [`Client`] opens a home, collects from all its relays, sends to those of its recipients, and
//! keeps every promise in the background. No alert is ever silently lost: what is not answered is
//! on somebody's list, and [`Client::track`] tells whose.
//!
//! An agency stores an alert in its own system first, and only then acknowledges it, as the system:
//!
//! ```no_run
//! use maille_client::{By, Client, ClientConfig, EventKind, Received};
//!
//! /// Where the agency keeps its cases. On return of `store` a case survives a power cut.
//! trait CaseRegister {
//!     fn store(&mut self, received: &Received) -> std::io::Result<()>;
//! }
//!
//! async fn run(
//!     home: &str,
//!     register: &mut impl CaseRegister,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let client = Client::open(ClientConfig::new(home)).await?;
//!     // The reader's cursor is durable: after a restart it goes on with what was not committed.
//!     let mut events = client.events("case-register");
//!     loop {
//!         let numbered = events.next().await?;
//!         if let EventKind::Arrived { alert, .. } = numbered.event.kind {
//!             let received = client.received(alert).await?;
//!             register.store(&received)?;
//!             // Copies of what this contact sent itself have no recipient, and want no answer.
//!             if received.entry.recipient.is_some() {
//!                 client.acknowledge(alert, By::System, "").await?;
//!             }
//!         }
//!         events.commit().await?;
//!     }
//! }
//! ```
//!
//! # The rooms, and what is deliberately absent from each
//!
//! | room | does | must not |
//! |---|---|---|
//! | `core` | every step of a desk, pure | know a socket, file, clock or generator |
//! | `authority` | ceremonies: plans, proposals, roster folders | believe a file |
//! | `archive` | what the desk can write and not read, opened elsewhere | hold anything up |
//! | `home` | keys, slots and the sealed store at rest | know an alert |
//! | `stored_seed` | the seed of a private key in a file | know what the key is for |
//! | `cap` | CAP 1.2 files as drafts of alerts | know a desk |
//! | `opening`, `client` | what a program calls | decide about the protocol |
//! | `office`, `visit` | the desk, visited by one at a time, and who is told | decide anything |
//! | `courier`, `session` | one task a relay, one connection | keep anything the store has not |
//! | `watched_store` | tells when the store has failed | answer for it |
//! | `keeper`, `own_keys` | what falls due by the own clock | wait for a relay |
//! | `shown_keys` | the transport keys that relays are shown | know a relay |
//! | `own_bundles` | which keys devices of this organisation offer | take any into use |
//! | `attachments` | sealed files and their pieces | hold a file in memory |
//! | `drill` | what a drill says, and to whom | be taken for anything real |
//! | `directory` | the address book, expansion, previews | ask a relay |
//! | `roster_store`, `roster_change` | documents on disk, a new roster in use | believe a file |
//! | `clock`, `entropy` | the one reader of the clock, the one source of randomness | |
//!
//! Nothing of a command line is here, and no sentence for its users but those of errors, each of
//! which has a stable `code()` besides.

pub mod archive;
pub mod attachments;
pub mod authority;
pub mod cap;
pub mod clock;
pub mod core;
pub mod directory;
pub mod entropy;
pub mod home;
pub mod roster_store;
pub mod settings;

mod backoff;
mod client;
mod config;
mod courier;
mod drill;
mod durable_file;
mod error;
mod events;
mod excluded;
mod keeper;
mod message;
mod office;
mod opening;
mod own_bundles;
mod own_keys;
#[cfg(feature = "parsers")]
pub mod parsers;
mod roster_change;
mod session;
mod shown_keys;
mod status;
mod stored_seed;
mod visit;
mod wait;
mod watched_store;

pub use crate::core::{
    AlertApart, Amendment, Archiving, AskedDeputy, Awaited, Coming, ComingAct, DayCompared,
    Differs, Direction, Event, EventKind, InboxEntry, Incident, IncidentKind, KeysTrouble, Lacking,
    LastDrill, Ledger, LedgerPage, NumberedEvent, OpenObligation, OutboxEntry, Promise,
    RENEWAL_WAITS, Reach, Received, Reconciled, Refusal, RefuseReason, RosterFault, RoundEnd,
    Silent, Taken, Track, TrackedCancel, TrackedRecipient, Unseen,
};
pub use attachments::{Attachment, AttachmentError, FileToAttach, Progress};
pub use client::{
    AddError, Added, Addition, AnswerError, Answered, ArchiveError, By, Client, ExportError,
    OfficerError, PreviewError, QueryError, ReconcileError, SendError, Sent,
};
pub use config::{ClientConfig, Key, LOW_WATER_BYTES};
pub use directory::{ContactCard, Preview, PreviewedRecipient, RecipientError};
pub use drill::{Drill, DrillError, Drilled};
pub use error::{DeskError, DeskFailure, LookupError, OpenError};
pub use events::EventReader;
pub use excluded::Excluded;
pub use message::Message;
pub use own_bundles::OfferedRenewals;
pub use roster_change::RosterChangeError;
pub use status::{Connection, KeyStanding, RelayStatus, RosterStatus, Status};
pub use wait::{Milestone, WaitError};

#[cfg(test)]
mod tests {
    /// Each truth once: the page that agencies copy from shows what is compiled here.
    #[test]
    fn the_example_of_the_embedding_page_is_the_one_that_compiles() {
        let lines = include_str!("lib.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//!"));
        let text: Vec<&str> = lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        let text = text.join("\n");
        let example = text
            .split("```no_run\n")
            .nth(1)
            .and_then(|rest| rest.split("```").next());
        let example = example.expect("the crate's page has an example");
        assert!(example.lines().count() <= 40);
        assert!(include_str!("../../docs/embedding.md").contains(example));
    }
}

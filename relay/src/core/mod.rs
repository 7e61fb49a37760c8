//! The relay's core: pure steps over a store, a roster and a given `now`.
//!
//! No socket, file, clock or randomness here. A step reads the store, appends one batch, and
//! returns what to answer, whom to wake, and which commit has to be durable before the answer may
//! leave (I1).
//!
//! | file | its noun |
//! |---|---|
//! | `relay.rs` | the relay: identity, roster, incarnation, the way into each step |
//! | `judging.rs` | whether an envelope is taken, and what its sender is told |
//! | `submit.rs` | an envelope comes in |
//! | `mailbox.rs` | what waits for a device |
//! | `floors.rs` | where a mailbox begins |
//! | `receipts.rs` | an answer comes in, and goes to the sender |
//! | `said.rs` | what devices said about an alert that is kept |
//! | `heartbeat.rs` | heartbeats and reconciliations, which nobody answers |
//! | `hello.rs` | a connection begins; rollbacks show |
//! | `bundles.rs` | the sealing-key directory |
//! | `blobs.rs` | who may bring and fetch attachments |
//! | `next_keys.rs` | when the relay's next keys are used |
//! | `counted.rs` | counted time, which nobody who sets a clock moves |
//! | `escalation.rs` | deputies are asked, step by step |
//! | `asked.rs` | deputies whom a sender asks at once |
//! | `stops.rs` | what stops that |
//! | `expire.rs` | deadlines, and the end of keeping |
//! | `quota.rs` | budgets per sender and mailbox |
//! | `ended.rs` | what ended each device's share |
//! | `account.rs` | the books, balanced from the records |
//! | `backed_up.rs` | what a backup says, and what is restored of it |
//! | `tables.rs` | every key of the store |
//! | `records.rs` | every record of the store |
//! | `body_place.rs` | one of these keys, for whoever examines a store from outside |

mod account;
mod asked;
mod backed_up;
mod blobs;
mod body_place;
mod bundles;
mod counted;
mod ended;
mod escalation;
mod expire;
mod floors;
mod heartbeat;
mod hello;
mod judging;
mod mailbox;
mod next_keys;
mod quota;
mod receipts;
mod records;
mod relay;
mod said;
mod stops;
mod submit;
mod tables;

pub use account::{Account, AccountError, Fault, Ledger, account};
pub use backed_up::{BackedUp, is_restored};
pub use body_place::body_place;
pub use escalation::Escalated;
pub use expire::Tick;
pub use floors::Floors;
pub use mailbox::Waiting;
pub use next_keys::{NextKeys, OVERLAP, PublicKeys, Waited};
pub use quota::RelayBudget;
pub use receipts::{VerifiedReceipt, verify_receipt};
#[cfg(feature = "parsers")]
pub(crate) use records::reads_as_record;
pub use relay::{RelayCore, RelayIdentity, RelayStanding, Step, StepError};
pub use submit::BlobShelf;

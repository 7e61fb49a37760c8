//! The client's core: pure steps over a store, a roster and a given `now`.
//!
//! No socket, file, clock or randomness here. A step reads the store, appends one batch, and names
//! the commit that has to be durable before anything that rests on it may leave or be shown (I1).
//!
//! | file | its noun |
//! |---|---|
//! | `desk.rs` | the desk: who we are, the roster, the keys, the way into each step |
//! | `order.rs` | what somebody wants to send |
//! | `compose.rs` | an order becomes an envelope in the outbox |
//! | `deputies.rs` | wraps for the deputies of a recipient |
//! | `outbox.rs` | which relay gets what, and when again |
//! | `answers.rs` | a relay's answers to submissions |
//! | `own.rs` | what this contact has sent, from whichever device |
//! | `held.rs` | what is held of an alert, in either box |
//! | `stand_in.rs` | whose turn it is when the device that sent something does nothing |
//! | `brought.rs` | what is brought again in the place of a device that is gone |
//! | `collect.rs` | a delivery comes in |
//! | `inbox.rs` | what this desk has received |
//! | `attachments.rs` | attachments on their way in |
//! | `act.rs` | an officer, or the system, reads, acknowledges, refuses |
//! | `principals.rs` | for whom an alert is answered here |
//! | `post.rs` | receipts on their way to relays |
//! | `moved.rs` | receipts of organisations that move to other relays |
//! | `forward.rs` | others' answers that the sender passes on |
//! | `evidence.rs` | receipts, notices and expiries come in |
//! | `excluded.rs` | whether this device is still let in, by the roster and by relays |
//! | `ends.rs` | what ends soon, told once for each stage |
//! | `early.rs` | receipts that come before what they are about |
//! | `taken.rs` | who has an alert in hand, here or elsewhere |
//! | `unseen.rs` | what expired at a relay before it was collected |
//! | `rows.rs` | the rows of other devices' receipts |
//! | `streams.rs` | the streams of other devices' alerts |
//! | `holes.rs` | the holes in both |
//! | `heartbeats.rs` | heartbeats on their way out |
//! | `asking.rs` | holes are asked for, and answered |
//! | `answering.rs` | whoever misses numbers of this desk gets the alerts again, or their end |
//! | `forks.rs` | two stories under one number |
//! | `hearers.rs` | who hears heartbeats, and what is told |
//! | `unowed.rs` | what carries no obligation, on its way out |
//! | `silence.rs` | heartbeats as they come in, and who is silent |
//! | `reconcile/` | what two devices hold of the alerts between them |
//! | `lost.rs` | alerts of which the signed part alone is here |
//! | `refusals.rs` | who does not take an alert, and why |
//! | `ledger.rs` | where each obligation stands |
//! | `obligations.rs` | what is open in both directions, and what comes next |
//! | `owed.rs` | what this contact owes, told as overdue by its own clock |
//! | `answer_by.rs` | answers that were asked for beyond the acknowledgement |
//! | `duty.rs` | who did what here, for whoever comes on duty next |
//! | `keys.rs` | keys that are made, erased, and void |
//! | `pair.rs` | the two keys of this device, and when others take their place |
//! | `addenda.rs` | devices that had no key, or came later |
//! | `amend.rs` | updates and cancels, to everybody who holds the alert |
//! | `asked.rs` | deputies who are asked by addendum |
//! | `extend.rs` | an officer adds recipients, or asks deputies now |
//! | `relays.rs` | what is known of each relay's life |
//! | `rosters_shown.rs` | the rosters that relays show |
//! | `events.rs` | one numbered stream of events, named readers |
//! | `incidents.rs` | what should not have happened |
//! | `counted.rs` | counted time, which nobody who sets a clock moves |
//! | `expire.rs` | deadlines by the desk's own clock |
//! | `export.rs` | everything held about an alert, as a file that proves itself |
//! | `archive.rs` | what is written to the archive next, and how far it has come |
//! | `drills.rs` | whom the drills of this device reached |
//! | `retention.rs` | content and keys go, hashes and receipts stay |
//! | `tables.rs`, `records.rs` | every key and record of the store |

mod act;
mod addenda;
mod amend;
mod answer_by;
mod answering;
mod answers;
mod archive;
mod asked;
mod asking;
mod attachments;
mod brought;
mod collect;
mod compose;
mod counted;
mod deputies;
mod desk;
mod drills;
mod duty;
mod early;
mod ends;
mod entrusted;
mod events;
mod evidence;
mod excluded;
mod expire;
mod export;
mod extend;
mod forks;
mod forward;
mod hearers;
mod heartbeats;
mod held;
mod holes;
mod inbox;
mod incidents;
mod joined;
mod keys;
mod ledger;
mod lost;
mod moved;
mod obligations;
mod order;
mod outbox;
mod owed;
mod own;
mod pair;
mod post;
mod principals;
mod reconcile;
mod records;
mod refusals;
mod relays;
mod retention;
mod rosters_shown;
mod rows;
mod silence;
mod stand_in;
mod streams;
mod tables;
mod taken;
mod unowed;
mod unseen;

pub use act::{Act, ActError, Acted, RefuseReason};
pub use addenda::Lacking;
pub use amend::Amendment;
pub use archive::{Archiving, ToArchive};
pub use asked::AskedDeputy;
pub use collect::Collected;
pub use desk::{Desk, DeskIdentity, StepError};
pub use drills::LastDrill;
pub use duty::{Promise, Taken};
pub use events::{Event, EventKind, NumberedEvent};
pub use excluded::ToldExclusion;
pub use export::{ExportError, rosters_used};
pub use extend::{ExtendError, Extended, Extension};
pub use inbox::{InboxEntry, Received};
pub use incidents::{Incident, IncidentKind};
pub use keys::KeyWork;
pub use ledger::{OutboxEntry, Track, TrackedCancel, TrackedRecipient};
pub use obligations::{Awaited, Coming, ComingAct, Direction, Ledger, LedgerPage, OpenObligation};
pub use order::{Order, Reach, SendError, Sent};
pub use pair::{KeysTrouble, OfferedKeys, PairWork, RENEWAL_WAITS, pair_work};
pub use post::DuePost;
pub use principals::Principal;
pub use reconcile::{AlertApart, DayCompared, Differs, ReconcileError, Reconciled, RoundEnd};
#[cfg(feature = "parsers")]
pub(crate) use records::reads_as_record;
pub use refusals::Refusal;
pub use relays::{GreetError, Greeting};
pub use rosters_shown::RosterFault;
pub use silence::Silent;
pub use unseen::Unseen;

//! Ceremonies: how a network is founded and changed, by several key holders, each on their own
//! machine.
//!
//! A change is a [`Proposal`]: the exact bytes of one document and the signatures so far. It goes
//! from hand to hand as a file; each holder reads the difference to what is in force, signs, and
//! passes it on. With enough signatures it is published into a [`RosterFolder`], from which relays
//! and desks take it. Nothing here has power of its own: everybody proves the result from the
//! anchor.
//!
//! | file | its noun |
//! |---|---|
//! | `key_file.rs`, `public_key_file.rs` | the key of one holder, and what others get of it |
//! | `plan.rs`, `plan_file.rs` | a network as people describe it |
//! | `plan_of.rs`, `plan_text.rs`, `description.rs` | a roster or proposal described so, as text |
//! | `build.rs`, `build_annex.rs` | a plan becomes the documents that change |
//! | `proposal.rs`, `proposal_standing.rs` | a document on its way, and for whom it waits |
//! | `warning.rs`, `warning/` | what a proposal does to whom, said before it is signed |
//! | `network.rs` | the documents that count before and after a proposal |
//! | `found.rs`, `admit.rs`, `renew.rs`, `edit.rs`, `suspend.rs` | the acts |
//! | `removal.rs`, `exclusion.rs` | what took a device out, for those at it |
//! | `roster_folder.rs` | a folder of published documents |
//! | `files.rs` | the only file that touches the disk |

mod admit;
mod build;
mod build_annex;
mod description;
mod edit;
mod exclusion;
pub(crate) mod files;
mod found;
mod key_file;
mod network;
mod overlap;
mod plan;
mod plan_file;
mod plan_of;
mod plan_text;
mod proposal;
mod proposal_standing;
mod public_key_file;
mod removal;
mod renew;
mod roster_folder;
mod suspend;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
mod warning;

pub use admit::{AdmitError, Removed, admit, code_is, remove};
pub use build::{Draft, PlanError};
pub use description::roster_text;
pub use edit::{ContactEdit, edit};
pub use exclusion::{Exclusion, exclusion};
pub(crate) use files::Access;
pub use files::{FileError, read_renewals, read_request, write_renewals, write_request};
pub use found::{FoundError, Founding, found};
pub use key_file::{HolderKey, KeyFile, KeyFileError};
pub use overlap::{KeysOf, Overlap};
pub use plan::{
    ContactPlan, DeadlinePlan, DeputyPlan, DevicePlan, HolderPlan, KeyPairPlan, NetworkPlan,
    OrganisationPlan, RelayKeysPlan, RelayPlan, RulePlan,
};
pub use plan_file::{PlanFileError, parse_hours, parse_plan, read_plan};
pub use proposal::{Proposal, ProposalError};
pub use proposal_standing::{ProposalStanding, Signer};
pub use public_key_file::{PublicKeyFile, PublicKeyFileError};
pub use removal::{Removal, RemovalSigner, removal};
pub use renew::{OVERLAP, RenewError, Renewed, renew};
pub use roster_folder::{RosterFolder, RosterFolderError};
pub use suspend::{SuspendError, suspend};
pub use warning::{Effect, Warning};

pub use crate::stored_seed::KeyProtection;

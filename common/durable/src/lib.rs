//! The durable store of Maille: a synced log that is the truth, and an index over it.
//!
//! Relay and client keep everything here that must survive a power cut (DESIGN, I1). The rooms, and
//! what is deliberately absent from each:
//!
//! | room | does | must not |
//! |---|---|---|
//! | `store`, `batch`, `pieces` | say what any store owes its callers | know a file |
//! | `memory`, `contract` | the reference, and the suite every store passes | know a file |
//! | `log` | the truth: segments, frames, batches | know the index |
//! | `checkpoint` | the truth, shortened | read the index |
//! | `index` | every live record, for reading; the only file that names sled | be trusted |
//! | `overlay` | the newest writes until the index has them | promise anything |
//! | `intake`, `durability`, `serving` | the way of a batch, and who is told | retry a sync |
//! | `recovery`, `marker`, `set_aside` | from files to a served store | delete what is damaged |
//! | `space` | the low-water mark and the ballast | let the volume run full |
//! | `disk` | every call that changes the truth on disk | be gone round |
//!
//! No clock and no randomness: dates and identities are arguments. No asynchronous code, no
//! cryptography, no knowledge of alerts. FORMAT.md describes every byte on disk.
//!
//! ```
//! use maille_durable::{Batch, DurableStore, Options, Store, StoreId, Table, boot_id};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("store");
//! # let sixteen_random_bytes = [7; 16];
//! let options = Options::new(StoreId(sixteen_random_bytes), boot_id(), "2026-11-23T195500Z");
//! let (store, opening) = DurableStore::open(&folder, &options)?;
//! assert!(opening.created);
//!
//! let mut batch = Batch::new();
//! batch.put(Table(1), b"key", b"value");
//! store.commit(batch)?; // On return it survives a power cut.
//! assert_eq!(store.get(Table(1), b"key")?, Some(b"value".to_vec()));
//! store.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod boot;
mod checkpoint;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod damage;
mod disk;
mod durability;
mod durable;
mod error;
#[cfg(test)]
mod faults;
mod index;
mod intake;
mod layout;
mod log;
mod marker;
mod memory;
mod open;
mod overlay;
mod pieces;
mod recovery;
mod serving;
mod set_aside;
mod space;
mod store;
mod store_id;

pub use batch::{Batch, Write};
pub use boot::boot_id;
pub use damage::Damage;
pub use disk::available_bytes;
pub use durable::{DurableStore, Figures};
pub use error::{Failure, StoreError};
pub use memory::MemoryStore;
pub use open::{IndexOpening, OpenError, Opening, Options, RebuildReason, SetAside};
pub use store::{
    BATCH_BYTES_MAX, CommitNumber, Direction, DurableCallback, KEY_BYTES_MAX, Row, Scan, Store,
    Table, VALUE_BYTES_MAX, after_prefix,
};
pub use store_id::StoreId;

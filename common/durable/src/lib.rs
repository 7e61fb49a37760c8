//! The durable store of Maille: a synced log and the sorted runs made of it, which are the truth,
//! and an index over them.
//!
//! Relay and client keep everything here that must survive a power cut (DESIGN, I1). The rooms, and
//! what is deliberately absent from each:
//!
//! | room | does | must not |
//! |---|---|---|
//! | `store`, `batch`, `pieces` | say what any store owes its callers | know a file |
//! | `memory`, `contract` | the reference, and the suite every store passes | know a file |
//! | `log` | the truth as it came: segments, frames, batches | know the index |
//! | `run` | the truth in the order of keys | read the index or memory |
//! | `index` | which block of a run holds a key; the only file that names sled | be trusted |
//! | `places` | what an index has to say, and one in memory | touch the disk |
//! | `overlay` | the newest writes until a run has them | promise anything |
//! | `reading`, `runs` | one view over memory and runs | change anything |
//! | `intake`, `durability`, `serving` | the way of a batch, and who is told | retry a sync |
//! | `checkpointer` | keeps the log short and the runs few | hold up a commit |
//! | `inspect`, `snapshot`, `backup`, `extract` | look at a store, or copy it | change it |
//! | `truth`, `recovery`, `marker`, `set_aside` | from files to a served store | delete damage |
//! | `previous` | takes in a store of the format before | change the copy it makes |
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

mod backup;
mod batch;
mod boot;
mod checkpointer;
mod clock;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod damage;
#[cfg_attr(
    not(feature = "disk"),
    allow(
        unreachable_pub,
        reason = "outside the crash rig nobody else is the disk"
    )
)]
mod disk;
mod durability;
mod durable;
mod error;
mod extract;
#[cfg(test)]
mod faults;
mod folder_lock;
mod gathering;
mod index;
mod inspect;
mod intake;
mod layout;
mod log;
mod marker;
mod memory;
mod open;
mod overlay;
#[cfg(feature = "parsers")]
pub mod parsers;
mod pieces;
mod places;
mod previous;
mod reading;
mod recovery;
mod run;
mod runs;
mod serving;
mod set_aside;
mod snapshot;
mod space;
mod store;
mod store_id;
mod truth;
mod workers;

pub use backup::{Keep, each_backed_up, restore};
pub use batch::{Batch, Write};
pub use boot::boot_id;
pub use clock::Uptime;
pub use damage::Damage;
pub use disk::available_bytes;
#[cfg(feature = "disk")]
pub use disk::{Disk, LocalDisk, Output};
pub use durable::{DurableStore, Figures};
pub use error::{Failure, StoreError};
pub use extract::{ExtractError, GoOn};
pub use gathering::Gathering;
pub use inspect::{Inspection, WholeStore};
pub use memory::MemoryStore;
pub use open::{
    IndexOpening, OpenError, OpenProgress, Opening, Options, Progress, RebuildReason, SetAside,
};
pub use set_aside::stores_set_aside;
pub use snapshot::Snapshot;
pub use store::{
    BATCH_BYTES_MAX, CommitNumber, Direction, DurableCallback, KEY_BYTES_MAX, Row, Scan, Store,
    Table, VALUE_BYTES_MAX, after_prefix,
};
pub use store_id::StoreId;

//! The faults of the store alone, within one process: no network, nothing but files.
//!
//! | module | what it is |
//! |---|---|
//! | `recording`, `recorder` | every call a store makes to its disk, and what it promised between |
//! | `volume`, `power_cut` | the file system as a power cut shows it, and what one may leave |
//! | `history` | what was written, and what a store must hold behind each batch |
//! | `life`, `plot` | a store at work, and what happens to it before the power goes |
//! | `crash`, `explore`, `replay` | crash states, made and opened |
//! | `faulty`, `errors`, `eio`, `process` | calls that fail, here and in a process |
//! | `enospc`, `full_volume` | volumes that are full |
//! | `rot` | files that rot |
//! | `mutation`, `mutate` | each sync and order left out: the rig is itself proven |

use std::fs;
use std::path::Path;

use super::chance::Chance;

mod crash;
mod eio;
mod enospc;
mod errors;
mod explore;
mod faulty;
mod full_volume;
mod history;
mod life;
mod mutate;
mod mutation;
mod plot;
mod power_cut;
mod process;
mod recorder;
mod recording;
mod replay;
mod rot;
mod volume;

pub(crate) use eio::Eio;
pub(crate) use enospc::Enospc;
pub(crate) use mutate::Mutate;
pub(crate) use process::StorePart;
pub(crate) use replay::Replay;
pub(crate) use rot::Rot;

use recording::{Leaf, Tree};

impl Chance {
    /// The index of one of so many.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        usize::try_from(self.below(count)).expect("below a usize")
    }
}

/// Makes files and folders what a tree says.
fn write_tree(base: &Path, tree: &Tree) {
    for (path, leaf) in tree {
        let path = base.join(path);
        match leaf {
            Leaf::Folder => fs::create_dir_all(&path).expect("a folder can be made"),
            Leaf::File(bytes) => fs::write(&path, bytes).expect("a file can be written"),
        }
    }
}

/// Where stores come and go fastest: in memory, if the machine has such a folder.
fn in_memory() -> Option<std::path::PathBuf> {
    let memory = Path::new("/dev/shm");
    memory.is_dir().then(|| memory.to_path_buf())
}

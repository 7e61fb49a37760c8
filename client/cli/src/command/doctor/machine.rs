//! What can be seen without opening the home: its folder and its disk.

use std::path::Path;

use maille_client::LOW_WATER_BYTES;

use super::finding::Finding;
use crate::sentence::{doctor, hint};

const MIB: u64 = 1024 * 1024;

/// Below this somebody should look.
const FREE_BYTES_SCARCE: u64 = 1024 * MIB;

/// Looks at folder and disk.
pub(super) fn findings(home: &Path) -> Vec<Finding> {
    vec![folder(home), disk(home)]
}

fn folder(home: &Path) -> Finding {
    let path = &home.display();
    let what = doctor::Folder { path };
    let metadata = match std::fs::metadata(home) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => return Finding::bad(what, doctor::NoFolder, hint::CheckHome),
        Err(error) => return Finding::bad(what, error, hint::CheckHome),
    };
    match open_to_others(&metadata) {
        Some(mode) => {
            let mode = &format_args!("{mode:03o}");
            Finding::bad(what, doctor::FolderOpen { mode }, hint::CloseFolder)
        }
        None => Finding::good(what, doctor::FolderClosed),
    }
}

#[cfg(unix)]
fn open_to_others(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Windows keeps its permissions elsewhere; a profile's folders are its owner's.
#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> Option<u32> {
    None
}

fn disk(home: &Path) -> Finding {
    let free = match fs4::available_space(home) {
        Ok(free) => free,
        Err(error) => return Finding::bad(doctor::Disk, error, hint::CheckDisk),
    };
    let mib = &(free / MIB);
    let low_mib = &(LOW_WATER_BYTES / MIB);
    let found = doctor::DiskFree { mib };
    if free < LOW_WATER_BYTES {
        Finding::bad(doctor::Disk, found, hint::MakeRoom)
    } else if free < FREE_BYTES_SCARCE {
        Finding::warning(doctor::Disk, found, hint::MakeRoomSoon { low_mib })
    } else {
        Finding::good(doctor::Disk, found)
    }
}

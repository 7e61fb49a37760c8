//! What can be seen without opening the home: its folder and its disk.

use std::path::Path;

use maille_client::LOW_WATER_BYTES;

use super::finding::Finding;

const MIB: u64 = 1024 * 1024;

/// Below this somebody should look.
const FREE_BYTES_SCARCE: u64 = 1024 * MIB;

/// Looks at folder and disk.
pub(super) fn findings(home: &Path) -> Vec<Finding> {
    vec![folder(home), disk(home)]
}

fn folder(home: &Path) -> Finding {
    let what = format!("folder {}", home.display());
    let metadata = match std::fs::metadata(home) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => return Finding::bad(what, "it is not a folder", "Check --home."),
        Err(error) => return Finding::bad(what, format!("{error}"), "Check --home."),
    };
    match open_to_others(&metadata) {
        Some(mode) => Finding::bad(
            what,
            format!("others may enter it (mode {mode:03o})"),
            "Close it: chmod 700.",
        ),
        None => Finding::good(what, "only its owner may enter it"),
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
        Err(error) => return Finding::bad("disk", format!("{error}"), "Check the disk of --home."),
    };
    let found = format!("{} MiB free", free / MIB);
    let low = LOW_WATER_BYTES / MIB;
    if free < LOW_WATER_BYTES {
        Finding::bad(
            "disk",
            found,
            "Make room: the desk sends nothing new and takes no attachments in.",
        )
    } else if free < FREE_BYTES_SCARCE {
        Finding::warning(
            "disk",
            found,
            &format!("Make room soon: below {low} MiB nothing new is sent."),
        )
    } else {
        Finding::good("disk", found)
    }
}

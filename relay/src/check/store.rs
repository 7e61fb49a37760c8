//! What `check` says of the store, which it only reads: opening a damaged one would set it aside.

use std::fs;
use std::io;
use std::path::Path;

use maille_durable::{DurableStore, Inspection, OpenError, WholeStore, boot_id, stores_set_aside};

use super::{Finding, bad, good, warning};
use crate::folder::RelayFolder;

const WHAT: &str = "store";
const LOOK_AT_DISK: &str = "look at the disk and the system's log";
const DAMAGED: &str = "look at the disk first, then start the relay: nothing is deleted, and desks \
    submit again what is open. Or `restore` the newest backup into a new folder";
const ASIDE: &str = "find out what the disk did; keep it until every desk has connected and \
    nothing of its time is open, then move it off this machine or remove it";

/// The store itself, then every one that was set aside before it.
pub(super) fn check_store(folder: &RelayFolder) -> Vec<Finding> {
    let store = folder.store();
    let mut findings = vec![match DurableStore::inspect(&store, &boot_id()) {
        Ok(inspection) => tell(&inspection),
        Err(OpenError::Locked { .. }) => good(WHAT, "in use by a running relay".to_owned()),
        Err(error) => bad(WHAT, error.to_string(), LOOK_AT_DISK),
    }];
    match stores_set_aside(&store) {
        Ok(aside) => findings.extend(aside.iter().map(|path| tell_aside(path))),
        Err(error) => findings.push(bad(WHAT, error.to_string(), LOOK_AT_DISK)),
    }
    findings
}

fn tell(inspection: &Inspection) -> Finding {
    match inspection {
        Inspection::Nothing => good(WHAT, "none yet; it is made at the first start".to_owned()),
        Inspection::Previous => {
            let found = "of the previous format; the next start makes a copy and migrates it";
            good(WHAT, found.to_owned())
        }
        Inspection::Whole(whole) => good(WHAT, tell_whole(whole)),
        Inspection::Damaged {
            damage,
            at_next_open: true,
        } => {
            let found = format!(
                "{damage} At the next start it is set aside as store.damaged-DATE, and a new \
                 incarnation begins"
            );
            bad(WHAT, found, DAMAGED)
        }
        Inspection::Damaged { damage, .. } => {
            let found = format!(
                "{damage} The relay can start, but ends when it comes to that place; then the \
                 store is set aside as store.damaged-DATE, and a new incarnation begins"
            );
            bad(WHAT, found, DAMAGED)
        }
    }
}

fn tell_whole(whole: &WholeStore) -> String {
    let mut found = format!(
        "whole up to commit {}, {} records, {} MiB",
        whole.newest,
        whole.records,
        (whole.log_bytes + whole.runs_bytes) >> 20
    );
    if whole.torn_bytes > 0 {
        found += ", an unfinished end that was promised to nobody";
    }
    if let Some(reason) = &whole.rebuild {
        found += &format!("; every byte is verified again at the start: {reason}");
    }
    found
}

fn tell_aside(path: &Path) -> Finding {
    let name = path
        .file_name()
        .map_or_else(Default::default, |name| name.to_string_lossy().into_owned());
    let date = name.split_once(".damaged-").map_or("", |(_, date)| date);
    let size = bytes_below(path).map_or_else(
        |error| format!("its size cannot be read: {error}"),
        |bytes| format!("{} KiB", bytes.div_ceil(1024)),
    );
    let found = format!("{name} was damaged and set aside at {date} ({size})");
    warning(WHAT, found, ASIDE)
}

fn bytes_below(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.metadata()? {
            found if found.is_dir() => bytes_below(&entry.path())?,
            found => found.len(),
        };
    }
    Ok(bytes)
}

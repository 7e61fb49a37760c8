//! `maille-relay backup` and `restore`.

use std::path::Path;

use super::{Exit, print, say};
use crate::backup::{BackupError, backup};
use crate::entropy::OsRandomness;
use crate::folder::RelayFolder;
use crate::restore::restore;

/// Makes a backup and says what is in it.
pub(super) fn make(folder: &RelayFolder, target: &Path, keys: bool) -> Result<(), Exit> {
    let made = backup(folder, target, keys).map_err(|error| {
        let sentence = error.to_string();
        match error {
            BackupError::Store(_) | BackupError::Relay { .. } => Exit::Store(sentence),
            BackupError::Key(_) => Exit::Keys(sentence),
            _ => Exit::Config(sentence),
        }
    })?;
    print(&format!(
        "backup of {} at commit {}: {} files, {} KiB, in {}",
        made.relay,
        made.commit,
        made.files.len(),
        made.bytes().div_ceil(1024),
        target.display()
    ))?;
    if !made.gone.is_empty() {
        say(&format!(
            "{} attachments went while it was made, with the alerts that named them.",
            made.gone.len()
        ));
    }
    say(match made.keys {
        true => "The private keys are in it: keep it as you keep them.",
        false => "The private keys are not in it: keep them elsewhere, or nothing can be restored.",
    });
    Ok(())
}

/// Restores a backup and says what follows.
pub(super) fn take_back(source: &Path, folder: &RelayFolder) -> Result<(), Exit> {
    let restored = restore(source, folder, &mut OsRandomness::new()).map_err(|error| {
        let sentence = error.to_string();
        match error.blames_backup() {
            true => Exit::Backup(sentence),
            false => Exit::Config(sentence),
        }
    })?;
    print(&format!(
        "restored {} up to commit {} of {} into {}",
        restored.relay,
        restored.commit,
        restored.made,
        folder.root().display()
    ))?;
    say(&format!(
        "The first start begins a new incarnation: desks notice, and submit again what was \
         accepted after {}.",
        restored.made
    ));
    if !restored.keys {
        say(&format!(
            "The private keys were not in the backup: put {} and {} there, with mode 0600.",
            folder.transport_key().display(),
            folder.signing_key().display()
        ));
    }
    Ok(())
}

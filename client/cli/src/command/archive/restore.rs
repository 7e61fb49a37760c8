//! What is restored of an archive: a folder for each alert, in it its words, its parts under safe
//! names, and the evidence.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use maille_client::archive::ArchivedAlert;
use maille_common::content::PartContent;

use crate::command::export::create;
use crate::command::read::save::safe_name;
use crate::command::verify::report_of;
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::safe_text::safe_lines;
use crate::sentence::{fault, hint};

/// Restores alerts into a new folder; where each is.
pub(super) fn restore(alerts: &[ArchivedAlert], to: &Path) -> Result<Vec<Option<PathBuf>>, Fault> {
    make(to)?;
    let one = |alert: &ArchivedAlert| {
        let folder = to.join(alert.id.to_string());
        make(&folder)?;
        restore_one(alert, &folder)?;
        Ok(Some(folder))
    };
    alerts.iter().map(one).collect()
}

fn restore_one(alert: &ArchivedAlert, folder: &Path) -> Result<(), Fault> {
    let text = safe_lines(&report_of(&alert.proven)) + "\n";
    write(&folder.join("alert.txt"), text.as_bytes())?;
    write(&folder.join("evidence.export"), &alert.export)?;
    let mut attachments = alert.attachments.iter();
    let parts = alert
        .proven
        .content
        .iter()
        .flat_map(|content| &content.parts);
    for (at, part) in parts.enumerate() {
        // Texts mostly have no name.
        let name = match (part.name.as_str(), part.text()) {
            ("", Some(_)) => "text.txt",
            (name, _) => name,
        };
        let path = folder.join(safe_name(at + 1, name));
        match &part.content {
            PartContent::Inline(bytes) => write(&path, bytes)?,
            PartContent::Blob(_) => {
                if let Some(attachment) = attachments.next().filter(|one| one.is_here()) {
                    attachment.save_to(&path).hint(hint::OtherCopyOfArchive)?;
                }
            }
        }
    }
    Ok(())
}

/// A folder that is not there yet, for its owner alone.
fn make(path: &Path) -> Result<(), Fault> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| unusable(path, &error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    create(path, bytes).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &io::Error) -> Fault {
    let in_the_way = fs::symlink_metadata(path).is_ok();
    let path = &path.display();
    let sentence = fault::FileUnusable { path, error };
    let exit = if in_the_way { Exit::Input } else { Exit::World };
    Fault::new(exit, "archive-restore", sentence).with_hint(hint::OtherTo)
}

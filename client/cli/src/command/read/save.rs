//! Attachments as files: under safe names, each whole and checked, none in the place of another.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::agent::{Ask, Desk};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::safe_text::is_harmful;
use crate::sentence::{alert, fault, hint};

/// The longest name of a file that is made, in bytes; most systems take 255.
const NAME_BYTES_MAX: usize = 120;

/// Asks to save all attachments of an alert.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Save {
    id: String,
    /// The folder; absolute where an agent saves.
    folder: PathBuf,
}

/// The files that were made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    files: Vec<SavedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedFile {
    /// What the sender calls it.
    name: String,
    path: PathBuf,
    bytes: u64,
}

impl Save {
    pub(super) fn new(id: String, folder: &Path) -> Result<Self, Fault> {
        let folder = std::path::absolute(folder).map_err(|error| no_folder(folder, &error))?;
        Ok(Self { id, folder })
    }
}

impl Ask for Save {
    const NAME: &'static str = "save";
    const COLLECTS: bool = true;
    const BRINGS: bool = true;
    type Answer = Saved;

    async fn answer(self, desk: &Desk) -> Result<Saved, Fault> {
        let alert = desk.find(&self.id).await?;
        fs::create_dir_all(&self.folder).map_err(|error| no_folder(&self.folder, &error))?;
        let mut files = Vec::new();
        for (index, attachment) in desk.client().attachments(alert).await?.iter().enumerate() {
            // What is on its way may be here in a moment; what is not says so itself.
            let _ = tokio::time::timeout(desk.patience(), attachment.whole()).await;
            let name = attachment.name().to_owned();
            let path = self.folder.join(safe_name(index + 1, &name));
            attachment.save_to(&path).await?;
            files.push(SavedFile {
                name,
                path,
                bytes: attachment.length(),
            });
        }
        Ok(Saved { files })
    }
}

impl Saved {
    /// For people.
    pub(super) fn text(&self) -> String {
        if self.files.is_empty() {
            return alert::NoAttachments.to_string();
        }
        let line = |file: &SavedFile| {
            let (path, bytes) = (&file.path.display(), &file.bytes);
            alert::Saved { path, bytes }.to_string()
        };
        self.files.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// `2-plan.pdf`: what the sender calls it, without anything a file system or shell might obey.
///
/// The number keeps two names apart, and begins the name, so that none is hidden, reserved by
/// Windows, or taken for a flag.
pub(crate) fn safe_name(number: usize, name: &str) -> String {
    let mut safe = format!("{number}-");
    for letter in name.chars() {
        let kept =
            (letter.is_alphanumeric() && !is_harmful(letter)) || matches!(letter, '.' | '-' | '_');
        let letter = if kept { letter } else { '_' };
        if safe.len() + letter.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        safe.push(letter);
    }
    // Windows drops dots at the end.
    safe.trim_end_matches('.').to_owned()
}

fn no_folder(folder: &Path, error: &std::io::Error) -> Fault {
    let path = &folder.display();
    let sentence = fault::FolderUnusable { path, error };
    Fault::new(Exit::Input, "save-folder", sentence).with_hint(hint::CheckSave)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        assert_eq!(safe_name(1, "../../etc/passwd"), "1-.._.._etc_passwd");
        assert_eq!(safe_name(2, "C:\\Windows\\a.exe"), "2-C__Windows_a.exe");
        assert_eq!(safe_name(3, "a\0b\nc;rm -rf"), "3-a_b_c_rm_-rf");
        assert_eq!(safe_name(4, ".."), "4-");
        for device in ["CON", "nul.txt", "COM1", "LPT9.pdf", "aux", "com\u{b9}"] {
            let name = safe_name(4, device);
            assert!(name.starts_with("4-"), "{name} is a device of Windows");
        }
        assert_eq!(safe_name(4, "a.txt:stream. . "), "4-a.txt_stream._._");
        assert_eq!(safe_name(4, "\u{202e}fdp\u{3164}.exe"), "4-_fdp_.exe");
        assert_eq!(
            safe_name(4, "\u{ff0e}\u{ff0e}\u{ff0f}a\u{2215}b"),
            "4-___a_b"
        );
        assert_eq!(safe_name(5, "خطة.pdf"), "5-خطة.pdf");
        assert!(safe_name(6, &"é".repeat(500)).len() <= NAME_BYTES_MAX);
    }
}

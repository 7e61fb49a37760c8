//! The alert that is sent: a CAP 1.2 file as its payload, and an attachment.

use std::fs;
use std::path::{Path, PathBuf};

use maille_client::cap;
use maille_client::{FileToAttach, Message};
use maille_common::content::PartDraft;
use maille_common::terms::Status;

use super::words::Words;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::network::file_fault;
use crate::sentence::{fault, hint};

/// The caller's name for the alert.
pub(crate) const REFERENCE: &str = "demo-case-2026-0001";

/// The note of the officer who takes it on.
pub(crate) const ACKNOWLEDGED: &str =
    "Boarding party assembled; quayside supervisor Vandermolen coordinates tonight.";

/// The note of the officer who does not.
pub(crate) const REFUSED: &str =
    "Jurisdiction belongs elsewhere: harbourmaster Ashgrovewood was telephoned.";

/// A real CAP file where nobody gave another.
const BUILT_IN: &[u8] = include_bytes!("alert.xml");

/// Lines of the attachment: 200 KiB, so that it travels in many datagrams.
const LINES: usize = 4_000;

/// What is sent, from one file, as often as it is asked for.
#[derive(Debug)]
pub(crate) struct Dispatch {
    file: Vec<u8>,
    attachment: PathBuf,
    lines: String,
}

/// A CAP file that was read, before there is a folder for anything.
#[derive(Debug)]
pub(crate) struct CapFile(Vec<u8>);

impl CapFile {
    /// Reads the CAP file, or takes the built-in one.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Fault> {
        let file = match path {
            None => BUILT_IN.to_vec(),
            Some(path) => fs::read(path).map_err(|error| {
                let (path, why) = (&path.display(), &error);
                let sentence = fault::FileUnreadable { path, why };
                Fault::new(Exit::Input, "cap-unreadable", sentence).with_hint(hint::CheckCapPath)
            })?,
        };
        cap::read(&file).map_err(|error| {
            Fault::new(Exit::Input, error.code(), error).with_hint(hint::GiveCap)
        })?;
        Ok(Self(file))
    }

    /// Whether it is the built-in one, whose words stand in this program.
    pub(crate) fn is_built_in(&self) -> bool {
        self.0 == BUILT_IN
    }
}

impl Dispatch {
    /// Writes the attachment into a folder.
    pub(crate) fn prepare(folder: &Path, CapFile(file): CapFile) -> Result<Self, Fault> {
        let line = |number: usize| format!("passport X{:08} stolenblank Borealia\n", number * 7919);
        let lines: String = (1..=LINES).map(line).collect();
        let attachment = folder.join("passport-numbers.txt");
        fs::write(&attachment, &lines).map_err(|error| file_fault(&attachment, &error))?;
        Ok(Self {
            file,
            attachment,
            lines,
        })
    }

    /// The message. The same every time: sent again under its reference, it is the same alert.
    pub(crate) fn message(&self, recipients: &[&str]) -> Result<Message, Fault> {
        let import =
            cap::read(&self.file).map_err(|error| Fault::new(Exit::Input, error.code(), error))?;
        // `System` and `Draft` are nobody's alarm.
        let status = import.status.status().unwrap_or(Status::Test);
        let file = FileToAttach {
            media_type: "text/plain".to_owned(),
            ..FileToAttach::at(&self.attachment)
        };
        Ok(Message::new(import.draft)
            .to_all(recipients.iter().copied())
            .status(status)
            .urgency(import.urgency)
            .attach(file)
            .reference(REFERENCE))
    }

    /// The payload, as given.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.file
    }

    /// The attachment, as given.
    pub(crate) fn attachment(&self) -> &[u8] {
        self.lines.as_bytes()
    }

    /// The words of subject, texts, payload, attachment and notes.
    pub(crate) fn words(&self) -> Result<Words, Fault> {
        let import =
            cap::read(&self.file).map_err(|error| Fault::new(Exit::Input, error.code(), error))?;
        let mut words = Words::default();
        for subject in &import.draft.subjects {
            words.add(&subject.text);
        }
        for part in &import.draft.parts {
            match part {
                PartDraft::Text(wording) => words.add(&wording.text),
                PartDraft::Payload(payload) => words.add(&String::from_utf8_lossy(&payload.bytes)),
                PartDraft::Attachment(_) => {}
            }
        }
        words.add(&self.lines);
        words.add(
            &self
                .attachment
                .file_name()
                .unwrap_or_default()
                .to_string_lossy(),
        );
        words.add(ACKNOWLEDGED);
        words.add(REFUSED);
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What folder and capture of a demonstration have together.
    const FOLDER_AND_CAPTURE: usize = 2 << 20;

    #[test]
    fn the_built_in_alert_is_a_cap_file_whose_words_do_not_turn_up_by_chance() {
        let folder = tempfile::tempdir().unwrap();
        let dispatch = Dispatch::prepare(folder.path(), CapFile::read(None).unwrap()).unwrap();
        let words = dispatch.words().unwrap();
        assert!(words.words() > 4_000 && words.runs() > 40);
        let chance = words.chance_in(FOLDER_AND_CAPTURE);
        assert!(chance < 1e-6, "one run in {} fails", chance.recip());
        assert!(dispatch.message(&["afripol/duty"]).is_ok());
    }
}

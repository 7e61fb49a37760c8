//! What somebody wants to send, as arguments and as JSON.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::Message;
use maille_client::attachments::FileToAttach;
use maille_client::cap::{self, CapImport, MessageType};
use maille_common::content::{Alert, AlertDraft, PartDraft, PayloadDraft, Wording};
use maille_common::terms::{AckRule, HandlingCode, Kind, Status, Tlp, Urgency};
use maille_common::time::Span;
use serde::{Deserialize, Serialize};

use super::media_type::media_type;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::form::maybe;
use crate::sentence::{fault, hint, send};

/// The longest payload that is read, in bytes: more than any body holds.
const PAYLOAD_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A message. Where an agent sends it, the agent reads the files: their paths are absolute.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MessageForm {
    /// Whom to write to: an address, a pattern such as `afripol/**`, or `@list`. Repeatable.
    #[arg(long, value_name = "ADDRESS|PATTERN|@LIST")]
    pub(crate) to: Vec<String>,
    /// The alert a reply, update or cancel is about.
    #[arg(skip)]
    pub(crate) about: Option<String>,
    /// What it does with that alert; a reply where it is missing.
    #[arg(skip)]
    #[serde(with = "maybe")]
    pub(crate) kind: Option<Kind>,
    /// What it is about, in one line.
    #[arg(long, value_name = "TEXT")]
    pub(crate) subject: Option<String>,
    /// What to say; `-` reads it from standard input.
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    pub(crate) body: Option<String>,
    /// The language of subject and body (BCP 47).
    #[arg(long, value_name = "TAG")]
    pub(crate) language: Option<String>,
    /// How far it may be passed on: red, amber+strict, amber, green or clear.
    #[arg(long, value_name = "TLP")]
    #[serde(with = "maybe")]
    pub(crate) tlp: Option<Tlp>,
    /// A handling code, H0 to H2, or a condition in words as `H3:TEXT`. Repeatable.
    #[arg(long, value_name = "CODE")]
    pub(crate) handling: Vec<String>,
    /// A CAP 1.2 file: its words become the alert, and the file travels with it as it is.
    #[arg(long, value_name = "FILE")]
    pub(crate) cap: Option<PathBuf>,
    /// A file for machines, which comes out byte for byte. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) payload: Vec<PathBuf>,
    /// A file to go beside the alert, however large. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// The name of the same matter in another channel. Repeatable.
    #[arg(long, value_name = "CHANNEL:REFERENCE")]
    pub(crate) also: Vec<String>,
    /// How soon somebody has to act: immediate, expected, future, past or unknown.
    #[arg(long, value_name = "URGENCY")]
    #[serde(with = "maybe")]
    pub(crate) urgency: Option<Urgency>,
    /// What it may be taken for: actual, exercise or test.
    #[arg(long, value_name = "STATUS")]
    #[serde(with = "maybe")]
    pub(crate) status: Option<Status>,
    /// Without an acknowledgement after this, it is overdue: `15m`.
    #[arg(long, value_name = "SPAN")]
    #[serde(with = "maybe")]
    pub(crate) ack_within: Option<Span>,
    /// After this nobody is asked any more: `1d`.
    #[arg(long, value_name = "SPAN")]
    #[serde(with = "maybe")]
    pub(crate) expires: Option<Span>,
    /// An answer is asked for within this, acknowledged or not: `8h`, `3d` and `7d` are those of
    /// Directive (EU) 2023/977.
    #[arg(long, value_name = "SPAN")]
    #[serde(with = "maybe")]
    pub(crate) answer_within: Option<Span>,
    /// Whose acknowledgement is enough: each or first.
    #[arg(long, value_name = "RULE")]
    #[serde(with = "maybe")]
    pub(crate) ack_rule: Option<AckRule>,
    /// Your own name for it: sent again under it, the same alert does not go twice.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reference: Option<String>,
}

/// A message ready to be sent, and what its sender should know of it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) message: Message,
    pub(crate) notes: Vec<String>,
}

impl MessageForm {
    /// Reads standard input where the body is `-`, and makes every path absolute.
    pub(crate) fn settle_here(&mut self) -> Result<(), Fault> {
        let wordless = self.body.is_none() && self.payload.is_empty() && self.cap.is_none();
        if wordless && self.attach.is_empty() {
            let fault = Fault::new(Exit::Usage, "nothing-to-say", fault::NothingToSay);
            return Err(fault.with_hint(hint::GiveWords));
        }
        if self.body.as_deref() == Some("-") {
            let mut body = String::new();
            let read = std::io::stdin()
                .lock()
                .take(PAYLOAD_BYTES_MAX)
                .read_to_string(&mut body);
            read.map_err(|error| {
                let sentence = fault::BodyUnreadable { error: &error };
                Fault::new(Exit::Input, "body-unreadable", sentence)
            })?;
            self.body = Some(body);
        }
        for path in self
            .cap
            .iter_mut()
            .chain(&mut self.payload)
            .chain(&mut self.attach)
        {
            *path = std::path::absolute(&*path).map_err(|error| unreadable(path, &error))?;
        }
        Ok(())
    }

    /// Reads everything it names, and says what it leaves to the file of `--cap`.
    pub(crate) fn prepare(&self) -> Result<Prepared, Fault> {
        let cap = self.cap.as_deref().map(read_cap).transpose()?;
        let mut notes = Vec::new();
        let (mut status, mut urgency) = (self.status, self.urgency);
        let mut draft = match cap {
            Some(cap) => {
                notes = notes_of(&cap);
                status = Some(status_of(&cap, status)?);
                urgency = urgency.or(Some(cap.urgency));
                self.with_own_subject(cap.draft)
            }
            None => Alert::draft(self.own_subject().ok_or_else(no_subject)?),
        };
        draft = self.with_words(draft)?;
        for path in &self.payload {
            draft.parts.push(PartDraft::Payload(read_payload(path)?));
        }
        let mut message = Message::new(draft).to_all(self.to.iter());
        for path in &self.attach {
            message = message.attach(file_to_attach(path)?);
        }
        message = message.ack_rule(self.ack_rule.unwrap_or(AckRule::Each));
        Ok(Prepared {
            message: with_terms(message, self, status, urgency),
            notes,
        })
    }

    fn own_subject(&self) -> Option<Wording> {
        self.subject.as_ref().map(|subject| self.wording(subject))
    }

    fn wording(&self, text: &str) -> Wording {
        Wording::from((self.language.as_deref().unwrap_or("und"), text))
    }

    /// A subject that was given comes before those of the file.
    fn with_own_subject(&self, mut draft: AlertDraft) -> AlertDraft {
        if let Some(subject) = self.own_subject() {
            draft.subjects.insert(0, subject);
            draft.subjects.truncate(Alert::SUBJECTS_MAX);
        }
        draft
    }

    fn with_words(&self, mut draft: AlertDraft) -> Result<AlertDraft, Fault> {
        if let Some(body) = &self.body {
            draft = draft.text(self.wording(body));
        }
        if let Some(span) = self.answer_within {
            draft = draft.answer_within(span);
        }
        if let Some(tlp) = self.tlp {
            draft = draft.tlp(tlp);
        }
        for handling in &self.handling {
            draft = with_handling(draft, handling)?;
        }
        for also in &self.also {
            let (channel, reference) = also.split_once(':').ok_or_else(|| {
                let sentence = fault::AlsoMalformed { given: also };
                Fault::new(Exit::Input, "also-form", sentence).with_hint(hint::AlsoForm)
            })?;
            draft = draft.external(channel, reference);
        }
        Ok(draft)
    }
}

fn with_terms(
    mut message: Message,
    form: &MessageForm,
    status: Option<Status>,
    urgency: Option<Urgency>,
) -> Message {
    if let Some(status) = status {
        message = message.status(status);
    }
    if let Some(urgency) = urgency {
        message = message.urgency(urgency);
    }
    if let Some(span) = form.ack_within {
        message = message.ack_within(span);
    }
    if let Some(span) = form.expires {
        message = message.expires_after(span);
    }
    match &form.reference {
        Some(reference) => message.reference(reference),
        None => message,
    }
}

fn with_handling(draft: AlertDraft, handling: &str) -> Result<AlertDraft, Fault> {
    if let Some((code, words)) = handling.split_once(':')
        && code.eq_ignore_ascii_case("H3")
    {
        return Ok(draft.condition(words.trim()));
    }
    match handling.to_ascii_uppercase().parse::<HandlingCode>() {
        Ok(code) if code != HandlingCode::H3 => Ok(draft.handling(code)),
        _ => {
            let sentence = fault::HandlingMalformed { given: &handling };
            Err(Fault::new(Exit::Input, "handling-form", sentence).with_hint(hint::HandlingForm))
        }
    }
}

/// Two of the five statuses of CAP are none of an alert: the sender decides.
fn status_of(cap: &CapImport, given: Option<Status>) -> Result<Status, Fault> {
    given.or(cap.status.status()).ok_or_else(|| {
        let status = &format_args!("{:?}", cap.status);
        let sentence = fault::CapStatus { status };
        Fault::new(Exit::Input, "cap-status", sentence).with_hint(hint::SayStatus)
    })
}

fn notes_of(cap: &CapImport) -> Vec<String> {
    let mut notes: Vec<String> = cap.cuts.iter().map(ToString::to_string).collect();
    if cap.message_type != MessageType::Alert {
        let kind = &format_args!("{:?}", cap.message_type);
        notes.push(send::CapKind { kind }.to_string());
    }
    notes
}

fn read_cap(path: &Path) -> Result<CapImport, Fault> {
    let limit = u64::try_from(cap::FILE_BYTES_MAX).unwrap_or(u64::MAX);
    Ok(cap::read(&read_file(path, limit)?)?)
}

fn read_payload(path: &Path) -> Result<PayloadDraft, Fault> {
    let bytes = read_file(path, PAYLOAD_BYTES_MAX)?;
    if bytes.len() as u64 > PAYLOAD_BYTES_MAX {
        let path = &path.display();
        let sentence = fault::PayloadTooLarge { path };
        return Err(Fault::new(Exit::Input, "too-large", sentence).with_hint(hint::AttachIt));
    }
    Ok(PayloadDraft {
        media_type: media_type(path).to_owned(),
        schema: String::new(),
        name: file_name(path),
        bytes,
    })
}

/// Looks at the file now, so that nobody is told who will get what cannot be read.
fn file_to_attach(path: &Path) -> Result<FileToAttach, Fault> {
    let opened = fs::File::open(path).and_then(|file| file.metadata());
    let metadata = opened.map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(unreadable(path, &fault::NotAFile));
    }
    Ok(FileToAttach {
        path: path.to_owned(),
        name: file_name(path),
        media_type: media_type(path).to_owned(),
    })
}

/// Reads a file, and one byte beyond the limit, by which it shows.
fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn unreadable(path: &Path, why: &impl std::fmt::Display) -> Fault {
    let path = &path.display();
    let sentence = fault::FileUnreadable { path, why };
    Fault::new(Exit::Input, "file-unreadable", sentence).with_hint(hint::CheckFiles)
}

fn no_subject() -> Fault {
    Fault::new(Exit::Usage, "no-subject", fault::NoSubject).with_hint(hint::SaySubject)
}

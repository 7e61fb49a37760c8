//! One open obligation, as people and machines are told of it.

use std::fmt::{Display, Write};

use maille_client::{Awaited, Direction, OpenObligation, Taken};
use maille_common::terms::{Kind, Stage, Status, Urgency};
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Coming, call};
use crate::command::refusal::Refused;
use crate::form::{maybe, word};
use crate::local_time::local;
use crate::safe_text::{safe_name, safe_text};
use crate::sentence::{alert, ledger, term, track};

const BY_US: &str = "by-us";
const TO_US: &str = "to-us";
const ACKNOWLEDGEMENT: &str = "acknowledgement";
const ANSWER: &str = "answer";

/// One open obligation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Obligation {
    pub(crate) id: String,
    pub(crate) short: String,
    #[serde(with = "word")]
    kind: Kind,
    #[serde(with = "word")]
    status: Status,
    #[serde(with = "word")]
    urgency: Urgency,
    /// `null` once the content was purged.
    subject: Option<String>,
    /// `by-us` or `to-us`.
    owed: String,
    /// The other contact.
    contact: String,
    /// Whose obligation it is.
    pub(crate) recipient: String,
    /// This contact was asked in the recipient's place.
    in_place: bool,
    /// When it was sent, or came here.
    #[serde(with = "word")]
    since: Timestamp,
    /// What is owed: `acknowledgement`, or the `answer` that was asked for.
    awaits: String,
    /// `open`; or `acknowledged`, while an answer is owed, or by a program while deputies are
    /// asked.
    state: String,
    /// How far it came; `null` while nobody has it.
    stage: Option<String>,
    #[serde(with = "word")]
    ack_due: Timestamp,
    /// `null` where no answer was asked for.
    #[serde(with = "maybe")]
    answer_due: Option<Timestamp>,
    #[serde(with = "word")]
    expires: Timestamp,
    overdue: bool,
    /// The machine was started anew meanwhile, so that a clock that may have been set counted.
    uncertain: bool,
    /// What comes, next first.
    pub(crate) coming: Vec<Coming>,
    /// The other contact's.
    telephones: Vec<String>,
    /// Spoken there, the preferred one first.
    languages: Vec<String>,
    /// Who has it in hand; `null` where nobody has said so.
    taken: Option<InHand>,
    /// Who does not take it, and why.
    refusals: Vec<Refused>,
}

/// Who read, acknowledged or refused an alert.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InHand {
    /// `read`, `acknowledged` or `refused`.
    #[serde(with = "word")]
    stage: Stage,
    /// The contact that did it.
    by: String,
    /// The device at which it was done.
    device: String,
    /// What the roster calls that device.
    label: String,
    /// It was done at this desk.
    here: bool,
    /// `null` for a program, and where the name is not disclosed.
    officer: Option<String>,
    #[serde(with = "word")]
    time: Timestamp,
    /// To the sender; empty for none.
    note: String,
}

impl InHand {
    pub(crate) fn of(taken: &Taken) -> Self {
        Self {
            stage: taken.stage,
            by: taken.contact.to_string(),
            device: taken.device.to_string(),
            label: taken.label.clone(),
            here: taken.here,
            officer: taken.officer.clone(),
            time: taken.time,
            note: taken.note.clone(),
        }
    }

    /// Whether it was done at this desk.
    pub(crate) fn here(&self) -> bool {
        self.here
    }

    /// For people: a line, and others for what was promised.
    pub(crate) fn text(&self) -> String {
        let officer = self.officer.as_deref().map(safe_name);
        let who: &dyn Display = match (&officer, self.stage) {
            (Some(name), _) => name,
            (None, Stage::Read) => &track::OfficerUnnamed,
            (None, _) => &ledger::NoName,
        };
        let (stage, time) = (&term::Stage { word: &self.stage }, &local(self.time));
        let (contact, device) = (&self.by, &safe_name(&self.label));
        let taken = match self.here || self.label.is_empty() {
            true => ledger::Taken { stage, who, time }.to_string(),
            false => ledger::TakenAt {
                stage,
                who,
                contact,
                device,
                time,
            }
            .to_string(),
        };
        let mut text = format!("  {taken}\n");
        for line in self.note.lines() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  | {}", safe_text(line));
        }
        text
    }
}

impl Obligation {
    pub(crate) fn of(open: &OpenObligation) -> Self {
        let owed = match open.direction {
            Direction::OwedByUs => BY_US,
            Direction::OwedToUs => TO_US,
        };
        Self {
            id: open.alert.to_string(),
            short: open.alert.prefix().to_string(),
            kind: open.kind,
            status: open.status,
            urgency: open.urgency,
            subject: open.subject.clone(),
            owed: owed.to_owned(),
            contact: open.contact.to_string(),
            recipient: open.recipient.to_string(),
            in_place: open.in_place,
            since: open.since,
            awaits: match open.awaits {
                Awaited::Acknowledgement => ACKNOWLEDGEMENT.to_owned(),
                Awaited::Answer => ANSWER.to_owned(),
            },
            state: open.state.to_string(),
            stage: open.stage.map(|stage| stage.to_string()),
            ack_due: open.ack_due,
            answer_due: open.answer_due,
            expires: open.expires,
            overdue: open.overdue,
            uncertain: open.uncertain,
            coming: Coming::all_of(open),
            telephones: open.telephones.clone(),
            languages: open.languages.clone(),
            taken: open.taken.as_ref().map(InHand::of),
            refusals: Refused::all_of(&open.refusals),
        }
    }

    /// Nothing of it is real.
    pub(crate) fn is_drill(&self) -> bool {
        self.status != Status::Actual
    }

    /// For people: what it is, who owes whom and since when, whom to call, and what comes next.
    pub(crate) fn text(&self) -> String {
        let subject = self.subject.as_deref();
        let mut text = headed(&self.short, self.urgency, self.kind, self.status, subject);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}", self.owes());
        if self.in_place {
            let contact = &self.recipient;
            let _ = writeln!(text, "  {}", ledger::InPlaceOf { contact });
        }
        if self.overdue {
            let call = call(&self.contact, &self.telephones, &self.languages);
            let _ = writeln!(text, "  {call}");
        }
        if self.uncertain {
            let _ = writeln!(text, "  {}", track::Uncertain);
        }
        if let Some(taken) = &self.taken {
            text += &taken.text();
        }
        for refused in &self.refusals {
            text += &refused.text();
        }
        let next = self.coming.iter().position(|coming| coming.time.is_some());
        let shown = next.map_or(self.coming.len(), |at| at + 1);
        for coming in self.coming.iter().take(shown) {
            let _ = writeln!(text, "  {}", coming.text(&self.recipient));
        }
        if next.is_none() {
            let _ = writeln!(text, "  {}", ledger::NothingComes);
        }
        text
    }

    fn owes(&self) -> String {
        if let (ANSWER, Some(due)) = (self.awaits.as_str(), self.answer_due) {
            return self.owes_answer(due);
        }
        let (contact, due) = (&self.contact, &local(self.ack_due));
        let since = &local(self.since);
        let stage: &dyn Display = match &self.stage {
            Some(word) => &term::Stage { word },
            None => &ledger::NotDelivered,
        };
        match (self.owed.as_str(), self.overdue) {
            (BY_US, true) => ledger::WeOweOverdue {
                contact,
                due,
                since,
                stage,
            }
            .to_string(),
            (BY_US, false) => ledger::WeOwe {
                contact,
                due,
                since,
                stage,
            }
            .to_string(),
            (_, true) => ledger::TheyOweOverdue {
                contact,
                due,
                since,
                stage,
            }
            .to_string(),
            (_, false) if self.state == "open" => ledger::TheyOwe {
                contact,
                due,
                since,
                stage,
            }
            .to_string(),
            (_, false) => ledger::OnlyAProgram { contact, since }.to_string(),
        }
    }

    fn owes_answer(&self, due: Timestamp) -> String {
        let (contact, due, since) = (&self.contact, &local(due), &local(self.since));
        match (self.owed.as_str(), self.overdue) {
            (BY_US, true) => ledger::WeOweAnswerOverdue {
                contact,
                due,
                since,
            }
            .to_string(),
            (BY_US, false) => ledger::WeOweAnswer {
                contact,
                due,
                since,
            }
            .to_string(),
            (_, true) => ledger::TheyOweAnswerOverdue {
                contact,
                due,
                since,
            }
            .to_string(),
            (_, false) => ledger::TheyOweAnswer {
                contact,
                due,
                since,
            }
            .to_string(),
        }
    }
}

/// The line that names an alert.
pub(crate) fn headed(
    short: &str,
    urgency: Urgency,
    kind: Kind,
    status: Status,
    subject: Option<&str>,
) -> String {
    let subject = subject.map(safe_text);
    let subject = &subject.unwrap_or_else(|| format!("({})", alert::Purged));
    let (urgency, kind) = (
        &term::Urgency { word: &urgency },
        &term::Kind { word: &kind },
    );
    let head = ledger::Head {
        urgency,
        kind,
        subject,
    };
    let drill = match status {
        Status::Actual => String::new(),
        _ => {
            let status = term::Status { word: &status }.to_string();
            format!(" [{}]", status.to_uppercase())
        }
    };
    format!("{short}  {head}{drill}\n")
}

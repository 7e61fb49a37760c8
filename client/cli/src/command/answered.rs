//! A signed answer to an alert, as people and machines are told of it.

use maille_client::Answered as Signed;
use maille_common::identifier::AlertId;
use serde::{Deserialize, Serialize};

use crate::safe_text::safe_name;
use crate::sentence::{alert, term};

/// A signed answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answered {
    id: String,
    short: String,
    /// `read`, `acknowledged` or `refused`.
    stage: String,
    /// Who answered; `null` for the system.
    officer: Option<String>,
    /// The hash of the receipt.
    receipt: String,
    /// Whether the sender can read the note.
    note_sealed: bool,
    /// The same answer was given before; nothing new was signed.
    already: bool,
}

impl Answered {
    /// What was signed, by whom.
    pub(super) fn new(alert: AlertId, stage: &str, officer: Option<&str>, signed: Signed) -> Self {
        Self {
            id: alert.to_string(),
            short: alert.prefix().to_string(),
            stage: stage.to_owned(),
            officer: officer.map(str::to_owned),
            receipt: signed.receipt.to_string(),
            note_sealed: signed.note_sealed,
            already: signed.already,
        }
    }

    /// For people.
    pub(super) fn text(&self, note_given: bool) -> String {
        let officer = self.officer.as_deref().map(safe_name);
        let who = officer.unwrap_or_else(|| alert::System.to_string());
        let (short, who, receipt) = (&self.short, &who, &self.receipt);
        let stage = &term::Stage { word: &self.stage };
        let mut text = match self.already {
            true => alert::AnsweredAgain {
                short,
                stage,
                who,
                receipt,
            }
            .to_string(),
            false => alert::Answered {
                short,
                stage,
                who,
                receipt,
            }
            .to_string(),
        };
        if note_given && !self.note_sealed {
            text += &format!("\n{}", alert::NoteLeft);
        }
        text
    }
}

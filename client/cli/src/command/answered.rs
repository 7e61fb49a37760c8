//! A signed answer to an alert, as people and machines are told of it.

use maille_client::Answered as Signed;
use maille_common::identifier::AlertId;
use serde::{Deserialize, Serialize};

use crate::safe_text::safe_text;

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
        let who = self
            .officer
            .as_deref()
            .map_or("the system".to_owned(), safe_text);
        let again = if self.already { ", as before" } else { "" };
        let mut text = format!(
            "{} is {} by {who}{again}; receipt {}",
            self.short, self.stage, self.receipt
        );
        if note_given && !self.note_sealed {
            text += "\nThe note did not travel: no sealing key of the sender is known here.";
        }
        text
    }
}

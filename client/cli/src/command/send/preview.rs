//! What sending would do: who gets it, what time it is there, who stands in, by when.

use std::fmt::Write;

use maille_client::Preview as Shown;
use maille_common::terms::Status;
use maille_common::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::message::MessageForm;
use crate::agent::{Ask, Desk};
use crate::command::person::Person;
use crate::fault::Fault;
use crate::form::{maybe, word};
use crate::local_time::local;
use crate::sentence::send;

/// Asks what sending would do. Nothing is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Preview(pub(crate) MessageForm);

/// What sending would do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Previewed {
    recipients: Vec<Person>,
    ack_within: String,
    expires_after: String,
    #[serde(with = "word")]
    ack_due: Timestamp,
    #[serde(with = "word")]
    expires: Timestamp,
    /// `null` where no answer is asked for.
    #[serde(with = "maybe")]
    answer_within: Option<Span>,
    /// Of the alert; `null` where what it is about decides.
    #[serde(with = "maybe")]
    status: Option<Status>,
    /// What was cut from a CAP file.
    notes: Vec<String>,
}

impl Ask for Preview {
    const NAME: &'static str = "preview";
    const COLLECTS: bool = true;
    type Answer = Previewed;

    async fn answer(self, desk: &Desk) -> Result<Previewed, Fault> {
        let mut form = self.0;
        let about = form.complete(desk).await?;
        let prepared = form.prepare()?;
        let message = form.amending(prepared.message, about);
        let shown = desk.client().preview(&message).await?;
        Ok(Previewed {
            answer_within: form.answer_within,
            status: form.status,
            notes: prepared.notes,
            ..Previewed::from(&shown)
        })
    }
}

impl From<&Shown> for Previewed {
    fn from(shown: &Shown) -> Self {
        Self {
            recipients: shown.recipients.iter().map(Person::from).collect(),
            ack_within: shown.ack_within.to_string(),
            expires_after: shown.expires_after.to_string(),
            ack_due: shown.ack_due,
            expires: shown.expires,
            answer_within: None,
            status: None,
            notes: Vec::new(),
        }
    }
}

impl Previewed {
    /// For people, before it is sent.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for recipient in &self.recipients {
            let contact = &recipient.title();
            let to = send::To { contact };
            text += &format!("{to}\n{}", recipient.lines());
        }
        // Writing to a String cannot fail.
        let deadlines = send::Deadlines {
            due: &local(self.ack_due),
            within: &self.ack_within,
            ends: &local(self.expires),
            after: &self.expires_after,
        };
        let _ = writeln!(text, "{deadlines}");
        if let Some(within) = &self.answer_within {
            let _ = writeln!(text, "{}", send::AnswerAsked { within });
        }
        for note in &self.notes {
            let _ = writeln!(text, "{}", send::Note { note });
        }
        text.trim_end().to_owned()
    }
}

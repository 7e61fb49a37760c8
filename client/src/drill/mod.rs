//! A drill before it is sent: whom it is for, and what it says.

use std::collections::BTreeSet;

use maille_common::address::ContactAddress;
use maille_common::content::{Alert, AlertDraft};
use maille_common::drill::{DrillId, DrillMarks, Unreachable};
use maille_common::pattern::{PatternError, Selector};
use maille_common::roster::Roster;
use maille_common::terms::Urgency;
use maille_common::time::Span;
use thiserror::Error;

use crate::client::{SendError, Sent};
use crate::directory::RecipientError;

mod phrases;

use phrases::PHRASES;

/// A drill: one exercise-marked alert to everybody that its recipients mean.
///
/// It goes as one envelope. Escalation is by recipient in any case, and a drill of two hundred
/// contacts costs one sealed body, one signature and one commit, and is proven by one file. Each
/// recipient reads who else was asked, which the roster tells it anyhow.
#[derive(Debug, Clone, Default)]
#[must_use = "a drill goes nowhere until it is sent"]
pub struct Drill {
    pub(crate) to: Vec<String>,
    pub(crate) urgency: Option<Urgency>,
    pub(crate) ack_within: Option<Span>,
    pub(crate) expires_after: Option<Span>,
}

/// A drill that stands in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drilled {
    /// The alert.
    pub sent: Sent,
    /// The drill's own id, which its event code has.
    pub id: DrillId,
    /// Who was meant and is not written to, and why.
    pub left_out: Vec<(ContactAddress, Unreachable)>,
}

/// Why there is no drill.
#[derive(Debug, Error)]
pub enum DrillError {
    /// Somebody addressed is not known, or nobody is.
    #[error(transparent)]
    Recipients(#[from] RecipientError),
    /// It names more than its content can hold.
    #[error(
        "A drill names {0} addresses, patterns and lists, and {max} are the most; use a list.",
        max = DrillMarks::SELECTORS_MAX
    )]
    TooManySelectors(usize),
    /// Everybody who is meant would have to be left out.
    #[error("Nobody who is meant can be written to; {contact}, for one: {why}.")]
    NobodyLeft {
        /// The first of them.
        contact: ContactAddress,
        /// Why not.
        why: Unreachable,
    },
    /// It cannot be sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl DrillError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Recipients(error) => error.code(),
            Self::TooManySelectors(_) => "too-many-selectors",
            Self::NobodyLeft { .. } => "nobody-left",
            Self::Send(error) => error.code(),
        }
    }
}

impl Drill {
    /// A drill of whom these addresses, patterns and `@lists` mean.
    pub fn to_all<T: Into<String>>(recipients: impl IntoIterator<Item = T>) -> Self {
        Self {
            to: recipients.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// How soon somebody has to act. Immediate, unless said: what is drilled is the worst hour.
    pub fn urgency(mut self, urgency: Urgency) -> Self {
        self.urgency = Some(urgency);
        self
    }

    /// Without an acknowledgement after this it is overdue. Else the network's default.
    pub fn ack_within(mut self, span: Span) -> Self {
        self.ack_within = Some(span);
        self
    }

    /// After this the obligation ends as expired. Else the network's default.
    pub fn expires_after(mut self, span: Span) -> Self {
        self.expires_after = Some(span);
        self
    }

    /// Whom it names, as its content will hold it.
    pub(crate) fn selectors(&self) -> Result<Vec<Selector>, DrillError> {
        if self.to.len() > DrillMarks::SELECTORS_MAX {
            return Err(DrillError::TooManySelectors(self.to.len()));
        }
        let selectors = self.to.iter().map(|text| text.trim().parse());
        let selectors = selectors.collect::<Result<_, PatternError>>();
        Ok(selectors.map_err(RecipientError::from)?)
    }
}

/// What a drill says to these contacts: in English, and in their languages that have a wording.
pub(crate) fn words(roster: &Roster, to: &[ContactAddress]) -> AlertDraft {
    let spoken: BTreeSet<&str> = to
        .iter()
        .filter_map(|contact| roster.contact(contact))
        .flat_map(|entry| entry.contact.languages.iter())
        .filter_map(|tag| tag.as_str().split('-').next())
        .collect();
    let (first, others) = PHRASES
        .split_first()
        .expect("there is a wording in English");
    let others = others
        .iter()
        .filter(|phrase| spoken.contains(phrase.language));
    let others: Vec<_> = others.collect();
    let mut draft = Alert::draft((first.language, first.subject));
    for phrase in &others {
        draft = draft.subject((phrase.language, phrase.subject));
    }
    for phrase in std::iter::once(&first).chain(&others) {
        draft = draft.text((phrase.language, phrase.text));
    }
    draft
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wording_says_exercise_three_times_and_fits_into_one_alert() {
        assert!(PHRASES.len() <= Alert::SUBJECTS_MAX);
        let mut languages = BTreeSet::new();
        for phrase in PHRASES {
            let words: Vec<&str> = phrase.subject.split(' ').collect();
            assert_eq!(words.len(), 3, "{}", phrase.language);
            assert!(words.iter().all(|word| *word == words[0]));
            assert!(
                languages.insert(phrase.language),
                "{} twice",
                phrase.language
            );
        }
    }

    #[test]
    fn more_selectors_than_the_content_holds_are_refused() {
        let many = Drill::to_all(vec!["interpol/**"; 16])
            .selectors()
            .unwrap_err();
        assert_eq!(many.code(), "too-many-selectors");
        assert!(Drill::to_all(["@africa"; 15]).selectors().is_ok());
        let malformed = Drill::to_all(["inter**"]).selectors().unwrap_err();
        assert_eq!(malformed.code(), "not-a-recipient");
    }
}

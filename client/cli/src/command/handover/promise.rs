//! What was acknowledged, and nobody has written back about.

use maille_client::Promise as Kept;
use maille_common::terms::{Kind, Status, Urgency};
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::ledger::{InHand, headed};
use crate::form::word;
use crate::local_time::local;
use crate::sentence::handover;

/// An alert that was taken on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Promise {
    id: String,
    short: String,
    #[serde(with = "word")]
    kind: Kind,
    #[serde(with = "word")]
    status: Status,
    #[serde(with = "word")]
    urgency: Urgency,
    /// `null` once the content was purged.
    subject: Option<String>,
    from: String,
    #[serde(with = "word")]
    received: Timestamp,
    /// Who acknowledged it, and the note to the sender.
    taken: InHand,
}

impl Promise {
    pub(super) fn of(kept: &Kept) -> Self {
        Self {
            id: kept.alert.to_string(),
            short: kept.alert.prefix().to_string(),
            kind: kept.kind,
            status: kept.status,
            urgency: kept.urgency,
            subject: kept.subject.clone(),
            from: kept.from.to_string(),
            received: kept.received,
            taken: InHand::of(&kept.taken),
        }
    }

    pub(super) fn text(&self) -> String {
        let subject = self.subject.as_deref();
        let head = headed(&self.short, self.urgency, self.kind, self.status, subject);
        let (contact, received) = (&self.from, &local(self.received));
        let from = handover::From { contact, received };
        format!("{head}  {from}\n{}", self.taken.text())
    }
}

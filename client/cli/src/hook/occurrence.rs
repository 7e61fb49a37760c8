//! What a program or an agency's system is told: an event, and the alert it is about.

use maille_client::{EventKind, LedgerPage, NumberedEvent};
use maille_common::identifier::AlertId;
use maille_common::terms::Status;
use serde::Serialize;

use crate::agent::Desk;
use crate::command::ledger::Obligation;
use crate::command::listen::Happening;
use crate::command::read::{self, Paper};
use crate::fault::Fault;
use crate::output::json;

/// The version of the form. Fields may join it; another meaning of one is another version.
const VERSION: u32 = 1;

/// An event with what has to be known to act on it. `docs/hooks.md` describes it.
#[derive(Debug, Serialize)]
pub(super) struct Occurrence {
    version: u32,
    /// The same whenever this event is told.
    id: String,
    contact: String,
    device: String,
    /// Not real: an exercise or a test.
    exercise: bool,
    /// As `listen` tells it.
    event: Happening,
    /// As `read` shows it; `null` where the event is about none, asks for no act, or the content
    /// was purged.
    alert: Option<Paper>,
    /// As `ledger` lists them: what is open about the alert, for an event that says it is late.
    obligations: Vec<Obligation>,
}

/// Whose desk tells it.
#[derive(Debug)]
pub(super) struct Origin {
    contact: String,
    device: String,
    epoch: u64,
}

impl Origin {
    pub(super) async fn of(desk: &Desk) -> Result<Self, Fault> {
        let status = desk.client().status().await?;
        Ok(Self {
            contact: status.contact.to_string(),
            device: status.device.to_string(),
            epoch: status.epoch.0,
        })
    }
}

impl Occurrence {
    /// Everything about an event, as it is known now. It marks nothing as seen: a program is no
    /// officer.
    ///
    /// None where the event of that name is not wanted.
    pub(super) async fn of(
        desk: &Desk,
        origin: &Origin,
        numbered: NumberedEvent,
        wants: impl FnOnce(&str) -> bool,
    ) -> Result<Option<Self>, Fault> {
        let event = Happening::of(desk, numbered.clone()).await?;
        if !wants(event.name()) {
            return Ok(None);
        }
        let kind = &numbered.event.kind;
        let alert = match asks_for_an_act(kind) {
            Some(alert) => read::paper(desk, alert).await?,
            None => None,
        };
        let obligations = match kind {
            EventKind::Overdue { alert, .. } | EventKind::Unanswered { alert, .. } => {
                open_about(desk, *alert).await?
            }
            _ => Vec::new(),
        };
        let Origin {
            contact,
            device,
            epoch,
        } = origin;
        Ok(Some(Self {
            version: VERSION,
            id: format!("{device}-{epoch}-{}", numbered.number),
            contact: contact.clone(),
            device: device.clone(),
            exercise: numbered.event.status != Status::Actual,
            event,
            alert,
            obligations,
        }))
    }

    /// The same whenever this event is told.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether it is about a copy of what this contact sent itself.
    pub(super) fn is_copy(&self) -> bool {
        self.alert.as_ref().is_some_and(Paper::is_copy)
    }

    /// As it is told.
    pub(super) fn json(&self) -> Result<Vec<u8>, Fault> {
        json(self).map(String::into_bytes)
    }
}

/// The alert of an event after which somebody has to act. With others the words do not travel.
fn asks_for_an_act(kind: &EventKind) -> Option<AlertId> {
    match kind {
        EventKind::Arrived { alert, .. }
        | EventKind::AskedAsDeputy { alert, .. }
        | EventKind::Overdue { alert, .. }
        | EventKind::Unanswered { alert, .. } => Some(*alert),
        _ => None,
    }
}

async fn open_about(desk: &Desk, alert: AlertId) -> Result<Vec<Obligation>, Fault> {
    let page = LedgerPage {
        skip: 0,
        limit: usize::MAX,
        drills: true,
    };
    let open = desk.client().ledger(page).await?.obligations;
    let about = open.iter().filter(|one| one.alert == alert);
    Ok(about.map(Obligation::of).collect())
}

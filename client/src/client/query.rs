//! Asking: inbox, outbox, the story of an alert, the address book, incidents, events.

use std::time::Duration;

use maille_common::address::ContactAddress;
use maille_common::identifier::{AlertId, AlertIdPrefix};
use maille_common::roster::Ending;
use thiserror::Error;

use super::Client;
use crate::attachments::{Attachment, AttachmentError};
use crate::core::{InboxEntry, Incident, OutboxEntry, Received, Track, Unseen};
use crate::directory::{self, ContactCard};
use crate::error::{DeskError, LookupError};
use crate::events::EventReader;
use crate::wait::{self, Milestone, WaitError};

/// Why an alert cannot be shown.
#[derive(Debug, Error)]
pub enum QueryError {
    /// It is not here.
    #[error("Alert {} is not here, neither sent nor received.", .0.prefix())]
    Unknown(AlertId),
    /// Its content was purged by the retention of this home; receipts and hashes are kept.
    #[error("The content of alert {} was purged after its retention.", .0.prefix())]
    Purged(AlertId),
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl QueryError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown-alert",
            Self::Purged(_) => "purged",
            Self::Desk(error) => error.code(),
        }
    }
}

impl Client {
    /// The alert that somebody means by the beginning of its id, sent or received.
    pub async fn find(&self, typed: &str) -> Result<AlertId, LookupError> {
        let prefix: AlertIdPrefix = typed.parse()?;
        let found = self
            .office()
            .ask(move |room, _| Ok::<_, DeskError>(room.desk.matching(&prefix)?))
            .await?;
        let typed = typed.trim().to_owned();
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(LookupError::Unknown { typed }),
            _ => Err(LookupError::Ambiguous { typed, found }),
        }
    }

    /// What ends within 30 days, or has ended, soonest first, and of whose doing that is.
    pub async fn endings(&self) -> Result<Vec<Ending>, DeskError> {
        let endings = self.office().ask(|room, now| Ok(room.desk.endings(now)?));
        endings.await
    }

    /// What was received, newest last.
    pub async fn inbox(&self) -> Result<Vec<InboxEntry>, DeskError> {
        self.office().ask(|room, _| Ok(room.desk.inbox()?)).await
    }

    /// What expired at a relay before it was collected here, and nobody is known to have answered.
    pub async fn unseen(&self) -> Result<Vec<Unseen>, DeskError> {
        self.office().ask(|room, _| Ok(room.desk.unseen()?)).await
    }

    /// The telephones of another contact, and the languages spoken there, the preferred one first.
    /// None of this one's: nobody calls themselves.
    pub async fn reached_by(
        &self,
        contact: ContactAddress,
    ) -> Result<(Vec<String>, Vec<String>), DeskError> {
        if contact == self.office().contact {
            return Ok((Vec::new(), Vec::new()));
        }
        self.office()
            .ask(move |room, _| Ok(room.desk.reached_by(&contact)))
            .await
    }

    /// An alert of the inbox, with its words. Nothing is signed: see [`Client::mark_read`].
    pub async fn received(&self, alert: AlertId) -> Result<Received, QueryError> {
        // Whoever acts on it must find it again after a power cut, so it is durable first (I1).
        self.office()
            .settle_quietly(move |desk, _, _| {
                if desk.is_purged(&alert).map_err(DeskError::from)? {
                    return Err(QueryError::Purged(alert));
                }
                let received = desk.received(&alert).map_err(DeskError::from)?;
                Ok((
                    received.ok_or(QueryError::Unknown(alert))?,
                    desk.store().newest(),
                ))
            })
            .await
    }

    /// Remembers that an alert is about to be shown: after a crash it is shown again as "possibly
    /// seen" (I5).
    pub async fn showing(&self, alert: AlertId) -> Result<(), DeskError> {
        self.office()
            .settle(move |desk, _, _| Ok(((), desk.showing(&alert)?)))
            .await
    }

    /// What was sent from this device, oldest first, with each recipient's state.
    pub async fn outbox(&self) -> Result<Vec<OutboxEntry>, DeskError> {
        self.office().ask(|room, _| Ok(room.desk.outbox()?)).await
    }

    /// The whole story of an alert sent from this device, with every proof.
    pub async fn track(&self, alert: AlertId) -> Result<Track, QueryError> {
        let track = self
            .office()
            .ask(move |room, now| Ok::<_, DeskError>(room.desk.track(&alert, now)?))
            .await?;
        track.ok_or(QueryError::Unknown(alert))
    }

    /// The words of an alert sent from this device.
    pub async fn sent_words(
        &self,
        alert: AlertId,
    ) -> Result<maille_common::content::Alert, QueryError> {
        self.office()
            .ask(move |room, _| {
                if room.desk.is_purged(&alert).map_err(DeskError::from)? {
                    return Err(QueryError::Purged(alert));
                }
                let content = room.desk.sent_content(&alert).map_err(DeskError::from)?;
                content.ok_or(QueryError::Unknown(alert))
            })
            .await
    }

    /// Waits until an alert has come so far with every recipient, and tells its story.
    pub async fn wait(
        &self,
        alert: AlertId,
        milestone: Milestone,
        timeout: Duration,
    ) -> Result<Track, WaitError> {
        wait::wait(self.office(), alert, milestone, timeout).await
    }

    /// The attachments of an alert, sent or received, in the order of its parts.
    pub async fn attachments(&self, alert: AlertId) -> Result<Vec<Attachment>, AttachmentError> {
        Attachment::all_of(self.office(), alert).await
    }

    /// One attachment, counted from 0.
    pub async fn attachment(
        &self,
        alert: AlertId,
        index: usize,
    ) -> Result<Attachment, AttachmentError> {
        let mut all = self.attachments(alert).await?;
        let count = all.len();
        if index < count {
            Ok(all.swap_remove(index))
        } else {
            Err(AttachmentError::NoSuch {
                alert,
                index,
                count,
            })
        }
    }

    /// Everything that happens at the desk, from where the reader of this name stopped.
    pub fn events(&self, reader: &str) -> EventReader {
        EventReader::new(self.office(), reader)
    }

    /// The number of the newest event: how far the furthest reader can have come.
    pub async fn newest_event(&self) -> Result<u64, DeskError> {
        self.office()
            .ask(|room, _| Ok(room.desk.newest_event()?))
            .await
    }

    /// Keeps an incident: the agency's system behind this webhook wants no more.
    pub async fn report_webhook_gone(&self, name: &str) -> Result<(), DeskError> {
        let name = name.to_owned();
        self.office()
            .settle(move |desk, now, _| Ok(((), desk.report_webhook_gone(&name, now)?)))
            .await
    }

    /// What should not have happened, after this number, oldest first, at most `limit`.
    pub async fn incidents(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Incident)>, DeskError> {
        self.office()
            .ask(move |room, _| Ok(room.desk.incidents_after(after, limit)?))
            .await
    }

    /// Everybody the roster designates, by address.
    pub fn contacts(&self) -> Vec<ContactCard> {
        let office = self.office();
        directory::cards(&office.roster(), &office.contact, office.now())
    }
}

//! Exporting: what is held about an alert, as a file that proves itself to others.

use std::sync::Arc;

use maille_common::export::Export;
use maille_common::identifier::AlertId;
use thiserror::Error;

use super::Client;
use crate::core::ExportError as Refused;
use crate::error::DeskError;
use crate::roster_store::RosterStoreError;

/// Why an alert was not exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// It is not here, or not any more, or does not prove itself.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The documents of the roster cannot be read.
    #[error(transparent)]
    Roster(#[from] RosterStoreError),
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl ExportError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Roster(error) => error.code(),
            Self::Desk(error) => error.code(),
        }
    }
}

impl Client {
    /// Everything this desk holds about an alert, sent or received: who sent it to whom, what
    /// relays answered, what every device did, and the rosters that this was judged by.
    ///
    /// [`Export::to_bytes`] is a file that proves itself from the anchor, offline, on a machine
    /// that knows nothing else; [`Export::verify`] does so. `reveal` adds the content key and the
    /// names of officers, so that its reader can read the alert.
    ///
    /// After a re-anchoring, what the anchor of now does not prove is proven by the one before it,
    /// which lies in the home beside it: an alert that was sent, taken or answered with keys which
    /// had left by then.
    pub async fn export(&self, alert: AlertId, reveal: bool) -> Result<Export, ExportError> {
        let office = Arc::clone(self.office());
        // No roster changes between the reading of its documents and the signing of the file.
        let turn = office.roster_turn.lock().await;
        let store = turn.clone();
        office
            .ask(move |room, now| {
                let documents = store.read()?;
                let refused = match room.desk.export(&alert, reveal, documents, now) {
                    Err(refused @ Refused::NotProven { .. }) => refused,
                    made => return Ok(made?),
                };
                for (roster, documents) in room.home.rosters_before() {
                    let (before, what) = ((&roster, documents), (&alert, reveal));
                    if let Ok(export) = room.desk.export_by(before, what, now) {
                        return Ok(export);
                    }
                }
                Err(refused.into())
            })
            .await
    }
}

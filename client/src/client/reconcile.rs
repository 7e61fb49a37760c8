//! Comparing: what this desk and another one hold of the alerts between them.

use std::time::Duration;

use maille_common::address::ContactAddress;
use thiserror::Error;

use super::Client;
use crate::core::{ReconcileError as Refused, Reconciled};
use crate::error::DeskError;

/// Why nothing was compared.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// Nothing connects the contact with this desk, or it has no device.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The desk could not be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl ReconcileError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Desk(error) => error.code(),
        }
    }
}

impl Client {
    /// Compares what this desk and every device of a contact hold of the alerts between them, hands
    /// over the evidence that one side lacks, and has what is missing sent again; the keeper does
    /// so daily by itself.
    ///
    /// Waits so long for the answers. A round that is under way then goes on by itself: its `end`
    /// is none.
    pub async fn reconcile(
        &self,
        contact: &ContactAddress,
        patience: Duration,
    ) -> Result<Vec<Reconciled>, ReconcileError> {
        let with = contact.clone();
        self.office()
            .settle(move |desk, now, _| {
                let settled = desk.reconcile_with(&with, now)?;
                Ok::<_, ReconcileError>(((), settled))
            })
            .await?;
        self.office().wake();
        // Time that is up is no fault: what is known by then is told.
        let _ = tokio::time::timeout(patience, self.until_compared(contact)).await;
        Ok(self.reconciled(contact).await?)
    }

    /// The newest reconciliation with each device of a contact.
    pub async fn reconciled(&self, contact: &ContactAddress) -> Result<Vec<Reconciled>, DeskError> {
        let with = contact.clone();
        self.office()
            .ask(move |room, _| Ok(room.desk.reconciled(&with)?))
            .await
    }

    async fn until_compared(&self, contact: &ContactAddress) -> Result<(), DeskError> {
        loop {
            let mut news = self.office().news();
            let rounds = self.reconciled(contact).await?;
            if rounds.iter().all(|round| round.end.is_some()) {
                return Ok(());
            }
            if self.office().is_stopping() || news.changed().await.is_err() {
                return Err(DeskError::Closed);
            }
        }
    }
}

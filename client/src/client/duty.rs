//! What is open, and what was promised: for whoever is on duty, and for whoever comes next.

use maille_common::time::Timestamp;

use super::Client;
use crate::core::{Ledger, LedgerPage, Promise};
use crate::error::DeskError;

impl Client {
    /// What is open in both directions: what this contact owes others, and what they owe it.
    pub async fn ledger(&self, page: LedgerPage) -> Result<Ledger, DeskError> {
        // Whoever acts on it must find it again after a power cut, so it is durable first (I1).
        self.office()
            .settle_quietly(move |desk, now, _| {
                Ok((desk.ledger(page, now)?, desk.store().newest()))
            })
            .await
    }

    /// What was acknowledged here since then and nobody has written back about, oldest first.
    pub async fn promises(&self, since: Timestamp) -> Result<Vec<Promise>, DeskError> {
        self.office()
            .settle_quietly(move |desk, _, _| Ok((desk.promises(since)?, desk.store().newest())))
            .await
    }
}

//! Receipts and confirmations on their way to one relay.

use std::time::Duration;

use maille_common::codec::List;
use maille_common::hash::Hash;
use maille_common::wire::{PostReceipt, RefusalCode};

use super::{Session, SessionError, TalkError, passes};
use crate::error::DeskError;

/// How many are brought in one round.
const ROUND: usize = 64;

/// The pause after a relay could not take something for the moment.
const BUSY: Duration = Duration::from_secs(2);

impl Session {
    /// Posts what is due, as often as the desk is woken.
    pub(super) async fn serve_posts(&self) -> Result<(), SessionError> {
        loop {
            let mut work = self.office.work();
            let more = self.post_round().await?;
            let confirmed = self.confirm_round().await?;
            if more || confirmed {
                continue;
            }
            tokio::select! {
                woken = work.changed() => if woken.is_err() { return Ok(()) },
                () = tokio::time::sleep(Duration::from_secs(30)) => {}
            }
        }
    }

    /// Posts the receipts that are due; whether there may be more.
    async fn post_round(&self) -> Result<bool, SessionError> {
        let relay = self.relay.clone();
        // What is read may not be durable yet, and a receipt must be before it leaves (I1).
        let posts: Vec<(Hash, PostReceipt)> = self
            .office
            .settle_quietly(move |desk, _, _| {
                let posts = desk.posts_due(&relay, ROUND)?;
                Ok::<_, SessionError>((posts, desk.store().newest()))
            })
            .await?;
        let full = posts.len() == ROUND;
        for (hash, receipt) in posts {
            let outcome = match self.talk.post(receipt).await {
                Ok(()) => Ok(()),
                Err(TalkError::Refused(refusal)) => Err(refusal.code),
                Err(error) => return Err(error.into()),
            };
            self.note_posted(hash, outcome).await?;
            if outcome.is_err_and(passes) {
                tokio::time::sleep(BUSY).await;
                return Ok(true);
            }
        }
        Ok(full)
    }

    async fn note_posted(
        &self,
        hash: Hash,
        outcome: Result<(), RefusalCode>,
    ) -> Result<(), SessionError> {
        if let Err(code) = outcome {
            tracing::warn!(relay = %self.relay, receipt = %hash, %code, "receipt refused");
        }
        let relay = self.relay.clone();
        self.office
            .settle(move |desk, _, _| {
                Ok::<_, SessionError>(((), desk.posted(&relay, &hash, outcome)?))
            })
            .await
    }

    /// Confirms receipts and notices that are durable here; whether there may be more.
    async fn confirm_round(&self) -> Result<bool, SessionError> {
        let relay = self.relay.clone();
        let due = self
            .office
            .settle_quietly(move |desk, _, _| {
                let numbers = desk.confirms_due(&relay, ROUND)?;
                let incarnation = desk.incarnation_of(&relay)?;
                Ok::<_, SessionError>(((numbers, incarnation), desk.store().newest()))
            })
            .await?;
        let (numbers, Some(incarnation)) = due else {
            return Ok(false);
        };
        let Ok(list) = List::new(numbers.clone()) else {
            return Ok(false);
        };
        if numbers.is_empty() {
            return Ok(false);
        }
        match self.talk.confirm(incarnation, list).await {
            // Numbers of an earlier incarnation confirm nothing any more.
            Ok(()) | Err(TalkError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let (relay, full) = (self.relay.clone(), numbers.len() == ROUND);
        self.office
            .settle(move |desk, _, _| {
                let settled = desk.confirmed(&relay, &numbers).map_err(DeskError::from)?;
                Ok::<_, SessionError>(((), settled))
            })
            .await?;
        Ok(full)
    }
}

//! Sealing keys: ours published at our relays, others' fetched where they collect.

use std::time::Duration;

use maille_common::address::ContactAddress;
use maille_common::codec::List;
use maille_common::sealing::SignedBundle;
use maille_common::wire::RefusalCode;
use thiserror::Error;

use super::{Session, SessionError, TalkError, passes};
use crate::core::{Lacking, SendError as OrderError};
use crate::entropy::OsRandomness;
use crate::error::DeskError;
use crate::office::{Office, lock};
use crate::own_keys;

/// The first pause before devices that lack an alert are asked after again, and keys of ours are
/// brought again that a relay could not take; it doubles.
const LACKING_FIRST: Duration = Duration::from_secs(1);
/// The longest pause meanwhile.
const LACKING_LONGEST: Duration = Duration::from_secs(60);
/// The pause when nobody lacks anything: keys are published weeks ahead.
const REFRESH: Duration = Duration::from_secs(60 * 60);

/// Contacts asked after at once; each may have several devices, and an answer has 256 at most.
const ASKED: usize = 8;

/// Why keys were not learned.
#[derive(Debug, Error)]
enum LearnError {
    /// The desk did not do its part.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// There is no room for them, or for what waited for them; they are fetched again.
    #[error(transparent)]
    Later(OrderError),
}

impl From<OrderError> for LearnError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Step(step) if !step.is_disk_full() => Self::Desk(step.into()),
            other => Self::Later(other),
        }
    }
}

impl Session {
    /// Publishes this device's newest bundle where it is not yet. `false` where the relay cannot
    /// take it now.
    pub(super) async fn publish_bundle(&self) -> Result<bool, SessionError> {
        if !self.home {
            return Ok(true);
        }
        let relay = self.relay.clone();
        let wanted = self
            .office
            .ask(move |room, _| Ok::<_, SessionError>(room.desk.bundle_wanted(&relay)?))
            .await?;
        let bundle = lock(&self.office.bundle).clone();
        let (true, Some(bundle)) = (wanted, bundle) else {
            return Ok(true);
        };
        let number = bundle.bundle.number;
        match self.talk.publish(bundle).await {
            Ok(()) => {}
            Err(TalkError::Refused(refusal))
                if matches!(
                    refusal.code,
                    RefusalCode::BundleOlder | RefusalCode::Conflict
                ) =>
            {
                self.overtake_bundle().await?;
                return Ok(true);
            }
            Err(TalkError::Refused(refusal)) => {
                tracing::warn!(relay = %self.relay, code = %refusal.code, "bundle refused");
                return Ok(!passes(refusal.code));
            }
            Err(error) => return Err(error.into()),
        }
        let relay = self.relay.clone();
        self.office
            .settle(move |desk, _, _| {
                Ok::<_, SessionError>((true, desk.bundle_published(&relay, number)?))
            })
            .await
    }

    /// The relay holds a newer bundle of this device: another life of it published that.
    async fn overtake_bundle(&self) -> Result<(), SessionError> {
        let Ok(contacts) = List::new(vec![self.office.contact.clone()]) else {
            return Ok(());
        };
        let (device, key) = self
            .office
            .ask(|room, _| {
                let identity = room.desk.identity();
                Ok::<_, SessionError>((identity.device, identity.signing.verifying_key()))
            })
            .await?;
        let published = self.talk.bundles(contacts).await?;
        // Signed by us, or the relay could make us leap as far as it likes.
        let mine = published
            .iter()
            .filter(|signed| signed.bundle.device == device && signed.verify(&key).is_ok());
        let Some(newest) = mine.map(|bundle| bundle.bundle.number).max() else {
            return Ok(());
        };
        if let Err(error) = own_keys::overtake(&self.office, newest).await {
            tracing::error!(%error, newest, "the lost sealing keys are not replaced");
        }
        Ok(())
    }

    /// Fetches the keys of partners that collect at this relay: at once, when somebody lacks an
    /// alert, and every hour.
    pub(super) async fn serve_bundles(&self) -> Result<(), SessionError> {
        let mut pause = LACKING_FIRST;
        loop {
            let mut work = self.office.work();
            let published = self.publish_bundle().await?;
            self.fetch_bundles().await?;
            let lacking = self.lacks_somebody().await?;
            let (wait, next) = match lacking || !published {
                true => (pause, (pause * 2).min(LACKING_LONGEST)),
                false => (REFRESH, LACKING_FIRST),
            };
            pause = next;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                woken = self.woken_by_lack(&mut work, lacking) => if !woken { return Ok(()) },
            }
        }
    }

    /// Ends when new work leaves somebody lacking an alert, or keys of ours to be published.
    async fn woken_by_lack(
        &self,
        work: &mut tokio::sync::watch::Receiver<u64>,
        lacked: bool,
    ) -> bool {
        loop {
            if !Office::stirred(work).await {
                return false;
            }
            let relay = self.relay.clone();
            let publish = self
                .office
                .ask(move |room, _| Ok::<_, SessionError>(room.desk.bundle_wanted(&relay)?))
                .await;
            let lacking = self.lacks_somebody().await.unwrap_or(false);
            if (lacking && !lacked) || (self.home && publish.unwrap_or(false)) {
                return true;
            }
        }
    }

    async fn fetch_bundles(&self) -> Result<(), SessionError> {
        let wanted = self
            .office
            .ask(|room, _| Ok::<_, SessionError>(room.desk.bundles_wanted()?))
            .await?;
        let here: Vec<ContactAddress> = wanted
            .into_iter()
            .filter(|contact| self.collects_here(contact))
            .collect();
        for contacts in here.chunks(ASKED) {
            let Ok(contacts) = List::new(contacts.to_vec()) else {
                continue;
            };
            let bundles = match self.talk.bundles(contacts).await {
                Ok(bundles) => bundles,
                Err(TalkError::Refused(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            if bundles.is_empty() {
                continue;
            }
            self.learn_bundles(bundles).await?;
        }
        self.office
            .standings
            .change(&self.relay, |standing| standing.asked_for_keys = true);
        self.office.tell();
        Ok(())
    }

    /// Keeps others' keys, and sends what waited for them.
    async fn learn_bundles(&self, bundles: Vec<SignedBundle>) -> Result<(), SessionError> {
        let learned = self
            .office
            .settle(move |desk, now, random: &mut OsRandomness| {
                let before = desk.lacking().map_err(DeskError::from)?.len();
                let settled = desk.learn_bundles(bundles, now, random)?;
                let lacking = desk.lacking().map_err(DeskError::from)?.len();
                Ok::<_, LearnError>((lacking != before, settled))
            })
            .await;
        match learned {
            Ok(true) => self.office.wake(),
            Ok(false) => {}
            Err(LearnError::Desk(error)) => return Err(error.into()),
            // Whoever lacks an alert stays on the list; the rest of the session goes on.
            Err(LearnError::Later(error)) => {
                tracing::warn!(relay = %self.relay, %error, "sealing keys were not taken");
                // Some of what waited for them may stand in the outbox all the same.
                self.office.wake();
            }
        }
        Ok(())
    }

    /// Whether a contact's devices publish their keys at this relay.
    fn collects_here(&self, contact: &ContactAddress) -> bool {
        let roster = self.office.roster();
        roster
            .home_relays(&contact.organisation())
            .iter()
            .any(|relay| relay.name == self.relay)
    }

    async fn lacks_somebody(&self) -> Result<bool, SessionError> {
        let lacking: Vec<Lacking> = self
            .office
            .ask(|room, _| Ok::<_, SessionError>(room.desk.lacking()?))
            .await?;
        Ok(lacking
            .iter()
            .any(|lacking| self.collects_here(&lacking.recipient)))
    }
}

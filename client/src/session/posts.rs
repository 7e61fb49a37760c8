//! Receipts and confirmations on their way to one relay.

use std::collections::BTreeMap;
use std::time::Duration;

use maille_common::codec::List;
use maille_common::hash::Hash;
use maille_common::wire::{PostReceipt, RefusalCode};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Session, SessionError, TalkError, passes};
use crate::clock::real_now;
use crate::core::DuePost;
use crate::error::DeskError;

/// How many are looked at in one round.
const ROUND: usize = 512;

/// Receipts on their way at a time.
const UNDER_WAY: usize = 32;

/// How many receipts that a relay took are noted with one wait for the disk. Those that were not
/// noted when the desk stops are posted again, and change nothing.
const NOTED_AT_ONCE: usize = 32;

/// The pause after a relay could not take something for the moment.
const BUSY: Duration = Duration::from_secs(2);

/// The first pause after a relay did not know the alert of a receipt; each further one doubles it.
const UNKNOWN_FIRST: Duration = Duration::from_secs(5);
/// How often a receipt is posted to a relay that does not know its alert: for about an hour and a
/// half. A relay that lost its disk gets the alert again from its sender, perhaps later than the
/// receipt (I2).
const UNKNOWN_TRIES: u32 = 10;

/// Receipts that this relay could not take yet, with the number of tries and when to try again.
#[derive(Debug, Default)]
struct SetAside(BTreeMap<Hash, (u32, Instant)>);

impl SetAside {
    /// Whether a receipt has to wait.
    fn holds(&self, receipt: &Hash) -> bool {
        self.0
            .get(receipt)
            .is_some_and(|(_, until)| *until > real_now())
    }

    /// Sets a receipt aside once more; `false` when it was tried often enough.
    fn add(&mut self, receipt: Hash) -> bool {
        let (tries, until) = self.0.entry(receipt).or_insert((0, real_now()));
        *until = real_now() + UNKNOWN_FIRST * (1 << (*tries).min(UNKNOWN_TRIES));
        *tries += 1;
        *tries < UNKNOWN_TRIES
    }
}

impl Session {
    /// Posts what is due, as often as the desk is woken.
    pub(super) async fn serve_posts(&self) -> Result<(), SessionError> {
        let mut aside = SetAside::default();
        loop {
            let mut work = self.office.work();
            let more = self.post_round(&mut aside).await?;
            let confirmed = self.confirm_round().await?;
            if more || confirmed {
                continue;
            }
            tokio::select! {
                woken = work.changed() => if woken.is_err() { return Ok(()) },
                () = tokio::time::sleep(UNKNOWN_FIRST) => {}
            }
        }
    }

    /// Posts the receipts that are due; whether there may be more.
    async fn post_round(&self, aside: &mut SetAside) -> Result<bool, SessionError> {
        let (relay, limit) = (self.relay.clone(), ROUND + aside.0.len());
        // What is read may not be durable yet, and a receipt must be before it leaves (I1).
        let posts: Vec<(DuePost, PostReceipt)> = self
            .office
            .settle_quietly(move |desk, _, _| {
                let mut posts = desk.posts_due(&relay, limit)?;
                // About in the order of their row: the fewer overtake others, the fewer holes does
                // the sender see meanwhile (PROTOCOL Q5).
                posts.sort_by_key(|(_, posted)| {
                    let receipt = &posted.receipt.statement;
                    (receipt.epoch, receipt.number)
                });
                Ok::<_, SessionError>((posts, desk.store().newest()))
            })
            .await?;
        let full = posts.len() == limit;
        let mut waiting = posts.into_iter();
        let mut under_way = JoinSet::new();
        let mut posted = Vec::new();
        loop {
            while under_way.len() < UNDER_WAY
                && let Some((post, receipt)) = waiting.next()
            {
                if !aside.holds(&post.receipt) {
                    under_way.spawn(self.share().post(post, receipt));
                }
            }
            let Some(ended) = under_way.join_next().await else {
                break;
            };
            let Ok((post, outcome)) = ended else { continue };
            let outcome = match outcome {
                Ok(()) => Ok(()),
                Err(TalkError::Refused(refusal)) => Err(refusal.code),
                Err(error) => {
                    self.note_posted(posted).await?;
                    return Err(error.into());
                }
            };
            if outcome == Err(RefusalCode::UnknownAlert) && aside.add(post.receipt) {
                continue;
            }
            aside.0.remove(&post.receipt);
            posted.push((post, outcome));
            let busy = outcome.is_err_and(passes);
            if busy || posted.len() >= NOTED_AT_ONCE {
                self.note_posted(std::mem::take(&mut posted)).await?;
            }
            if busy {
                // Those under way are posted again, and change nothing.
                tokio::time::sleep(BUSY).await;
                return Ok(true);
            }
        }
        self.note_posted(posted).await?;
        Ok(full)
    }

    async fn post(self, post: DuePost, receipt: PostReceipt) -> (DuePost, Result<(), TalkError>) {
        let outcome = self.talk.post(receipt).await;
        (post, outcome)
    }

    async fn note_posted(
        &self,
        posted: Vec<(DuePost, Result<(), RefusalCode>)>,
    ) -> Result<(), SessionError> {
        if posted.is_empty() {
            return Ok(());
        }
        for (post, outcome) in &posted {
            if let Err(code) = outcome {
                let receipt = post.receipt;
                tracing::warn!(relay = %self.relay, %receipt, %code, "receipt refused");
            }
        }
        let relay = self.relay.clone();
        self.office
            .settle(move |desk, _, _| {
                let mut settled = desk.store().newest();
                for (post, outcome) in posted {
                    settled = desk.posted(&relay, post, outcome)?;
                }
                Ok::<_, SessionError>(((), settled))
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

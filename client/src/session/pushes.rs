//! The collector: what a relay pushes goes to the desk, and is answered when it is durable.

use maille_common::address::Name;
use maille_common::codec::decode;
use maille_common::envelope::Delivery;
use maille_common::hash::Hash;
use maille_common::terms::Kind;
use maille_common::wire::{PUSH_BYTES_MAX, Push};
use maille_link::{CloseReason, PushStream, ReadError};
use tokio::task::JoinSet;

use super::turns::{Turn, Turns};
use super::{Session, SessionError, TalkError};
use crate::core::Collected;

impl Session {
    /// Takes pushes, each in a task of its own: an urgent one does not wait for a large one.
    pub(super) async fn serve_pushes(&self) -> Result<(), SessionError> {
        let mut tasks = JoinSet::new();
        let turns = Turns::new();
        loop {
            tokio::select! {
                push = self.talk.link().accept_push() => {
                    let (push, turn) = (push?, turns.next());
                    tasks.spawn(self.share().take_in_turn(push, turn));
                }
                Some(taken) = tasks.join_next() => {
                    if let Ok(taken) = taken { taken? }
                }
            }
        }
    }

    async fn take_in_turn(self, stream: PushStream, turn: Turn) -> Result<(), SessionError> {
        if self.take_push(stream, &turn).await? {
            turn.done();
        }
        Ok(())
    }

    /// Takes a push; `false` where it was not read.
    async fn take_push(&self, mut stream: PushStream, turn: &Turn) -> Result<bool, SessionError> {
        let bytes = match stream.read(PUSH_BYTES_MAX).await {
            Ok(bytes) => bytes,
            Err(ReadError::Closed(reason)) => return Err(reason.into()),
            // It is pushed again at the next connection.
            Err(error) => {
                tracing::warn!(relay = %self.relay, %error, "a push was not read");
                return Ok(false);
            }
        };
        let push: Push = decode(&bytes).map_err(|fault| {
            tracing::warn!(relay = %self.relay, %fault, "a push is malformed");
            SessionError::Closed(CloseReason::Protocol)
        })?;
        match push {
            Push::Delivery { number, delivery } => {
                // What a heartbeat speaks of was pushed before it, and is looked at first.
                let in_order =
                    delivery.env.core.kind != Kind::Heartbeat || turn.others_are_done().await;
                self.collect(number, *delivery, in_order).await
            }
            Push::Receipt {
                number,
                receipt,
                note,
            } => {
                self.take_mail(move |desk, relay, now| {
                    desk.receipt_came(relay, number, *receipt, note, now)
                })
                .await
            }
            Push::Notice { number, notice } => {
                self.take_mail(move |desk, relay, now| {
                    desk.notice_came(relay, number, *notice, now)
                })
                .await
            }
            Push::RosterNews { roster } => self.hear_of_roster(roster).await,
        }?;
        Ok(true)
    }

    async fn collect(
        &self,
        number: u64,
        delivery: Delivery,
        in_order: bool,
    ) -> Result<(), SessionError> {
        let roster: Hash = delivery.env.core.roster;
        let relay = self.relay.clone();
        let collected = self
            .office
            .settle(move |desk, now, _| {
                if !in_order {
                    desk.overtaken_over(&relay);
                }
                let collected = desk.collect(&relay, number, delivery, now)?;
                let settled = collected.settled();
                Ok::<_, SessionError>((collected, settled))
            })
            .await?;
        match collected {
            Collected::Held { .. } => self.resolve_roster(roster).await,
            Collected::Disbelieved { .. } => {
                tracing::warn!(relay = %self.relay, number, "a delivery is not believed");
                Ok(())
            }
            // Inbox and receipt are durable: now the receipt may leave.
            Collected::Stored { .. }
            | Collected::Repeated { .. }
            | Collected::Heartbeat { .. }
            | Collected::Reconciliation { .. }
            | Collected::Returned { .. } => {
                self.office.wake();
                Ok(())
            }
        }
    }

    async fn take_mail(
        &self,
        take: impl FnOnce(
            &mut crate::core::Desk,
            &Name,
            maille_common::time::Timestamp,
        ) -> Result<maille_durable::CommitNumber, crate::core::StepError>
        + Send
        + 'static,
    ) -> Result<(), SessionError> {
        let relay = self.relay.clone();
        self.office
            .settle(move |desk, now, _| Ok::<_, SessionError>(((), take(desk, &relay, now)?)))
            .await?;
        self.office.wake();
        Ok(())
    }
}

impl From<ReadError> for SessionError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Closed(reason) => Self::Closed(reason),
            other => Self::Talk(TalkError::Link(other.into())),
        }
    }
}

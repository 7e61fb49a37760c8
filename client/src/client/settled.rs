//! Waiting until this desk and its relays have told each other what they had to tell.

use std::time::Duration;

use maille_common::address::Name;
use maille_common::identifier::AlertId;
use maille_common::time::Timestamp;

use super::Client;
use crate::error::DeskError;
use crate::status::{Connection, RelayStatus, Standing, status};

/// How far desk and relay are with each other.
#[derive(PartialEq, Eq)]
enum Settled {
    /// Each has what the other had for it.
    Yes,
    /// Not now: the last attempt to reach the relay failed.
    Unreachable,
    /// Something is on its way.
    NotYet,
}

impl Client {
    /// Waits until every relay that matters was given what waits for it, and this desk has taken
    /// what waited for it there. `false` when the time is up, or a relay cannot be reached.
    ///
    /// For programs that open a home, do one thing and close it: what they leave behind is kept,
    /// and goes when the home is opened next.
    pub async fn settled(&self, timeout: Duration) -> bool {
        let settled = async {
            loop {
                let mut news = self.office().news();
                let Ok(found) = self.settled_now().await else {
                    return false;
                };
                if !found.contains(&Settled::NotYet) {
                    return !found.contains(&Settled::Unreachable);
                }
                if self.office().is_stopping() || news.changed().await.is_err() {
                    return false;
                }
            }
        };
        tokio::time::timeout(timeout, settled)
            .await
            .unwrap_or(false)
    }

    /// How many attachments of the inbox are not here yet.
    pub async fn attachments_missing(&self) -> Result<usize, DeskError> {
        Ok(self.attachments_now().await?.0)
    }

    /// Waits until the attachments of everything in the inbox are here, except those that no relay
    /// with which this desk is connected can give; how many are missing then, or when the time is
    /// up.
    ///
    /// [`Client::settled`] does not wait for them: words are never kept back by attachments.
    pub async fn attachments_settled(&self, timeout: Duration) -> Result<usize, DeskError> {
        let settled = async {
            loop {
                let mut news = self.office().news();
                let (missing, coming) = self.attachments_now().await?;
                if !coming || self.office().is_stopping() || news.changed().await.is_err() {
                    return Ok(missing);
                }
            }
        };
        match tokio::time::timeout(timeout, settled).await {
            Ok(settled) => settled,
            Err(_) => self.attachments_missing().await,
        }
    }

    /// How many attachments are not here, and whether any relay may be bringing some.
    async fn attachments_now(&self) -> Result<(usize, bool), DeskError> {
        let office = self.office();
        let (wanted, homes) = office
            .ask(|room, _| {
                let homes = room.desk.home_relays();
                Ok::<_, DeskError>((room.desk.attachments_wanted()?, homes))
            })
            .await?;
        let blobs = wanted.iter().flat_map(|(_, blobs)| blobs);
        let missing = blobs.filter(|blob| !office.received_blobs.is_whole(&blob.id));
        let standings: Vec<Standing> = homes
            .iter()
            .map(|relay| office.standings.of(relay))
            .collect();
        let gives = |standing: &Standing, alert: &AlertId| {
            matches!(standing.connection, Connection::Connected { .. })
                && !standing.not_given.contains(alert)
        };
        let coming = wanted
            .iter()
            .any(|(alert, _)| standings.iter().any(|standing| gives(standing, alert)));
        Ok((missing.count(), coming))
    }

    async fn settled_now(&self) -> Result<Vec<Settled>, DeskError> {
        let office = self.office();
        let relays = status(office).await?.relays;
        let names: Vec<Name> = relays.iter().map(|relay| relay.relay.clone()).collect();
        let (seen, now) = office
            .ask(move |room, now| {
                let seen = names.iter().map(|relay| room.desk.mailbox_seen(relay));
                let seen = seen.collect::<Result<Vec<_>, _>>();
                Ok::<_, DeskError>((seen?, now))
            })
            .await?;
        let one = |(relay, seen): (&RelayStatus, u64)| {
            let standing = office.standings.of(&relay.relay);
            settled_with(relay, &standing, seen, now)
        };
        Ok(relays.iter().zip(seen).map(one).collect())
    }
}

fn settled_with(relay: &RelayStatus, standing: &Standing, seen: u64, now: Timestamp) -> Settled {
    let connected = matches!(relay.connection, Connection::Connected { .. });
    let brought = !relay.posts_waiting && relay.next_submission.is_none_or(|due| due > now);
    let taken = !relay.home || (connected && seen >= standing.mailbox_at_greeting);
    if standing.asked_for_keys && brought && taken {
        Settled::Yes
    } else if relay.connection == Connection::Waiting {
        Settled::Unreachable
    } else {
        Settled::NotYet
    }
}

//! What is known of each relay's life, and what a greeting shows.

use maille_common::address::Name;
use maille_common::evidence::RelayTime;
use maille_common::identifier::{Epoch, Incarnation};
use maille_common::record::write_record;
use maille_common::roster::RosterHeads;
use maille_common::terms::Status;
use maille_common::time::Timestamp;
use maille_common::wire::{Hello, HelloAnswer, Seen};
use maille_durable::{Batch, CommitNumber};
use thiserror::Error;

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::incidents::IncidentKind;
use super::records::RelayRecord;
use super::tables;

/// Of a relay that this life of the store has not met yet.
const NOT_MET: Incarnation = Incarnation::from_bytes([0; 16]);

/// What a relay's answer to a hello means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The relay's signed clock.
    pub relay_time: Timestamp,
    /// The relay began a new incarnation: everything open goes there again.
    pub new_incarnation: bool,
    /// This device had been rolled back, and began a new epoch.
    pub rolled_back: bool,
    /// The relay heard of an earlier epoch than this: greet again. It was rolled back, or that was
    /// found at another relay while the hello was under way.
    pub again: bool,
    /// The relay's roster.
    pub roster: RosterHeads,
    /// What was changed holds when this is durable.
    pub settled: CommitNumber,
}

/// Why a relay's greeting is not believed; the connection is closed.
#[derive(Debug, Error)]
pub enum GreetError {
    /// The clock is not signed by this relay, or not for this connection.
    #[error("relay {0} did not prove its clock and incarnation")]
    NotProven(Name),
    /// The store.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl Desk {
    /// The highest number of this relay's mailbox that came here in its present life.
    pub fn mailbox_seen(&self, relay: &Name) -> Result<u64, StepError> {
        let known: Option<RelayRecord> = self.find(tables::RELAY, &tables::relay(relay))?;
        Ok(known.map_or(0, |known| known.mailbox))
    }

    /// The first request of a connection to `relay`.
    pub fn hello(&self, relay: &Name, challenge: [u8; 16]) -> Result<Hello, StepError> {
        let known: Option<RelayRecord> = self.find(tables::RELAY, &tables::relay(relay))?;
        Ok(Hello {
            versions: maille_common::codec::List::new(vec![1]).expect("one version fits"),
            device: self.identity.device,
            roster: self.roster.hash(),
            epoch: self.epoch,
            challenge,
            seen: known.map(|known| Seen {
                incarnation: known.incarnation,
                mailbox: known.mailbox,
                accepted: known.accepted,
            }),
        })
    }

    /// Takes the answer: proves the relay's clock, and notices a rollback on either side.
    pub fn greeted(
        &mut self,
        relay: &Name,
        challenge: &[u8; 16],
        answer: HelloAnswer,
        now: Timestamp,
    ) -> Result<Greeting, GreetError> {
        let not_proven = || GreetError::NotProven(relay.clone());
        let proven = answer.time.verify(&self.roster).map_err(|_| not_proven())?;
        let time: &RelayTime = proven.statement();
        if time.relay != *relay || time.challenge != *challenge {
            return Err(not_proven());
        }
        let key = tables::relay(relay);
        let known: Option<RelayRecord> =
            self.find(tables::RELAY, &key).map_err(GreetError::Step)?;
        let same = known.filter(|known| known.incarnation == time.incarnation);
        let again = answer.epoch < self.epoch;
        // What an earlier life had there proves nothing about this one.
        let shown_more = !again
            && (self.is_behind(relay, same, answer.accepted)?
                || self.has_forgotten_receipts(relay, answer.receipts)?);
        let mut greeting = Greeting {
            relay_time: time.time,
            new_incarnation: known.is_some_and(|known| known.incarnation != NOT_MET)
                && same.is_none(),
            rolled_back: answer.epoch > self.epoch || shown_more,
            again,
            roster: answer.roster,
            settled: self.store.newest(),
        };
        let record = RelayRecord {
            incarnation: time.incarnation,
            mailbox: same.map_or(0, |known| known.mailbox),
            accepted: same.map_or(answer.accepted, |known| known.accepted),
            time: known.map_or(time.time, |known| known.time.max(time.time)),
            bundle: same.map_or(0, |known| known.bundle),
        };
        let mut batch = Batch::new();
        if greeting.rolled_back {
            greeting.again = true;
            let epoch = Epoch((answer.epoch.0.max(self.epoch.0) + 1).max(now.unix_ms()));
            self.begin_epoch(epoch)?;
            self.begin_with_relays_anew(&mut batch, now)?;
            self.incident(&mut batch, IncidentKind::RolledBack, None, now)?;
        }
        let record = if greeting.rolled_back {
            RelayRecord {
                mailbox: 0,
                accepted: answer.accepted,
                ..record
            }
        } else {
            record
        };
        batch.put(tables::RELAY, &key, &write_record(&record));
        self.admitted_again(&mut batch, relay)?;
        if known.is_some() && same.is_none() {
            self.resubmit_all(&mut batch, relay, now)?;
            self.drop_heartbeats_before(&mut batch, relay, now)?;
            self.repost_all(&mut batch, relay)?;
            self.forward_again(&mut batch, relay)?;
            self.forget_confirms(&mut batch, relay)?;
        }
        if greeting.new_incarnation {
            let kind = EventKind::NewIncarnation {
                relay: relay.clone(),
            };
            self.event(&mut batch, kind, Status::Actual, now)?;
            self.bring_again(&mut batch, Some(relay), now)?;
        }
        self.listening.insert(relay.clone());
        if greeting.again {
            // What this connection brought before the next hello was meant for the lost life.
            self.overtaken_over(relay);
        }
        self.look_for_missing(&mut batch, now)?;
        greeting.settled = self.settle(batch)?;
        Ok(greeting)
    }

    /// This store is an old copy: what it knew of relays' lives would show so once more at each of
    /// them. And whoever is brought an envelope again says what was answered to it meanwhile.
    fn begin_with_relays_anew(&self, batch: &mut Batch, now: Timestamp) -> Result<(), StepError> {
        for relay in &self.roster.authority().relays {
            let key = tables::relay(&relay.name);
            if let Some(known) = self.find::<RelayRecord>(tables::RELAY, &key)? {
                let record = RelayRecord {
                    incarnation: NOT_MET,
                    mailbox: 0,
                    accepted: 0,
                    ..known
                };
                batch.put(tables::RELAY, &key, &write_record(&record));
            }
            self.resubmit_all(batch, &relay.name, now)?;
        }
        Ok(())
    }

    /// Whether the relay gave this device more answers than it holds or may still be waiting for:
    /// then its store is an old copy. Answers that were lost on the way belong to what is still
    /// pending.
    fn is_behind(
        &self,
        relay: &Name,
        known: Option<RelayRecord>,
        accepted: u64,
    ) -> Result<bool, StepError> {
        let Some(known) = known else { return Ok(false) };
        let missing = accepted.saturating_sub(known.accepted);
        Ok(missing > 0 && missing > self.answers_awaited(relay)?)
    }

    /// The newest time any relay has signed, by which the age of sealing keys is judged.
    pub fn relay_time(&self) -> Result<Option<Timestamp>, StepError> {
        let mut newest = None;
        for relay in &self.roster.authority().relays {
            let known: Option<RelayRecord> =
                self.find(tables::RELAY, &tables::relay(&relay.name))?;
            newest = newest.max(known.map(|known| known.time));
        }
        Ok(newest)
    }

    /// Whether this device's newest bundle has to be published at a relay.
    pub fn bundle_wanted(&self, relay: &Name) -> Result<bool, StepError> {
        let known: Option<RelayRecord> = self.find(tables::RELAY, &tables::relay(relay))?;
        Ok(known.is_none_or(|known| known.bundle < self.ring.number()))
    }

    /// The highest number of a bundle of this device that any relay took: one made now has to be
    /// higher (PROTOCOL K3). 0 where none was published. One that was fetched back is remembered
    /// when the relay that took it has lost its disk: others go by it still.
    pub fn newest_published(&self) -> Result<u64, StepError> {
        let fetched = self.bundle_of(&self.identity.device)?;
        let mut newest = fetched.map_or(0, |fetched| fetched.bundle.value().number);
        for relay in &self.roster.authority().relays {
            let known: Option<RelayRecord> =
                self.find(tables::RELAY, &tables::relay(&relay.name))?;
            newest = newest.max(known.map_or(0, |known| known.bundle));
        }
        Ok(newest)
    }

    /// This device's newest bundle stands at a relay.
    pub fn bundle_published(
        &mut self,
        relay: &Name,
        number: u64,
    ) -> Result<CommitNumber, StepError> {
        let key = tables::relay(relay);
        let mut batch = Batch::new();
        if let Some(mut known) = self.find::<RelayRecord>(tables::RELAY, &key)? {
            known.bundle = known.bundle.max(number);
            batch.put(tables::RELAY, &key, &write_record(&known));
        }
        self.settle(batch)
    }
}

//! For whom an alert is answered here: this contact itself, and those whose deputy it was asked as.
//!
//! A contact may be addressed and, when another recipient does not acknowledge, be asked in its
//! place as well. It is one alert, shown once; each obligation gets an answer of its own.

use maille_common::address::ContactAddress;
use maille_common::envelope::{Entry, OpenedAlert};
use maille_common::evidence::Deadlines;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{Release, Stage};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::inbox::is_answer;
use super::post::Stamp;
use super::records::{ActRecord, DeputyRecord, InboxRecord, KnownRecord};
use super::tables;

/// Somebody in whose place this contact was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose obligation it is.
    pub contact: ContactAddress,
    /// The highest stage this device signed for it.
    pub stage: Stage,
    /// Somebody answered for it.
    pub answered: bool,
}

/// An obligation that this device answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Whose it is.
    pub(super) recipient: ContactAddress,
    /// The highest stage signed for it.
    pub(super) stage: Stage,
    /// The envelope that brought it, whose terms count for it.
    pub(super) envelope: AlertId,
    /// When that came, by the wall's clock as it was then.
    pub(super) since: Timestamp,
    /// The same in counted time; none of the first one, which came with the alert.
    pub(super) began: Option<Timestamp>,
    ack_within: Span,
    expires_after: Span,
    /// It came beside another obligation of the same alert.
    further: bool,
}

impl Desk {
    /// The obligations that this device answers with an alert; none for a copy of what was sent.
    pub(super) fn capacities(
        &self,
        alert: &AlertId,
        record: &InboxRecord,
    ) -> Result<Vec<Capacity>, StepError> {
        let first = record.recipient.clone().map(|recipient| Capacity {
            recipient,
            stage: record.stage,
            envelope: record.envelope,
            since: record.received,
            began: None,
            ack_within: record.core.ack_within,
            expires_after: record.core.expires_after,
            further: false,
        });
        let mut capacities: Vec<Capacity> = first.into_iter().collect();
        let end = tables::after(alert.as_bytes());
        let scan = Scan::range(tables::DEPUTY_FOR, alert.as_bytes(), &end, usize::MAX);
        for (_, bytes) in self.store.scan(scan)? {
            let found: DeputyRecord = read_record(&bytes)?;
            capacities.push(Capacity {
                recipient: found.principal,
                stage: found.stage,
                envelope: found.envelope,
                since: found.since,
                began: Some(found.began),
                ack_within: found.ack_within,
                expires_after: found.expires_after,
                further: true,
            });
        }
        Ok(capacities)
    }

    /// Those in whose place this contact was asked.
    pub(super) fn principals(
        &self,
        alert: &AlertId,
        record: &InboxRecord,
    ) -> Result<Vec<Principal>, StepError> {
        let capacities = self.capacities(alert, record)?.into_iter();
        let me = &self.identity.contact;
        let asked = |capacity: &Capacity| {
            capacity.recipient != *me && (capacity.further || record.release == Release::After)
        };
        let principal = |capacity: Capacity| Principal {
            contact: capacity.recipient,
            stage: capacity.stage,
            answered: is_answer(capacity.stage),
        };
        Ok(capacities.filter(asked).map(principal).collect())
    }

    /// This contact is asked in another's place, or for itself where it was asked so before.
    /// `known`: the alert was here already.
    pub(super) fn note_principal(
        &self,
        batch: &mut Batch,
        opened: &OpenedAlert,
        known: Option<&InboxRecord>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let (alert, envelope) = (opened.id(), opened.envelope());
        let Some(principal) = envelope.recipient() else {
            return Ok(());
        };
        let is_asked = envelope.delivery().entry.is_for_deputy();
        // Whoever was asked in another's place first answers for itself as well.
        let was_asked = known.is_some_and(|known| known.release == Release::After);
        if !is_asked && !was_asked {
            return Ok(());
        }
        if let Some(known) = known {
            if known.recipient.as_ref() == Some(principal) {
                return Ok(());
            }
            let key = tables::deputy_for(&alert, principal);
            // A second envelope for it, over another relay or by addendum, asks nothing new (I5).
            if self
                .find::<DeputyRecord>(tables::DEPUTY_FOR, &key)?
                .is_some()
            {
                return Ok(());
            }
            let terms = envelope.core();
            let record = DeputyRecord {
                principal: principal.clone(),
                envelope: envelope.id(),
                since: now,
                began: self.counted(now),
                ack_within: terms.ack_within,
                expires_after: terms.expires_after,
                stage: Stage::Delivered,
            };
            batch.put(tables::DEPUTY_FOR, &key, &write_record(&record));
            self.note_owed(batch, &alert, terms, principal, now);
            self.look_for_answer(batch, &alert, now)?;
            if !is_asked {
                return self.tell_own_copy(batch, (&alert, known), principal, now);
            }
        }
        if !is_asked {
            return Ok(());
        }
        let kind = EventKind::AskedAsDeputy {
            alert,
            principal: principal.clone(),
        };
        self.event(batch, kind, opened.core().status, now)
    }

    /// What came in another's place before is owed by this contact itself as well: whatever was
    /// answered for the other, an officer hears of it when it comes, and not when it is overdue.
    fn tell_own_copy(
        &self,
        batch: &mut Batch,
        (alert, known): (&AlertId, &InboxRecord),
        me: &ContactAddress,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let standing = self.standing_here(alert, &known.core, me, &self.others(alert)?);
        if self.is_over(me, &standing) {
            return Ok(());
        }
        let kind = EventKind::Arrived {
            alert: *alert,
            kind: known.kind,
            from: known.core.sender.clone(),
        };
        self.event(batch, kind, known.core.status, now)
    }

    /// Notes what this device did about one obligation of an alert.
    pub(super) fn note_act(
        &self,
        batch: &mut Batch,
        (alert, capacity): (&AlertId, &Capacity),
        stage: Stage,
        receipt: Hash,
    ) -> Result<(), StepError> {
        let act = write_record(&ActRecord { receipt });
        let (table, key) = act_place(alert, capacity, stage);
        batch.put(table, &key, &act);
        if capacity.further {
            let key = tables::deputy_for(alert, &capacity.recipient);
            if let Some(mut record) = self.find::<DeputyRecord>(tables::DEPUTY_FOR, &key)? {
                record.stage = stage;
                batch.put(tables::DEPUTY_FOR, &key, &write_record(&record));
            }
        }
        Ok(())
    }

    /// The receipt already given for an act, if there is one.
    pub(super) fn act_noted(
        &self,
        alert: &AlertId,
        capacity: &Capacity,
        stage: Stage,
    ) -> Result<Option<ActRecord>, StepError> {
        let (table, key) = act_place(alert, capacity, stage);
        self.find(table, &key)
    }

    /// The receipts of what this device did with an alert, in one of the two tables of acts.
    pub(super) fn acts_in(
        &self,
        table: maille_durable::Table,
        alert: &AlertId,
    ) -> Result<Vec<Hash>, StepError> {
        let end = tables::after(alert.as_bytes());
        let range = Scan::range(table, alert.as_bytes(), &end, usize::MAX);
        let mut receipts = Vec::new();
        for (_, bytes) in self.store.scan(range)? {
            let ActRecord { receipt } = read_record(&bytes)?;
            receipts.push(receipt);
        }
        Ok(receipts)
    }

    /// The answer that was given to an entry of an envelope (PROTOCOL E2).
    pub(super) fn known(
        &self,
        envelope: &AlertId,
        entry: &Entry,
        recipient: Option<&ContactAddress>,
    ) -> Result<Option<KnownRecord>, StepError> {
        match (entry.is_for_deputy(), recipient) {
            (true, Some(principal)) => {
                let key = tables::deputy_for(envelope, principal);
                self.find(tables::KNOWN_AS_DEPUTY, &key)
            }
            _ => self.find(tables::KNOWN, envelope.as_bytes()),
        }
    }

    /// Keeps the answer that was given, for ever.
    pub(super) fn note_known(&self, batch: &mut Batch, stamp: &Stamp, receipt: Hash) {
        let known = write_record(&KnownRecord { receipt });
        if stamp.as_deputy {
            let key = tables::deputy_for(&stamp.envelope, &stamp.recipient);
            batch.put(tables::KNOWN_AS_DEPUTY, &key, &known);
        } else {
            batch.put(tables::KNOWN, stamp.envelope.as_bytes(), &known);
        }
    }
}

impl Capacity {
    /// Whether it came beside another obligation of the same alert.
    pub(super) fn is_further(&self) -> bool {
        self.further
    }

    /// When it has to be acknowledged, by the wall's clock.
    pub(super) fn ack_due(&self) -> Timestamp {
        self.since + self.ack_within
    }

    /// When it expires, by the wall's clock.
    pub(super) fn expires(&self) -> Timestamp {
        self.since + self.expires_after
    }

    /// The deadlines as they count for it, with the steps that come after it.
    pub(super) fn deadlines(&self, steps: Deadlines) -> Deadlines {
        Deadlines {
            ack_within: self.ack_within,
            expires_after: self.expires_after,
            ..steps
        }
    }

    /// When what is overdue at `due` began.
    pub(super) fn began_before(&self, due: Timestamp) -> Timestamp {
        due - self.ack_within
    }
}

fn act_place(
    alert: &AlertId,
    capacity: &Capacity,
    stage: Stage,
) -> (maille_durable::Table, Vec<u8>) {
    if capacity.further {
        let key = tables::act_for(alert, stage.code(), &capacity.recipient);
        (tables::ACT_FOR, key)
    } else {
        (tables::ACT, tables::act(alert, stage.code()))
    }
}

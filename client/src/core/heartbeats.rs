//! Heartbeats on their way out: whoever was written to hears once an hour which alert was the
//! newest, so that the last one cannot be withheld unnoticed (I4). Whoever is asked for a hole, is
//! answered about one, or is told of a fork hears it at once, and then in the same pauses.
//!
//! Each contact has an envelope of its own at each relay: the recipients of an envelope read of
//! each other, and nobody shall learn from a heartbeat whom else this desk wrote to. A heartbeat is
//! no obligation, so it stands in no outbox: at most one for each contact and relay is kept, until
//! the relay has answered, and the next one is made after that.

use std::collections::BTreeSet;
use std::slice;

use maille_common::address::{ContactAddress, Name};
use maille_common::codec::encode;
use maille_common::envelope::Addressee;
use maille_common::evidence::SignedAccepted;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::{read_record, write_record};
use maille_common::terms::Kind;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::hearers::Hearer;
use super::order::SendError;
use super::records::{HeartbeatRecord, OutboxRecord, SubmissionRecord};
use super::tables;
use super::unowed::Unowed;

/// How long a relay keeps a heartbeat for a device that does not come: the next ones say the same.
const KEPT_FOR: Span = Span::from_hours(6);

impl Desk {
    /// Seals the heartbeats that are due. Whether there are any, which relays have to be given.
    pub fn beat(
        &mut self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(CommitNumber, bool), SendError> {
        let mut batch = Batch::new();
        let (written, before) = self.written_to(tables::WRITTEN, now)?;
        for key in before {
            batch.delete(tables::WRITTEN, &key);
        }
        let asked = self.asked_now(&mut batch, now)?;
        self.send_again(&asked, now, random)?;
        let hearers = self.hearers(written, asked, now)?;
        let mut wanted = BTreeSet::new();
        let mut beats = false;
        for hearer in &hearers {
            let homes = self.roster.home_relay_names(&hearer.contact.organisation());
            let urgent = self.has_urgent(hearer, now)?;
            let mut said = false;
            for relay in homes.iter().take(2) {
                wanted.insert(tables::heartbeat(relay, &hearer.contact));
                said |= self.beat_once(&mut batch, relay, (hearer, urgent), now, random)?;
            }
            if said {
                self.note_said(&mut batch, hearer, now)?;
            }
            beats |= said;
        }
        self.drop_heartbeats(&mut batch, &wanted)?;
        Ok((self.settle_if_roomy(batch)?, beats))
    }

    /// Makes the heartbeat for one contact at one relay, if it is due or urgent, and the one before
    /// was answered.
    fn beat_once(
        &self,
        batch: &mut Batch,
        relay: &Name,
        (hearer, urgent): (&Hearer, bool),
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<bool, SendError> {
        let key = tables::heartbeat(relay, &hearer.contact);
        let known: Option<HeartbeatRecord> = self.find(tables::HEARTBEAT, &key)?;
        let counted = self.counted(now);
        let rests =
            |known: &HeartbeatRecord| known.pending.is_some() || (known.due > counted && !urgent);
        if known.as_ref().is_some_and(rests) {
            return Ok(false);
        }
        let pause = pause(random);
        let mut record = HeartbeatRecord {
            relay: relay.clone(),
            to: hearer.contact.clone(),
            due: counted + pause,
            pending: None,
            named: known.as_ref().map_or(Timestamp::EPOCH, |known| known.named),
        };
        // The first one comes when the alert itself has had its time.
        if known.is_some() || urgent {
            let addressees = self.addressees_of(relay, hearer, now)?;
            if !addressees.is_empty() {
                let times = (now, now + pause);
                if addressees.iter().any(|one| one.stream.is_some()) {
                    record.named = counted;
                }
                let id =
                    self.seal_heartbeat(batch, &record, (hearer, addressees), times, random)?;
                record.pending = Some(id);
            }
        }
        batch.put(tables::HEARTBEAT, &key, &write_record(&record));
        Ok(record.pending.is_some())
    }

    fn seal_heartbeat(
        &self,
        batch: &mut Batch,
        record: &HeartbeatRecord,
        (hearer, addressees): (&Hearer, Vec<Addressee>),
        (now, next_due): (Timestamp, Timestamp),
        random: &mut impl Randomness,
    ) -> Result<AlertId, SendError> {
        let entrusted = self.entrusted_to(&record.relay, &record.to, &addressees, now)?;
        let words = self.words_for(hearer, next_due)?;
        let heartbeat = words.entrusting(&entrusted);
        let unowed = Unowed {
            kind: Kind::Heartbeat,
            to: &record.to,
            kept_for: KEPT_FOR,
            content: &encode(&heartbeat),
            addressees,
        };
        self.seal_unowed(batch, unowed, slice::from_ref(&record.relay), now, random)
    }

    /// Whether an envelope is a heartbeat for a relay that has not answered it; its record then.
    pub(super) fn heartbeat_at(
        &self,
        relay: &Name,
        envelope: &AlertId,
    ) -> Result<Option<HeartbeatRecord>, StepError> {
        let key = envelope.as_bytes();
        // An alert is in the outbox, and is not read here: it may be long.
        if self
            .find_long::<OutboxRecord>(tables::OUTBOX, key)?
            .is_some()
        {
            return Ok(None);
        }
        let kept: Option<SubmissionRecord> = self.find_long(tables::SUBMISSION, key)?;
        let Some(kept) = kept else { return Ok(None) };
        let Some(to) = kept.submission.env.core.recipient(0) else {
            return Ok(None);
        };
        let record: Option<HeartbeatRecord> =
            self.find(tables::HEARTBEAT, &tables::heartbeat(relay, to))?;
        Ok(record.filter(|record| record.pending == Some(*envelope)))
    }

    /// A relay answered a heartbeat: whatever it said, the next one says more.
    pub(super) fn heartbeat_answered(
        &self,
        batch: &mut Batch,
        (record, envelope): (HeartbeatRecord, &AlertId),
        answers: Vec<SignedAccepted>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let relay = record.relay.clone();
        self.take_answers(batch, &relay, envelope, answers, now)?;
        self.end_heartbeat(batch, record, envelope)
    }

    /// A relay will not take a heartbeat as it is: another one is made after the pause.
    pub(super) fn heartbeat_refused(
        &self,
        batch: &mut Batch,
        (record, envelope): (HeartbeatRecord, &AlertId),
        wait: Span,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let due = self.counted(now) + wait;
        self.end_heartbeat(batch, HeartbeatRecord { due, ..record }, envelope)
    }

    fn end_heartbeat(
        &self,
        batch: &mut Batch,
        record: HeartbeatRecord,
        envelope: &AlertId,
    ) -> Result<(), StepError> {
        self.drop_envelope(batch, &record.relay, envelope)?;
        let key = tables::heartbeat(&record.relay, &record.to);
        let pending = None;
        let record = HeartbeatRecord { pending, ..record };
        batch.put(tables::HEARTBEAT, &key, &write_record(&record));
        Ok(())
    }

    /// An alert fell due that a recipient has not answered at all: unless a heartbeat has named it
    /// already, the next one does not wait for its pause, so that the recipient notices by then
    /// what a relay withholds (PROTOCOL G10).
    pub(super) fn beat_soon(
        &self,
        batch: &mut Batch,
        to: &ContactAddress,
        (committed, counted): (Timestamp, Timestamp),
    ) -> Result<(), StepError> {
        let homes = self.roster.home_relay_names(&to.organisation());
        for relay in homes.iter().take(2) {
            let key = tables::heartbeat(relay, to);
            let known: Option<HeartbeatRecord> = self.find(tables::HEARTBEAT, &key)?;
            let is_soon = |known: &HeartbeatRecord| known.due <= counted || committed < known.named;
            if known.as_ref().is_some_and(is_soon) {
                continue;
            }
            let record = HeartbeatRecord {
                relay: relay.clone(),
                to: to.clone(),
                due: counted,
                pending: known.as_ref().and_then(|known| known.pending),
                named: known.map_or(Timestamp::EPOCH, |known| known.named),
            };
            batch.put(tables::HEARTBEAT, &key, &write_record(&record));
        }
        Ok(())
    }

    /// A relay began another life: what was said to the one before, of what that had, is not said
    /// to this one, which is given everything first.
    pub(super) fn drop_heartbeats_before(
        &self,
        batch: &mut Batch,
        relay: &Name,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let from = tables::relay(relay);
        for key in self.keys_of(tables::HEARTBEAT, &from)? {
            let Some(record) = self.find::<HeartbeatRecord>(tables::HEARTBEAT, &key)? else {
                continue;
            };
            let Some(envelope) = record.pending else {
                continue;
            };
            self.drop_envelope(batch, relay, &envelope)?;
            let (pending, due) = (None, self.counted(now));
            let record = HeartbeatRecord {
                pending,
                due,
                ..record
            };
            batch.put(tables::HEARTBEAT, &key, &write_record(&record));
        }
        Ok(())
    }

    /// Forgets the heartbeats for whom nobody writes to any more. One that a relay may have is kept
    /// until it has answered, because its answer counts (PROTOCOL section 8, `accepted`).
    fn drop_heartbeats(
        &self,
        batch: &mut Batch,
        wanted: &BTreeSet<Vec<u8>>,
    ) -> Result<(), StepError> {
        let rows = self
            .store
            .scan(Scan::table(tables::HEARTBEAT, usize::MAX))?;
        for (key, bytes) in rows {
            if wanted.contains(&key) {
                continue;
            }
            let record: HeartbeatRecord = read_record(&bytes)?;
            let relays = &self.roster.authority().relays;
            let is_there = relays.iter().any(|relay| relay.name == record.relay);
            match record.pending {
                Some(_) if is_there => continue,
                Some(envelope) => self.drop_envelope(batch, &record.relay, &envelope)?,
                None => {}
            }
            batch.delete(tables::HEARTBEAT, &key);
        }
        Ok(())
    }

    fn drop_envelope(
        &self,
        batch: &mut Batch,
        relay: &Name,
        envelope: &AlertId,
    ) -> Result<(), StepError> {
        batch.delete_pieces(tables::SUBMISSION, envelope.as_bytes());
        self.drop_target(batch, relay, envelope)
    }
}

/// An hour, 10 % more or less.
fn pause(random: &mut impl Randomness) -> Span {
    let (least, most) = limits::HEARTBEAT_MS.into_inner();
    let drawn = u64::from_le_bytes(random.array());
    Span::from_ms(least + drawn % (most - least + 1))
}

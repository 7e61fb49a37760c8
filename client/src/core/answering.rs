//! Whoever misses numbers of this desk gets the alerts again, or hears what became of them
//! (PROTOCOL G3, G4).
//!
//! A relay that kept an alert back knows its id, and would answer the same bytes as it did. So an
//! alert that is asked for goes by an addendum of its own, which carries the number in its wrap.
//! Whoever asks over and over gets it once in a pause between heartbeats.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::content::{GapAnswer, Missing};
use maille_common::envelope::{Addressee, OutgoingStream, Sealed, StreamPosition};
use maille_common::evidence::ObligationState;
use maille_common::identifier::{AlertId, Epoch};
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{AcceptReason, GapEnd, Outcome, Release};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::incidents::IncidentKind;
use super::order::SendError;
use super::records::{AskedRecord, GivenRecord, OutboxRecord, SubmissionRecord};
use super::retention::is_no_key;
use super::tables;

/// From one asking to the next, and so from one answer to the next: the shortest pause between
/// heartbeats.
const PAUSE: Span = Span::from_ms(*limits::HEARTBEAT_MS.start());

/// How long it is remembered that a device asked for what is not known here: that is one incident,
/// however often it asks.
const UNKNOWN_FOR: Span = Span::from_days(1);

/// Numbers that a device asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) device: DeviceId,
    epoch: Epoch,
    from: u64,
    pub(super) record: AskedRecord,
}

impl Asked {
    fn key(&self) -> Vec<u8> {
        tables::given(&self.device, self.epoch, self.from)
    }
}

/// Keeps which alert has which number of the streams it was numbered in.
pub(super) fn note_given(batch: &mut Batch, sealed: &Sealed) {
    for (device, stream) in &sealed.streams {
        let position = stream.newest();
        let record = GivenRecord {
            alert: sealed.id,
            chain: position.chain,
            again: None,
        };
        let key = tables::given(device, position.epoch, position.number);
        batch.put(tables::GIVEN, &key, &write_record(&record));
    }
}

impl Desk {
    /// A device misses numbers of this desk: they are answered with the next heartbeat, which is
    /// made at once.
    pub(super) fn hear_missing(
        &self,
        device: &DeviceId,
        missing: &Missing,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let counted = self.counted(now);
        let of_device = self.asked_by(device)?;
        let live = |asked: &&Asked| counted.since(asked.record.since) < PAUSE;
        let place = (missing.epoch, missing.from);
        let mut known = of_device.iter().filter(live);
        let is_answered = known.any(|asked| (asked.epoch, asked.from) == place);
        if is_answered || of_device.iter().filter(live).count() >= limits::MISSING_MAX {
            return Ok(());
        }
        let asked = Asked {
            device: *device,
            epoch: missing.epoch,
            from: missing.from,
            record: AskedRecord {
                to: missing.to,
                since: counted,
                told: false,
                unknown: false,
            },
        };
        let unknown = self
            .resolve(&asked, limits::GAP_ANSWERS_MAX)?
            .into_iter()
            .find(|(_, _, given)| given.is_none());
        let told_before = of_device.iter().any(|asked| asked.record.unknown);
        let mut batch = Batch::new();
        let record = AskedRecord {
            unknown: unknown.is_some(),
            ..asked.record
        };
        batch.put(tables::ASKED, &asked.key(), &write_record(&record));
        if let (Some((from, to, _)), false) = (unknown, told_before) {
            let device = *device;
            let kind = IncidentKind::AskedUnknown { device, from, to };
            self.incident(&mut batch, kind, None, now)?;
        }
        self.settle(batch)?;
        Ok(())
    }

    /// A device of a recipient left while an alert was under way, so that no relay can take the
    /// envelope for that recipient (PROTOCOL E8). The others get it as if they had asked for it.
    pub(super) fn send_to_those_left(
        &self,
        batch: &mut Batch,
        (alert, record): (&AlertId, &OutboxRecord),
        recipient: &ContactAddress,
        now: Timestamp,
    ) -> Result<(), StepError> {
        for device in self.roster.devices_of(recipient) {
            if self.served_by(record, &device).as_ref() != Some(recipient) {
                continue;
            }
            let first = tables::given(&device, self.epoch, 0);
            let end = tables::after(&tables::stream_in(&device, self.epoch));
            let newest_first = Scan::range(tables::GIVEN, &first, &end, usize::MAX).descending();
            for (key, bytes) in self.store.scan(newest_first)? {
                let given: GivenRecord = read_record(&bytes)?;
                if given.alert != *alert {
                    continue;
                }
                let asked = AskedRecord {
                    to: tables::number_at_end(&key).unwrap_or_default(),
                    since: self.counted(now),
                    told: true,
                    unknown: false,
                };
                batch.put(tables::ASKED, &key, &write_record(&asked));
                break;
            }
        }
        Ok(())
    }

    /// What is being answered now; what was answered for long enough is forgotten.
    pub(super) fn asked_now(
        &self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<Vec<Asked>, StepError> {
        let counted = self.counted(now);
        let mut live = Vec::new();
        for asked in self.asked_by_key(Scan::table(tables::ASKED, usize::MAX))? {
            let age = counted.since(asked.record.since);
            if age < PAUSE {
                live.push(asked);
            } else if !asked.record.unknown || age >= UNKNOWN_FOR {
                batch.delete(tables::ASKED, &asked.key());
            }
        }
        // Those whose answer was in no heartbeat yet first.
        live.sort_by_key(|asked| asked.record.told);
        Ok(live)
    }

    /// Sends again what is asked for, held, and was not sent again within the pause.
    pub(super) fn send_again(
        &mut self,
        asked: &[Asked],
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), SendError> {
        for asked in asked {
            for (number, _, given) in self.resolve(asked, limits::GAP_ANSWERS_MAX)? {
                let Some(given) = given else { continue };
                let counted = self.counted(now);
                let is_recent = |again| counted.since(again) < PAUSE;
                let (_, _, again) = self.end_for(&given.alert, &asked.device)?;
                if Check::G3.stands() && again && !given.again.is_some_and(is_recent) {
                    let position = StreamPosition {
                        epoch: asked.epoch,
                        number,
                        chain: given.chain,
                    };
                    self.send_one_again(&asked.device, position, given, now, random)?;
                }
            }
        }
        Ok(())
    }

    fn send_one_again(
        &self,
        device: &DeviceId,
        position: StreamPosition,
        given: GivenRecord,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), SendError> {
        let alert = given.alert;
        let (held, extendable) = (self.held_for_again(&alert)?, self.extendable(&alert)?);
        let (Some(record), Some(extendable)) = (held, extendable) else {
            return Ok(());
        };
        let Some(recipient) = self.served_by(&record, device) else {
            return Ok(());
        };
        let to = BTreeSet::from([recipient.clone()]);
        let core = self.addendum_core(&alert, &record.core, to, now);
        let addressee = self.addressee(device, Release::Now, 0, now)?;
        let Some((addressee, _)) = addressee else {
            return Ok(());
        };
        let addressee = Addressee {
            stream: Some(OutgoingStream::at(position)),
            ..addressee
        };
        let mut batch = Batch::new();
        let parts = (core, vec![addressee]);
        self.seal_extension(&mut batch, extendable, parts, now, random)?;
        if given.again.is_none() {
            let kind = EventKind::SentAgain {
                alert,
                device: *device,
                contact: recipient,
            };
            self.event(&mut batch, kind, record.core.status, now)?;
        }
        let given = GivenRecord {
            again: Some(self.counted(now)),
            ..given
        };
        let key = tables::given(device, position.epoch, position.number);
        batch.put(tables::GIVEN, &key, &write_record(&given));
        self.settle_if_roomy(batch)?;
        Ok(())
    }

    /// What a heartbeat answers (PROTOCOL G3, G4), and the askings that it answers so; as much as
    /// fits into one.
    pub(super) fn answers_to(
        &self,
        asked: &[Asked],
    ) -> Result<(Vec<GapAnswer>, Vec<Asked>), StepError> {
        let (mut answers, mut answered) = (Vec::new(), Vec::new());
        for asked in asked {
            let room = limits::GAP_ANSWERS_MAX - answers.len();
            if room == 0 {
                break;
            }
            for (from, to, given) in self.resolve(asked, room)? {
                let (alert, end, again) = match given {
                    Some(given) => self.end_for(&given.alert, &asked.device)?,
                    None => (AlertId::NONE, GapEnd::Unknown, false),
                };
                answers.push(GapAnswer {
                    device: asked.device,
                    epoch: asked.epoch,
                    from,
                    to,
                    alert,
                    end,
                    again,
                });
            }
            answered.push(*asked);
        }
        Ok((answers, answered))
    }

    /// A heartbeat answers these.
    pub(super) fn note_answered(&self, batch: &mut Batch, answered: &[Asked]) {
        for asked in answered.iter().filter(|asked| !asked.record.told) {
            let record = AskedRecord {
                told: true,
                ..asked.record
            };
            batch.put(tables::ASKED, &asked.key(), &write_record(&record));
        }
    }

    /// The numbers asked for, ascending: each known one by itself, and the unknown ones between
    /// them together; at most `limit` of them, the rest is asked for again.
    fn resolve(
        &self,
        asked: &Asked,
        limit: usize,
    ) -> Result<Vec<(u64, u64, Option<GivenRecord>)>, StepError> {
        let (device, epoch) = (&asked.device, asked.epoch);
        let from = tables::given(device, epoch, asked.from);
        let end = tables::after(&tables::given(device, epoch, asked.record.to));
        let rows = self
            .store
            .scan(Scan::range(tables::GIVEN, &from, &end, limit))?;
        let more = rows.len() == limit;
        let (mut resolved, mut next) = (Vec::new(), asked.from);
        for (key, bytes) in rows {
            let number = tables::number_at_end(&key).unwrap_or_default();
            if Check::G4.stands() && next < number {
                resolved.push((next, number - 1, None));
            }
            resolved.push((number, number, Some(read_record(&bytes)?)));
            next = number.saturating_add(1);
        }
        if Check::G4.stands() && !more && next <= asked.record.to {
            resolved.push((next, asked.record.to, None));
        }
        resolved.truncate(limit);
        Ok(resolved)
    }

    /// Where an alert stands with the contact of the device that asks, and whether it comes again.
    /// What is open and has not left comes as it is, and not again.
    fn end_for(
        &self,
        alert: &AlertId,
        device: &DeviceId,
    ) -> Result<(AlertId, GapEnd, bool), StepError> {
        let again = self.held_for_again(alert)?;
        let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
        let contact = sent.and_then(|sent| self.served_by(&sent, device));
        let states = self.states_of(alert)?;
        let state = contact
            .as_ref()
            .and_then(|contact| states.get(contact).copied());
        let end = match state {
            None | Some(ObligationState::Open) => GapEnd::Open,
            Some(ObligationState::Expired) => GapEnd::Expired,
            Some(ObligationState::Cancelled) => GapEnd::Cancelled,
            Some(ObligationState::Refused) => GapEnd::Refused,
            Some(ObligationState::Acknowledged) => GapEnd::Acknowledged,
        };
        let waits = match contact {
            Some(contact) if end == GapEnd::Open => !self.has_left(alert, &contact)?,
            _ => false,
        };
        Ok((*alert, end, again.is_some() && !waits))
    }

    /// Whether a relay has an alert for a recipient, or will never take it as it is.
    fn has_left(&self, alert: &AlertId, recipient: &ContactAddress) -> Result<bool, StepError> {
        let answers = self.accepted_by(alert, recipient)?;
        let mut answers = answers.iter().map(|answer| &answer.statement);
        Ok(answers.any(|answer| {
            answer.outcome == Outcome::Accepted || answer.reason == AcceptReason::DeviceNotOfContact
        }))
    }

    /// The outbox entry of an alert whose wraps can be made anew.
    fn held_for_again(&self, alert: &AlertId) -> Result<Option<OutboxRecord>, StepError> {
        let key = alert.as_bytes();
        let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, key)?;
        let kept: Option<SubmissionRecord> = self.find_long(tables::SUBMISSION, key)?;
        Ok(sent.filter(|sent| kept.is_some() && !is_no_key(&sent.content_key)))
    }

    /// The recipient for whom a device was addressed.
    fn served_by(&self, sent: &OutboxRecord, device: &DeviceId) -> Option<ContactAddress> {
        let mut addressed = sent.addressed.iter();
        let place =
            addressed.find(|(one, _, release, _)| (one, *release) == (device, Release::Now))?;
        sent.core.recipient(place.1).cloned()
    }

    fn asked_by(&self, device: &DeviceId) -> Result<Vec<Asked>, StepError> {
        let from = device.as_bytes();
        let end = tables::after(from);
        self.asked_by_key(Scan::range(tables::ASKED, from, &end, usize::MAX))
    }

    fn asked_by_key(&self, scan: Scan<'_>) -> Result<Vec<Asked>, StepError> {
        let mut all = Vec::new();
        for (key, bytes) in self.store.scan(scan)? {
            if let Some((device, epoch, from)) = tables::given_of(&key) {
                let record = read_record(&bytes)?;
                all.push(Asked {
                    device,
                    epoch,
                    from,
                    record,
                });
            }
        }
        Ok(all)
    }
}

//! A delivery comes in: judged, opened, and committed together with the receipt that confirms it.

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::check::Check;
use maille_common::codec::Exact;
use maille_common::content::Alert;
use maille_common::envelope::{
    Content, Core, Delivery, OpenedAlert, SealedEnvelope, VerifiedEnvelope, VerifyFault,
};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::roster::{Knowledge, Roster};
use maille_common::terms::{Kind, PartRole, Reason, Release, Stage, Status};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};
use std::sync::Arc;

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::incidents::{IncidentKind, words};
use super::post::Stamp;
use super::records::{DeliveryRecord, HeldRecord, InboxRecord};
use super::tables;

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collected {
    /// It stands in the inbox, and its receipt is ready to be posted.
    Stored {
        /// The alert.
        alert: AlertId,
        /// Inbox and receipt hold when this is durable.
        settled: CommitNumber,
    },
    /// It had been answered before; the same receipt goes again (I5).
    Repeated {
        /// The receipt holds when this is durable.
        settled: CommitNumber,
    },
    /// It could not be taken, and a signed reason is ready to be posted (I7).
    Returned {
        /// Why.
        reason: Reason,
        /// The answer holds when this is durable.
        settled: CommitNumber,
    },
    /// It is kept until its roster is known (PROTOCOL R11).
    Held {
        /// It is kept when this is durable.
        settled: CommitNumber,
    },
    /// It is a heartbeat, which is confirmed and not answered.
    Heartbeat {
        /// What it said holds when this is durable.
        settled: CommitNumber,
    },
    /// It is a letter of a reconciliation, which is confirmed, and answered by the keeper.
    Reconciliation {
        /// It is kept when this is durable.
        settled: CommitNumber,
    },
    /// It is not believed, and nobody is answered: nothing proves that its sender wrote it so.
    Disbelieved {
        /// The incident is kept when this is durable.
        settled: CommitNumber,
    },
}

impl Collected {
    /// What has to be durable before the relay hears of it.
    pub fn settled(&self) -> CommitNumber {
        match self {
            Self::Stored { settled, .. }
            | Self::Repeated { settled }
            | Self::Returned { settled, .. }
            | Self::Held { settled }
            | Self::Heartbeat { settled }
            | Self::Reconciliation { settled }
            | Self::Disbelieved { settled } => *settled,
        }
    }
}

impl Desk {
    /// Takes a delivery from a relay's push.
    pub fn collect(
        &mut self,
        relay: &Name,
        number: u64,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<Collected, StepError> {
        let mut batch = Batch::new();
        self.count_mail(&mut batch, relay, number)?;
        self.judge(batch, relay, number, delivery, (now, None))
    }

    /// Judges what was held, after another roster came, or when it has waited too long.
    pub fn judge_held(&mut self, now: Timestamp) -> Result<CommitNumber, StepError> {
        for (key, record) in self.held()? {
            let waited = now.since(record.since).ms() >= limits::ROSTER_UNKNOWN_MS;
            let known = self.roster.knows(&record.delivery.env.core.roster);
            if known == Knowledge::Unknown && !waited {
                continue;
            }
            let mut batch = Batch::new();
            if known == Knowledge::Unknown {
                self.relay_explains_nothing(&mut batch, &record.relay, now)?;
            }
            self.judge_waiting(batch, (&key, record), now)?;
        }
        Ok(self.store.newest())
    }

    /// Judges what was held for a roster that contradicts the one in use here: no document ever
    /// joins the two, and nothing is waited for (PROTOCOL R11).
    pub fn judge_forked(
        &mut self,
        roster: &Hash,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        for (key, record) in self.held()? {
            if record.delivery.env.core.roster != *roster {
                continue;
            }
            let mut batch = Batch::new();
            let sender = &record.delivery.env.core.sender;
            let fault = words(&format_args!(
                "{sender} uses a roster that contradicts ours"
            ));
            self.incident(&mut batch, IncidentKind::Roster { fault }, None, now)?;
            self.judge_waiting(batch, (&key, record), now)?;
        }
        Ok(self.store.newest())
    }

    /// What waits for its roster to be known, and its keys.
    fn held(&self) -> Result<Vec<(Vec<u8>, HeldRecord)>, StepError> {
        let mut held = Vec::new();
        let rows = self.store.scan(Scan::table(tables::HELD, usize::MAX))?;
        for (key, _) in rows {
            // The keys of pieces end with the number of the piece.
            let Some((key, [0, 0, 0, 0])) = key.split_last_chunk::<4>() else {
                continue;
            };
            let record = self.need_long::<HeldRecord>(tables::HELD, key)?;
            held.push((key.to_vec(), record));
        }
        Ok(held)
    }

    /// Judges one that waits, which waits no more.
    fn judge_waiting(
        &mut self,
        mut batch: Batch,
        (key, record): (&[u8], HeldRecord),
        now: Timestamp,
    ) -> Result<(), StepError> {
        batch.urgent().delete_pieces(tables::HELD, key);
        let (relay, number) = (record.relay, record.number);
        let at = (now, Some(record.since));
        self.judge(batch, &relay, number, record.delivery, at)?;
        Ok(())
    }

    /// Uses another roster from now on, and looks again at everything that depends on it.
    pub fn replace_roster(
        &mut self,
        roster: Arc<Roster>,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let same = roster.hash() == self.roster.hash();
        self.roster = roster;
        if same {
            // It may have learned which other rosters it descends from.
            return self.judge_held(now);
        }
        self.look_with_new_roster(now)?;
        let mut batch = Batch::new();
        let number = self.roster.authority().number;
        self.event(
            &mut batch,
            EventKind::Roster { number },
            Status::Actual,
            now,
        )?;
        self.keep_heads(&mut batch)?;
        self.settle(batch)?;
        self.judge_held(now)
    }

    /// Looks at everything sent that depends on the roster. Its heads are kept behind that, so that
    /// a desk which was stopped in between looks when it is opened.
    pub(super) fn look_with_new_roster(&self, now: Timestamp) -> Result<(), StepError> {
        self.forget_void_bundles(now)?;
        self.look_for_new_devices(now)?;
        self.look_for_new_homes(now)?;
        self.post_to_new_homes(now)
    }

    fn judge(
        &mut self,
        mut batch: Batch,
        relay: &Name,
        number: u64,
        delivery: Delivery,
        (now, held_since): (Timestamp, Option<Timestamp>),
    ) -> Result<Collected, StepError> {
        let sealed = match SealedEnvelope::new(delivery) {
            Ok(sealed) => sealed,
            Err(fault) => return self.disbelieve(batch, relay, ("E3", &fault), None, now),
        };
        let entry = &sealed.delivery().entry;
        let recipient = sealed.core().recipient(entry.recipient);
        let known = self.known(&sealed.id(), entry, recipient)?;
        if let Some(known) = known.filter(|_| Check::E2.stands()) {
            let alert = self.stamp_of(&sealed).alert;
            let mut given = vec![known.receipt];
            // A relay that lost its disk has lost what was done here as well.
            for table in [tables::ACT, tables::ACT_FOR] {
                given.extend(self.acts_in(table, &alert)?);
            }
            self.post_all_again(&mut batch, relay, &given)?;
            return Ok(Collected::Repeated {
                settled: self.settle(batch)?,
            });
        }
        let roster_known = self.roster.knows(&sealed.core().roster) != Knowledge::Unknown;
        if Check::R11.refuses(!roster_known) && held_since.is_none() {
            let record = HeldRecord {
                delivery: sealed.delivery().clone(),
                relay: relay.clone(),
                number,
                since: now,
            };
            let bytes = write_record(&record);
            batch.put_pieces(tables::HELD, &tables::held(&sealed.id(), relay), &bytes);
            return Ok(Collected::Held {
                settled: self.settle(batch)?,
            });
        }
        let stamp = self.stamp_of(&sealed);
        let roster = Arc::clone(&self.roster);
        let kind = sealed.core().kind;
        if !kind.carries_obligation() {
            let verified = sealed.verify(&roster, &self.identity.device, now);
            // One that was held comes again, and is confirmed under the number it has then.
            let number = held_since.is_none().then_some(number);
            return match kind {
                Kind::Reconciliation => self.take_letter(batch, (relay, number), verified, now),
                _ => self.take_heartbeat(batch, (relay, number), verified, now),
            };
        }
        let unread = numbered_by(sealed.delivery());
        match sealed.verify(&roster, &self.identity.device, now) {
            Ok(verified) => self.open_verified(batch, relay, verified, now),
            Err(fault) if fault.is_answerable() => {
                self.note_unread(&mut batch, unread)?;
                self.give_back(batch, relay, &stamp, Reason::NotAllowed, &fault, now)
            }
            Err(fault) => {
                let alert = fault.is_signed().then_some(stamp.alert);
                self.disbelieve(batch, relay, (fault.check(), &fault), alert, now)
            }
        }
    }

    /// A heartbeat: it is heard, and confirmed, and nobody is answered. One that cannot be opened
    /// is passed over: the next one comes in an hour, and alerts to the same key are answered.
    fn take_heartbeat(
        &mut self,
        mut batch: Batch,
        (relay, number): (&Name, Option<u64>),
        verified: Result<VerifiedEnvelope, VerifyFault>,
        now: Timestamp,
    ) -> Result<Collected, StepError> {
        let opened = match self.open_or_pass_over(verified) {
            Ok(opened) => opened,
            Err(fault) => return self.disbelieve(batch, relay, (fault.check(), &fault), None, now),
        };
        if let Some(opened) = &opened {
            self.hear_of_gaps(opened, now)?;
            self.hear(&mut batch, opened, now)?;
            self.follow_stream(&mut batch, opened, now)?;
        }
        if let Some(number) = number {
            if let Some(opened) = &opened {
                self.settle(batch)?;
                self.hear_of_entrusted(relay, opened, now)?;
                batch = Batch::new();
            }
            batch.put(tables::CONFIRM, &tables::confirm(relay, number), &[]);
        }
        Ok(Collected::Heartbeat {
            settled: self.settle(batch)?,
        })
    }

    /// Opens what carries no obligation; none where it cannot be opened, and is passed over.
    pub(super) fn open_or_pass_over(
        &self,
        verified: Result<VerifiedEnvelope, VerifyFault>,
    ) -> Result<Option<OpenedAlert>, VerifyFault> {
        let verified = match verified {
            Ok(verified) => verified,
            Err(fault) if fault.is_answerable() => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let key = self.ring.secret(&verified.delivery().entry.key);
        Ok(verified.open(key).ok())
    }

    fn open_verified(
        &mut self,
        mut batch: Batch,
        relay: &Name,
        verified: VerifiedEnvelope,
        now: Timestamp,
    ) -> Result<Collected, StepError> {
        let stamp = self.stamp_of_verified(&verified);
        let unread = numbered_by(verified.delivery());
        if let Some(fault) = self.wrong_reference(&verified)? {
            self.note_unread(&mut batch, unread)?;
            return self.give_back(batch, relay, &stamp, Reason::NotAllowed, &fault, now);
        }
        let key = self.ring.secret(&verified.delivery().entry.key);
        match verified.open(key) {
            Ok(opened) => self.store_opened(batch, relay, &opened, &stamp, now),
            Err(fault) if !fault.check().stands() => {
                let number = fault.check().as_str();
                self.disbelieve(batch, relay, (number, &fault), Some(stamp.alert), now)
            }
            Err(fault) => {
                self.note_unread(&mut batch, unread)?;
                self.give_back(batch, relay, &stamp, fault.reason(), &fault, now)
            }
        }
    }

    /// E17: an update or cancel is by the contact that sent what it is about. What it is about may
    /// still be on its way, which refuses nothing.
    fn wrong_reference(
        &self,
        verified: &VerifiedEnvelope,
    ) -> Result<Option<VerifyFault>, StepError> {
        let core = verified.core();
        if !matches!(core.kind, Kind::Update | Kind::Cancel) {
            return Ok(None);
        }
        let sender = match core.refers_to() {
            Some(alert) => self.sender_of(&alert)?,
            None => None,
        };
        let other = sender.is_some_and(|sender| sender != core.sender);
        Ok(Check::E17
            .refuses(other)
            .then_some(VerifyFault::OtherSender))
    }

    fn store_opened(
        &mut self,
        mut batch: Batch,
        relay: &Name,
        opened: &OpenedAlert,
        stamp: &Stamp,
        now: Timestamp,
    ) -> Result<Collected, StepError> {
        let alert = opened.id();
        self.hear(&mut batch, opened, now)?;
        self.follow_stream(&mut batch, opened, now)?;
        if let Content::Alert(content) = opened.content() {
            self.store_alert(&mut batch, opened, content, now)?;
        }
        let delivered = (Stage::Delivered, Reason::None);
        let receipt = self.make_receipt(&mut batch, stamp, delivered, None, now)?;
        self.post(&mut batch, relay, stamp, &receipt)?;
        self.note_known(&mut batch, stamp, receipt);
        self.settle(batch)?;
        self.take_early(&alert, now)?;
        Ok(Collected::Stored {
            alert,
            settled: self.store.newest(),
        })
    }

    fn store_alert(
        &self,
        batch: &mut Batch,
        opened: &OpenedAlert,
        content: &Alert,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let alert = opened.id();
        if *opened.sender() == self.identity.contact {
            self.note_extension(batch, opened, now)?;
            self.note_stand_in(batch, opened)?;
        }
        if let Some(known) = self.inbox_record(&alert)? {
            self.note_given(batch, opened);
            return self.note_principal(batch, opened, Some(&known), now);
        }
        let envelope = opened.envelope();
        if self.is_sent_here(&alert)? {
            return Ok(());
        }
        let blobs = content
            .parts
            .iter()
            .filter(|part| part.role == PartRole::Attachment)
            .count();
        let record = InboxRecord {
            envelope: envelope.id(),
            core: Exact::of(core_here(opened)).expect("this core came in an envelope"),
            kind: opened.core().kind,
            recipient: envelope.recipient().cloned(),
            release: match envelope.delivery().entry.is_for_deputy() {
                true => Release::After,
                false => envelope.delivery().entry.release,
            },
            received: now,
            content_key: opened.content_key().duplicate(),
            stage: Stage::Delivered,
            shown: false,
            late_roster: !self.roster.designated(opened.sender(), now).is_valid(),
            blobs_missing: u32::try_from(blobs).unwrap_or(u32::MAX),
        };
        batch.put_pieces(tables::INBOX, alert.as_bytes(), &write_record(&record));
        if record.blobs_missing > 0 {
            self.note_incomplete(&alert);
        }
        let kept = DeliveryRecord {
            delivery: envelope.delivery().clone(),
        };
        batch.put_pieces(tables::DELIVERY, alert.as_bytes(), &write_record(&kept));
        if let Some(recipient) = &record.recipient {
            self.note_owed(batch, &alert, &record.core, recipient, now);
            self.note_answer_by(batch, &alert, content.answer_within, now);
        }
        self.note_cancel(batch, &alert, &record.core, now)?;
        self.note_amendment(batch, &alert, &record.core);
        let kind = EventKind::Arrived {
            alert,
            kind: record.kind,
            from: record.core.sender.clone(),
        };
        self.event(batch, kind, record.core.status, now)?;
        self.note_principal(batch, opened, None, now)
    }

    /// Answers with a signed reason; the queue behind it is free (I7).
    fn give_back(
        &mut self,
        mut batch: Batch,
        relay: &Name,
        stamp: &Stamp,
        reason: Reason,
        fault: &dyn std::fmt::Display,
        now: Timestamp,
    ) -> Result<Collected, StepError> {
        let returned = (Stage::Returned, reason);
        let receipt = self.make_receipt(&mut batch, stamp, returned, None, now)?;
        self.post(&mut batch, relay, stamp, &receipt)?;
        self.note_known(&mut batch, stamp, receipt);
        let kind = IncidentKind::Returned {
            from: stamp.to.clone(),
            fault: words(&fault),
        };
        self.incident(&mut batch, kind, Some(stamp.alert), now)?;
        Ok(Collected::Returned {
            reason,
            settled: self.settle(batch)?,
        })
    }

    /// Keeps an incident and nothing else: no receipt, and the id stays unknown, so that the alert
    /// is taken when it comes whole.
    pub(super) fn disbelieve(
        &mut self,
        mut batch: Batch,
        relay: &Name,
        (check, fault): (&str, &dyn std::fmt::Display),
        alert: Option<AlertId>,
        now: Timestamp,
    ) -> Result<Collected, StepError> {
        let kind = IncidentKind::Delivery {
            relay: relay.clone(),
            check: words(&check),
            fault: words(&fault),
        };
        self.incident(&mut batch, kind, alert, now)?;
        Ok(Collected::Disbelieved {
            settled: self.settle(batch)?,
        })
    }

    /// What a receipt for this envelope says about who answers whom.
    fn stamp_of(&self, sealed: &SealedEnvelope) -> Stamp {
        let core = sealed.core();
        let recipient = core.recipient(sealed.delivery().entry.recipient);
        let alert = match core.kind {
            Kind::Addendum => core.reference,
            _ => sealed.id(),
        };
        let envelopes = (sealed.id(), alert);
        let as_deputy = sealed.delivery().entry.is_for_deputy();
        self.stamp(envelopes, &core.sender, recipient, as_deputy)
    }

    fn stamp_of_verified(&self, verified: &VerifiedEnvelope) -> Stamp {
        let sender = &verified.core().sender;
        let envelopes = (verified.id(), verified.alert_id());
        let as_deputy = verified.delivery().entry.is_for_deputy();
        self.stamp(envelopes, sender, verified.recipient(), as_deputy)
    }

    fn stamp(
        &self,
        (envelope, alert): (AlertId, AlertId),
        to: &ContactAddress,
        recipient: Option<&ContactAddress>,
        as_deputy: bool,
    ) -> Stamp {
        // A copy of what this contact sent has no recipient: it answers for itself.
        let recipient = recipient.unwrap_or(&self.identity.contact).clone();
        Stamp {
            envelope,
            alert,
            to: to.clone(),
            recipient,
            as_deputy,
        }
    }
}

/// The alert's plain part as it counts here: an addendum's deadlines are those of whom it serves
/// (PROTOCOL section 5).
fn core_here(opened: &OpenedAlert) -> Core {
    let served = opened.envelope().core();
    if opened.envelope().delivery().entry.release == Release::Own {
        return opened.core().clone();
    }
    Core {
        ack_within: served.ack_within,
        expires_after: served.expires_after,
        ..opened.core().clone()
    }
}

/// The device in whose stream an envelope has a number.
fn numbered_by(delivery: &Delivery) -> Option<DeviceId> {
    let core = &delivery.env.core;
    let numbered = delivery.entry.release == Release::Now && core.kind != Kind::Addendum;
    numbered.then_some(core.device)
}

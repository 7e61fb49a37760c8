//! A connection begins: clocks, heads and numbers are compared, and a rollback on either side
//! shows.

use std::collections::BTreeSet;

use maille_common::address::DeviceId;
use maille_common::check::Check;
use maille_common::evidence::RelayTime;
use maille_common::identifier::{AlertId, Incarnation};
use maille_common::randomness::Randomness;
use maille_common::record::{read_record, write_record};
use maille_common::time::Timestamp;
use maille_common::wire::{Answer, Hello, HelloAnswer, RefusalCode};
use maille_durable::Batch;

use super::mailbox::Mailing;
use super::records::{AlertRecord, DeviceRecord, EntryRecord, Mail, MailRecord, MetaRecord};
use super::relay::{RelayCore, Step, StepError};
use super::tables;

/// The protocol version this relay speaks (PROTOCOL W3).
const VERSION: u16 = 1;

impl RelayCore {
    /// Opens a connection of `device`, which its transport key has proven.
    pub fn hello(
        &mut self,
        device: &DeviceId,
        hello: &Hello,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Step, StepError> {
        if hello.device != *device || !self.roster.may_connect(device) {
            return Ok(self.refuse(RefusalCode::NotDesignated));
        }
        if Check::W3.refuses(!hello.versions.contains(&VERSION)) {
            return Ok(self.refuse(RefusalCode::Version));
        }
        let mut known = self.device(device)?;
        if self.was_rolled_back(hello, &known) {
            self.begin_incarnation(now, random)?;
        }
        let mut batch = Batch::new();
        // A full disk keeps nobody from collecting what is here, and from answering it.
        batch.urgent();
        let mut mailing = Mailing::default();
        if hello.epoch > known.epoch {
            let first_contact = known.epoch.0 == 0;
            mailing.device(self, device)?.epoch = hello.epoch;
            if !first_contact {
                self.offer_again(&mut batch, &mut mailing, device)?;
            }
            known = *mailing.device(self, device)?;
        }
        let wake = mailing.finish(&mut batch);
        let taken = self.taken_of(device)?;
        let receipts = taken.filter(|taken| taken.epoch == hello.epoch);
        let time = RelayTime {
            version: RelayTime::VERSION,
            relay: self.identity.name.clone(),
            incarnation: self.incarnation,
            challenge: hello.challenge,
            time: now,
            roster: self.roster.hash(),
        };
        let time = self.sign(vec![time]).remove(0);
        let answer = HelloAnswer {
            version: VERSION,
            time,
            roster: self.roster.heads().clone(),
            mailbox: known.mailbox,
            accepted: known.accepted,
            epoch: known.epoch,
            receipts: receipts.map_or(0, |taken| taken.receipts),
        };
        self.settle(batch, Answer::Hello(Box::new(answer)), wake)
    }

    /// Whether the device holds more of this incarnation than the store does: an old copy was
    /// restored.
    fn was_rolled_back(&self, hello: &Hello, known: &DeviceRecord) -> bool {
        hello.seen.is_some_and(|seen| {
            seen.incarnation == self.incarnation
                && (seen.mailbox > known.mailbox || seen.accepted > known.accepted)
        })
    }

    /// Begins a new life of the store, which makes senders resubmit what is open (I2).
    fn begin_incarnation(
        &mut self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), StepError> {
        let incarnation = Incarnation::from_bytes(random.array());
        let meta = MetaRecord {
            incarnation,
            since: now,
        };
        let mut batch = Batch::new();
        batch
            .urgent()
            .put(tables::META, tables::META_KEY, &write_record(&meta));
        self.append(batch)?;
        self.incarnation = incarnation;
        self.since = now;
        Ok(())
    }

    /// Mails everything kept for a device again: its store began a new life, and may have lost it.
    fn offer_again(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        device: &DeviceId,
    ) -> Result<(), StepError> {
        let prefix = device.as_bytes();
        let mut told = BTreeSet::new();
        for (key, _) in self.rows(tables::ADDRESSED, prefix, usize::MAX)? {
            let Some((alert, index)) = tables::addressed_parts(&key) else {
                continue;
            };
            self.tell_said_again(batch, mailing, device, &alert, &mut told)?;
            self.offer_entry_again(batch, mailing, device, (alert, index))?;
        }
        Ok(())
    }

    /// What was said about an alert goes before it, once: by others, and by this device before it
    /// lost its store.
    fn tell_said_again(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        device: &DeviceId,
        envelope: &AlertId,
        told: &mut BTreeSet<AlertId>,
    ) -> Result<(), StepError> {
        let Some(record) = self.find_long::<AlertRecord>(tables::ALERT, envelope.as_bytes())?
        else {
            return Ok(());
        };
        let alert = record.extends.unwrap_or(*envelope);
        if told.insert(alert) {
            let said = self.said_about(&alert)?;
            let served = self.served_by(&alert, device)?;
            let place = (device, record.class);
            self.mail_said(batch, mailing, (&said, record.parties(&served)), place)?;
        }
        Ok(())
    }

    fn offer_entry_again(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        device: &DeviceId,
        (alert, index): (AlertId, u32),
    ) -> Result<(), StepError> {
        let key = tables::entry(&alert, device, index);
        let Some(bytes) = self.store.get(tables::ENTRY, &key)? else {
            return Ok(());
        };
        let mut entry: EntryRecord = read_record(&bytes)?;
        if !entry.answered {
            return Ok(());
        }
        let Some(record) = self.find_long::<AlertRecord>(tables::ALERT, alert.as_bytes())? else {
            return Ok(());
        };
        let mail = Mail::Delivery { alert, index };
        let mail = MailRecord {
            class: record.class,
            bytes: record.bytes,
            mail,
        };
        entry.mail = mailing.put(self, batch, device, &mail)?;
        entry.answered = false;
        batch.put(tables::ENTRY, &key, &write_record(&entry));
        Ok(())
    }
}

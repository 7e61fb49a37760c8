//! Deputies that a sender asks at once, by an addendum: because they collect where nobody holds a
//! wrap for them, or because somebody wants them asked now (PROTOCOL section 5, C6).

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::List;
use maille_common::envelope::{Core, Entry, VerifiedSubmission};
use maille_common::evidence::{Notice, Receipt};
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{Kind, NoticeKind, Stage};
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::expire::About;
use super::mailbox::Mailing;
use super::records::{EntryRecord, EscalationRecord, ReleasedStep};
use super::relay::{RelayCore, StepError};
use super::tables;

/// The steps that an addendum asks of one recipient's deputies.
#[derive(Debug, Default)]
struct Steps {
    released: BTreeSet<u8>,
    /// Of deputies that are none any more.
    dismissed: BTreeSet<u8>,
}

impl Steps {
    /// What is said of each.
    fn told(&self) -> impl Iterator<Item = (u8, NoticeKind)> {
        let released = self.released.iter();
        let passed_over = self.dismissed.difference(&self.released);
        released
            .map(|step| (*step, NoticeKind::Released))
            .chain(passed_over.map(|step| (*step, NoticeKind::PassedOver)))
    }
}

impl RelayCore {
    /// Whether a recipient, or a deputy that is asked at once in its place, collects here.
    pub(super) fn is_collected_here(&self, submission: &VerifiedSubmission, index: usize) -> bool {
        let core = submission.core();
        let mut entries = submission.submission().entries.iter();
        entries.any(|submitted| {
            let entry = &submitted.entry;
            usize::from(entry.recipient) == index && self.gets_here(core, entry)
        })
    }

    /// Whether the device of an entry gets its wrap at once, and here.
    pub(super) fn gets_here(&self, core: &Core, entry: &Entry) -> bool {
        let Some(recipient) = core.recipient(entry.recipient) else {
            return false;
        };
        if entry.asks_now() {
            let deputy = self.roster.contact_of(&entry.device);
            return deputy.is_some_and(|deputy| {
                self.is_home_of(&deputy) && self.roster.is_deputy(&deputy, recipient)
            });
        }
        entry.is_for_recipient() && self.is_home_of(recipient)
    }

    /// Says of each step that an addendum asks at once that it was released, and counts it as such
    /// where its own clock runs here (PROTOCOL C4). One whose deputy was dismissed meanwhile is
    /// passed over.
    pub(super) fn tell_asked(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        (device, submission): (&DeviceId, &VerifiedSubmission),
        newly: &[bool],
        now: Timestamp,
    ) -> Result<(), StepError> {
        let core = submission.core();
        if core.kind != Kind::Addendum {
            return Ok(());
        }
        let mut asked: BTreeMap<u16, Steps> = BTreeMap::new();
        for submitted in submission.submission().entries.iter() {
            let entry = &submitted.entry;
            let taken = newly.get(usize::from(entry.recipient)) == Some(&true);
            let deputy = self.roster.contact_of(&entry.device);
            if !(taken && entry.asks_now() && deputy.is_some_and(|deputy| self.is_home_of(&deputy)))
            {
                continue;
            }
            let steps = asked.entry(entry.recipient).or_default();
            match self.gets_here(core, entry) {
                true => steps.released.insert(entry.step),
                false => steps.dismissed.insert(entry.step),
            };
        }
        let mut notices = Vec::new();
        for (index, steps) in &asked {
            let Some(principal) = core.recipient(*index) else {
                continue;
            };
            self.count_released(batch, &core.reference, principal, &steps.released)?;
            for (step, kind) in steps.told() {
                let about = About {
                    alert: core.reference,
                    sender: &core.sender,
                    status: core.status,
                    recipient: principal,
                    accepted: self.present().counted,
                };
                let notice = self.notice(about, kind, DeviceId::NONE, now);
                notices.push(Notice { step, ..notice });
            }
        }
        for notice in self.sign(notices) {
            let mut told = match self.is_home_of(&core.sender) {
                true => self.roster.devices_of(&core.sender),
                false => vec![*device],
            };
            let principal = &notice.statement.recipient;
            if *principal != core.sender && self.is_home_of(principal) {
                told.extend(self.roster.devices_of(principal));
            }
            for device in told {
                self.mail_notice(batch, mailing, &notice, &device)?;
            }
        }
        Ok(())
    }

    /// The devices of deputies that were handed an alert, and learn of a receipt: in its
    /// recipient's place, and in anybody's where one acknowledgement frees all.
    pub(super) fn asked_about(&self, receipt: &Receipt) -> Result<BTreeSet<DeviceId>, StepError> {
        let mut asked = BTreeSet::new();
        if receipt.stage < Stage::Acknowledged {
            return Ok(asked);
        }
        for (envelope, record) in self.envelopes_kept(&receipt.alert)? {
            let frees_all = record.first && receipt.stage == Stage::Acknowledged;
            let mut places = (0u16..).zip(record.recipients.iter());
            let place = places.find(|(_, served)| **served == receipt.recipient);
            let prefix = match place {
                _ if frees_all => envelope.as_bytes().to_vec(),
                Some((recipient, _)) => tables::escalation(&envelope, recipient),
                None => continue,
            };
            for (key, _) in self.rows(tables::ASKED, &prefix, usize::MAX)? {
                let device = tables::held_parts(&key).map(|(_, device, _)| device);
                // One that acts for nobody any more cannot collect it.
                asked.extend(device.filter(|device| self.roster.may_connect(device)));
            }
        }
        Ok(asked)
    }

    /// Whom a device serves with an alert that it was handed, itself or in another's place.
    pub(super) fn served_by(
        &self,
        alert: &AlertId,
        device: &DeviceId,
    ) -> Result<Vec<ContactAddress>, StepError> {
        let mut served = BTreeSet::new();
        for (envelope, record) in self.envelopes_kept(alert)? {
            let prefix = tables::entries_of(&envelope, device);
            for (_, bytes) in self.rows(tables::ENTRY, &prefix, usize::MAX)? {
                let entry: EntryRecord = read_record(&bytes)?;
                let recipient = record.recipients.get(usize::from(entry.entry.recipient));
                served.extend(recipient.filter(|_| !entry.is_held()).cloned());
            }
        }
        Ok(served.into_iter().collect())
    }

    fn count_released(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        principal: &ContactAddress,
        steps: &BTreeSet<u8>,
    ) -> Result<(), StepError> {
        let now = self.present().counted;
        for (envelope, record) in self.envelopes_kept(alert)? {
            let places = (0u16..).zip(record.recipients.iter());
            for (index, _) in places.filter(|(_, to)| *to == principal) {
                let key = tables::escalation(&envelope, index);
                let Some(found) = self.find::<EscalationRecord>(tables::ESCALATION, &key)? else {
                    continue;
                };
                let mut released = found.released.as_slice().to_vec();
                let elapsed = now.since(found.from);
                for step in steps {
                    if !released.iter().any(|known| known.step == *step) {
                        released.push(ReleasedStep {
                            step: *step,
                            elapsed,
                        });
                    }
                }
                // More steps than a roster has deputies count for nothing.
                let Ok(released) = List::new(released) else {
                    continue;
                };
                let record = EscalationRecord { released, ..found };
                batch.put(tables::ESCALATION, &key, &write_record(&record));
            }
        }
        Ok(())
    }
}

//! Devices that had no key, lost it, or came later: they get the alert by addendum as soon as their
//! keys appear.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::SortedList;
use maille_common::envelope::{Core, Draft, Entry, Original, Signer, seal_addendum};
use maille_common::evidence::Receipt;
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::record::{read_record, write_record};
use maille_common::sealing::SignedBundle;
use maille_common::terms::{Kind, Reason, Release, Stage};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::incidents::IncidentKind;
use super::order::SendError;
use super::records::{BundleRecord, LackingRecord, OutboxRecord, SubmissionRecord};
use super::tables;

/// A device that should have an alert and has no wrap of it yet that it can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The device.
    pub device: DeviceId,
    /// The alert.
    pub alert: AlertId,
    /// Its contact.
    pub recipient: ContactAddress,
    /// Since when.
    pub since: Timestamp,
}

impl Desk {
    /// Who waits for keys. Nothing of this is lost: it stays until the keys appear or the alert
    /// ends.
    pub fn lacking(&self) -> Result<Vec<Lacking>, StepError> {
        let mut lacking = Vec::new();
        for (key, bytes) in self.store.scan(Scan::table(tables::LACKING, usize::MAX))? {
            let device = key
                .first_chunk::<16>()
                .map(|device| DeviceId::from_bytes(*device));
            let (Some(device), Some(alert)) = (device, tables::alert_at_end(&key)) else {
                continue;
            };
            let LackingRecord { recipient, since } = read_record(&bytes)?;
            lacking.push(Lacking {
                device,
                alert,
                recipient,
                since,
            });
        }
        Ok(lacking)
    }

    /// Whether a device's sealing keys are known here: without them it follows by addendum.
    pub fn is_keyed(&self, device: &DeviceId) -> Result<bool, StepError> {
        Ok(self.bundle_of(device)?.is_some())
    }

    /// The contacts whose sealing keys this desk would like to have: those it lacks, the
    /// partners of its rules, and the deputies of whom it may write to.
    pub fn bundles_wanted(&self) -> Result<BTreeSet<ContactAddress>, StepError> {
        let me = &self.identity.contact;
        let partner = |contact: &ContactAddress| {
            contact == me || self.roster.allows(me, contact) || self.roster.allows(contact, me)
        };
        let mut wanted: BTreeSet<ContactAddress> = self
            .roster
            .contacts()
            .map(|entry| entry.contact.address.clone())
            .filter(|contact| partner(contact))
            .collect();
        wanted.extend(self.deputies_of_partners().cloned());
        wanted.extend(self.lacking()?.into_iter().map(|lacking| lacking.recipient));
        Ok(wanted)
    }

    /// Takes sealing-key bundles from a relay (PROTOCOL K2, K3), and sends addenda to devices that
    /// waited for them.
    pub fn learn_bundles(
        &mut self,
        bundles: Vec<SignedBundle>,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<CommitNumber, SendError> {
        let mut batch = Batch::new();
        for signed in bundles {
            self.learn_bundle(&mut batch, &signed, now)?;
        }
        self.settle_if_roomy(batch)?;
        self.send_addenda(now, random)
    }

    /// Notes every device of an open alert's recipients that has no wrap: it was admitted later.
    pub(super) fn look_for_new_devices(&self, now: Timestamp) -> Result<(), StepError> {
        let mut batch = Batch::new();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            let carries = !matches!(record.core.kind, Kind::Heartbeat | Kind::Addendum);
            if record.closed.is_some() || record.extends.is_some() || !carries {
                continue;
            }
            for reach in self.reach_of(&alert)? {
                let has = |device: &DeviceId| {
                    reach.addressed.contains(device) || reach.lacking.contains(device)
                };
                let new = self.roster.devices_of(&reach.contact).into_iter();
                for device in new.filter(|device| !has(device)) {
                    let record = LackingRecord {
                        recipient: reach.contact.clone(),
                        since: now,
                    };
                    let key = tables::lacking(&device, &alert);
                    batch.put(tables::LACKING, &key, &write_record(&record));
                }
            }
        }
        self.settle(batch)?;
        Ok(())
    }

    /// A device of a recipient has lost the key that an alert of this desk was sealed to. It gets
    /// the alert anew, as soon as another key of it is known (PROTOCOL C10).
    pub(super) fn note_gone_key(
        &self,
        batch: &mut Batch,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<(), StepError> {
        if (receipt.stage, receipt.reason) != (Stage::Returned, Reason::KeyGone) {
            return Ok(());
        }
        let key = receipt.alert.as_bytes();
        let sent = self.find_long::<OutboxRecord>(tables::OUTBOX, key)?;
        if sent.is_some_and(|sent| sent.closed.is_none()) {
            let record = LackingRecord {
                recipient: receipt.recipient.clone(),
                since: now,
            };
            let key = tables::lacking(&receipt.device, &receipt.alert);
            batch.put(tables::LACKING, &key, &write_record(&record));
        }
        Ok(())
    }

    /// The addenda of an alert, oldest first.
    pub(super) fn addenda_of(&self, alert: &AlertId) -> Result<Vec<AlertId>, StepError> {
        let keys = self.keys_of(tables::EXTENDS, alert.as_bytes())?;
        Ok(keys
            .iter()
            .filter_map(|key| tables::alert_at_end(key))
            .collect())
    }

    fn learn_bundle(
        &self,
        batch: &mut Batch,
        signed: &SignedBundle,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let bundle = signed.bundle.value();
        let device = bundle.device;
        if !self.roster.acts_for(&device, &bundle.contact) {
            // The relay's roster may be ahead, or behind: that alone accuses nobody (R11), and the
            // keys are fetched again.
            return Ok(());
        }
        let keys = self.roster.signing_keys_now(&device);
        let proven = keys.iter().any(|key| signed.verify(key).is_ok());
        let known = self.bundle_of(&device)?;
        let known_number = known
            .as_ref()
            .map_or(0, |known| known.bundle.value().number);
        let forked = known.as_ref().is_some_and(|known| {
            bundle.number == known_number && known.bundle.bytes() != signed.bundle.bytes()
        });
        if !proven || forked {
            return self.incident(batch, IncidentKind::Bundle { device }, None, now);
        }
        if bundle.number > known_number {
            let record = write_record(&BundleRecord {
                bundle: signed.clone(),
            });
            batch.put_pieces(tables::PEER_BUNDLE, device.as_bytes(), &record);
        }
        Ok(())
    }

    /// One addendum per alert for all its devices whose keys are known by now.
    fn send_addenda(
        &mut self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<CommitNumber, SendError> {
        let mut by_alert: BTreeMap<AlertId, Vec<Lacking>> = BTreeMap::new();
        for lacking in self.lacking()? {
            if self.has_new_key(&lacking, now)? {
                by_alert.entry(lacking.alert).or_default().push(lacking);
            }
        }
        for (alert, lacking) in by_alert {
            self.send_addendum(&alert, &lacking, now, random)?;
        }
        Ok(self.store.newest())
    }

    /// Whether a key of a device is known to which the alert was not sealed before: one that was
    /// returned as gone would only be returned again.
    fn has_new_key(&self, lacking: &Lacking, now: Timestamp) -> Result<bool, StepError> {
        let Some(bundle) = self.bundle_of(&lacking.device)? else {
            return Ok(false);
        };
        let Some(chosen) = bundle.bundle.value().key_at(now) else {
            return Ok(false);
        };
        let mut envelopes = self.addenda_of(&lacking.alert)?;
        envelopes.push(lacking.alert);
        for envelope in envelopes {
            let kept: Option<SubmissionRecord> =
                self.find_long(tables::SUBMISSION, envelope.as_bytes())?;
            let mut entries = kept.iter().flat_map(|kept| kept.submission.entries.iter());
            let used = |entry: &Entry| (entry.device, entry.key) == (lacking.device, chosen.id);
            if entries.any(|submitted| used(&submitted.entry)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn send_addendum(
        &mut self,
        alert: &AlertId,
        lacking: &[Lacking],
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), SendError> {
        let mut batch = Batch::new();
        for lacking in lacking {
            batch.delete(tables::LACKING, &tables::lacking(&lacking.device, alert));
        }
        let key = alert.as_bytes();
        let Some(record) = self
            .find_long::<OutboxRecord>(tables::OUTBOX, key)
            .map_err(SendError::from)?
        else {
            self.settle(batch)?;
            return Ok(());
        };
        let kept: SubmissionRecord = self.need_long(tables::SUBMISSION, key)?;
        let core = self.addendum_core(alert, &record, lacking, now);
        let mut addressees = Vec::new();
        for lacking in lacking {
            let Some(recipient) = core.recipient_index(&lacking.recipient) else {
                continue;
            };
            let now_or_held = self.addressee(&lacking.device, Release::Now, recipient, now)?;
            addressees.extend(
                now_or_held
                    .map(|(addressee, _)| addressee)
                    .map(outside_stream),
            );
        }
        let submission = kept.submission;
        let original = Original {
            env: submission.env,
            signatures: submission.signatures,
        };
        let draft = Draft {
            core,
            content: &[],
            blobs: Vec::new(),
            addressees,
            epoch: self.epoch,
            signers: vec![Signer {
                device: self.identity.device,
                key: &self.identity.signing,
            }],
        };
        let key = record.content_key.duplicate();
        let sealed = seal_addendum(draft, original, key, submission.body.into_vec(), random)?;
        self.commit_sealed(&mut batch, &sealed, None, Some(*alert), now)?;
        batch.put(tables::EXTENDS, &tables::extends(alert, &sealed.id), &[]);
        self.settle_if_roomy(batch)?;
        Ok(())
    }

    /// The addendum's own core: the recipients served, the original's terms, deadlines as they
    /// were.
    fn addendum_core(
        &self,
        alert: &AlertId,
        record: &OutboxRecord,
        lacking: &[Lacking],
        now: Timestamp,
    ) -> Core {
        let served: BTreeSet<ContactAddress> = lacking
            .iter()
            .map(|lacking| lacking.recipient.clone())
            .collect();
        Core {
            kind: Kind::Addendum,
            device: self.identity.device,
            roster: self.roster.hash(),
            created: now,
            recipients: SortedList::new(served.into_iter().collect::<Vec<_>>())
                .expect("a part of the recipients of an alert is within their limit"),
            reference: *alert,
            ..record.core.value().clone()
        }
    }
}

/// An addendum's wraps stand outside the streams (PROTOCOL section 5).
fn outside_stream(
    addressee: maille_common::envelope::Addressee,
) -> maille_common::envelope::Addressee {
    maille_common::envelope::Addressee {
        stream: None,
        ..addressee
    }
}

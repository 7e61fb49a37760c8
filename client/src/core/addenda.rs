//! Devices that had no key, lost it, or came later: they get the alert by addendum as soon as their
//! keys appear.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::codec::SortedList;
use maille_common::envelope::{
    Addressee, Core, Draft, Entry, OWN_RECIPIENT, Signer, seal_addendum,
};
use maille_common::evidence::Receipt;
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::record::{read_record, write_record};
use maille_common::sealing::{SignedBundle, Succession};
use maille_common::terms::{Kind, Reason, Release, Stage};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::incidents::IncidentKind;
use super::order::SendError;
use super::own::{Extendable, OwnAlert};
use super::records::{BundleRecord, LackingRecord};
use super::tables;

/// A device that should have an alert and has no wrap of it yet that it can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The device.
    pub device: DeviceId,
    /// The alert.
    pub alert: AlertId,
    /// Its contact: a recipient, or the sender's own.
    pub recipient: ContactAddress,
    /// Since when.
    pub since: Timestamp,
}

impl Desk {
    /// Who waits for keys. Nothing of this is lost: it stays until the keys appear or the alert
    /// ends.
    pub fn lacking(&self) -> Result<Vec<Lacking>, StepError> {
        let waiting = self.waiting()?.into_iter();
        Ok(waiting.map(|(lacking, _)| lacking).collect())
    }

    /// The same, with when it is given one here.
    fn waiting(&self) -> Result<Vec<(Lacking, LackingRecord)>, StepError> {
        let mut lacking = Vec::new();
        for (key, bytes) in self.store.scan(Scan::table(tables::LACKING, usize::MAX))? {
            let device = key
                .first_chunk::<16>()
                .map(|device| DeviceId::from_bytes(*device));
            let (Some(device), Some(alert)) = (device, tables::alert_at_end(&key)) else {
                continue;
            };
            let record: LackingRecord = read_record(&bytes)?;
            let found = Lacking {
                device,
                alert,
                recipient: record.recipient.clone(),
                since: record.since,
            };
            lacking.push((found, record));
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
        let partner =
            |contact: &ContactAddress| contact == me || self.roster.allows_either_way(me, contact);
        let mut wanted: BTreeSet<ContactAddress> = self
            .roster
            .contacts()
            .map(|entry| entry.contact.address.clone())
            .filter(|contact| partner(contact))
            .collect();
        wanted.extend(self.deputies_of_partners().cloned());
        wanted.extend(self.lacking()?.into_iter().map(|lacking| lacking.recipient));
        for asked in self.asked()? {
            wanted.extend(self.roster.contact_of(&asked.device));
        }
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

    /// Notes every device of an open alert's recipients, of deputies who were asked, and of this
    /// contact, that has no wrap: it was admitted later. What a colleague sent is looked at as
    /// well, and whose turn it is there.
    pub(super) fn look_for_new_devices(&self, now: Timestamp) -> Result<(), StepError> {
        let mut batch = Batch::new();
        for own in self.own_alerts()? {
            for envelope in own.envelopes().filter(|one| one.closed.is_none()) {
                // Deputies may have come or gone, or moved to other relays.
                let look = tables::due(self.counted(now), &envelope.id);
                batch.put(tables::DUE, &look, &[]);
                self.look_at_turn(&mut batch, envelope)?;
            }
            self.ask_joined(&mut batch, &own, now)?;
            if own.original.closed.is_none() {
                self.note_new_devices(&mut batch, &own, now)?;
            }
        }
        self.bring_again(&mut batch, None, now)?;
        self.settle(batch)?;
        Ok(())
    }

    fn note_new_devices(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let alert = &own.alert;
        let due = own.original.turn.at(self.counted(now));
        for reach in self.reach_of(alert)? {
            let has = |device: &DeviceId| {
                reach.addressed.contains(device)
                    || reach.lacking.contains(device)
                    || self.is_presumed(own, device)
            };
            let new = self.roster.devices_of(&reach.contact).into_iter();
            for device in new.filter(|device| !has(device)) {
                self.put_lacking(batch, (&device, &reach.contact), alert, (now, due));
            }
        }
        let me = &self.identity.contact;
        if own.original.core.recipients.has(me) {
            return Ok(());
        }
        // Those that have a copy of what this contact sent, or made it.
        let mut has = BTreeSet::from([self.identity.device]);
        for envelope in own.envelopes() {
            has.insert(envelope.core.device);
            let addressed = envelope.addressed.iter();
            let copies = addressed.filter(|addressed| addressed.release == Release::Own);
            has.extend(copies.map(|addressed| addressed.device));
        }
        for device in self.roster.devices_of(me) {
            let key = tables::lacking(&device, alert);
            let waits = self.store.get(tables::LACKING, &key)?.is_some();
            if !has.contains(&device) && !waits && !self.is_presumed(own, &device) {
                self.put_lacking(batch, (&device, me), alert, (now, due));
            }
        }
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
        let Some(own) = self.own_alert(&receipt.alert)? else {
            return Ok(());
        };
        // Whoever sent it the wrap answers, and after it its colleagues (PROTOCOL E20).
        let (device, recipient) = (&receipt.device, &receipt.recipient);
        let unknown = || (!own.original.is_whole).then_some(&own.original);
        let Some(by) = own.newest_to(device).or_else(unknown) else {
            return Ok(());
        };
        if by.closed.is_some() {
            return Ok(());
        }
        let due = by.turn.at(self.counted(now));
        if receipt.contact != *recipient {
            let step = self.step_of(recipient, &receipt.contact);
            self.ask_device(batch, &receipt.alert, (device, recipient), step, due);
            return Ok(());
        }
        self.put_lacking(batch, (device, recipient), &receipt.alert, (now, due));
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
        let record = write_record(&BundleRecord {
            bundle: signed.clone(),
        });
        let kept = self.store.pieces(tables::PEER_BUNDLE, device.as_bytes())?;
        if kept.as_ref() == Some(&record) {
            return Ok(());
        }
        let proven = signed.counts_by(&self.roster, now);
        if !proven && self.was_signed_once(signed) {
            // It is of a key that the device has no more: it signs another, or is away.
            return Ok(());
        }
        let known = self.bundle_of(&device)?;
        let succession = known.map_or(Succession::Newer, |known| signed.succession(&known));
        if Check::K2.refuses(!proven) || succession == Succession::Fork {
            return self.incident(batch, IncidentKind::Bundle { device }, None, now);
        }
        if succession.replaces() {
            batch.put_pieces(tables::PEER_BUNDLE, device.as_bytes(), &record);
        }
        Ok(())
    }

    /// Sends what waits for an addendum and can have it by now: devices whose keys appeared, and
    /// deputies who are asked.
    pub fn send_addenda(
        &mut self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<CommitNumber, SendError> {
        let mut together: BTreeMap<(AlertId, AlertId), Vec<Lacking>> = BTreeMap::new();
        let counted = self.counted(now);
        for (lacking, record) in self.waiting()? {
            if record.due > counted {
                continue;
            }
            if record.again && self.is_open_to(&lacking.device, now)?
                || self.has_new_key(&lacking, now)?
            {
                let own = self.own_alert(&lacking.alert)?;
                let added = own.iter().flat_map(|own| self.unknown_to(own, &lacking));
                let mut given: Vec<Lacking> = added.collect();
                given.push(lacking);
                for lacking in given {
                    let owed = own.as_ref().and_then(|own| own.owed_by(&lacking.recipient));
                    // Those who were added have deadlines of their own.
                    let terms = owed.map_or(lacking.alert, |owed| owed.by.id);
                    let together = together.entry((lacking.alert, terms)).or_default();
                    together.push(lacking);
                }
            }
        }
        for ((alert, _), lacking) in together {
            self.send_addendum(&alert, &lacking, now, random)?;
        }
        self.ask_deputies(now, random)?;
        Ok(self.store.newest())
    }

    /// A device of this contact that lacks its copy has not read either whom addenda added, and by
    /// when: it learns that by the copies of what those get once more.
    fn unknown_to(&self, own: &OwnAlert, lacking: &Lacking) -> Vec<Lacking> {
        let is_copy = own.owed_by(&lacking.recipient).is_none();
        let added = own.owed().into_iter();
        let added = added.filter(|owed| is_copy && owed.by.id != own.alert);
        let mut given = Vec::new();
        for owed in added.filter(|owed| owed.by.closed.is_none()) {
            let devices = self.roster.devices_of(owed.contact).into_iter();
            given.extend(devices.map(|device| Lacking {
                device,
                alert: own.alert,
                recipient: owed.contact.clone(),
                since: lacking.since,
            }));
        }
        given
    }

    /// The same, where the disk has room for it; what waits is sent later otherwise.
    pub(super) fn send_addenda_if_roomy(
        &mut self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), SendError> {
        match self.send_addenda(now, random) {
            Err(SendError::Step(error)) if error.is_disk_full() => Ok(()),
            sent => sent.map(|_| ()),
        }
    }

    /// Whether a key of a device is known to which the alert was not sealed before: one that was
    /// returned as gone would only be returned again.
    fn has_new_key(&self, lacking: &Lacking, now: Timestamp) -> Result<bool, StepError> {
        let mut envelopes = self.addenda_of(&lacking.alert)?;
        envelopes.push(lacking.alert);
        self.is_key_new(&lacking.device, &envelopes, now, |_, _| true)
    }

    /// Whether the key that a device has now is in none of these envelopes, as far as `counts`.
    pub(super) fn is_key_new(
        &self,
        device: &DeviceId,
        envelopes: &[AlertId],
        now: Timestamp,
        counts: impl Fn(&Core, &Entry) -> bool,
    ) -> Result<bool, StepError> {
        if !self.has_keys_at(device, now) {
            return Ok(false);
        }
        let Some(bundle) = self.bundle_of(device)? else {
            return Ok(false);
        };
        let Some(chosen) = bundle.bundle.value().key_at(now) else {
            return Ok(false);
        };
        for envelope in envelopes {
            for signed in self.signed_parts(envelope)? {
                let used = |entry: &&Entry| (entry.device, entry.key) == (*device, chosen.id);
                let mut entries = signed.entries.iter().filter(used);
                if entries.any(|entry| counts(&signed.env.core, entry)) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Sends an alert to further devices; the addendum, if the alert is held.
    pub(super) fn send_addendum(
        &mut self,
        alert: &AlertId,
        lacking: &[Lacking],
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Option<AlertId>, SendError> {
        let mut batch = Batch::new();
        for lacking in lacking {
            batch.delete(tables::LACKING, &tables::lacking(&lacking.device, alert));
        }
        let (own, extendable) = (self.own_alert(alert)?, self.extendable(alert)?);
        let (Some(own), Some(extendable)) = (own, extendable) else {
            self.settle(batch)?;
            return Ok(None);
        };
        let mut recipients = lacking.iter().map(|lacking| &lacking.recipient);
        let owed = recipients.find_map(|recipient| own.owed_by(recipient));
        let terms = owed.map_or(&extendable.core, |owed| &owed.by.core);
        let served = lacking.iter().map(|lacking| lacking.recipient.clone());
        // A copy for another device of this contact serves no recipient.
        let served = served.filter(|contact| own.owed_by(contact).is_some());
        let core = self.addendum_core(alert, terms, served.collect(), now);
        let mut addressees = Vec::new();
        for lacking in lacking {
            let (release, recipient) = match core.recipient_index(&lacking.recipient) {
                Some(recipient) => (Release::Now, recipient),
                None if lacking.recipient == core.sender => (Release::Own, OWN_RECIPIENT),
                None => continue,
            };
            let found = self.addressee(&lacking.device, release, recipient, now)?;
            addressees.extend(found.map(|(addressee, _)| outside_stream(addressee)));
        }
        self.add_copies(&mut addressees, &core, now)?;
        let addressed = (core, addressees);
        let id = self.seal_extension(&mut batch, extendable, addressed, now, random)?;
        self.settle_if_roomy(batch)?;
        Ok(Some(id))
    }

    /// Seals an addendum into the outbox; its id.
    pub(super) fn seal_extension(
        &self,
        batch: &mut Batch,
        extendable: Extendable,
        (core, addressees): (Core, Vec<Addressee>),
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<AlertId, SendError> {
        let alert = core.reference;
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
        let Extendable {
            original,
            content_key,
            body,
            ..
        } = extendable;
        let sealed = seal_addendum(draft, original, content_key, body, random)?;
        self.look_for_answer(batch, &alert, now)?;
        self.commit_sealed(batch, &sealed, None, Some(alert), now)?;
        batch.put(tables::EXTENDS, &tables::extends(&alert, &sealed.id), &[]);
        Ok(sealed.id)
    }

    /// An addendum's own core: whom it serves, with the deadlines that are theirs. One with copies
    /// for this contact alone names whom the alert is for.
    pub(super) fn addendum_core(
        &self,
        alert: &AlertId,
        terms: &Core,
        served: BTreeSet<ContactAddress>,
        now: Timestamp,
    ) -> Core {
        let recipients = match served.is_empty() {
            true => terms.recipients.to_vec(),
            false => served.into_iter().collect(),
        };
        Core {
            kind: Kind::Addendum,
            device: self.identity.device,
            roster: self.roster.hash(),
            created: now,
            recipients: SortedList::new(recipients)
                .expect("a part of those who owe an answer is within the limit of recipients"),
            reference: *alert,
            ..terms.clone()
        }
    }
}

/// An addendum's wraps stand outside the streams, unless they fill a gap (PROTOCOL section 5).
pub(super) fn outside_stream(addressee: Addressee) -> Addressee {
    Addressee {
        stream: None,
        ..addressee
    }
}

//! Heartbeats as they come in: who speaks, and who has been silent for too long (I4).
//!
//! Whoever sent this device an alert is expected to be heard from hourly for 14 days. A desk that
//! is not connected accuses nobody: silence is looked for as holes are, once a minute while a relay
//! is there over which the heartbeats would come.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::envelope::{Content, OpenedAlert};
use maille_common::limits;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{Kind, Release, Status};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::records::{PeerRecord, UnreadRecord};
use super::tables;

/// The longest pause that a heartbeat may announce: nobody excuses itself for good.
const PAUSE_LONGEST: Span = Span::from_days(1);

/// A device that wrote to this one, and that should have been heard from again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// The device.
    pub device: DeviceId,
    /// Its contact.
    pub contact: ContactAddress,
    /// When it was heard last, by this desk's clock.
    pub since: Timestamp,
}

impl Desk {
    /// Who is silent now.
    pub fn silent(&self) -> Result<Vec<Silent>, StepError> {
        let mut silent = Vec::new();
        for (device, peer) in self.peers()? {
            if let (true, Some(contact)) = (peer.is_silent(), self.roster.contact_of(&device)) {
                let since = peer.received;
                silent.push(Silent {
                    device,
                    contact,
                    since,
                });
            }
        }
        Ok(silent)
    }

    /// A device spoke: when it is expected again follows from what it says.
    pub(super) fn hear(
        &self,
        batch: &mut Batch,
        opened: &OpenedAlert,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let envelope = opened.envelope();
        let core = envelope.core();
        let to_me = envelope.delivery().entry.release == Release::Now;
        if !to_me || core.kind == Kind::Addendum {
            return Ok(());
        }
        let known: Option<PeerRecord> = self.find(tables::PEER, core.device.as_bytes())?;
        // What a relay kept back proves nothing of today.
        if known.is_some_and(|known| core.created <= known.created) {
            return Ok(());
        }
        // Who never gave this device a number, and only asks or answers, owes no heartbeat.
        let names_none = opened.position().number == 0;
        if known.is_none() && names_none && matches!(opened.content(), Content::Heartbeat(_)) {
            return Ok(());
        }
        let longest = Span::from_ms(*limits::HEARTBEAT_MS.end());
        let (pause, written) = match opened.content() {
            Content::Alert(_) => (longest, core.created),
            // A letter of a reconciliation says nothing of the next heartbeat.
            Content::Reconciliation(_) => return Ok(()),
            Content::Heartbeat(heartbeat) => {
                let before = core.created - longest;
                let written = known.map_or(before, |known| known.written);
                let pause = heartbeat.next_due.since(core.created);
                (pause.min(PAUSE_LONGEST), written)
            }
        };
        let until = written + Span::from_ms(limits::HEARTBEATS_FOR_MS);
        let expected = core.created + pause < until;
        let record = PeerRecord {
            created: core.created,
            received: now,
            written,
            due: expected.then(|| self.counted(now) + pause),
            looks: 0,
        };
        batch.put(tables::PEER, core.device.as_bytes(), &write_record(&record));
        if known.is_some_and(|known| known.is_silent()) {
            let (device, contact) = (core.device, core.sender.clone());
            let kind = EventKind::HeardAgain { device, contact };
            self.event(batch, kind, Status::Actual, now)?;
        }
        Ok(())
    }

    /// Looks at everybody whose heartbeat is overdue; after the last look that is told, once.
    pub(super) fn look_for_silence(
        &self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let homes = self.home_relays();
        // Heartbeats come over the first two.
        let mut homes = homes.iter().take(2);
        if !homes.any(|relay| self.listening.contains(relay)) {
            return Ok(());
        }
        for (device, mut peer) in self.peers()? {
            let key = device.as_bytes();
            let Some(contact) = self.roster.contact_of(&device) else {
                batch.delete(tables::PEER, key);
                continue;
            };
            let overdue = peer.due.is_some_and(|due| due < self.counted(now));
            if !overdue || peer.is_silent() {
                continue;
            }
            peer.looks += 1;
            batch.put(tables::PEER, key, &write_record(&peer));
            if peer.is_silent() {
                let since = peer.received;
                let kind = EventKind::Silent {
                    device,
                    contact,
                    since,
                };
                self.event(batch, kind, Status::Actual, now)?;
            }
        }
        Ok(())
    }

    /// The devices that sent this one an alert within 14 days.
    pub(super) fn lately_heard_of(&self, now: Timestamp) -> Result<Vec<DeviceId>, StepError> {
        let lately =
            |peer: &PeerRecord| peer.written + Span::from_ms(limits::HEARTBEATS_FOR_MS) > now;
        let peers = self.peers()?.into_iter();
        Ok(peers
            .filter(|(_, peer)| lately(peer))
            .map(|(device, _)| device)
            .collect())
    }

    /// An alert was answered Returned before its number was read: some number will not come.
    pub(super) fn note_unread(
        &self,
        batch: &mut Batch,
        device: Option<DeviceId>,
    ) -> Result<(), StepError> {
        if let Some(device) = device {
            let unread = self.unread_of(&device)?.saturating_add(1);
            put_unread(batch, &device, unread);
        }
        Ok(())
    }

    /// How many alerts of a device were answered Returned, and lie in no hole that ended.
    pub(super) fn unread_of(&self, device: &DeviceId) -> Result<u64, StepError> {
        let record: Option<UnreadRecord> = self.find(tables::UNREAD, device.as_bytes())?;
        Ok(record.map_or(0, |record| record.alerts))
    }

    fn peers(&self) -> Result<Vec<(DeviceId, PeerRecord)>, StepError> {
        let mut peers = Vec::new();
        for (key, bytes) in self.store.scan(Scan::table(tables::PEER, usize::MAX))? {
            let device = key.first_chunk().map(|id| DeviceId::from_bytes(*id));
            if let Some(device) = device {
                peers.push((device, read_record(&bytes)?));
            }
        }
        Ok(peers)
    }
}

impl PeerRecord {
    fn is_silent(&self) -> bool {
        self.looks >= limits::HOLE_LOOKS
    }
}

/// Keeps how many alerts of a device were answered Returned with their number unread.
pub(super) fn put_unread(batch: &mut Batch, device: &DeviceId, alerts: u64) {
    match alerts {
        0 => batch.delete(tables::UNREAD, device.as_bytes()),
        _ => {
            let record = write_record(&UnreadRecord { alerts });
            batch.put(tables::UNREAD, device.as_bytes(), &record)
        }
    };
}

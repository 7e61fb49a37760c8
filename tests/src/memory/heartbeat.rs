//! Heartbeats: those of the desks, and those that their desks know nothing of.

use maille_common::address::DeviceId;
use maille_common::codec::{List, SortedList, encode};
use maille_common::content::Heartbeat;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::envelope::{Addressee, Core, Draft, Link, OutgoingStream, Signer, seal};
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Kind, Release, Status, Urgency};
use maille_common::time::Span;

use super::MemoryWorld;

impl MemoryWorld {
    /// Every desk makes the heartbeats that are due, as its keeper does; how many desks had any.
    pub fn beat(&mut self) -> usize {
        let now = self.now;
        let mut desks = 0;
        for held in self.desks.values_mut() {
            let (_, beats) = held.desk.beat(now, &mut self.random).unwrap();
            desks += usize::from(beats);
        }
        desks
    }

    /// Minutes pass for desks that are connected to a relay; after each, what is due is done,
    /// brought and collected, but for the withheld mail.
    pub fn connected_minutes(&mut self, count: u32, devices: &[DeviceId], relay: &str) {
        for _ in 0..count {
            self.pass(Span::from_minutes(1));
            self.tick();
            let _ = self.beat();
            for device in devices {
                self.bring_due(device, relay);
            }
            for device in devices {
                self.collect_due(device, relay);
            }
        }
    }

    /// How many records a desk keeps.
    pub fn desk_records(&self, device: &DeviceId) -> usize {
        self.desks[device].store.records()
    }

    /// How many records a relay keeps.
    pub fn relay_records(&self, relay: &str) -> usize {
        self.relays[relay].store.records()
    }

    /// A device says, over a relay, that so many alerts went to another one; its desk knows nothing
    /// of it.
    pub fn say_newest(&mut self, relay: &str, from: &DeviceId, to: &DeviceId, newest: u64) {
        self.say(relay, (from, to), newest, |_| {});
    }

    /// A device says that so many alerts went to another one, and whatever else a heartbeat may
    /// say; its desk knows nothing of it.
    pub fn say(
        &mut self,
        relay: &str,
        (from, to): (&DeviceId, &DeviceId),
        newest: u64,
        more: impl FnOnce(&mut Heartbeat),
    ) {
        let epoch = self.desks[from].desk.epoch();
        let link = Link {
            core: Hash::ZERO,
            body: Hash::ZERO,
        };
        let stream = (0..newest).fold(OutgoingStream::start(from, epoch, to), |stream, _| {
            stream.extended(&link)
        });
        let mut heartbeat = Heartbeat {
            version: Heartbeat::VERSION,
            next_due: self.now + Span::from_hours(1),
            bundle: 1,
            missing: List::empty(),
            extensions: Extensions::empty(),
        };
        more(&mut heartbeat);
        let content = encode(&heartbeat);
        self.send_unowed(relay, (from, to), (Kind::Heartbeat, &content), Some(stream));
    }

    /// A device sends what carries no obligation; its desk knows nothing of it.
    pub(super) fn send_unowed(
        &mut self,
        relay: &str,
        (from, to): (&DeviceId, &DeviceId),
        (kind, content): (Kind, &[u8]),
        stream: Option<OutgoingStream>,
    ) {
        let now = self.now;
        let desk = &self.desks[from].desk;
        let epoch = desk.epoch();
        let core = Core {
            version: Core::VERSION,
            kind,
            status: Status::Actual,
            sender: desk.identity().contact.clone(),
            device: *from,
            roster: desk.roster().hash(),
            created: now,
            ack_within: Span::from_minutes(30),
            expires_after: Span::from_hours(2),
            ack_rule: AckRule::Each,
            urgency: Urgency::Unknown,
            recipients: SortedList::new([self.network.device(to).contact.clone()]).unwrap(),
            reference: AlertId::NONE,
        };
        let bundle = self.desks[to].bundle.bundle.value();
        let choice = bundle.key_at(now).unwrap();
        let addressee = Addressee {
            device: *to,
            release: Release::Now,
            recipient: 0,
            step: 0,
            key: choice.id,
            public: choice.key.public.clone(),
            stream,
        };
        let key = SigningKey::from_seed(self.network.device(from).signing);
        let draft = Draft {
            core,
            content,
            blobs: Vec::new(),
            addressees: vec![addressee],
            epoch,
            signers: vec![Signer {
                device: *from,
                key: &key,
            }],
        };
        let sealed = seal(draft, &mut self.random).unwrap();
        let _ = self.submit(from, relay, sealed.submission);
    }
}

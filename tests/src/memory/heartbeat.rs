//! Heartbeats, which no desk sends by itself yet, and every desk has to take.

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
    /// A device says, over a relay, that so many alerts went to another one; its desk knows nothing
    /// of it.
    pub fn say_newest(&mut self, relay: &str, from: &DeviceId, to: &DeviceId, newest: u64) {
        let now = self.now;
        let desk = &self.desks[from].desk;
        let epoch = desk.epoch();
        let link = Link {
            core: Hash::ZERO,
            body: Hash::ZERO,
        };
        let stream = (0..newest).fold(OutgoingStream::start(from, epoch, to), |stream, _| {
            stream.extended(&link)
        });
        let core = Core {
            version: Core::VERSION,
            kind: Kind::Heartbeat,
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
        let heartbeat = Heartbeat {
            version: Heartbeat::VERSION,
            next_due: now + Span::from_hours(1),
            bundle: 1,
            missing: List::empty(),
            extensions: Extensions::empty(),
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
            stream: Some(stream),
        };
        let key = SigningKey::from_seed(self.network.device(from).signing);
        let draft = Draft {
            core,
            content: &encode(&heartbeat),
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

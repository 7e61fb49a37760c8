//! Envelopes that are signed as they should be, and that nobody can open.

use maille_common::address::DeviceId;
use maille_common::codec::{Exact, SortedList, encode};
use maille_common::content::Alert;
use maille_common::crypto::chunked::ContentKey;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::envelope::{Addressee, Core, Draft, Original, Signer, seal, seal_addendum};
use maille_common::evidence::{Receipt, SignedReceipt, sign};
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Kind, Release, Status, Urgency};
use maille_common::time::Span;
use maille_common::wire::{Answer, PostReceipt};
use maille_relay::core::verify_receipt;

use super::MemoryWorld;

/// What is wrong with an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The wrap is for another key than the one it names.
    Wrap,
    /// The key in the wrap opens another body.
    Body,
}

impl MemoryWorld {
    /// A device signs a receipt of which its desk knows nothing, and posts it to the sender.
    pub fn post_receipt(
        &mut self,
        relay: &str,
        device: &DeviceId,
        receipt: Receipt,
        sender: &DeviceId,
    ) -> SignedReceipt {
        let signing = SigningKey::from_seed(self.network.device(device).signing);
        let signed = sign(&signing, vec![Exact::of(receipt).unwrap()]).remove(0);
        let posted = PostReceipt {
            receipt: signed.clone(),
            note: None,
            to: self.network.device(sender).contact.clone(),
        };
        let core = self.relay(relay);
        let verified = verify_receipt(posted, core.roster(), device).unwrap();
        assert_eq!(core.receipt(&verified).unwrap().answer, Answer::Done);
        signed
    }

    /// A device sends such an envelope over a relay; its desk knows nothing of it. With a wrong key
    /// it is an addendum to an alert that it sent.
    pub fn send_wrong(
        &mut self,
        relay: &str,
        (from, to): (&DeviceId, &DeviceId),
        alert: &AlertId,
        wrong: Wrong,
    ) {
        let now = self.now;
        let sent = self.desk(from).submission(alert).unwrap().unwrap();
        let addressed = self.desks[to].bundle.bundle.value().key_at(now).unwrap();
        let (key, mut public) = (addressed.id, addressed.key.public.clone());
        if wrong == Wrong::Wrap {
            let own = self.desks[from].bundle.bundle.value().key_at(now).unwrap();
            public = own.key.public.clone();
        }
        let addressee = Addressee {
            device: *to,
            release: Release::Now,
            recipient: 0,
            step: 0,
            key,
            public,
            stream: None,
        };
        let (kind, reference) = match wrong {
            Wrong::Wrap => (Kind::Alert, AlertId::NONE),
            Wrong::Body => (Kind::Addendum, *alert),
        };
        let core = Core {
            version: Core::VERSION,
            kind,
            status: Status::Actual,
            sender: self.network.device(from).contact.clone(),
            device: *from,
            roster: self.desks[from].desk.roster().hash(),
            created: now,
            ack_within: Span::from_minutes(30),
            expires_after: Span::from_hours(24),
            ack_rule: AckRule::Each,
            urgency: Urgency::Immediate,
            recipients: SortedList::new([self.network.device(to).contact.clone()]).unwrap(),
            reference,
        };
        let words = Alert::draft("Cannot be opened").text("So it is.").build();
        let content = match wrong {
            Wrong::Wrap => encode(&words.unwrap()),
            Wrong::Body => Vec::new(),
        };
        let signing = SigningKey::from_seed(self.network.device(from).signing);
        let signer = Signer {
            device: *from,
            key: &signing,
        };
        let draft = Draft {
            core,
            content: &content,
            blobs: Vec::new(),
            addressees: vec![addressee],
            epoch: self.desks[from].desk.epoch(),
            signers: vec![signer],
        };
        let sealed = match wrong {
            Wrong::Wrap => seal(draft, &mut self.random),
            Wrong::Body => {
                let original = Original {
                    env: sent.env.clone(),
                    signatures: sent.signatures.clone(),
                };
                let other = ContentKey::from_bytes([9; 32]);
                let body = sent.body.to_vec();
                seal_addendum(draft, original, other, body, &mut self.random)
            }
        };
        let _ = self.submit(from, relay, sealed.unwrap().submission);
    }
}

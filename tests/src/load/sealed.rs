//! Alerts sealed ahead by devices without desks, so that submitting them shows the relay alone.

use std::collections::BTreeMap;

use maille_client::entropy::OsRandomness;
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{SortedList, encode};
use maille_common::content::Alert;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::crypto::hpke::SealingPublicKey;
use maille_common::envelope::{Addressee, Core, Draft, OutgoingStream, Signer, seal};
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch};
use maille_common::sealing::{SealingKeyId, SignedBundle};
use maille_common::terms::{AckRule, Kind, Release, Status, Urgency};
use maille_common::time::Span;
use maille_common::wire::Request;

use super::bare::Bare;
use super::now;

/// What is written, as often as it takes.
const WORDS: &str = "Vehicle seen at the northern crossing; plates do not match the papers. ";

/// Requests of one sender, in the order of its streams.
pub(super) type Stock = Vec<Vec<u8>>;

/// Where alerts go: a device and its current sealing key.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    contact: ContactAddress,
    device: DeviceId,
    key: SealingKeyId,
    public: SealingPublicKey,
}

/// One sender: its keys, and its streams as they stand.
#[derive(Debug)]
pub(super) struct Quill {
    sender: Bare,
    signing: SigningKey,
    roster: Hash,
    streams: BTreeMap<DeviceId, OutgoingStream>,
    sealed: usize,
}

/// What every alert of a stock is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter {
    /// Bytes of its text.
    pub(super) bytes: usize,
    pub(super) urgency: Urgency,
}

impl Mailbox {
    /// By what its device published.
    pub(super) fn of(bundle: &SignedBundle) -> Self {
        let bundle = &bundle.bundle;
        let chosen = bundle.key_at(now()).expect("a key is current");
        Self {
            contact: bundle.contact.clone(),
            device: bundle.device,
            key: chosen.id,
            public: chosen.key.public.clone(),
        }
    }
}

impl Quill {
    /// Nothing is written yet.
    pub(super) fn of(sender: &Bare, roster: Hash) -> Self {
        Self {
            signing: SigningKey::from_seed(sender.signing),
            sender: sender.clone(),
            roster,
            streams: BTreeMap::new(),
            sealed: 0,
        }
    }

    /// Seals the next alert, to one mailbox.
    fn seal(&mut self, to: &Mailbox, letter: Letter) -> Vec<u8> {
        let subject = format!("Alert {} of {}", self.sealed, self.sender.contact);
        self.sealed += 1;
        let alert = Alert::draft(("en", subject)).text(("en", text(letter.bytes)));
        let alert = alert.build().expect("an alert is one");
        let core = Core {
            version: Core::VERSION,
            kind: Kind::Alert,
            status: Status::Actual,
            sender: self.sender.contact.clone(),
            device: self.sender.device,
            roster: self.roster,
            created: now(),
            ack_within: Span::from_days(20),
            expires_after: Span::from_days(30),
            ack_rule: AckRule::Each,
            urgency: letter.urgency,
            recipients: SortedList::new([to.contact.clone()]).expect("one recipient"),
            reference: AlertId::NONE,
        };
        let stream = self.streams.get(&to.device).copied();
        let start = || OutgoingStream::start(&self.sender.device, Epoch(1), &to.device);
        let addressee = Addressee {
            device: to.device,
            release: Release::Now,
            recipient: 0,
            step: 0,
            key: to.key,
            public: to.public.clone(),
            stream: Some(stream.unwrap_or_else(start)),
        };
        let draft = Draft {
            core,
            content: &encode(&alert),
            blobs: Vec::new(),
            addressees: vec![addressee],
            epoch: Epoch(1),
            signers: vec![Signer {
                device: self.sender.device,
                key: &self.signing,
            }],
        };
        let sealed = seal(draft, &mut OsRandomness::new()).expect("the draft is whole");
        self.streams.extend(sealed.streams);
        encode(&Request::Submit(Box::new(sealed.submission)))
    }
}

/// So many bytes of text.
pub(super) fn text(bytes: usize) -> String {
    WORDS.chars().cycle().take(bytes).collect()
}

/// Each sender seals its share of `count` alerts, to the mailboxes in turn, on all processors.
pub(super) fn stock(
    quills: &mut [Quill],
    mailboxes: &[Mailbox],
    count: usize,
    letter: Letter,
) -> Vec<Stock> {
    let (senders, more) = (quills.len(), count % quills.len());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = |sender: usize| count / senders + usize::from(sender < more);
    let mut turns: Vec<(usize, &mut Quill)> = quills.iter_mut().enumerate().collect();
    let of_one = senders.div_ceil(workers);
    std::thread::scope(|scope| {
        let mut working = Vec::new();
        while !turns.is_empty() {
            let rest = turns.split_off(of_one.min(turns.len()));
            let mine = std::mem::replace(&mut turns, rest);
            working.push(scope.spawn(move || {
                let seal_all = |(sender, quill): (usize, &mut Quill)| -> Stock {
                    let to = |turn: usize| &mailboxes[(sender + turn) % mailboxes.len()];
                    (0..share(sender))
                        .map(|turn| quill.seal(to(turn), letter))
                        .collect()
                };
                mine.into_iter().map(seal_all).collect::<Vec<Stock>>()
            }));
        }
        let sealed = working.into_iter().map(|worker| worker.join());
        sealed
            .flat_map(|stocks| stocks.expect("no worker panics"))
            .collect()
    })
}

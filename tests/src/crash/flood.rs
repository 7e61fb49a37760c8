//! Alerts sealed and submitted as fast as a relay takes them, over bare links: a queue of a million
//! is not made by desks that keep each of them.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, Unlock};
use maille_common::address::DeviceId;
use maille_common::codec::{List, SortedList, decode, encode};
use maille_common::content::Alert;
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::envelope::{Addressee, Core, Draft, OutgoingStream, Signer, seal};
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch};
use maille_common::randomness::Randomness;
use maille_common::sealing::SignedBundle;
use maille_common::terms::{AckRule, Kind, Outcome, Release, Status, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::{ANSWER_BYTES_MAX, Answer, Hello, Request};
use maille_link::{AnswerBound, Dialer, Identity, Limits, Link, Priority};
use tokio::task::JoinSet;

use super::report::Role;
use super::world::{World, contact_of};

/// Submissions under way on one link.
const IN_FLIGHT: usize = 64;
/// What is written, besides a number; about 2 KiB when it is sealed and padded.
const WORDS: &str = "Vehicle seen at the northern crossing; plates do not match the papers. ";

const BOUND: AnswerBound = AnswerBound {
    bytes_max: ANSWER_BYTES_MAX,
    deadline: Duration::from_secs(60),
};

/// One sender without a desk: its keys, and its recipient's sealing key.
pub(crate) struct Flood {
    home: Home,
    sender: Role,
    recipient: Role,
    to: Addressee,
    relay: (String, VerifyingKey),
    streams: OutgoingStream,
}

impl Flood {
    /// Takes the keys of a sender; the recipient's desk has been open before, and left its bundle.
    pub(crate) fn new(world: &World, sender: Role, recipient: Role, relay: &str) -> Self {
        let home = Home::open(&world.folder_of(sender), Unlock::Machine).expect("a home opens");
        let bundle = fs::read(world.folder_of(recipient).join("bundle")).expect("a bundle");
        let bundle: SignedBundle = decode(&bundle).expect("a bundle is one");
        let key = bundle.bundle.key_at(now()).expect("a key is current");
        let device = world.device_of(recipient).expect("a desk has a device");
        let streams = OutgoingStream::start(&home.device(), Epoch(1), &device);
        let to = Addressee {
            device,
            release: Release::Now,
            recipient: 0,
            step: 0,
            key: key.id,
            public: key.key.public.clone(),
            stream: None,
        };
        let relay = (relay.to_owned(), world.relay_transport_key());
        Self {
            home,
            sender,
            recipient,
            to,
            relay,
            streams,
        }
    }

    /// Submits `count` alerts and waits until each is accepted.
    pub(crate) async fn submit(&mut self, count: u64) {
        let (_dialer, link) = self.connect().await;
        let link = Arc::new(link);
        let mut under_way = JoinSet::new();
        for number in 0..count {
            if under_way.len() >= IN_FLIGHT {
                let accepted: Option<Result<(), _>> = under_way.join_next().await;
                accepted.expect("one is under way").expect("it is accepted");
            }
            let request = self.seal(number);
            let link = Arc::clone(&link);
            under_way.spawn(async move { accepted(&link, &request).await });
        }
        while let Some(accepted) = under_way.join_next().await {
            accepted.expect("it is accepted");
        }
        link.close(maille_link::CloseCode::Done);
    }

    async fn connect(&self) -> (Dialer, Link) {
        let key = SigningKey::from_seed(*self.home.transport_seed());
        let identity = Identity::new("flood", &key).expect("a certificate can be made");
        let dialer = Dialer::bind(identity, Limits::default()).expect("a socket can be bound");
        let (address, key) = &self.relay;
        let link = loop {
            // A relay that has just been started may not listen yet.
            match dialer.connect(address, &[*key]).await {
                Ok(link) => break link,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        hello(&link, self.home.device()).await;
        (dialer, link)
    }

    fn seal(&mut self, number: u64) -> Vec<u8> {
        let random = &mut OsRandomness::new();
        let mark = Hash::from_bytes(random.array());
        let alert = Alert::draft(("en", format!("Alert {number} {mark}")))
            .text(("en", WORDS.repeat(16)))
            .build()
            .expect("an alert is one");
        let recipients = SortedList::new([contact_of(self.recipient)]).expect("one recipient");
        let core = Core {
            version: Core::VERSION,
            kind: Kind::Alert,
            status: Status::Actual,
            sender: contact_of(self.sender),
            device: self.home.device(),
            roster: Hash::ZERO,
            created: now(),
            ack_within: Span::from_days(20),
            expires_after: Span::from_days(30),
            ack_rule: AckRule::Each,
            urgency: Urgency::Expected,
            recipients,
            reference: AlertId::NONE,
        };
        let addressee = Addressee {
            stream: Some(self.streams),
            ..self.to.clone()
        };
        let draft = Draft {
            core,
            content: &encode(&alert),
            blobs: Vec::new(),
            addressees: vec![addressee],
            epoch: Epoch(1),
            signers: vec![Signer {
                device: self.home.device(),
                key: self.home.signing_key(),
            }],
        };
        let sealed = seal(draft, random).expect("the draft is whole");
        for (_, stream) in sealed.streams {
            self.streams = stream;
        }
        encode(&Request::Submit(Box::new(sealed.submission)))
    }
}

async fn hello(link: &Link, device: DeviceId) {
    let hello = Request::Hello(Hello {
        versions: List::new([1]).expect("one version is under eight"),
        device,
        roster: Hash::ZERO,
        epoch: Epoch(1),
        challenge: OsRandomness::new().array(),
        seen: None,
    });
    let answer = link.request(Priority::Normal, &encode(&hello), BOUND).await;
    let answer: Answer = decode(&answer.expect("a relay answers")).expect("an answer is one");
    assert!(matches!(answer, Answer::Hello(_)), "{answer:?}");
}

async fn accepted(link: &Link, request: &[u8]) {
    let answer = link.request(Priority::Normal, request, BOUND).await;
    let answer: Answer = decode(&answer.expect("a relay answers")).expect("an answer is one");
    let Answer::Accepted(answers) = answer else {
        panic!("not accepted: {answer:?}")
    };
    let first = answers.first().expect("an answer for the one recipient");
    let said = first.statement.value();
    assert_eq!(said.outcome, Outcome::Accepted, "{}", said.reason);
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since.expect("it is after 1970").as_millis();
    Timestamp::from_unix_ms(u64::try_from(ms).expect("it is before the year 584 million"))
}

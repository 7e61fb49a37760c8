//! A device without a desk: its keys, and bare requests over a link.

use std::net::SocketAddr;
use std::time::Duration;

use maille_client::entropy::OsRandomness;
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{List, decode, encode, from_hex, to_hex};
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::hash::Hash;
use maille_common::identifier::Epoch;
use maille_common::randomness::Randomness;
use maille_common::sealing::{BundleOwner, SealingRing};
use maille_common::terms::Outcome;
use maille_common::wire::{ANSWER_BYTES_MAX, Answer, Hello, Request};
use maille_link::{AnswerBound, Dialer, Identity, Limits, Link, Priority};
use serde::{Deserialize, Serialize};

use super::now;
use super::sealed::Mailbox;

const BOUND: AnswerBound = AnswerBound {
    bytes_max: ANSWER_BYTES_MAX,
    deadline: Duration::from_secs(60),
};

/// Where a relay is, and what it is known by.
#[derive(Debug, Clone, Copy)]
pub(super) struct RelayAt {
    pub(super) address: SocketAddr,
    pub(super) key: VerifyingKey,
    /// The roster in use.
    pub(super) roster: Hash,
}

/// A device's keys.
#[derive(Debug, Clone)]
pub(super) struct Bare {
    pub(super) contact: ContactAddress,
    pub(super) device: DeviceId,
    pub(super) transport: [u8; 32],
    pub(super) signing: [u8; 32],
}

/// The same as another process is told it, in hexadecimal.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BareText {
    contact: String,
    device: String,
    transport: String,
    signing: String,
}

/// A connection that was greeted.
#[derive(Debug)]
pub(super) struct Line {
    /// The socket lives as long as the connection.
    _dialer: Dialer,
    pub(super) link: Link,
}

impl Bare {
    /// Connects and greets.
    pub(super) async fn connect(&self, relay: &RelayAt) -> Result<Line, String> {
        let key = SigningKey::from_seed(self.transport);
        let identity = Identity::new("load", &key).expect("a certificate can be made");
        let dialer = Dialer::bind(identity, Limits::default()).expect("a socket can be bound");
        let address = relay.address.to_string();
        let link = dialer.connect(&address, &[relay.key]).await;
        let link = link.map_err(|error| error.code().to_owned())?;
        let hello = Request::Hello(Hello {
            versions: List::new([1]).expect("one version is under eight"),
            device: self.device,
            roster: relay.roster,
            epoch: Epoch(1),
            challenge: OsRandomness::new().array(),
            seen: None,
        });
        match ask(&link, Priority::Urgent, &encode(&hello)).await? {
            Answer::Hello(_) => Ok(Line {
                _dialer: dialer,
                link,
            }),
            other => Err(format!("{other:?}")),
        }
    }

    /// Publishes sealing keys, so that others can write to it.
    pub(super) async fn publish(&self, line: &Line) -> Mailbox {
        let key = SigningKey::from_seed(self.signing);
        let owner = BundleOwner {
            contact: &self.contact,
            device: self.device,
            key: &key,
            renewal: None,
        };
        let mut ring = SealingRing::new();
        let bundle = ring.next_bundle(owner, now(), &mut OsRandomness::new());
        let bundle = bundle.expect("a new ring has room");
        let mailbox = Mailbox::of(&bundle);
        let request = encode(&Request::PublishBundle(Box::new(bundle)));
        let answer = ask(&line.link, Priority::Normal, &request).await;
        assert_eq!(answer, Ok(Answer::Done), "sealing keys are taken");
        mailbox
    }

    pub(super) fn to_text(&self) -> BareText {
        BareText {
            contact: self.contact.to_string(),
            device: to_hex(self.device.as_bytes()),
            transport: to_hex(&self.transport),
            signing: to_hex(&self.signing),
        }
    }
}

impl BareText {
    pub(super) fn bare(&self) -> Bare {
        Bare {
            contact: self.contact.parse().unwrap(),
            device: DeviceId::from_bytes(from_hex(&self.device).unwrap()),
            transport: from_hex(&self.transport).unwrap(),
            signing: from_hex(&self.signing).unwrap(),
        }
    }
}

/// Submits what was sealed ahead; why it was not accepted, by code.
pub(super) async fn submit(link: &Link, priority: Priority, request: &[u8]) -> Result<(), String> {
    match ask(link, priority, request).await? {
        Answer::Accepted(answers) => {
            let refused = answers
                .iter()
                .find(|answer| answer.statement.value().outcome != Outcome::Accepted);
            refused.map_or(Ok(()), |answer| {
                Err(answer.statement.value().reason.name().to_owned())
            })
        }
        Answer::Refused(refusal) => Err(refusal.code.name().to_owned()),
        other => Err(format!("{other:?}")),
    }
}

async fn ask(link: &Link, priority: Priority, request: &[u8]) -> Result<Answer, String> {
    let answer = link.request(priority, request, BOUND).await;
    let answer = answer.map_err(|error| error.code().to_owned())?;
    decode(&answer).map_err(|fault| fault.to_string())
}

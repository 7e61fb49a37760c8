//! What must not work: no rule, no place in the roster, a receipt moved elsewhere.

use std::time::Duration;

use maille_client::core::SendError as OrderError;
use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, Unlock};
use maille_client::{Message, SendError};
use maille_common::codec::{Exact, List, SortedList, decode, encode};
use maille_common::envelope::{Addressee, Core, Draft, OutgoingStream, Sealed, Signer, seal};
use maille_common::evidence::{Receipt, Signed};
use maille_common::hash::Hash;
use maille_common::identifier::Epoch;
use maille_common::randomness::Randomness;
use maille_common::sealing::SignedBundle;
use maille_common::terms::{AcceptReason, Outcome, Release};
use maille_common::wire::{ANSWER_BYTES_MAX, Answer, Hello, Request};
use maille_link::{AnswerBound, CloseReason, Link, Priority, RequestError};

use super::stage::{AWAY, OBSERVER, PRESENT, Stage, address, ensure, failed, not_so};
use super::timeline::Told;
use crate::clock::now;
use crate::fault::Fault;
use crate::network::{Site, file_fault, new_home};
use crate::sentence::{claim, demo, term};

/// For any answer here.
const BOUND: AnswerBound = AnswerBound {
    bytes_max: ANSWER_BYTES_MAX,
    deadline: Duration::from_secs(30),
};

impl Stage {
    /// The observer's own desk refuses; nothing leaves it.
    pub(super) async fn send_without_a_rule(&mut self) -> Result<Told, Fault> {
        self.open(OBSERVER).await?;
        let message = Message::text("Attempt", "Nobody may get this.").to(PRESENT);
        match self.desk(OBSERVER)?.send(message).await {
            Err(SendError::Refused(refused @ OrderError::NoRule { .. })) => {
                let outbox = self.desk(OBSERVER)?.outbox().await.map_err(failed)?;
                ensure(outbox.is_empty(), claim::ObserverOutboxEmpty)?;
                Ok(Told::new(
                    demo::NoRule {
                        observer: &OBSERVER,
                        recipient: &PRESENT,
                    },
                    demo::NoRuleProof { refusal: &refused },
                ))
            }
            Err(other) => Err(failed(other)),
            Ok(sent) => {
                let alert = &sent.id.prefix();
                Err(not_so(claim::WasRefused { alert }))
            }
        }
    }

    /// The observer's keys without its desk: an envelope that its own program would never make is
    /// signed with them and handed to the relay. Sealing keys are public, so it has those.
    pub(super) async fn submit_without_a_rule(&mut self) -> Result<Told, Fault> {
        let epoch = self.desk(OBSERVER)?.status().await.map_err(failed)?.epoch;
        self.close(OBSERVER).await;
        let home = self.founded.site.home(&address(OBSERVER));
        let home = Home::open(&home, Unlock::Machine)?;
        let sealed = self.forge(&home, epoch).await?;
        let (_dialer, link) = self.link(home.transport_seed()).await?;
        self.hello(&link, home.device(), epoch).await?;
        let request = encode(&Request::Submit(Box::new(sealed.submission)));
        let answer = link
            .request(Priority::Normal, &request, BOUND)
            .await
            .map_err(failed)?;
        let Answer::Accepted(answers) = decode(&answer).map_err(failed)? else {
            return Err(not_so(claim::RelayAnswersForEach));
        };
        let signed = answers
            .first()
            .ok_or_else(|| not_so(claim::RelayAnswers))?
            .clone();
        let proven = signed.verify(&self.roster).map_err(failed)?;
        let said = proven.statement();
        let reason = &term::Reason { word: &said.reason };
        ensure(
            said.outcome == Outcome::Refused && said.reason == AcceptReason::NoRule,
            claim::RefusedForNoRule { reason },
        )?;
        Ok(Told::new(
            demo::ForgedRefused {
                observer: &OBSERVER,
            },
            demo::ForgedProof {
                hash: &proven.hash().short(),
                reason,
            },
        ))
    }

    /// An envelope of the observer to the recipient that is there, whole in every other way.
    async fn forge(&self, home: &Home, epoch: Epoch) -> Result<Sealed, Fault> {
        let bundle = self.founded.site.home(&address(PRESENT)).join("bundle");
        let bytes = std::fs::read(&bundle).map_err(|error| file_fault(&bundle, &error))?;
        let bundle: SignedBundle = decode(&bytes).map_err(failed)?;
        let chosen = bundle
            .bundle
            .key_at(now())
            .ok_or_else(|| not_so(claim::KeyIsCurrent))?;
        let core = Core {
            sender: address(OBSERVER),
            device: home.device(),
            created: now(),
            recipients: SortedList::new([address(PRESENT)]).map_err(failed)?,
            ..self.track().await?.core
        };
        let addressee = Addressee {
            device: self.device(PRESENT)?,
            release: Release::Now,
            recipient: 0,
            step: 0,
            key: chosen.id,
            public: chosen.key.public.clone(),
            stream: Some(OutgoingStream::start(
                &home.device(),
                epoch,
                &self.device(PRESENT)?,
            )),
        };
        let draft = Draft {
            core,
            content: b"Nobody may get this.",
            blobs: Vec::new(),
            addressees: vec![addressee],
            epoch,
            signers: vec![Signer {
                device: home.device(),
                key: home.signing_key(),
            }],
        };
        seal(draft, &mut OsRandomness::new()).map_err(failed)
    }

    /// A home with fresh keys, for a contact that exists, and never admitted.
    pub(super) async fn connect_unknown_device(&mut self) -> Result<Told, Fault> {
        let strangers = Site::at(self.founded.site.root().join("stranger"));
        let home = new_home(&strangers, self.roster.anchor(), &address(PRESENT))?;
        let refusal = match self.link(home.transport_seed()).await {
            // The handshake of TLS 1.3 ends at the client first; the relay's word comes after it.
            Ok((_dialer, link)) => {
                let asked = self.ask(&link, home.device(), Epoch(1));
                match asked.await {
                    Err(RequestError::Closed(reason @ CloseReason::NotAdmitted)) => {
                        reason.to_string()
                    }
                    other => {
                        let answer = &format_args!("{other:?}");
                        return Err(not_so(claim::NotAdmitted { answer }));
                    }
                }
            }
            Err(fault) => fault.sentence,
        };
        Ok(Told::new(
            demo::UnknownDevice {
                recipient: &PRESENT,
            },
            demo::UnknownDeviceProof { refusal: &refusal },
        ))
    }

    /// The acknowledgement, as if it answered for the other recipient.
    pub(super) fn move_a_receipt(&self) -> Result<Told, Fault> {
        let proven = self
            .acknowledgement
            .as_ref()
            .ok_or_else(|| not_so(claim::WasAcknowledged))?;
        let receipt = proven.statement();
        let refused = |moved: Receipt| {
            let signed = Signed {
                statement: Exact::of(moved).map_err(failed)?,
                signature: proven.signed().signature.clone(),
            };
            let judged = signed.verify(&self.roster);
            judged
                .err()
                .ok_or_else(|| not_so(claim::MovedReceiptRefused))
        };
        let moved = refused(Receipt {
            recipient: address(AWAY),
            ..receipt.clone()
        })?;
        let reworded = refused(Receipt {
            recipient: address(AWAY),
            contact: address(AWAY),
            device: self.device(AWAY)?,
            ..receipt.clone()
        })?;
        ensure(
            (moved.check(), reworded.check()) == ("Q3", "Q2"),
            claim::ReceiptChecksRefuse,
        )?;
        Ok(Told::new(
            demo::MovedReceipt {
                recipient: &PRESENT,
                other: &AWAY,
            },
            demo::MovedReceiptProof {
                moved: &moved,
                reworded: &reworded,
            },
        ))
    }

    async fn hello(
        &self,
        link: &Link,
        device: maille_common::address::DeviceId,
        epoch: Epoch,
    ) -> Result<(), Fault> {
        match decode(&self.ask(link, device, epoch).await.map_err(failed)?).map_err(failed)? {
            Answer::Hello(_) => Ok(()),
            other => {
                let answer = &format_args!("{other:?}");
                Err(not_so(claim::RelayGreets { answer }))
            }
        }
    }

    async fn ask(
        &self,
        link: &Link,
        device: maille_common::address::DeviceId,
        epoch: Epoch,
    ) -> Result<Vec<u8>, RequestError> {
        let hello = Request::Hello(Hello {
            versions: List::new([1]).expect("one version is under eight"),
            device,
            roster: Hash::ZERO,
            epoch,
            challenge: OsRandomness::new().array(),
            seen: None,
        });
        link.request(Priority::Normal, &encode(&hello), BOUND).await
    }
}

//! Sent, accepted, the relay killed, and everything there all the same.

use maille_client::{EventKind, Milestone};
use maille_common::content::{Part, PartContent};
use maille_common::evidence::Proven;
use maille_common::terms::{Outcome, PartRole, Stage as Reached};

use super::relay_process::{RelayProcess, Serving};
use super::stage::{
    AWAY, DEADLINE, PRESENT, SENDER, Stage, address, ensure, failed, in_time, not_so, shown,
};
use super::timeline::Told;
use crate::fault::Fault;
use crate::network::{file_fault, file_stem};
use crate::sentence::{claim, demo};

/// Both recipients.
const RECIPIENTS: [&str; 2] = [PRESENT, AWAY];

impl Stage {
    /// The relay starts as a process of its own, behind the recorder.
    pub(super) async fn start_relay(&mut self) -> Result<Told, Fault> {
        let any = "127.0.0.1:0".parse().map_err(failed)?;
        let relay = RelayProcess::start(&self.founded.site.relay(), any).await?;
        self.recorder.set_relay(relay.serving.address);
        let name = &self.founded.relay.name;
        let proof = demo::RelayProcess {
            process: &relay.id(),
            address: &relay.serving.address,
            incarnation: &relay.serving.incarnation,
        };
        let told = Told::new(demo::RelayServes { name }, proof);
        self.relay = Some(relay);
        Ok(told)
    }

    /// Each desk publishes its sealing keys; one goes away again.
    pub(super) async fn open_desks(&mut self) -> Result<Told, Fault> {
        self.open(AWAY).await?;
        self.close(AWAY).await;
        self.open(PRESENT).await?;
        self.open(SENDER).await?;
        let bundle = self.desk(SENDER)?.status().await.map_err(failed)?.bundle;
        Ok(Told::new(
            demo::DesksOpen {
                sender: &SENDER,
                present: &PRESENT,
                away: &AWAY,
            },
            demo::SealingKeys { bundle: &bundle },
        ))
    }

    /// One alert with an attachment to both, one of them away.
    pub(super) async fn send(&mut self) -> Result<Told, Fault> {
        self.leave_out_public_words()?;
        let message = self.dispatch.message(&RECIPIENTS)?;
        let sent = self.desk(SENDER)?.send(message).await.map_err(failed)?;
        ensure(!sent.already, claim::AlertIsNew)?;
        ensure(
            sent.reach.iter().all(|reach| reach.lacking.is_empty()),
            claim::EveryDeviceHasWrap,
        )?;
        self.alert = sent.id;
        Ok(Told::new(
            demo::Sent {
                alert: &sent.id.prefix(),
                sender: &SENDER,
            },
            demo::SentId { id: &sent.id },
        ))
    }

    /// The relay's signed word that both copies would survive a power cut.
    pub(super) async fn accepted(&mut self) -> Result<Told, Fault> {
        let desk = self.desk(SENDER)?;
        let track = desk
            .wait(self.alert, Milestone::Accepted, DEADLINE)
            .await
            .map_err(failed)?;
        let mut proofs = Vec::new();
        for recipient in &track.recipients {
            let signed = recipient
                .accepted
                .iter()
                .find(|signed| signed.statement.outcome == Outcome::Accepted)
                .ok_or_else(|| {
                    let contact = &recipient.contact;
                    not_so(claim::AcceptedFor { contact })
                })?;
            let proven = signed.clone().verify(&self.roster).map_err(failed)?;
            let accepted = demo::AcceptedFor {
                hash: &Proven::hash(&proven).short(),
                contact: &recipient.contact,
                key: &proven.key().short(),
            };
            proofs.push(accepted.to_string());
        }
        ensure(proofs.len() == RECIPIENTS.len(), claim::AcceptedForBoth)?;
        let proofs = &proofs.join(", ");
        Ok(Told::new(demo::Accepted, demo::AcceptedProofs { proofs }))
    }

    /// The relay dies without a word.
    pub(super) async fn kill_relay(&mut self) -> Result<Told, Fault> {
        let relay = self.relay.take().ok_or_else(|| not_so(claim::RelayRuns))?;
        let process = relay.id();
        let status = relay.kill().await?;
        let (process, ended) = (&process, &status);
        ensure(was_killed(status), claim::RelayKilled { status: ended })?;
        Ok(Told::new(
            demo::RelayKilled,
            demo::ProcessEnded {
                process,
                status: ended,
            },
        ))
    }

    /// The same folder, the same port; the store is the one it was. The desks are opened anew as
    /// well: left alone, they would notice the dead connection after 30 s by themselves.
    pub(super) async fn restart_relay(&mut self) -> Result<Told, Fault> {
        let before = self.incarnation_at_sender().await?;
        self.close(SENDER).await;
        self.close(PRESENT).await;
        let relay = self.serve_again().await?;
        let Serving {
            address,
            incarnation,
        } = &relay.serving;
        ensure(*incarnation == before, claim::StoreIsTheSame)?;
        let told = Told::new(
            demo::RelayBack,
            demo::RelayProcessAgain {
                process: &relay.id(),
                address,
                incarnation,
            },
        );
        self.relay = Some(relay);
        self.open(PRESENT).await?;
        self.open(SENDER).await?;
        Ok(told)
    }

    /// The relay on the port it had.
    pub(super) async fn serve_again(&self) -> Result<RelayProcess, Fault> {
        let address = self
            .recorder
            .relay()
            .ok_or_else(|| not_so(claim::RelayHadAddress))?;
        let relay = RelayProcess::start(&self.founded.site.relay(), address).await?;
        ensure(relay.serving.address == address, claim::RelayOnItsPort)?;
        Ok(relay)
    }

    async fn incarnation_at_sender(&self) -> Result<String, Fault> {
        let status = self.desk(SENDER)?.status().await.map_err(failed)?;
        let known = status.relays.first().and_then(|relay| relay.incarnation);
        Ok(known
            .ok_or_else(|| not_so(claim::SenderKnowsStore))?
            .to_string())
    }

    /// The same message under the same reference.
    pub(super) async fn send_again(&mut self) -> Result<Told, Fault> {
        let message = self.dispatch.message(&RECIPIENTS)?;
        let sent = self.desk(SENDER)?.send(message).await.map_err(failed)?;
        ensure(
            sent.already && sent.id == self.alert,
            claim::SameReferenceSameAlert,
        )?;
        let outbox = self.desk(SENDER)?.outbox().await.map_err(failed)?;
        ensure(outbox.len() == 1, claim::OneInOutbox)?;
        Ok(Told::new(
            demo::SentAgain,
            demo::OneInOutbox { id: &sent.id },
        ))
    }

    /// The recipient that is there has it.
    pub(super) async fn delivered(&mut self) -> Result<Told, Fault> {
        self.arrival(PRESENT).await?;
        let (proven, _) = self.receipt(PRESENT, Reached::Delivered).await?;
        Ok(Told::new(
            demo::Delivered {
                recipient: &PRESENT,
            },
            shown(&proven),
        ))
    }

    /// Opened once more, the desk still has it once, and told of it once.
    pub(super) async fn once(&mut self) -> Result<Told, Fault> {
        self.close(AWAY).await;
        self.open(AWAY).await?;
        for contact in RECIPIENTS {
            let desk = self.desk(contact)?;
            let inbox = desk.inbox().await.map_err(failed)?;
            ensure(
                inbox.len() == 1,
                claim::OneInInbox {
                    contact: &contact,
                    found: &inbox.len(),
                },
            )?;
            let arrivals = self.arrivals(contact).await?;
            let (contact, count) = (&contact, &arrivals);
            ensure(arrivals == 1, claim::Arrivals { contact, count })?;
        }
        Ok(Told::new(
            demo::Once {
                present: &PRESENT,
                away: &AWAY,
            },
            demo::OnceProof,
        ))
    }

    /// The payload at each recipient is the file that was given.
    pub(super) async fn payload(&mut self) -> Result<Told, Fault> {
        for contact in RECIPIENTS {
            let received = self
                .desk(contact)?
                .received(self.alert)
                .await
                .map_err(failed)?;
            let payload = received.content.parts.iter().find_map(inline_payload);
            let payload = payload.ok_or_else(|| not_so(claim::HasPayload { contact: &contact }))?;
            ensure(
                payload == self.dispatch.payload(),
                claim::PayloadIsFile { contact: &contact },
            )?;
            self.keep(
                &format!("payload-at-{}.xml", file_stem(&address(contact))),
                payload,
            )?;
        }
        let bytes = &self.dispatch.payload().len();
        Ok(Told::new(
            demo::PayloadSame {
                present: &PRESENT,
                away: &AWAY,
            },
            demo::PayloadKept { bytes },
        ))
    }

    /// The attachment too, and each recipient signed that it is complete.
    pub(super) async fn attachment(&mut self) -> Result<Told, Fault> {
        let mut receipts = Vec::new();
        for contact in RECIPIENTS {
            let found = self
                .desk(contact)?
                .attachment(self.alert, 0)
                .await
                .map_err(failed)?;
            in_time(claim::TheAttachment, async {
                found.whole().await.map_err(failed)
            })
            .await?;
            let stem = file_stem(&address(contact));
            let path = self
                .founded
                .site
                .root()
                .join(format!("attachment-at-{stem}.txt"));
            found.save_to(&path).await.map_err(failed)?;
            let bytes = std::fs::read(&path).map_err(|error| file_fault(&path, &error))?;
            ensure(
                bytes == self.dispatch.attachment(),
                claim::AttachmentIsFile { contact: &contact },
            )?;
            receipts.push(shown(&self.receipt(contact, Reached::Complete).await?.0));
        }
        let bytes = &self.dispatch.attachment().len();
        Ok(Told::new(
            demo::AttachmentWhole { bytes },
            receipts.join("; "),
        ))
    }
}

impl Stage {
    /// How often a desk told of something new.
    pub(super) async fn arrivals(&self, contact: &'static str) -> Result<u32, Fault> {
        let mut events = self.desk(contact)?.events("arrivals").all();
        let mut arrivals = 0;
        while let Some(event) = events.try_next().await.map_err(failed)? {
            arrivals += u32::from(matches!(event.event.kind, EventKind::Arrived { .. }));
        }
        Ok(arrivals)
    }

    /// Keeps what a recipient got, for people to compare.
    fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.founded.site.root().join(name);
        std::fs::write(&path, bytes).map_err(|error| file_fault(&path, &error))
    }
}

fn inline_payload(part: &Part) -> Option<&[u8]> {
    match &part.content {
        PartContent::Inline(bytes) if part.role == PartRole::Payload => Some(bytes),
        _ => None,
    }
}

#[cfg(unix)]
fn was_killed(status: std::process::ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(9)
}

/// Elsewhere there is no signal to see; it did not end well by itself.
#[cfg(not(unix))]
fn was_killed(status: std::process::ExitStatus) -> bool {
    !status.success()
}

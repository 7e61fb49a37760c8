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

/// Both recipients.
const RECIPIENTS: [&str; 2] = [PRESENT, AWAY];

impl Stage {
    /// The relay starts as a process of its own, behind the recorder.
    pub(super) async fn start_relay(&mut self) -> Result<Told, Fault> {
        let any = "127.0.0.1:0".parse().map_err(failed)?;
        let relay = RelayProcess::start(&self.founded.site.relay(), any).await?;
        self.recorder.set_relay(relay.serving.address);
        let what = format!(
            "the relay {} serves as a process of its own",
            self.founded.relay.name
        );
        let proof = format!(
            "process {}, {} (UDP), incarnation {}",
            relay.id(),
            relay.serving.address,
            relay.serving.incarnation
        );
        self.relay = Some(relay);
        Ok(Told::new(what, proof))
    }

    /// Each desk publishes its sealing keys; one goes away again.
    pub(super) async fn open_desks(&mut self) -> Result<Told, Fault> {
        self.open(AWAY).await?;
        self.close(AWAY).await;
        self.open(PRESENT).await?;
        self.open(SENDER).await?;
        let bundle = self.desk(SENDER)?.status().await.map_err(failed)?.bundle;
        Ok(Told::new(
            format!("{SENDER} and {PRESENT} are connected; {AWAY} published its keys and left"),
            format!("sealing keys of all three lie at the relay, signed (bundle {bundle})"),
        ))
    }

    /// One alert with an attachment to both, one of them away.
    pub(super) async fn send(&mut self) -> Result<Told, Fault> {
        self.leave_out_public_words()?;
        let message = self.dispatch.message(&RECIPIENTS)?;
        let sent = self.desk(SENDER)?.send(message).await.map_err(failed)?;
        ensure(!sent.already, "the alert is a new one")?;
        ensure(
            sent.reach.iter().all(|reach| reach.lacking.is_empty()),
            "every device of the recipients has a wrap of its own",
        )?;
        self.alert = sent.id;
        Ok(Told::new(
            format!(
                "alert {} stands in the outbox of {SENDER}",
                sent.id.prefix()
            ),
            format!(
                "alert id {}, the hash of what the sender's device signed",
                sent.id
            ),
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
                .ok_or_else(|| not_so(format_args!("accepted for {}", recipient.contact)))?;
            let proven = signed.clone().verify(&self.roster).map_err(failed)?;
            proofs.push(format!(
                "{} for {} (key {})",
                Proven::hash(&proven).short(),
                recipient.contact,
                proven.key().short()
            ));
        }
        ensure(
            proofs.len() == RECIPIENTS.len(),
            "the relay accepted for both",
        )?;
        Ok(Told::new(
            "the relay accepted it for both, durably",
            format!("Accepted signed by the relay: {}", proofs.join(", ")),
        ))
    }

    /// The relay dies without a word.
    pub(super) async fn kill_relay(&mut self) -> Result<Told, Fault> {
        let relay = self.relay.take().ok_or_else(|| not_so("the relay runs"))?;
        let process = relay.id();
        let status = relay.kill().await?;
        ensure(
            was_killed(status),
            format_args!("the relay was killed ({status})"),
        )?;
        Ok(Told::new(
            "the relay was killed with SIGKILL",
            format!("process {process}: {status}"),
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
        ensure(*incarnation == before, "its store is the one it was")?;
        let process = relay.id();
        let proof = format!("process {process}, {address}, incarnation {before} as before");
        self.relay = Some(relay);
        self.open(PRESENT).await?;
        self.open(SENDER).await?;
        Ok(Told::new(
            "the relay is back on the same port with the same store",
            proof,
        ))
    }

    /// The relay on the port it had.
    pub(super) async fn serve_again(&self) -> Result<RelayProcess, Fault> {
        let address = self
            .recorder
            .relay()
            .ok_or_else(|| not_so("the relay had an address"))?;
        let relay = RelayProcess::start(&self.founded.site.relay(), address).await?;
        ensure(
            relay.serving.address == address,
            "the relay is back on its port",
        )?;
        Ok(relay)
    }

    async fn incarnation_at_sender(&self) -> Result<String, Fault> {
        let status = self.desk(SENDER)?.status().await.map_err(failed)?;
        let known = status.relays.first().and_then(|relay| relay.incarnation);
        Ok(known
            .ok_or_else(|| not_so("the sender knows the relay's store"))?
            .to_string())
    }

    /// The same message under the same reference.
    pub(super) async fn send_again(&mut self) -> Result<Told, Fault> {
        let message = self.dispatch.message(&RECIPIENTS)?;
        let sent = self.desk(SENDER)?.send(message).await.map_err(failed)?;
        ensure(
            sent.already && sent.id == self.alert,
            "the same reference is the same alert",
        )?;
        let outbox = self.desk(SENDER)?.outbox().await.map_err(failed)?;
        ensure(outbox.len() == 1, "one alert stands in the outbox")?;
        Ok(Told::new(
            "the same was sent again under the same reference, and is the same alert",
            format!("alert id {}, and the outbox has 1", sent.id),
        ))
    }

    /// The recipient that is there has it.
    pub(super) async fn delivered(&mut self) -> Result<Told, Fault> {
        self.arrival(PRESENT).await?;
        let (proven, _) = self.receipt(PRESENT, Reached::Delivered).await?;
        Ok(Told::new(
            format!("{PRESENT} has it, durably"),
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
                format_args!("{contact} has one alert, not {}", inbox.len()),
            )?;
            let arrivals = self.arrivals(contact).await?;
            ensure(
                arrivals == 1,
                format_args!("{contact} was told of {arrivals} arrivals"),
            )?;
        }
        Ok(Told::new(
            format!("{PRESENT} and {AWAY} have it once, {AWAY} after another restart too"),
            "1 alert in each inbox, 1 arrival in each stream of events",
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
            let payload = payload.ok_or_else(|| not_so(format_args!("{contact} has a payload")))?;
            ensure(
                payload == self.dispatch.payload(),
                format_args!("the payload at {contact} is the file"),
            )?;
            self.keep(
                &format!("payload-at-{}.xml", file_stem(&address(contact))),
                payload,
            )?;
        }
        let file = self.dispatch.payload();
        Ok(Told::new(
            format!("the CAP file is byte for byte the same at {PRESENT} and {AWAY}"),
            format!(
                "{} bytes each, kept as payload-at-*.xml in the folder",
                file.len()
            ),
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
            in_time("the attachment", async {
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
                format_args!("the attachment at {contact} is the file"),
            )?;
            receipts.push(shown(&self.receipt(contact, Reached::Complete).await?.0));
        }
        let bytes = self.dispatch.attachment().len();
        Ok(Told::new(
            format!("the attachment of {bytes} bytes is whole and the same at both"),
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

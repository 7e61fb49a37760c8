//! The relay's owner turns one bit of the alert over: the desk refuses, and takes it whole later.

use maille_client::{EventKind, Incident, IncidentKind};
use maille_common::evidence::ObligationState;
use maille_common::terms::Stage as Reached;

use super::relay_folder::{TurnedBit, turn_a_bit};
use super::stage::{AWAY, PRESENT, SENDER, Stage, ensure, failed, in_time, not_so, shown};
use super::timeline::Told;
use crate::fault::Fault;
use crate::sentence::{claim, demo};

impl Stage {
    /// The relay serves a body that its sender did not sign, and the desk that was away comes back
    /// to it.
    pub(super) async fn flip_a_bit(&mut self) -> Result<Told, Fault> {
        self.close(PRESENT).await;
        let TurnedBit { byte, of } = self.turn_a_bit().await?;
        self.open(AWAY).await?;
        self.open(SENDER).await?;
        let (number, incident) = in_time(claim::TheRefusal, self.incident()).await?;
        let IncidentKind::Delivery {
            relay,
            check,
            fault,
        } = &incident.kind
        else {
            let found = &format_args!("{:?}", incident.kind);
            return Err(not_so(claim::DeliveryIsRefused { found }));
        };
        ensure(
            check.as_str() == "E11" && *relay == self.founded.relay.name,
            claim::BodyCheckRefuses { check },
        )?;
        let named = incident.alert == Some(self.alert);
        ensure(named, claim::IncidentNamesAlert)?;
        self.check_nothing_came().await?;
        Ok(Told::new(
            demo::FlippedBit {
                byte: &byte,
                of: &of,
                recipient: &AWAY,
            },
            demo::FlippedBitProof {
                incident: &number,
                recipient: &AWAY,
                check,
                fault,
                sender: &SENDER,
            },
        ))
    }

    /// The bit is as it was, and the same relay hands the same alert over.
    pub(super) async fn turn_it_back(&mut self) -> Result<Told, Fault> {
        self.close(AWAY).await;
        self.turn_a_bit().await?;
        self.open(AWAY).await?;
        self.open(PRESENT).await?;
        self.open(SENDER).await?;
        self.arrival(AWAY).await?;
        let (proven, _) = self.receipt(AWAY, Reached::Delivered).await?;
        let number = proven.statement().number;
        let (sender, found) = (&SENDER, &number);
        ensure(number == 1, claim::FirstReceipt { sender, found })?;
        let incidents = self.desk(AWAY)?.incidents(0, 2).await.map_err(failed)?;
        ensure(incidents.len() == 1, claim::OneIncident)?;
        Ok(Told::new(
            demo::TurnedBack { recipient: &AWAY },
            demo::TurnedBackProof {
                receipt: &shown(&proven),
            },
        ))
    }

    /// Stops the relay, turns the bit over in its store, and serves again. Nobody but its owner has
    /// a part in it; the desks that are open would only wait for the next connection.
    async fn turn_a_bit(&mut self) -> Result<TurnedBit, Fault> {
        self.close(SENDER).await;
        let relay = self.relay.take().ok_or_else(|| not_so(claim::RelayRuns))?;
        let before = relay.serving.incarnation.clone();
        relay.stop().await?;
        let (folder, alert) = (self.founded.site.relay(), self.alert);
        let turned = tokio::task::spawn_blocking(move || turn_a_bit(&folder, &alert));
        let turned = turned.await.map_err(failed)??;
        let relay = self.serve_again().await?;
        ensure(relay.serving.incarnation == before, claim::StoreIsTheSame)?;
        self.relay = Some(relay);
        Ok(turned)
    }

    /// The first incident that the desk tells of.
    async fn incident(&self) -> Result<(u64, Incident), Fault> {
        let desk = self.desk(AWAY)?;
        let mut events = desk.events("incidents");
        loop {
            if let EventKind::Incident { number } = events.next().await.map_err(failed)?.event.kind
            {
                let found = desk.incidents(number - 1, 1).await.map_err(failed)?;
                return found
                    .into_iter()
                    .next()
                    .ok_or_else(|| not_so(claim::IncidentIsKept));
            }
        }
    }

    async fn check_nothing_came(&self) -> Result<(), Fault> {
        let inbox = self.desk(AWAY)?.inbox().await.map_err(failed)?;
        ensure(inbox.is_empty(), claim::InboxIsEmpty)?;
        let arrivals = self.arrivals(AWAY).await?;
        ensure(arrivals == 0, claim::NoArrival)?;
        let track = self.track().await?;
        let mut recipients = track.recipients.iter();
        let recipient = recipients.find(|known| known.contact.as_str() == AWAY);
        let recipient = recipient.ok_or_else(|| not_so(claim::IsRecipient { contact: &AWAY }))?;
        ensure(
            recipient.receipts.is_empty() && recipient.standing.state == ObligationState::Open,
            claim::NoReceiptYet {
                sender: &SENDER,
                recipient: &AWAY,
            },
        )
    }
}

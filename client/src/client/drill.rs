//! Drills: sent like any alert, and judged by the evidence that came back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use maille_common::address::ContactAddress;
use maille_common::drill::{DrillId, DrillMarks, Reachability, left_out};
use maille_common::export::Export;
use maille_common::identifier::AlertId;
use maille_common::terms::{Status, Urgency};

use super::{Client, ExportError};
use crate::core::LastDrill;
use crate::directory;
use crate::drill::{Drill, DrillError, Drilled, words};
use crate::entropy::OsRandomness;
use crate::error::DeskError;
use crate::message::Message;
use crate::wait::{self, WaitError};

impl Client {
    /// Sends a drill: an exercise-marked alert of fixed words, through the whole chain, deputies
    /// included. Whom no rule or designation lets this desk write to is left out, and told.
    pub async fn drill(&self, drill: Drill) -> Result<Drilled, DrillError> {
        let to = drill.selectors()?;
        let roster = self.office().roster();
        let (me, now) = (&self.office().contact, self.office().now());
        let urgency = drill.urgency.unwrap_or(Urgency::Immediate);
        let (mut asked, mut left) = (Vec::new(), Vec::new());
        for contact in directory::expand(&roster, &drill.to, me)? {
            match left_out(&roster, (me, &contact), urgency, now) {
                None => asked.push(contact),
                Some(why) => left.push((contact, why)),
            }
        }
        if let (true, Some((contact, why))) = (asked.is_empty(), left.first().cloned()) {
            return Err(DrillError::NobodyLeft { contact, why });
        }
        let id = DrillId::draw(&mut OsRandomness::new());
        let content = DrillMarks { id, to }.mark(words(&roster, &asked));
        let mut message = Message::new(content)
            .to_all(asked.iter().map(ToString::to_string))
            .status(Status::Exercise)
            .urgency(urgency);
        if let Some(span) = drill.ack_within {
            message = message.ack_within(span);
        }
        if let Some(span) = drill.expires_after {
            message = message.expires_after(span);
        }
        let sent = self.send(message).await?;
        Ok(Drilled {
            sent,
            id,
            left_out: left,
        })
    }

    /// Whom an exercise of this desk reached, by the evidence that is here, and the file from which
    /// everybody who has the anchor computes the same.
    pub async fn reachability(
        &self,
        alert: AlertId,
    ) -> Result<(Reachability, Export), ExportError> {
        let office = Arc::clone(self.office());
        // No roster changes between the reading of its documents and the signing of the file.
        let turn = office.roster_turn.lock().await;
        let store = turn.clone();
        office
            .ask(move |room, now| {
                let documents = store.read()?;
                Ok(room.desk.reachability(&alert, documents, now)?)
            })
            .await
    }

    /// Waits until every obligation of an alert has ended, one way or another.
    pub async fn over(&self, alert: AlertId, timeout: Duration) -> Result<(), WaitError> {
        wait::over(self.office(), alert, timeout).await
    }

    /// What the drills of this device know of each contact that one was sent to.
    pub async fn last_drills(&self) -> Result<BTreeMap<ContactAddress, LastDrill>, DeskError> {
        self.office()
            .ask(|room, _| Ok(room.desk.last_drills()?))
            .await
    }
}

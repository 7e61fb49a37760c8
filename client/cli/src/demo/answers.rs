//! One recipient takes the alert on, the other refuses it.

use maille_client::{By, RefuseReason};
use maille_common::evidence::{Note, ObligationState};
use maille_common::terms::Stage as Reached;

use super::dispatch::{ACKNOWLEDGED, REFUSED};
use super::stage::{AWAY, PRESENT, SENDER, Stage, address, ensure, failed, not_so, shown};
use super::timeline::Told;
use crate::fault::Fault;
use crate::sentence::{claim, demo, term};

impl Stage {
    /// An officer takes it on, with a note that only the sender reads.
    pub(super) async fn acknowledge(&mut self) -> Result<Told, Fault> {
        let by = By::Officer("N. Mansouri");
        let desk = self.desk(PRESENT)?;
        let answered = desk
            .acknowledge(self.alert, by, ACKNOWLEDGED)
            .await
            .map_err(failed)?;
        let (proven, note) = self.receipt(PRESENT, Reached::Acknowledged).await?;
        ensure(proven.hash() == answered.receipt, claim::ReceiptIsSigned)?;
        self.check_note(note, ACKNOWLEDGED)?;
        self.check_state(PRESENT, ObligationState::Acknowledged)
            .await?;
        let proof = shown(&proven);
        self.acknowledgement = Some(proven);
        Ok(Told::new(
            demo::Acknowledged {
                recipient: &PRESENT,
                sender: &SENDER,
            },
            proof,
        ))
    }

    /// An officer refuses it, with a reason and whose it is.
    pub(super) async fn refuse(&mut self) -> Result<Told, Fault> {
        let reason = RefuseReason::NotOurs {
            suggested: Some(address(PRESENT)),
        };
        let by = By::Officer("R. Trabelsi");
        let answered = self
            .desk(AWAY)?
            .refuse(self.alert, reason, by, REFUSED)
            .await;
        let answered = answered.map_err(failed)?;
        let (proven, note) = self.receipt(AWAY, Reached::Refused).await?;
        ensure(proven.hash() == answered.receipt, claim::ReceiptIsSigned)?;
        let suggested = note.as_ref().map(|note| note.suggested.to_string());
        ensure(
            suggested.as_deref() == Some(PRESENT),
            claim::RefusalSuggests,
        )?;
        self.check_note(note, REFUSED)?;
        self.check_state(AWAY, ObligationState::Refused).await?;
        let reason = &term::Reason {
            word: &proven.statement().reason,
        };
        Ok(Told::new(
            demo::Refused {
                recipient: &AWAY,
                reason,
                suggested: &PRESENT,
                sender: &SENDER,
            },
            shown(&proven),
        ))
    }

    fn check_note(&self, note: Option<Note>, words: &str) -> Result<(), Fault> {
        let note = note.ok_or_else(|| not_so(claim::NoteReachedSender))?;
        ensure(note.text.as_str() == words, claim::NoteIsWritten)
    }

    async fn check_state(&self, contact: &str, state: ObligationState) -> Result<(), Fault> {
        let track = self.track().await?;
        let found = track
            .recipients
            .iter()
            .find(|known| known.contact.as_str() == contact);
        let found = found.map(|known| known.standing.state);
        let claim = claim::ObligationIs {
            contact: &contact,
            state: &term::State { word: &state },
        };
        ensure(found == Some(state), claim)
    }
}

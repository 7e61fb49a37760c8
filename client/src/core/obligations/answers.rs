//! Answers that are owed: an alert was taken on, its sender asked for an answer, and there is none.

use maille_common::envelope::Core;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::Stage;
use maille_common::time::Timestamp;

use super::{Awaited, Coming, ComingAct, Direction, OpenObligation};
use crate::core::answer_by::AnswerOwed;
use crate::core::desk::{Desk, StepError};
use crate::core::tables;

impl Desk {
    /// Every answer that is owed, by this contact and to it.
    pub(super) fn answers_owed(&self, now: Timestamp) -> Result<Vec<OpenObligation>, StepError> {
        let mut owed = Vec::new();
        let keys = self.pieced_keys(tables::ANSWER_BY)?;
        if keys.is_empty() {
            return Ok(owed);
        }
        let replies = self.replies()?;
        for key in keys {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            for one in self.unanswered(&alert, &replies, now)?.by {
                owed.extend(self.answer_owed(&alert, one, now)?);
            }
        }
        Ok(owed)
    }

    fn answer_owed(
        &self,
        alert: &AlertId,
        AnswerOwed { by, due }: AnswerOwed,
        now: Timestamp,
    ) -> Result<Option<OpenObligation>, StepError> {
        let Some(core) = self.plain_part(alert)? else {
            return Ok(None);
        };
        let received = self.inbox_record(alert)?;
        let core: &Core = &core;
        let to_us = core.sender == self.identity.contact;
        let (direction, contact) = match to_us {
            true => (Direction::OwedToUs, by.clone()),
            false => (Direction::OwedByUs, core.sender.clone()),
        };
        let taken = match to_us {
            true => self.taken_there(&self.evidence_records(alert)?, &by),
            false => self.promised_here(alert)?,
        };
        let own = match to_us {
            true => self.own_alert(alert)?,
            false => None,
        };
        let owed = own.as_ref().and_then(|own| own.owed_by(&by));
        let terms = owed.map_or(core, |owed| &owed.by.core);
        let since = received.map_or(terms.created, |record| record.received);
        let overdue = self.counted(now) >= due;
        let shown = self.as_wall_shows(due);
        let next = Coming {
            time: Some(shown),
            act: ComingAct::Unanswered,
            contact: by.clone(),
            by: None,
        };
        let (telephones, languages) = self.reached_by(&contact);
        Ok(Some(OpenObligation {
            alert: *alert,
            kind: core.kind,
            status: core.status,
            urgency: core.urgency,
            subject: None,
            direction,
            contact,
            recipient: by,
            in_place: false,
            since,
            awaits: Awaited::Answer,
            state: ObligationState::Acknowledged,
            stage: Some(Stage::Acknowledged),
            ack_due: terms.ack_due(since),
            answer_due: Some(shown),
            expires: terms.expiry(since),
            overdue,
            uncertain: false,
            coming: if overdue { Vec::new() } else { vec![next] },
            telephones,
            languages,
            taken,
            refusals: Vec::new(),
        }))
    }
}

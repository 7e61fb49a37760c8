//! What this contact owes others: it got something, and has neither acknowledged nor refused it.

use maille_common::address::ContactAddress;
use maille_common::envelope::Core;
use maille_common::evidence::{Clock, ClockAct, Deadlines, Progress, Standing, Taker};
use maille_common::identifier::AlertId;
use maille_common::roster::Deputy;
use maille_common::terms::Stage;
use maille_common::time::Timestamp;

use super::schedule::schedule;
use super::{Awaited, Coming, ComingAct, Direction, OpenObligation};
use crate::core::desk::{Desk, StepError};
use crate::core::principals::Capacity;
use crate::core::records::InboxRecord;

impl Desk {
    /// Every obligation of this contact, its own and those in others' places, that nobody is known
    /// to have answered. Its clocks are counted from the arrival, which is all that is known here.
    pub(super) fn owed_by_us(&self, now: Timestamp) -> Result<Vec<OpenObligation>, StepError> {
        let mut open = Vec::new();
        for (alert, record) in self.inbox_records()? {
            for capacity in self.capacities(&alert, &record)? {
                open.extend(self.open_as(&alert, &record, &capacity, now)?);
            }
        }
        Ok(open)
    }

    fn open_as(
        &self,
        alert: &AlertId,
        record: &InboxRecord,
        capacity: &Capacity,
        now: Timestamp,
    ) -> Result<Option<OpenObligation>, StepError> {
        let Some(standing) = self.owed_standing(alert, record, capacity)? else {
            return Ok(None);
        };
        let core: &Core = &record.core;
        let recipient = &capacity.recipient;
        let since = capacity.since;
        let deputies = self.deputies_after(recipient);
        let steps = Deadlines::of(core, deputies, |_, _| Taker::Elsewhere);
        let deadlines = capacity.deadlines(steps);
        let elapsed = now.since(since);
        let clocks = schedule(&deadlines, &standing, Progress::default(), elapsed);
        let answer_due = self.answer_due(alert, capacity.began)?;
        let coming = |clock: Clock| Coming {
            time: Some(since + clock.due),
            act: ComingAct::Clock(clock.act),
            contact: whose(&clock, deputies, core, &self.identity.contact),
            by: None,
        };
        let (telephones, languages) = self.reached_by(&core.sender);
        Ok(Some(OpenObligation {
            alert: *alert,
            kind: record.kind,
            status: core.status,
            urgency: core.urgency,
            subject: None,
            direction: Direction::OwedByUs,
            contact: core.sender.clone(),
            recipient: recipient.clone(),
            in_place: *recipient != self.identity.contact,
            since,
            awaits: Awaited::Acknowledgement,
            state: standing.state,
            stage: Some(capacity.stage),
            ack_due: capacity.ack_due(),
            answer_due: answer_due.map(|due| self.as_wall_shows(due)),
            expires: capacity.expires(),
            overdue: elapsed >= deadlines.ack_within,
            uncertain: false,
            coming: clocks.into_iter().map(coming).collect(),
            telephones,
            languages,
            taken: self.taken_here(alert, recipient)?,
            refusals: Vec::new(),
        }))
    }

    /// Where an obligation of this contact stands; none once it is answered, or ended otherwise.
    pub(in crate::core) fn owed_standing(
        &self,
        alert: &AlertId,
        record: &InboxRecord,
        capacity: &Capacity,
    ) -> Result<Option<Standing>, StepError> {
        if matches!(capacity.stage, Stage::Acknowledged | Stage::Refused) {
            return Ok(None);
        }
        let recipient = &capacity.recipient;
        // A cancel ends it, and so does another's answer that is known here.
        let standing = self.standing_here(alert, &record.core, recipient, &self.others(alert)?);
        Ok((!self.is_over(recipient, &standing)).then_some(standing))
    }

    /// Who is asked when this contact does not answer. At which step it was asked in another's
    /// place is not said to it, so that who comes after it is not known then.
    fn deputies_after(&self, recipient: &ContactAddress) -> &[Deputy] {
        if *recipient == self.identity.contact {
            self.roster.deputies(recipient)
        } else {
            &[]
        }
    }
}

/// Whose turn it is then.
fn whose(clock: &Clock, deputies: &[Deputy], core: &Core, me: &ContactAddress) -> ContactAddress {
    match clock.act {
        ClockAct::Overdue => me.clone(),
        ClockAct::PassOver(step) | ClockAct::Release(step) | ClockAct::Await(step) => {
            let at = usize::from(step).checked_sub(1);
            let deputy = at.and_then(|at| deputies.get(at));
            deputy.map_or_else(|| me.clone(), |deputy| deputy.contact.clone())
        }
        ClockAct::Answer(_) | ClockAct::Expire => core.sender.clone(),
    }
}

//! What happens next about an obligation, unless somebody acts before.

use maille_client::{Coming as Next, ComingAct, OpenObligation};
use maille_common::evidence::ClockAct;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::maybe;
use crate::local_time::local;
use crate::sentence::ledger;

/// Something that falls due.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Coming {
    /// `null` for a wrap, which is due already.
    #[serde(with = "maybe")]
    pub(crate) time: Option<Timestamp>,
    /// `overdue`, `deputy`, `end`, `unanswered` or `wrap`.
    what: String,
    /// Whose turn it is: who has to acknowledge, is asked, or signs.
    contact: String,
    /// The step of deputies, from 1.
    step: Option<u8>,
    /// The device that lost its key and needs a new wrap.
    device: Option<String>,
    /// The device of this contact that does it: the one that sent the alert, or a colleague's.
    by: Option<String>,
}

impl Coming {
    pub(crate) fn all_of(open: &OpenObligation) -> Vec<Self> {
        open.coming.iter().map(Self::of).collect()
    }

    fn of(next: &Next) -> Self {
        let ComingAct::Clock(act) = next.act else {
            return Self::new(next, ("unanswered", None, None));
        };
        let what = match act {
            ClockAct::Overdue => ("overdue", None, None),
            ClockAct::PassOver(step) | ClockAct::Release(step) | ClockAct::Await(step) => {
                ("deputy", Some(step), None)
            }
            ClockAct::Expire => ("end", None, None),
            ClockAct::Answer(device) => ("wrap", None, Some(device.to_string())),
        };
        Self::new(next, what)
    }

    fn new(next: &Next, (what, step, device): (&str, Option<u8>, Option<String>)) -> Self {
        Self {
            time: next.time,
            what: what.to_owned(),
            contact: next.contact.to_string(),
            step,
            device,
            by: next.by.map(|device| device.to_string()),
        }
    }

    /// For people, without when.
    pub(crate) fn words(&self, recipient: &str) -> String {
        let contact = &self.contact;
        match (self.what.as_str(), self.step, &self.device) {
            ("overdue", ..) => ledger::BecomesOverdue {
                contact: &recipient,
            }
            .to_string(),
            ("unanswered", ..) => ledger::BecomesUnanswered { contact }.to_string(),
            ("end", ..) => ledger::Ends { contact }.to_string(),
            (_, Some(step), _) => {
                let (principal, step) = (&recipient, &step);
                ledger::AsksDeputy {
                    contact,
                    principal,
                    step,
                }
                .to_string()
            }
            (_, _, Some(device)) => ledger::NeedsWrap { device }.to_string(),
            // A newer agent may tell of more.
            (what, ..) => what.to_owned(),
        }
    }

    /// For people, with when.
    pub(crate) fn text(&self, recipient: &str) -> String {
        let what = &self.words(recipient);
        match self.time {
            Some(time) => {
                let time = &local(time);
                ledger::Next { time, what }.to_string()
            }
            None => what.clone(),
        }
    }
}

//! What stays different after two devices have handed each other everything: an incident on both,
//! which says of each alert what differs and what became of it.

use std::collections::BTreeMap;

use maille_common::check::Check;
use maille_common::codec::List;
use maille_common::content::Item;
use maille_common::evidence::ObligationState;
use maille_common::hash::{FileHash, Hash};
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::between::Peer;
use super::records::{AlertApart, ApartRecord, Differs};
use crate::core::desk::{Desk, StepError};
use crate::core::incidents::IncidentKind;
use crate::core::tables;

impl Desk {
    /// Keeps an incident for each day of which something stays different, unless the same was told
    /// before (PROTOCOL V8). The alerts, each with what differs.
    pub(super) fn tell_apart(
        &self,
        batch: &mut Batch,
        peer: Peer<'_>,
        items: &[Item],
        now: Timestamp,
    ) -> Result<Vec<AlertApart>, StepError> {
        let mut days: BTreeMap<u32, Vec<&Item>> = BTreeMap::new();
        for item in items {
            days.entry(item.place.day).or_default().push(item);
        }
        let mut all = Vec::new();
        for (day, items) in days {
            let alerts = self.alerts_apart(peer, &items)?;
            all.extend(&alerts);
            let told = told_of(&items, &alerts);
            let key = tables::apart(peer.device, day);
            let before: Option<ApartRecord> = self.find(tables::APART, &key)?;
            if !Check::V8.stands() || before.is_some_and(|before| before.told == told) {
                continue;
            }
            batch.put(tables::APART, &key, &write_record(&ApartRecord { told }));
            let first = alerts.first().map(|first| first.alert);
            let count = u32::try_from(alerts.len()).unwrap_or(u32::MAX);
            let named: Vec<_> = alerts.into_iter().take(IncidentKind::NAMED_MAX).collect();
            let kind = IncidentKind::Apart {
                contact: peer.contact.clone(),
                device: *peer.device,
                day,
                count,
                alerts: List::new(named).expect("no more are taken than it holds"),
            };
            self.incident(batch, kind, first, now)?;
        }
        Ok(all)
    }

    /// Each alert once, in the order of their ids.
    fn alerts_apart(&self, peer: Peer<'_>, items: &[&Item]) -> Result<Vec<AlertApart>, StepError> {
        let mut differs: BTreeMap<AlertId, Differs> = BTreeMap::new();
        for item in items {
            let what = match (item.statement == Hash::ZERO, item.held) {
                (true, true) => Differs::MissingThere,
                (true, false) => Differs::MissingHere,
                (false, _) => Differs::Statements,
            };
            // Whoever lacks the alert lacks what was said about it as well.
            let known = differs.entry(item.place.alert).or_insert(what);
            *known = what.min(*known);
        }
        let mut alerts = Vec::new();
        for (alert, differs) in differs {
            let state = self.state_between(&alert, peer)?.into();
            alerts.push(AlertApart {
                alert,
                differs,
                state,
            });
        }
        Ok(alerts)
    }

    /// Where the obligation of whichever of both received an alert stands: equal evidence gives
    /// equal states on both desks.
    fn state_between(&self, alert: &AlertId, peer: Peer<'_>) -> Result<ObligationState, StepError> {
        let states = self.states_of(alert)?;
        if let Some(state) = states.get(peer.contact) {
            return Ok(*state);
        }
        let core = self.known_core(alert)?;
        let Some(core) = core.filter(|core| core.sender == *peer.contact) else {
            return Ok(ObligationState::Open);
        };
        let others = self.others(alert)?;
        let me = &self.identity.contact;
        Ok(self.standing_here(alert, &core, me, &others).state)
    }
}

/// The same for the same alerts, statements and states, whichever side holds them.
fn told_of(items: &[&Item], alerts: &[AlertApart]) -> Hash {
    let mut hash = FileHash::new();
    for item in items {
        hash.update(item.place.alert.as_bytes());
        hash.update(item.statement.as_bytes());
    }
    for apart in alerts {
        hash.update(&maille_common::codec::encode(apart));
    }
    hash.finish()
}

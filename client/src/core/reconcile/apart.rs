//! What stays different after two devices have handed each other everything: an incident on both.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::codec::List;
use maille_common::content::Item;
use maille_common::hash::FileHash;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::between::Peer;
use super::records::ApartRecord;
use crate::core::desk::{Desk, StepError};
use crate::core::incidents::IncidentKind;
use crate::core::tables;

impl Desk {
    /// Keeps an incident for each day of which something stays different, unless the same was told
    /// before (PROTOCOL V8).
    pub(super) fn tell_apart(
        &self,
        batch: &mut Batch,
        peer: Peer<'_>,
        items: &[Item],
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut days: BTreeMap<u32, Vec<&Item>> = BTreeMap::new();
        for item in items {
            days.entry(item.place.day).or_default().push(item);
        }
        for (day, items) in days {
            let told = told_of(&items);
            let key = tables::apart(peer.device, day);
            let before: Option<ApartRecord> = self.find(tables::APART, &key)?;
            if before.is_some_and(|before| before.told == told) {
                continue;
            }
            batch.put(tables::APART, &key, &write_record(&ApartRecord { told }));
            let alerts: BTreeSet<AlertId> = items.iter().map(|item| item.place.alert).collect();
            let first = alerts.first().copied();
            let count = u32::try_from(alerts.len()).unwrap_or(u32::MAX);
            let named: Vec<AlertId> = alerts.into_iter().take(IncidentKind::NAMED_MAX).collect();
            let kind = IncidentKind::Apart {
                contact: peer.contact.clone(),
                device: *peer.device,
                day,
                count,
                alerts: List::new(named).expect("no more are taken than it holds"),
            };
            self.incident(batch, kind, first, now)?;
        }
        Ok(())
    }
}

/// The same for the same alerts and statements, whichever side holds them.
fn told_of(items: &[&Item]) -> maille_common::hash::Hash {
    let mut hash = FileHash::new();
    for item in items {
        hash.update(item.place.alert.as_bytes());
        hash.update(item.statement.as_bytes());
    }
    hash.finish()
}

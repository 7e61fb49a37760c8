//! Organisations that move to other home relays: what was posted to those before goes to the new
//! ones as well. A relay that is no home any more may not have handed it over.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::Name;
use maille_common::codec::List;
use maille_common::evidence::Receipt;
use maille_common::hash::Hash;
use maille_common::limits;
use maille_common::record::{read_record, write_record};
use maille_common::terms::Stage;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::post::Stamp;
use super::records::{HomesRecord, ReceiptRecord};
use super::tables;

/// To how many home relays of another organisation a receipt goes.
const POSTED_TO: usize = 2;

impl Desk {
    /// Notes the home relays by which receipts are posted. Where they are noted already, a move is
    /// noticed by them.
    pub(super) fn note_homes(&self, batch: &mut Batch, stamp: &Stamp) -> Result<(), StepError> {
        for contact in [&stamp.to, &stamp.recipient, &self.identity.contact] {
            let organisation = contact.organisation();
            let key = tables::relay(&organisation);
            if self.store.get(tables::HOMES, &key)?.is_none() {
                self.put_homes(batch, organisation);
            }
        }
        Ok(())
    }

    fn put_homes(&self, batch: &mut Batch, organisation: Name) {
        let relays = self.roster.home_relay_names(&organisation);
        let key = tables::relay(&organisation);
        let record = HomesRecord {
            relays: List::new(relays).expect("a roster names no more home relays"),
            organisation,
        };
        batch.put(tables::HOMES, &key, &write_record(&record));
    }

    /// Posts what still matters to the home relays that organisations have moved to.
    pub(super) fn post_to_new_homes(&self, now: Timestamp) -> Result<(), StepError> {
        let mut batch = Batch::new();
        let mut moved: BTreeMap<Name, Vec<Name>> = BTreeMap::new();
        for (_, bytes) in self.store.scan(Scan::table(tables::HOMES, usize::MAX))? {
            let before: HomesRecord = read_record(&bytes)?;
            let homes = self.roster.home_relay_names(&before.organisation);
            if homes == before.relays.as_slice() {
                continue;
            }
            self.put_homes(&mut batch, before.organisation.clone());
            // Its own colleagues collect from all of them.
            let own = before.organisation == self.identity.contact.organisation();
            let taken = if own { homes.len() } else { POSTED_TO };
            let known: Vec<Name> = before.relays.iter().take(taken).cloned().collect();
            let homes = homes.into_iter().take(taken);
            let new = homes.filter(|relay| !known.contains(relay)).collect();
            moved.insert(before.organisation, new);
        }
        if moved.is_empty() {
            return Ok(());
        }
        let mut posts: BTreeMap<Name, Vec<Hash>> = BTreeMap::new();
        for key in self.pieced_keys(tables::RECEIPT)? {
            let Some(hash) = tables::hash_at_end(&key) else {
                continue;
            };
            let ReceiptRecord { posted } = self.need_long(tables::RECEIPT, &key)?;
            let receipt: &Receipt = &posted.receipt.statement;
            if !self.still_matters(receipt, now)? {
                continue;
            }
            let mut concerned = BTreeSet::from([posted.to.organisation()]);
            if receipt.contact != receipt.recipient {
                concerned.insert(receipt.recipient.organisation());
            }
            let acted = !matches!(receipt.stage, Stage::Delivered | Stage::Complete);
            if acted && receipt.stage != Stage::Returned {
                concerned.insert(receipt.contact.organisation());
            }
            let relays = concerned.iter().filter_map(|name| moved.get(name));
            let relays: BTreeSet<&Name> = relays.flatten().collect();
            for relay in relays {
                posts.entry(relay.clone()).or_default().push(hash);
            }
        }
        for (relay, receipts) in &posts {
            self.post_all_again(&mut batch, relay, receipts)?;
        }
        self.settle(batch)?;
        Ok(())
    }

    /// Whether the obligation of a receipt may be open, or its sender keeps the alert for its grace
    /// (I2).
    fn still_matters(&self, receipt: &Receipt, now: Timestamp) -> Result<bool, StepError> {
        let kept = self.inbox_record(&receipt.alert)?;
        let expiry = kept.map(|kept| kept.core.expiry(kept.received));
        let end = expiry.map_or(receipt.time, |expiry| expiry.max(receipt.time));
        Ok(now < end + Span::from_ms(limits::OUTBOX_GRACE_MS))
    }
}

//! The rows of other devices' receipts: numbered and chained, so that one withheld shows (Q5).
//!
//! Each receipt is pushed by itself, and may come through several relays, so a later one can
//! overtake an earlier one. A hole in a row is therefore kept, and looked at once a minute while a
//! relay of ours is connected, or when one is greeted, which then pushes everything again. What ten
//! looks have not brought is missing. A desk that is not connected accuses nobody.

use maille_common::address::Name;
use maille_common::evidence::{Proven, Receipt};
use maille_common::hash::Hash;
use maille_common::limits;
use maille_common::record::{read_record, write_record};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::incidents::IncidentKind;
use super::records::{HoleRecord, IncomingRowRecord};
use super::tables;

/// The least time between two looks: a relay that is greeted over and over, and a clock that
/// jumped, shorten nothing.
const LOOK_EVERY: Span = Span::from_minutes(1);

impl Desk {
    /// A connection ended: this relay brings nothing until it is greeted again.
    pub fn parted(&mut self, relay: &Name) {
        self.listening.remove(relay);
    }

    /// Q5: the row of a device's receipts to this contact has no second story; what it lacks may
    /// still come.
    pub(super) fn follow_row(
        &self,
        batch: &mut Batch,
        proven: &Proven<Receipt>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let receipt = proven.statement();
        let key = tables::stream_in(&receipt.device, receipt.epoch);
        let row: Option<IncomingRowRecord> = self.find(tables::ROW_IN, &key)?;
        let (newest, hash) = row.map_or((0, Hash::ZERO), |row| (row.number, row.hash));
        if receipt.number <= newest {
            return self.fill_hole(batch, proven, now);
        }
        let hole = HoleRecord {
            device: receipt.device,
            from: newest + 1,
            to: receipt.number - 1,
            before: hash,
            after: receipt.previous,
            alert: receipt.alert,
            looks: 0,
        };
        if hole.to > newest {
            put_hole(batch, receipt, &hole);
        } else if hole.after != hole.before {
            self.fork(batch, receipt, now)?;
        }
        let row = IncomingRowRecord {
            number: receipt.number,
            hash: proven.hash(),
        };
        batch.put(tables::ROW_IN, &key, &write_record(&row));
        Ok(())
    }

    /// A receipt that others overtook: it has to fit between its neighbours, as far as they are
    /// here.
    fn fill_hole(
        &self,
        batch: &mut Batch,
        proven: &Proven<Receipt>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let receipt = proven.statement();
        let row = tables::stream_in(&receipt.device, receipt.epoch);
        let upto = tables::hole(&receipt.device, receipt.epoch, receipt.number);
        let upto = tables::after(&upto);
        let range = Scan::range(tables::HOLE, &row, &upto, 1).descending();
        let Some((key, bytes)) = self.store.scan(range)?.pop() else {
            return Ok(());
        };
        let hole: HoleRecord = read_record(&bytes)?;
        if receipt.number > hole.to {
            return Ok(());
        }
        batch.delete(tables::HOLE, &key);
        let (first, last) = (receipt.number == hole.from, receipt.number == hole.to);
        if (first && receipt.previous != hole.before) || (last && proven.hash() != hole.after) {
            self.fork(batch, receipt, now)?;
        }
        if !first {
            let left = HoleRecord {
                to: receipt.number - 1,
                after: receipt.previous,
                ..hole
            };
            put_hole(batch, receipt, &left);
        }
        if !last {
            let right = HoleRecord {
                from: receipt.number + 1,
                before: proven.hash(),
                ..hole
            };
            put_hole(batch, receipt, &right);
        }
        Ok(())
    }

    fn fork(&self, batch: &mut Batch, receipt: &Receipt, now: Timestamp) -> Result<(), StepError> {
        let device = receipt.device;
        let kind = IncidentKind::Fork { device };
        self.incident(batch, kind, Some(receipt.alert), now)
    }

    /// Counts a look at every hole, once a minute at most, while a relay of ours is connected;
    /// after the last one the receipts are missing (I4).
    pub(super) fn look_for_receipts(
        &mut self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let homes = self.home_relays();
        let connected = homes.iter().any(|relay| self.listening.contains(relay));
        let too_soon = self
            .looked
            .is_some_and(|looked| looked <= now && now.since(looked) < LOOK_EVERY);
        if !connected || too_soon {
            return Ok(());
        }
        self.looked = Some(now);
        for (key, bytes) in self.store.scan(Scan::table(tables::HOLE, usize::MAX))? {
            let mut hole: HoleRecord = read_record(&bytes)?;
            hole.looks += 1;
            if hole.looks < limits::RECEIPT_LOOKS {
                batch.put(tables::HOLE, &key, &write_record(&hole));
                continue;
            }
            batch.delete(tables::HOLE, &key);
            let HoleRecord {
                device, from, to, ..
            } = hole;
            let kind = IncidentKind::ReceiptsMissing { device, from, to };
            self.incident(batch, kind, Some(hole.alert), now)?;
        }
        Ok(())
    }
}

fn put_hole(batch: &mut Batch, receipt: &Receipt, hole: &HoleRecord) {
    let key = tables::hole(&hole.device, receipt.epoch, hole.from);
    batch.put(tables::HOLE, &key, &write_record(hole));
}

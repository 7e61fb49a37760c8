//! The rows of other devices' receipts: numbered and chained, so that one withheld shows (Q5).

use maille_common::check::Check;
use maille_common::content::ToldFork;
use maille_common::evidence::{Proven, Receipt};
use maille_common::hash::Hash;
use maille_common::record::write_record;
use maille_common::terms::Numbered;
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::holes::{Row, put_hole};
use super::records::{HoleIn, HoleRecord, IncomingRowRecord};
use super::tables;

impl Desk {
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
        if !Check::Q5.stands() || (row.is_none() && self.follows_later(batch, proven)) {
            return Ok(());
        }
        let (newest, before) = row.map_or((0, Hash::ZERO), |row| (row.number, row.hash));
        let numbered = Row::receipts(receipt.device, receipt.epoch);
        let taken = self.take_number(batch, numbered, receipt.number, proven.hash())?;
        if let Some(other) = taken {
            return self.two_receipts(batch, receipt, (receipt.number, other, proven.hash()), now);
        }
        if receipt.number <= newest {
            return self.overtaken(batch, proven, now);
        }
        let after = receipt.previous;
        if receipt.number > newest + 1 {
            let hole = HoleRecord {
                of: HoleIn::Receipts { before, after },
                device: receipt.device,
                epoch: receipt.epoch,
                from: newest + 1,
                to: receipt.number - 1,
                alert: receipt.alert,
                looks: 0,
                since: self.counted(now),
                asked: None,
                rests: None,
            };
            put_hole(batch, &hole);
        } else if after != before {
            self.two_receipts(batch, receipt, (newest, before, after), now)?;
        }
        let row = IncomingRowRecord {
            number: receipt.number,
            hash: proven.hash(),
        };
        batch.put(tables::ROW_IN, &key, &write_record(&row));
        Ok(())
    }

    /// Whether a row that is not known here begins later than with its first receipt: what was made
    /// before this life of the store came to an earlier one, or to other devices alone, and is told
    /// again as far as it matters. The first that was made since begins the row.
    fn follows_later(&self, batch: &mut Batch, proven: &Proven<Receipt>) -> bool {
        let receipt = proven.statement();
        if receipt.time.unix_ms() < self.epoch.0 {
            return true;
        }
        let later = receipt.epoch < self.epoch && receipt.number > 1;
        if later {
            let row = IncomingRowRecord {
                number: receipt.number,
                hash: proven.hash(),
            };
            let key = tables::stream_in(&receipt.device, receipt.epoch);
            batch.put(tables::ROW_IN, &key, &write_record(&row));
        }
        later
    }

    /// A receipt that others overtook: it has to fit between its neighbours, as far as they are
    /// here.
    fn overtaken(
        &self,
        batch: &mut Batch,
        proven: &Proven<Receipt>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let receipt = proven.statement();
        let row = Row::receipts(receipt.device, receipt.epoch);
        let Some(hole) = self.hole_at(row, receipt.number)? else {
            return Ok(());
        };
        let HoleIn::Receipts { before, after } = hole.of else {
            return Ok(());
        };
        let (previous, hash) = (receipt.previous, proven.hash());
        if receipt.number == hole.from && previous != before {
            let stories = (receipt.number - 1, before, previous);
            self.two_receipts(batch, receipt, stories, now)?;
        }
        if receipt.number == hole.to && hash != after {
            self.two_receipts(batch, receipt, (receipt.number, after, hash), now)?;
        }
        let left = HoleIn::Receipts {
            before,
            after: previous,
        };
        let right = HoleIn::Receipts {
            before: hash,
            after,
        };
        hole.fill(batch, receipt.number, [left, right]);
        Ok(())
    }

    fn two_receipts(
        &self,
        batch: &mut Batch,
        receipt: &Receipt,
        (number, first, second): (u64, Hash, Hash),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let fork = ToldFork {
            device: receipt.device,
            of: Numbered::Receipts,
            epoch: receipt.epoch,
            number,
            first,
            second,
        };
        self.fork(batch, fork, receipt.alert, now)
    }
}

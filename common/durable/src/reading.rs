//! Reading: the newest writes first, the runs behind them, newest first.
//!
//! Whoever reads holds the overlay and the list of runs. A run is installed before the overlay
//! forgets what it holds, so every write is found in one of them, and a batch is seen whole.

use std::sync::Arc;

use crate::batch::whole_key;
use crate::overlay::{Overlay, ScanBounds};
use crate::pieces;
use crate::places::Places;
use crate::run::merged::{LastWrite, Merged};
use crate::run::run::Run;
use crate::runs::{self, ReadFault};
use crate::store::{Direction, Row, Scan, Table, VALUE_BYTES_MAX};

/// Everything a read looks into.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) overlay: &'a Overlay,
    pub(crate) runs: &'a [Arc<Run>],
    pub(crate) places: &'a dyn Places,
}

impl Reading<'_> {
    /// Reads one record.
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        if key.is_empty() {
            return Ok(None);
        }
        let key = whole_key(table, key);
        match self.overlay.find(&key) {
            Some(value) => Ok(value.map(|value| value.to_vec())),
            None => Ok(runs::find(self.runs, self.places, &key)?.flatten()),
        }
    }

    /// Reads a range.
    pub(crate) fn scan(&self, scan: &Scan<'_>) -> Result<Vec<Row>, ReadFault> {
        let Some(bounds) = ScanBounds::of(scan) else {
            return Ok(Vec::new());
        };
        let descending = scan.direction == Direction::Descending;
        let newest = self.overlay.range(&bounds).map(Ok);
        let mut sources: Vec<Box<dyn Iterator<Item = Result<LastWrite, ReadFault>>>> =
            Vec::with_capacity(1 + self.runs.len());
        match descending {
            false => sources.push(Box::new(newest)),
            true => sources.push(Box::new(newest.rev())),
        }
        let (from, to) = (bounds.from(), bounds.to());
        for run in self
            .runs
            .iter()
            .rev()
            .filter(|run| run.may_hold_any(from, to))
        {
            let scan = runs::scan(run, self.places, &bounds, descending)?;
            sources.push(Box::new(scan));
        }
        let merged = Merged::new(sources, descending);
        let row = |write: Result<LastWrite, ReadFault>| match write {
            Ok((key, value)) => value.map(|value| Ok((key[1..].to_vec(), value.to_vec()))),
            Err(fault) => Some(Err(fault)),
        };
        merged.filter_map(row).take(scan.limit).collect()
    }

    /// Reads the pieces under `key`.
    ///
    /// Most strings are one piece long, and most that are asked for and are not there are new: the
    /// runs' filters know that, and no place has to be looked up.
    pub(crate) fn pieces(&self, table: Table, key: &[u8]) -> Result<Vec<Row>, ReadFault> {
        let (from, to) = pieces::bounds(key);
        match self.get(table, &from)? {
            None => Ok(Vec::new()),
            Some(first) if first.len() < VALUE_BYTES_MAX => Ok(vec![(from, first)]),
            Some(_) => self.scan(&Scan::range(table, &from, &to, pieces::COUNT_MAX + 1)),
        }
    }

    /// Returns the whole keys of the pieces under `key`.
    pub(crate) fn piece_keys(&self, table: Table, key: &[u8]) -> Result<Vec<Vec<u8>>, ReadFault> {
        let (from, to) = pieces::bounds(key);
        // Pieces begin with the first, and the runs' filters know without a look that it is new.
        if self.get(table, &from)?.is_none() {
            return Ok(Vec::new());
        }
        let rows = self.scan(&Scan::range(table, &from, &to, usize::MAX))?;
        let keys = rows
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| key.len() == from.len());
        Ok(keys.map(|key| whole_key(table, &key)).collect())
    }
}

//! The relay's books: what was accepted, and where each of it is now.
//!
//! Nothing here is a counter compared with itself. What was accepted is counted from the signed
//! answers to submissions; what ended, from the stages that devices signed and from tombstones;
//! what is open, from the mail that waits. On the way every record is held against the records that
//! name it, so that the account is a check of the store as well. It reads a page at a time and
//! needs memory for senders, devices and receipts on their way, not for alerts.

use std::ops::Range;

use maille_common::address::DeviceId;
use maille_common::identifier::{AlertId, AlertIdPrefix};
use maille_common::record::{Record, read_record};
use maille_common::time::Timestamp;
use maille_durable::{Store, StoreError, Table};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::records::MetaRecord;
use super::tables;

mod alerts;
mod cross;
mod escalations;
mod mailboxes;
mod walk;

/// Faults beyond these are counted, and not told one by one.
const FAULTS_TOLD: usize = 1_000;

/// The books of one day, and what is wrong with the store. Its JSON is stable: fields are added,
/// none is removed or renamed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The commit at which the books are closed.
    pub commit: u64,
    /// The life of the store, in hexadecimal; empty where the next start begins one.
    pub incarnation: String,
    /// The first moment of the day (RFC 3339).
    pub from: String,
    /// The first moment after it.
    pub to: String,
    /// What was accepted on that day.
    pub day: Ledger,
    /// What was ever accepted by this store.
    pub all: Ledger,
    /// Alerts of which content is kept.
    pub alerts_kept: u64,
    /// Alerts of which only ids, answers and ends are kept.
    pub alerts_purged: u64,
    /// Pieces of mail that wait.
    pub mail_waiting: u64,
    /// Wraps that are held back for deputies.
    pub wraps_held: u64,
    /// Recipients whose deputies may still be asked.
    #[serde(default)]
    pub escalations_running: u64,
    /// How many faults were found.
    pub faults_found: u64,
    /// The first of them.
    pub faults: Vec<Fault>,
}

/// Obligations of this relay: one for each recipient for whom an envelope was accepted.
///
/// An obligation is entered once, under the highest that is known of it. What a device signs after
/// the alert was purged changes nothing here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Accepted, by the answers signed to senders.
    pub accepted: u64,
    /// An addressed device signed Acknowledged.
    pub acknowledged: u64,
    /// None acknowledged, and one signed Refused.
    pub refused: u64,
    /// Every addressed device answered, and at least one could open it.
    pub delivered: u64,
    /// Every addressed device answered that it could not open it.
    pub returned: u64,
    /// Purged without an answer; both sides got a tombstone.
    pub tombstoned: u64,
    /// An addressed device has not answered, and its mail waits.
    pub open: u64,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The alert it concerns, as eight characters.
    pub alert: Option<String>,
    /// What does not fit.
    pub sentence: String,
}

/// Why no account was given.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The store cannot be read.
    #[error("The relay's store cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The caller stopped it.
    #[error("The account was stopped before it was whole.")]
    Stopped,
}

impl AccountError {
    /// Names the error for machines; stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Stopped => "stopped",
        }
    }
}

impl Ledger {
    /// Whether everything accepted is ended or open.
    pub fn balances(&self) -> bool {
        let ended = self.acknowledged + self.refused + self.delivered + self.returned;
        self.accepted == ended + self.tombstoned + self.open
    }
}

impl Account {
    /// Whether the books balance, for the day and ever, and nothing is wrong with the store.
    pub fn is_sound(&self) -> bool {
        self.day.balances() && self.all.balances() && self.faults_found == 0
    }
}

/// Balances the books over a store that does not change meanwhile: a snapshot, or one that nobody
/// serves. `go_on` is asked often.
///
/// # Errors
/// [`AccountError`]. A record that cannot be understood is a fault in the account, and no error.
pub fn account(
    store: &dyn Store,
    day: Range<Timestamp>,
    go_on: &dyn Fn() -> bool,
) -> Result<Account, AccountError> {
    let mut books = Books {
        store,
        go_on,
        account: Account {
            commit: store.newest().0,
            from: day.start.to_string(),
            to: day.end.to_string(),
            ..Account::default()
        },
        day,
    };
    if let Some(meta) = books.read::<MetaRecord>(tables::META, tables::META_KEY, None)? {
        books.account.incarnation = meta.incarnation.to_string();
    }
    let sums = alerts::go_through(&mut books)?;
    mailboxes::go_through(&mut books, &sums)?;
    cross::go_through(&mut books, &sums)?;
    escalations::go_through(&mut books)?;
    Ok(books.account)
}

/// The account being made.
struct Books<'a> {
    store: &'a dyn Store,
    day: Range<Timestamp>,
    go_on: &'a dyn Fn() -> bool,
    account: Account,
}

impl Books<'_> {
    fn keep_going(&self) -> Result<(), AccountError> {
        if (self.go_on)() {
            Ok(())
        } else {
            Err(AccountError::Stopped)
        }
    }

    fn fault(&mut self, alert: Option<&AlertId>, sentence: impl Into<String>) {
        self.account.faults_found += 1;
        if self.account.faults.len() < FAULTS_TOLD {
            self.account.faults.push(Fault {
                alert: alert.map(|alert| alert.prefix().to_string()),
                sentence: sentence.into(),
            });
        }
    }

    /// A record under a key, if it is there; one that cannot be understood is a fault.
    fn read<R: Record>(
        &mut self,
        table: Table,
        key: &[u8],
        alert: Option<&AlertId>,
    ) -> Result<Option<R>, AccountError> {
        let bytes = self.store.get(table, key)?;
        Ok(bytes.and_then(|bytes| self.understand(&bytes, alert)))
    }

    /// A record kept in pieces, likewise. A missing piece is a fault.
    fn read_long<R: Record>(
        &mut self,
        table: Table,
        key: &[u8],
        alert: Option<&AlertId>,
    ) -> Result<Option<R>, AccountError> {
        match self.store.pieces(table, key) {
            Ok(bytes) => Ok(bytes.and_then(|bytes| self.understand(&bytes, alert))),
            Err(StoreError::Corrupt { .. }) => {
                self.fault(
                    alert,
                    format!("A piece of the stored {} is missing.", R::NAME),
                );
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn understand<R: Record>(&mut self, bytes: &[u8], alert: Option<&AlertId>) -> Option<R> {
        match read_record(bytes) {
            Ok(record) => Some(record),
            Err(error) => {
                self.fault(alert, format!("A record cannot be read: {error}."));
                None
            }
        }
    }

    fn has(&self, table: Table, key: &[u8]) -> Result<bool, AccountError> {
        Ok(self.store.get(table, key)?.is_some())
    }
}

/// How a fault names a device.
fn short(device: &DeviceId) -> String {
    device.to_string().chars().take(8).collect()
}

/// How a fault names another alert than its own.
fn shown(alert: &AlertId) -> AlertIdPrefix {
    alert.prefix()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_balances_when_everything_accepted_is_somewhere() {
        let mut ledger = Ledger {
            accepted: 6,
            acknowledged: 1,
            refused: 1,
            delivered: 1,
            returned: 1,
            tombstoned: 1,
            open: 1,
        };
        assert!(ledger.balances());
        ledger.accepted += 1;
        assert!(!ledger.balances());
    }
}

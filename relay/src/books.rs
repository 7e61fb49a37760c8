//! The relay's books over its store on disk: of a relay at work, and of one that is stopped.
//!
//! Both are balanced over a snapshot of one commit, so that nothing waits for them, and nothing
//! changes while they are read.

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use maille_common::time::{Span, Timestamp};
use maille_durable::{ExtractError, Snapshot};
use thiserror::Error;

use crate::core::{Account, AccountError, account};
use crate::folder::RelayFolder;
use crate::service::Service;

/// A day of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(Timestamp);

/// A text is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("A day is expected in the form 2026-11-23; it is one of UTC.")]
pub struct NotADay;

/// Why the books were not balanced.
#[derive(Debug, Error)]
pub enum BooksError {
    /// The store was not read.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// The account was not made.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl BooksError {
    /// Names the error for machines; stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Extract(error) => error.code(),
            Self::Account(error) => error.code(),
        }
    }
}

impl Day {
    const LENGTH: Span = Span::from_days(1);

    /// The day that a moment belongs to.
    pub fn of(time: Timestamp) -> Self {
        let into_the_day = time.unix_ms() % Self::LENGTH.ms();
        Self(time - Span::from_ms(into_the_day))
    }

    fn range(self) -> Range<Timestamp> {
        self.0..self.0 + Self::LENGTH
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let midnight: Timestamp = format!("{text}T00:00:00Z").parse().map_err(|_| NotADay)?;
        Ok(Self(midnight))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_string();
        f.pad(text.split('T').next().unwrap_or_default())
    }
}

/// Balances the books of a relay that does not run; its store stays as it is, unrepaired.
///
/// # Errors
/// [`BooksError`]; among them a relay that runs, which is asked by
/// [`RunningRelay::account`](crate::RunningRelay::account).
pub fn account_of_stopped(folder: &RelayFolder, day: Day) -> Result<Account, BooksError> {
    let snapshot = Snapshot::of_stopped(&folder.store())?;
    Ok(account(&snapshot, day.range(), &|| true)?)
}

/// Balances the books of a relay at work; it stops when the relay does.
pub(crate) async fn account_of_running(
    service: &Arc<Service>,
    day: Day,
) -> Result<Account, BooksError> {
    let made = service.block(move |service| {
        let snapshot = service.store.snapshot().map_err(ExtractError::from)?;
        let made = account(&snapshot, day.range(), &*service.until_stopped())?;
        Ok::<_, BooksError>(made)
    });
    let made = made.await?;
    if !made.is_sound() {
        tracing::error!(
            %day, faults = made.faults_found,
            "incident: the relay's books do not balance; `maille-relay account` says where"
        );
    }
    Ok(made)
}

/// For people, a line each.
pub(crate) fn lines(account: &Account) -> Vec<String> {
    let row = |name: &str, day: u64, all: u64| format!("{name:<13} {day:>10} {all:>12}");
    let (day, all) = (&account.day, &account.all);
    let date = account.from.split('T').next().unwrap_or_default();
    let mut lines = vec![
        format!("{:<13} {date:>10} {:>12}", "", "ever"),
        row("accepted", day.accepted, all.accepted),
        row("acknowledged", day.acknowledged, all.acknowledged),
        row("refused", day.refused, all.refused),
        row("delivered", day.delivered, all.delivered),
        row("returned", day.returned, all.returned),
        row("tombstoned", day.tombstoned, all.tombstoned),
        row("open", day.open, all.open),
        format!(
            "{} alerts kept, {} purged; {} pieces of mail wait; {} wraps are held back, deputies \
             of {} recipients may be asked",
            account.alerts_kept,
            account.alerts_purged,
            account.mail_waiting,
            account.wraps_held,
            account.escalations_running
        ),
    ];
    for fault in &account.faults {
        let alert = fault.alert.as_deref().unwrap_or("store");
        lines.push(format!("FAULT {alert:<9} {}", fault.sentence));
    }
    let told = u64::try_from(account.faults.len()).unwrap_or(u64::MAX);
    if account.faults_found > told {
        let more = account.faults_found - told;
        lines.push(format!("FAULT {:<9} and {more} more", ""));
    }
    let verdict = match account.is_sound() {
        true => "the books balance",
        false => "THE BOOKS DO NOT BALANCE",
    };
    lines.push(format!("{verdict} at commit {}", account.commit));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_and_shown_as_people_write_it() {
        let day: Day = "2026-11-23".parse().unwrap();
        assert_eq!(day.to_string(), "2026-11-23");
        let evening: Timestamp = "2026-11-23T23:59:59.999Z".parse().unwrap();
        assert_eq!(Day::of(evening), day);
        assert!(day.range().contains(&evening));
        for text in ["2026-11-31", "23.11.2026", "2026-11-23T00:00:00Z", ""] {
            assert_eq!(text.parse::<Day>(), Err(NotADay), "{text:?}");
        }
    }
}

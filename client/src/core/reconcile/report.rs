//! What a reconciliation showed, as its desk tells people.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::codec::List;
use maille_common::content::{DayDigest, Holding};
use maille_common::identifier::AlertId;
use maille_common::limits;

use super::compare::Extent;
use super::records::{AlertApart, DayRecord, ReportRecord};

/// What is held here, and there as well until it lists something else.
pub(super) fn report_days(report: &mut ReportRecord, digests: &[DayDigest]) {
    let day = |digest: &DayDigest| DayRecord {
        day: digest.day,
        sent: digest.sent.alerts,
        sent_there: digest.sent.alerts,
        received: digest.received.alerts,
        received_there: digest.received.alerts,
    };
    report.days = List::new(digests.iter().map(day).collect::<Vec<_>>())
        .expect("days of one window, each once");
}

/// What the other side lists of the days that differ, as far as a letter goes.
pub(super) fn report_there(report: &mut ReportRecord, extent: &Extent, theirs: &[Holding]) {
    let mut days: BTreeMap<u32, DayRecord> = report
        .days
        .iter()
        .map(|record| (record.day, *record))
        .collect();
    for day in &extent.days {
        let of_day = |sent: bool| {
            let listed = theirs.iter();
            let listed = listed.filter(|one| one.place.day == *day && one.sent == sent);
            u32::try_from(listed.count()).unwrap_or(u32::MAX)
        };
        let record = days.entry(*day).or_insert(DayRecord {
            day: *day,
            sent: 0,
            sent_there: 0,
            received: 0,
            received_there: 0,
        });
        // What the other device received is what was sent here.
        record.sent_there = of_day(false);
        record.received_there = of_day(true);
    }
    let days: Vec<DayRecord> = days.into_values().collect();
    if let Ok(days) = List::new(days) {
        report.days = days;
    }
}

/// Adds alerts to a list, each once, as many as it holds.
pub(super) fn add_alerts(
    list: &mut List<AlertId, { limits::HANDED_MAX }>,
    more: impl Iterator<Item = AlertId>,
) {
    let mut all: BTreeSet<AlertId> = list.iter().copied().collect();
    all.extend(more);
    let kept: Vec<AlertId> = all.into_iter().take(limits::HANDED_MAX).collect();
    *list = List::new(kept).expect("no more are taken than it holds");
}

/// The same of what stays different, each as it is now.
pub(super) fn add_apart(
    list: &mut List<AlertApart, { limits::HANDED_MAX }>,
    more: impl IntoIterator<Item = AlertApart>,
) {
    let known = list.iter().copied().chain(more);
    let all: BTreeMap<AlertId, AlertApart> = known.map(|one| (one.alert, one)).collect();
    let kept: Vec<AlertApart> = all.into_values().take(limits::HANDED_MAX).collect();
    *list = List::new(kept).expect("no more are taken than it holds");
}

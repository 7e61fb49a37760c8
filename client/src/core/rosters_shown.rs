//! The rosters that relays show: a relay that goes on with an old one, contradicts ours, or refuses
//! it, is named.
//!
//! A relay that is behind is handed what it lacks, and is honest until it shows the same old roster
//! again after it took that. Whether it is slow to hear or hides something shows only so.

use maille_common::address::Name;
use maille_common::codec::coded_enum;
use maille_common::record::write_record;
use maille_common::roster::{Comparison, RosterHeads};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber};

use super::desk::{Desk, StepError};
use super::incidents::{IncidentKind, words};
use super::records::RosterShownRecord;
use super::tables;

coded_enum! {
    /// What is wrong with the roster that a relay uses.
    pub enum RosterFault: u8 {
        /// It goes on with an old one, though it took a newer one.
        Frozen = 1 => "frozen",
        /// It contradicts the one in use here.
        Forked = 2 => "forked",
        /// It refuses the one in use here, which proves itself.
        Refused = 3 => "refused",
        /// It brings what names a roster that it cannot explain.
        Unexplained = 4 => "unexplained",
    }
}

impl RosterFault {
    /// In words, for an incident.
    const fn words(self) -> &'static str {
        match self {
            Self::Frozen => "goes on with an old roster, though it took a newer one",
            Self::Forked => "uses a roster that contradicts ours",
            Self::Refused => "refuses our roster",
            Self::Unexplained => "brings what names a roster that it cannot explain",
        }
    }
}

impl Desk {
    /// A relay shows its roster: how it stands to ours, and whether that is a fault of the relay.
    pub fn relay_shows_roster(
        &mut self,
        relay: &Name,
        heads: &RosterHeads,
        now: Timestamp,
    ) -> Result<(Comparison, CommitNumber), StepError> {
        let comparison = self.roster.compare(heads);
        let known = self.roster_shown(relay)?;
        let shown = heads.hash();
        let again = known.filter(|known| known.shown == shown);
        let fault = match comparison {
            Comparison::Fork => Some(RosterFault::Forked),
            Comparison::Ancestor if again.is_some_and(|known| known.took) => {
                Some(RosterFault::Frozen)
            }
            Comparison::Ancestor => again.and_then(|known| known.fault),
            Comparison::Same | Comparison::Ahead | Comparison::Apart => None,
        };
        let begun = RosterShownRecord {
            shown,
            took: false,
            fault: None,
            since: now,
        };
        let record = again.unwrap_or(begun);
        let mut batch = Batch::new();
        self.put_shown(&mut batch, relay, (known, record), fault, now)?;
        Ok((comparison, self.settle(batch)?))
    }

    /// A relay said that it took what it lacked of our roster.
    pub fn relay_took_roster(&mut self, relay: &Name) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        if let Some(known) = self.roster_shown(relay)? {
            let record = RosterShownRecord {
                took: true,
                ..known
            };
            put_record(&mut batch, relay, &record);
        }
        self.settle(batch)
    }

    /// A relay refused our roster; `forked` where it holds another document for one of its places.
    pub fn relay_refused_roster(
        &mut self,
        relay: &Name,
        forked: bool,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let fault = match forked {
            true => RosterFault::Forked,
            false => RosterFault::Refused,
        };
        let mut batch = Batch::new();
        if let Some(known) = self.roster_shown(relay)? {
            self.put_shown(&mut batch, relay, (Some(known), known), Some(fault), now)?;
        }
        self.settle(batch)
    }

    /// What is wrong with the roster that a relay uses, and since when.
    pub fn roster_fault_of(
        &self,
        relay: &Name,
    ) -> Result<Option<(RosterFault, Timestamp)>, StepError> {
        let known = self.roster_shown(relay)?;
        Ok(known.and_then(|known| Some((known.fault?, known.since))))
    }

    /// A relay brought what names a roster that nobody could explain (PROTOCOL R11).
    pub(super) fn relay_explains_nothing(
        &self,
        batch: &mut Batch,
        relay: &Name,
        now: Timestamp,
    ) -> Result<(), StepError> {
        if let Some(known) = self.roster_shown(relay)?
            && known.fault.is_none()
        {
            let record = RosterShownRecord {
                fault: Some(RosterFault::Unexplained),
                since: now,
                ..known
            };
            put_record(batch, relay, &record);
        }
        let relay = relay.clone();
        self.incident(batch, IncidentKind::RosterUnknown { relay }, None, now)
    }

    /// Keeps what a relay shows; a fault that it did not have before is an incident, once.
    fn put_shown(
        &self,
        batch: &mut Batch,
        relay: &Name,
        (known, record): (Option<RosterShownRecord>, RosterShownRecord),
        fault: Option<RosterFault>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let before = known.and_then(|known| known.fault);
        let since = match fault == record.fault {
            true => record.since,
            false => now,
        };
        let record = RosterShownRecord {
            fault,
            since,
            ..record
        };
        if known != Some(record) {
            put_record(batch, relay, &record);
        }
        let Some(fault) = fault.filter(|fault| Some(*fault) != before) else {
            return Ok(());
        };
        let kind = IncidentKind::Roster {
            fault: words(&format_args!("relay {relay} {}", fault.words())),
        };
        self.incident(batch, kind, None, now)
    }

    fn roster_shown(&self, relay: &Name) -> Result<Option<RosterShownRecord>, StepError> {
        self.find(tables::ROSTER_SHOWN, &tables::relay(relay))
    }
}

fn put_record(batch: &mut Batch, relay: &Name, record: &RosterShownRecord) {
    let key = tables::relay(relay);
    batch.put(tables::ROSTER_SHOWN, &key, &write_record(record));
}

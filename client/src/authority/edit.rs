//! Changing what the roster says of one contact.
//!
//! For the few things that change often. Everything can be changed by
//! [describing](super::NetworkPlan::of_roster) the network, editing the text and applying it.

use maille_common::address::ContactAddress;
use maille_common::codec::{List, Text};
use maille_common::roster::{Annex, Contact, Deputy, DutyHours, Roster};
use maille_common::time::Timestamp;

use super::admit::{AdmitError, next_annex, unknown};

/// What is to be said of a contact instead. What is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ContactEdit {
    /// What it is there for.
    pub role: Option<Text<128>>,
    /// The languages read there.
    pub languages: Option<Vec<Text<35>>>,
    /// When somebody is on duty; empty for day and night.
    pub hours: Option<Vec<DutyHours>>,
    /// Telephone numbers.
    pub telephones: Option<Vec<Text<32>>>,
    /// Who is asked in its place, step by step.
    pub deputies: Option<Vec<Deputy>>,
    /// From when it is designated.
    pub valid_from: Option<Timestamp>,
    /// Until when; `Some(None)` for open.
    pub valid_to: Option<Option<Timestamp>>,
}

/// The next annex, with the contact as it is to be.
pub fn edit(
    roster: &Roster,
    address: &ContactAddress,
    edit: &ContactEdit,
    now: Timestamp,
) -> Result<Annex, AdmitError> {
    let old = roster
        .annex(&address.organisation())
        .ok_or_else(|| unknown(address))?;
    next_annex(roster, old, address, now, |contact| {
        edit.apply(contact).map(Some)
    })
}

impl ContactEdit {
    fn apply(&self, old: &Contact) -> Result<Contact, AdmitError> {
        fn or<T: Clone, const MAX: usize>(
            new: Option<&Vec<T>>,
            old: &List<T, MAX>,
        ) -> Result<List<T, MAX>, AdmitError> {
            Ok(match new {
                Some(items) => List::new(items.clone())?,
                None => old.clone(),
            })
        }
        Ok(Contact {
            role: self.role.clone().unwrap_or_else(|| old.role.clone()),
            languages: or(self.languages.as_ref(), &old.languages)?,
            hours: or(self.hours.as_ref(), &old.hours)?,
            telephones: or(self.telephones.as_ref(), &old.telephones)?,
            deputies: or(self.deputies.as_ref(), &old.deputies)?,
            valid_from: self.valid_from.unwrap_or(old.valid_from),
            valid_to: self.valid_to.unwrap_or(old.valid_to),
            ..old.clone()
        })
    }
}

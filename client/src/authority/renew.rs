//! Taking up the keys that devices offer in the place of those they have.

use std::collections::BTreeMap;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{List, SortedList};
use maille_common::limits;
use maille_common::roster::{
    Annex, Contact, Device, DeviceKeys, RenewalError, Roster, SignedRenewal, VerifiedRenewal,
};
use maille_common::time::{Span, Timestamp};
use thiserror::Error;

use super::admit::{AdmitError, following_annex, unknown};

/// Old keys stand beside the new ones for so long, unless somebody says otherwise: longer than the
/// eight weeks that a desk may be away.
pub const OVERLAP: Span = Span::from_days(63);

/// The annex that takes up what devices offer.
#[derive(Debug)]
pub struct Renewed {
    /// The next annex of their organisation.
    pub annex: Annex,
    /// Whose keys it renews, by contact.
    pub devices: Vec<(ContactAddress, DeviceId)>,
    /// What was not taken up, and why.
    pub unusable: Vec<(DeviceId, RenewalError)>,
}

/// The next annex, in which every renewal that holds is taken up: the new pair from now on, and the
/// pair that vouched for it until the overlap is over. Others of the device are dropped.
///
/// A pair whose predecessor had an end has one as well, after as long a life, and not before it
/// would be renewed anyway: an end that was written to have keys renewed soon is not repeated. What
/// the roster has taken up already is passed over.
pub fn renew(
    roster: &Roster,
    renewals: &[SignedRenewal],
    overlap: Span,
    now: Timestamp,
) -> Result<Renewed, RenewError> {
    if overlap < Span::from_ms(limits::KEYS_OVERLAP_LEAST_MS) {
        return Err(RenewError::OverlapTooShort { overlap });
    }
    let mut taken: BTreeMap<DeviceId, VerifiedRenewal<'_>> = BTreeMap::new();
    let mut unusable = Vec::new();
    for renewal in renewals {
        let device = renewal.request.request.device;
        match renewal.verify(roster, now) {
            Ok(verified) => {
                let other = taken.insert(device, verified);
                // Of two offers of one device the later one is what it holds.
                if let Some(other) = other.filter(|other| made(other) > made(&verified)) {
                    taken.insert(device, other);
                }
            }
            Err(RenewalError::Done { .. }) => {}
            Err(error) => unusable.push((device, error)),
        }
    }
    let Some(first) = taken.values().next() else {
        return Err(RenewError::Nothing { unusable });
    };
    let organisation = first.request().contact.organisation();
    let of_other =
        |verified: &&VerifiedRenewal<'_>| verified.request().contact.organisation() != organisation;
    if let Some(other) = taken.values().find(of_other) {
        return Err(RenewError::SeveralOrganisations {
            one: organisation.to_string(),
            other: other.request().contact.organisation().to_string(),
        });
    }
    let contact = &first.request().contact;
    let old = roster
        .annex(&organisation)
        .ok_or_else(|| unknown(contact))?;
    let contacts = old.contacts.iter().map(|contact| {
        let devices = contact
            .devices
            .iter()
            .map(|device| match taken.get(&device.id) {
                Some(verified) => renewed(device, verified, overlap, now),
                None => device.clone(),
            });
        let mut devices: Vec<Device> = devices.collect();
        devices.sort_unstable();
        Ok(Contact {
            devices: SortedList::new(devices)?,
            ..contact.clone()
        })
    });
    let contacts: Vec<Contact> = contacts.collect::<Result<_, AdmitError>>()?;
    let devices = taken.values().map(|verified| {
        let request = verified.request();
        (request.contact.clone(), request.device)
    });
    let mut devices: Vec<(ContactAddress, DeviceId)> = devices.collect();
    devices.sort_unstable();
    Ok(Renewed {
        annex: following_annex(roster, old, contacts, now)?,
        devices,
        unusable,
    })
}

fn made(verified: &VerifiedRenewal<'_>) -> Timestamp {
    verified.request().created
}

/// A device with its next pair, and the one that it goes on with until it has heard of that.
fn renewed(
    device: &Device,
    verified: &VerifiedRenewal<'_>,
    overlap: Span,
    now: Timestamp,
) -> Device {
    let request = verified.request();
    let newest = device.keys.first();
    let life = newest.and_then(|newest| Some(newest.valid_to?.since(newest.valid_from)));
    let ahead = limits::KEYS_RENEWED_AFTER_MS + limits::KEYS_RENEWED_BEFORE_MS;
    let life = life.map(|life| life.max(Span::from_ms(ahead)));
    let next = DeviceKeys {
        transport: request.transport,
        signing: request.signing,
        valid_from: now,
        valid_to: life.map(|life| now + life),
    };
    let old = DeviceKeys {
        valid_to: Some(now + overlap),
        ..verified.present().clone()
    };
    Device {
        keys: List::new([next, old]).expect("a new pair of keys and one before it are two"),
        ..device.clone()
    }
}

/// Why no keys are renewed.
#[derive(Debug, Error)]
pub enum RenewError {
    /// A desk that is away would come back to keys that have ended.
    #[error(
        "An overlap of {overlap} is too short: a desk may be away for eight weeks, and comes back \
         with its old keys. Give 57 days or more."
    )]
    OverlapTooShort {
        /// What was asked for.
        overlap: Span,
    },
    /// No renewal is to be taken up.
    #[error("Nothing is to be renewed: the roster has taken up every renewal that holds.")]
    Nothing {
        /// Those that do not hold, and why.
        unusable: Vec<(DeviceId, RenewalError)>,
    },
    /// Each organisation signs for its own devices.
    #[error(
        "The renewals are of devices of `{one}` and `{other}`. Take up those of one organisation \
         at a time."
    )]
    SeveralOrganisations {
        /// One of them.
        one: String,
        /// Another.
        other: String,
    },
    /// The annex cannot be made.
    #[error(transparent)]
    Annex(#[from] AdmitError),
}

impl RenewError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OverlapTooShort { .. } => "overlap-too-short",
            Self::Nothing { .. } => "nothing-to-renew",
            Self::SeveralOrganisations { .. } => "several-organisations",
            Self::Annex(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;

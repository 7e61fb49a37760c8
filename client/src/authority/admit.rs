//! Admitting a device by its request and the code read out by telephone, and removing one.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{List, ListError, SortedList, TooLong};
use maille_common::roster::{
    Annex, Contact, Device, DeviceKeys, DeviceRequest, RequestError, Roster, RosterError,
    SignedRequest, VerifiedRequest,
};
use maille_common::time::Timestamp;
use maille_common::typed_code::is_typed_code;
use thiserror::Error;

/// The next annex with the device in it: a new one, or new keys of a known one, whose newest keys
/// before stay valid beside them until the next change.
///
/// `code` is what the people at the device read out, with or without hyphens.
pub fn admit(
    roster: &Roster,
    signed: &SignedRequest,
    code: &str,
    now: Timestamp,
) -> Result<Annex, AdmitError> {
    let verified = signed.verify(&roster.authority().network)?;
    if !code_is(&verified, code) {
        return Err(AdmitError::WrongCode);
    }
    let request = verified.request();
    if let Some(known) = roster.device(&request.device)
        && known.contact.address != request.contact
    {
        return Err(AdmitError::OtherContact {
            contact: known.contact.address.clone(),
        });
    }
    let organisation = request.contact.organisation();
    let old = roster
        .annex(&organisation)
        .ok_or_else(|| unknown(&request.contact))?;
    next_annex(roster, old, &request.contact, now, |contact| {
        with_device(contact, request, now)
    })
}

/// Whether these are the digits of a request's code, however they were written down.
pub fn code_is(request: &VerifiedRequest<'_>, typed: &str) -> bool {
    is_typed_code(&request.code(), typed)
}

/// What is removed from an annex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// One device.
    Device(ContactAddress, DeviceId),
    /// A contact with all its devices.
    Contact(ContactAddress),
}

impl Removed {
    /// The device whose id begins with these digits, in a roster where only one does.
    pub fn device(roster: &Roster, prefix: &str) -> Result<Self, AdmitError> {
        let prefix = prefix.to_ascii_lowercase();
        let all = roster.contacts().flat_map(|entry| {
            let devices = entry.contact.devices.iter();
            devices.map(move |device| (&entry.contact.address, device.id))
        });
        let mut found = all.filter(|(_, id)| id.to_string().starts_with(&prefix));
        match (found.next(), found.next()) {
            (Some((contact, id)), None) if !prefix.is_empty() => {
                Ok(Self::Device(contact.clone(), id))
            }
            (Some(_), _) => Err(AdmitError::SeveralDevices { prefix }),
            (None, _) => Err(AdmitError::UnknownDevice { prefix }),
        }
    }
}

/// The next annex without a device or contact.
pub fn remove(roster: &Roster, removed: &Removed, now: Timestamp) -> Result<Annex, AdmitError> {
    let (Removed::Device(address, _) | Removed::Contact(address)) = removed;
    let old = roster
        .annex(&address.organisation())
        .ok_or_else(|| unknown(address))?;
    next_annex(roster, old, address, now, |contact| match removed {
        Removed::Contact(_) => Ok(None),
        Removed::Device(_, id) => {
            let mut devices = contact.devices.to_vec();
            devices.retain(|device| device.id != *id);
            Ok(Some(Contact {
                devices: SortedList::new(devices)?,
                ..contact.clone()
            }))
        }
    })
}

fn with_device(
    contact: &Contact,
    request: &DeviceRequest,
    now: Timestamp,
) -> Result<Option<Contact>, AdmitError> {
    let fresh = DeviceKeys {
        transport: request.transport,
        signing: request.signing,
        valid_from: now,
        valid_to: None,
    };
    let mut devices = contact.devices.to_vec();
    let known = devices
        .iter()
        .position(|device| device.id == request.device);
    let old = known.map(|at| devices.remove(at));
    let mut keys = vec![fresh];
    if let Some(newest) = old.as_ref().and_then(|device| device.keys.first()) {
        if newest.transport == request.transport && newest.signing == request.signing {
            return Err(AdmitError::AlreadyAdmitted);
        }
        keys.push(newest.clone());
    }
    devices.push(Device {
        id: request.device,
        label: request.label.clone(),
        keys: List::new(keys).expect("a new pair of keys and one before it are two"),
    });
    devices.sort_unstable();
    Ok(Some(Contact {
        devices: SortedList::new(devices)?,
        ..contact.clone()
    }))
}

/// The annex that follows, with one contact changed or gone.
pub(super) fn next_annex(
    roster: &Roster,
    old: &Annex,
    address: &ContactAddress,
    now: Timestamp,
    change: impl FnOnce(&Contact) -> Result<Option<Contact>, AdmitError>,
) -> Result<Annex, AdmitError> {
    let mut contacts = old.contacts.to_vec();
    let at = contacts
        .iter()
        .position(|contact| contact.address == *address);
    let at = at.ok_or_else(|| unknown(address))?;
    match change(&contacts[at])? {
        Some(changed) => contacts[at] = changed,
        None => drop(contacts.remove(at)),
    }
    following_annex(roster, old, contacts, now)
}

/// The annex that follows, with these contacts.
pub(super) fn following_annex(
    roster: &Roster,
    old: &Annex,
    contacts: Vec<Contact>,
    now: Timestamp,
) -> Result<Annex, AdmitError> {
    let head = roster.heads().annex(&old.organisation);
    let head = head.expect("an annex in force has its head in the roster");
    let next = Annex {
        number: head.number.saturating_add(1),
        previous: head.hash,
        issued: now,
        renew_by: now + old.renew_by.since(old.issued),
        contacts: SortedList::new(contacts)?,
        ..old.clone()
    };
    next.check()?;
    Ok(next)
}

pub(super) fn unknown(contact: &ContactAddress) -> AdmitError {
    AdmitError::UnknownContact {
        contact: contact.clone(),
    }
}

/// Why a device is not admitted or removed.
#[derive(Debug, Error)]
pub enum AdmitError {
    /// The request does not verify.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The code is of another request.
    #[error(
        "The code is not the code of this request: the request was exchanged on its way, or the \
         digits were misheard. Nothing was admitted."
    )]
    WrongCode,
    /// The roster has no such contact.
    #[error("The roster has no contact `{contact}`.")]
    UnknownContact {
        /// The contact.
        contact: ContactAddress,
    },
    /// The device acts for another contact.
    #[error("The device already acts for `{contact}`. Remove it there first, or make a new home.")]
    OtherContact {
        /// The contact it acts for.
        contact: ContactAddress,
    },
    /// It is in the roster with these very keys.
    #[error("The device is in the roster already, with these keys.")]
    AlreadyAdmitted,
    /// No device's id begins like this.
    #[error("The roster has no device whose id begins with `{prefix}`.")]
    UnknownDevice {
        /// The digits given.
        prefix: String,
    },
    /// Several devices' ids begin like this.
    #[error("Several devices have ids that begin with `{prefix}`. Give more digits.")]
    SeveralDevices {
        /// The digits given.
        prefix: String,
    },
    /// A list of the annex would be too long.
    #[error("The annex would have too many devices. {0}")]
    List(#[from] ListError),
    /// A list of the contact would be too long.
    #[error("Too many were given for the contact. {0}")]
    TooLong(#[from] TooLong),
    /// Nobody would accept the annex.
    #[error(transparent)]
    Document(#[from] RosterError),
}

impl AdmitError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request(fault) => fault.code(),
            Self::WrongCode => "wrong-code",
            Self::UnknownContact { .. } => "unknown-contact",
            Self::OtherContact { .. } => "device-of-other-contact",
            Self::AlreadyAdmitted => "already-admitted",
            Self::UnknownDevice { .. } => "unknown-device",
            Self::SeveralDevices { .. } => "several-devices",
            Self::List(_) | Self::TooLong(_) => "annex-too-long",
            Self::Document(_) => "annex-refused",
        }
    }
}

//! What an annex has to be by itself (PROTOCOL R1, R8).

use std::collections::BTreeSet;

use super::authority_check::{check_extensions, check_network, refuse_repeated};
use super::{Annex, Contact, DocumentName, DutyHours, RosterError};
use crate::check::Check;

/// Checks everything about an annex that needs no other document.
pub(super) fn check_annex(annex: &Annex, network: &str) -> Result<(), RosterError> {
    let document = DocumentName::Annex(annex.organisation.clone(), annex.number);
    check_network(&document, &annex.network, network)?;
    check_extensions(&document, &annex.extensions)?;
    let addresses = annex.contacts.iter().map(|contact| &contact.address);
    refuse_repeated(&document, "contact", addresses)?;
    for contact in &annex.contacts {
        check_contact(annex, contact, &document)?;
    }
    Check::R8.found(check_devices(annex, &document))
}

fn check_contact(
    annex: &Annex,
    contact: &Contact,
    document: &DocumentName,
) -> Result<(), RosterError> {
    // R8: an organisation speaks for its own contacts only.
    if Check::R8.refuses(!contact.address.is_of(&annex.organisation)) {
        return Err(RosterError::ForeignContact {
            document: document.clone(),
            contact: contact.address.clone(),
        });
    }
    let languages = contact.names.iter().map(|name| name.language.as_str());
    refuse_repeated(document, "language of a name", languages)?;
    if Check::R1.refuses(!contact.hours.iter().all(DutyHours::is_possible)) {
        return Err(RosterError::Bounds {
            document: document.clone(),
            what: format!("`{}` has hours of duty that no day has", contact.address),
        });
    }
    Ok(())
}

/// R8: every device and every key has one place. Across annexes the index sees to it.
fn check_devices(annex: &Annex, document: &DocumentName) -> Result<(), RosterError> {
    let mut ids = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for device in annex.contacts.iter().flat_map(|contact| &contact.devices) {
        if !ids.insert(device.id) {
            return Err(RosterError::RepeatedDevice {
                document: document.clone(),
                device: device.id,
            });
        }
        for key in device
            .keys
            .iter()
            .flat_map(|pair| [pair.transport, pair.signing])
        {
            if !keys.insert(key) {
                return Err(RosterError::RepeatedKey {
                    document: document.clone(),
                    key,
                });
            }
        }
    }
    Ok(())
}

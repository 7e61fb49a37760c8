//! Whom to telephone, and in which language.

use crate::safe_text::safe_text;
use crate::sentence::ledger;

/// For people: how a contact is reached without the network.
pub(crate) fn call(contact: &str, telephones: &[String], languages: &[String]) -> String {
    let contact = &contact;
    if telephones.is_empty() {
        return ledger::NoTelephone { contact }.to_string();
    }
    let numbers = &safe_text(&telephones.join(", "));
    let spoken = &safe_text(&languages.join(", "));
    match languages.is_empty() {
        true => ledger::Call { contact, numbers }.to_string(),
        false => ledger::CallIn {
            contact,
            numbers,
            languages: spoken,
        }
        .to_string(),
    }
}

//! Incidents in words.

use maille_client::IncidentKind;

use crate::agent::Desk;
use crate::fault::Fault;

/// What happened that should not have; none where it is not kept any more.
pub(super) async fn words(desk: &Desk, number: u64) -> Result<Option<String>, Fault> {
    let found = desk.client().incidents(number.saturating_sub(1), 1).await?;
    let incident = found.into_iter().find(|(found, _)| *found == number);
    Ok(incident.map(|(_, incident)| sentence(&incident.kind)))
}

fn sentence(kind: &IncidentKind) -> String {
    match kind {
        IncidentKind::Delivery {
            relay,
            check,
            fault,
        } => {
            format!("What relay {relay} delivered is not believed ({check}): {fault}.")
        }
        IncidentKind::Returned { from, fault } => {
            format!("An alert of {from} could not be opened, and was returned: {fault}.")
        }
        IncidentKind::RelayStatement { relay } => {
            format!("What relay {relay} stated is not signed by it.")
        }
        IncidentKind::Receipt { check } => format!("A receipt is not believed ({check})."),
        IncidentKind::ReceiptsMissing { device, from, to } => {
            format!("Receipts {from} to {to} of device {device} are missing.")
        }
        IncidentKind::Fork { device } => {
            format!("Device {device} told two stories under one number.")
        }
        IncidentKind::AlertsMissing { device, from, to } => {
            format!("Alerts {from} to {to} of device {device} are missing: ask its contact.")
        }
        IncidentKind::RosterUnknown => {
            "A roster that others use stayed unknown for ten minutes.".to_owned()
        }
        IncidentKind::Roster { fault } => {
            format!("Roster documents contradict each other or do not verify: {fault}.")
        }
        IncidentKind::Bundle { device } => {
            format!("Sealing keys of device {device} contradict earlier ones.")
        }
        IncidentKind::RolledBack => "This device's store had been rolled back.".to_owned(),
    }
}

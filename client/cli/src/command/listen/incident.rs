//! Incidents in words.

use maille_client::{AlertApart, Incident, IncidentKind};

use crate::agent::Desk;
use crate::fault::Fault;
use crate::local_time::local;
use crate::sentence::{incident as say, term};

/// What happened that should not have; none where it is not kept any more.
pub(super) async fn kept(desk: &Desk, number: u64) -> Result<Option<Incident>, Fault> {
    let found = desk.client().incidents(number.saturating_sub(1), 1).await?;
    let incident = found.into_iter().find(|(found, _)| *found == number);
    Ok(incident.map(|(_, incident)| incident))
}

fn alert_apart(one: &AlertApart) -> String {
    let (differs, state) = (one.differs.to_string(), one.state.state().to_string());
    let sentence = say::AlertApart {
        alert: &one.alert.prefix(),
        differs: &term::Differs { word: &differs },
        state: &term::State { word: &state },
    };
    sentence.to_string()
}

pub(super) fn sentence(kind: &IncidentKind) -> String {
    match kind {
        IncidentKind::Delivery {
            relay,
            check,
            fault,
        } => say::Delivery {
            relay,
            check,
            fault,
        }
        .to_string(),
        IncidentKind::Returned { from, fault } => say::Returned { from, fault }.to_string(),
        IncidentKind::RelayStatement { relay } => say::RelayStatement { relay }.to_string(),
        IncidentKind::Receipt { check } => say::Receipt { check }.to_string(),
        IncidentKind::ReceiptsMissing { device, from, to } => {
            say::ReceiptsMissing { device, from, to }.to_string()
        }
        IncidentKind::Fork { device } => say::Fork { device }.to_string(),
        IncidentKind::AlertsMissing { device, from, to } => {
            say::AlertsMissing { device, from, to }.to_string()
        }
        IncidentKind::RosterUnknown { relay } => say::RosterUnknown { relay }.to_string(),
        IncidentKind::Roster { fault } => say::Roster { fault }.to_string(),
        IncidentKind::Bundle { device } => say::Bundle { device }.to_string(),
        IncidentKind::Apart {
            contact,
            device,
            count,
            alerts,
            ..
        } => {
            let named: Vec<String> = alerts.iter().map(alert_apart).collect();
            let alerts = &named.join(", ");
            let sentence = say::Apart {
                contact,
                device,
                count,
                alerts,
            };
            sentence.to_string()
        }
        IncidentKind::RolledBack => say::RolledBack.to_string(),
        IncidentKind::WebhookGone { name } => say::WebhookGone { name }.to_string(),
        IncidentKind::AlertLost {
            device,
            number,
            end,
        } => say::AlertLost {
            device,
            number,
            end,
        }
        .to_string(),
        IncidentKind::AlertsForgotten { device, from, to } => {
            say::AlertsForgotten { device, from, to }.to_string()
        }
        IncidentKind::AskedUnknown { device, from, to } => {
            say::AskedUnknown { device, from, to }.to_string()
        }
        IncidentKind::Excluded {
            designation,
            subject,
            document,
            hash,
            at,
            signers,
            reason,
        } => {
            let designation = &term::Designation { word: designation };
            let (hash, at) = (&hash.short(), &local(*at));
            if document.as_str().is_empty() {
                return say::ExcludedNeverIn { designation }.to_string();
            }
            if reason.as_str().is_empty() {
                return say::Excluded {
                    designation,
                    subject,
                    document,
                    hash,
                    at,
                    signers,
                }
                .to_string();
            }
            say::ExcludedForReason {
                designation,
                subject,
                document,
                hash,
                at,
                signers,
                reason,
            }
            .to_string()
        }
        IncidentKind::NotAdmitted { relay, authority } => {
            say::NotAdmitted { relay, authority }.to_string()
        }
        IncidentKind::ForkTold {
            device,
            of,
            number,
            by,
        } => say::ForkTold {
            device,
            of,
            number,
            by,
        }
        .to_string(),
    }
}

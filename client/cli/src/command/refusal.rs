//! Who does not take an alert, why, and what to do about it.

use maille_client::Refusal;
use serde::{Deserialize, Serialize};

use crate::safe_text::safe_text;
use crate::sentence::{refusal, term};

/// One refusal, for people and machines.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// `relay`, `device` or `officer`.
    what: String,
    /// The relay's name, the device's id, or the contact for which the officer acted.
    by: String,
    reason: String,
}

impl Refused {
    pub(crate) fn all_of(refusals: &[Refusal]) -> Vec<Self> {
        refusals.iter().map(Self::of).collect()
    }

    fn of(refusal: &Refusal) -> Self {
        let (what, by) = match refusal {
            Refusal::Relay { relay, .. } => ("relay", relay.to_string()),
            Refusal::Device { device, .. } => ("device", device.to_string()),
            Refusal::Officer { contact, .. } => ("officer", contact.to_string()),
        };
        Self {
            what: what.to_owned(),
            by,
            reason: refusal.reason().to_owned(),
        }
    }

    /// For people: two lines.
    pub(crate) fn text(&self) -> String {
        let (by, reason) = (&safe_text(&self.by), &term::Reason { word: &self.reason });
        let said = match self.what.as_str() {
            "relay" => refusal::ByRelay { by, reason }.to_string(),
            "device" => refusal::ByDevice { by, reason }.to_string(),
            _ => refusal::ByOfficer { by, reason }.to_string(),
        };
        let next = term::Next { word: &self.reason };
        format!("  {said}\n    {next}\n")
    }
}

#[cfg(test)]
mod tests {
    use maille_common::address::DeviceId;
    use maille_common::terms::{AcceptReason, Reason};

    use super::*;

    /// What nobody has thought of falls through to a sentence that begins with its own word.
    #[test]
    fn every_reason_is_told_with_its_word_and_with_what_to_do() {
        let relays = AcceptReason::ALL.iter().map(|reason| Refusal::Relay {
            relay: "lyon".parse().unwrap(),
            reason: *reason,
        });
        let devices = Reason::ALL.iter().map(|reason| Refusal::Device {
            device: DeviceId::from_bytes([1; 16]),
            reason: *reason,
        });
        let officers = Reason::ALL.iter().map(|reason| Refusal::Officer {
            contact: "cmai/tunis".parse().unwrap(),
            reason: *reason,
        });
        let all: Vec<Refusal> = relays.chain(devices).chain(officers).collect();
        for (refusal, shown) in all.iter().zip(Refused::all_of(&all)) {
            let text = shown.text();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 2, "{text}");
            assert!(lines[0].contains(refusal.reason()), "{text}");
            assert!(lines[0].contains(&shown.by), "{text}");
            let is_none = refusal.reason() == "none";
            assert_eq!(lines[1].trim() == refusal.reason(), is_none, "{text}");
            assert!(is_none || lines[1].contains(' '), "{text}");
        }
    }
}

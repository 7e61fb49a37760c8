//! A contact as people and machines see it before they write to it.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use maille_client::PreviewedRecipient;
use serde::{Deserialize, Serialize};

use crate::safe_text::{safe_name, safe_text};
use crate::sentence::{contact, term};

/// What both `contacts` and a preview tell of a contact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The address.
    pub(crate) address: String,
    /// Its names, by language.
    pub(crate) names: BTreeMap<String, String>,
    /// `valid`, `not-yet`, `ended`, `suspended` or `unknown`.
    pub(crate) designation: String,
    /// The moment on the wall there, as `09:05 +02:00`; `null` for an unknown time zone.
    pub(crate) local: Option<String>,
    /// Whether somebody is on duty there.
    pub(crate) on_duty: Option<bool>,
    /// Who is asked when it does not answer, in order.
    pub(crate) deputies: Vec<Deputy>,
    /// Its devices.
    pub(crate) devices: Vec<Device>,
    /// Its telephones, the preferred one first.
    pub(crate) telephones: Vec<String>,
}

/// A contact that is asked in another's place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deputy {
    /// The contact.
    pub(crate) contact: String,
    /// When it is asked, counted from the sending: `45m`.
    pub(crate) after: String,
}

/// A device of a contact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    /// Its id.
    pub(crate) device: String,
    /// What its people call it.
    pub(crate) label: String,
    /// Its sealing keys are known here. Without, alerts follow when they appear.
    pub(crate) keyed: bool,
}

impl From<&PreviewedRecipient> for Person {
    fn from(shown: &PreviewedRecipient) -> Self {
        let names = shown
            .names
            .iter()
            .map(|name| (name.language.to_string(), name.text.to_string()));
        let deputies = shown.deputies.iter().map(|deputy| Deputy {
            contact: deputy.contact.to_string(),
            after: deputy.after.to_string(),
        });
        let devices = shown.devices.iter().map(|device| Device {
            device: device.device.to_string(),
            label: device.label.clone(),
            keyed: device.keyed,
        });
        Self {
            address: shown.address.to_string(),
            names: names.collect(),
            designation: shown.designation.name().to_owned(),
            local: shown.local.as_ref().map(ToString::to_string),
            on_duty: shown.on_duty,
            deputies: deputies.collect(),
            devices: devices.collect(),
            telephones: shown.telephones.clone(),
        }
    }
}

impl Person {
    /// The address and, in their own scripts, the names.
    pub(crate) fn title(&self) -> String {
        let names: Vec<String> = self.names.values().map(|name| safe_name(name)).collect();
        match names.is_empty() {
            true => self.address.clone(),
            false => format!("{} ({})", self.address, names.join(", ")),
        }
    }

    /// The hour, the duty, the telephones, who stands in: a line each, indented.
    pub(crate) fn lines(&self) -> String {
        let mut text = String::new();
        let hour: &dyn Display = match &self.local {
            Some(local) => local,
            None => &contact::HourUnknown,
        };
        let duty: &dyn Display = match self.on_duty {
            Some(true) => &contact::OnDuty,
            Some(false) => &contact::OffDuty,
            None => &contact::DutyUnknown,
        };
        let numbers = safe_text(&self.telephones.join(", "));
        let telephones: &dyn Display = match self.telephones.is_empty() {
            true => &contact::NoTelephone,
            false => &contact::Telephones { numbers: &numbers },
        };
        let there = contact::There {
            hour,
            duty,
            telephones,
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {there}");
        if self.designation != "valid" {
            let word = &self.designation;
            let designation = &term::Designation { word };
            let _ = writeln!(text, "  {}", contact::Designated { designation });
        }
        for deputy in &self.deputies {
            let (contact, after) = (&deputy.contact, &deputy.after);
            let _ = writeln!(text, "  {}", contact::Deputy { contact, after });
        }
        let keyed = self.devices.iter().filter(|device| device.keyed).count();
        let (keyed, count) = (&keyed, &self.devices.len());
        let _ = writeln!(text, "  {}", contact::DevicesKeyed { keyed, count });
        text
    }
}

//! What ends soon, as `contacts` and `status` show it.

use maille_common::roster::{EndStage, Ending as Known, Ends};
use maille_common::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::form::word;
use crate::local_time::local;
use crate::sentence::ending;

const DAY: Span = Span::from_days(1);

/// Something that ends within 30 days, or has ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// `authority`, `annex`, `contact`, `device` or `sealing-keys`.
    what: String,
    /// Who can do something about it: an organisation; `null` for the authority.
    organisation: Option<String>,
    contact: Option<String>,
    device: Option<String>,
    #[serde(with = "word")]
    at: Timestamp,
    /// `month`, `week`, `day` or `over`.
    stage: String,
}

impl Ending {
    pub(crate) fn of(known: &Known) -> Self {
        let device = match &known.what {
            Ends::Device(_, device) | Ends::SealingKeys(_, device) => Some(device.to_string()),
            Ends::Authority | Ends::Annex(_) | Ends::Contact(_) => None,
        };
        Self {
            what: known.what.name().to_owned(),
            organisation: known.what.organisation().map(|name| name.to_string()),
            contact: known.what.contact().map(ToString::to_string),
            device,
            at: known.at,
            stage: known.stage.name().to_owned(),
        }
    }

    /// A line for people.
    pub(crate) fn text(&self) -> String {
        let (at, none) = (&local(self.at), String::new());
        let left = self.at.since(now()).ms().div_ceil(DAY.ms());
        let when = match self.stage == EndStage::Over.name() {
            true => ending::Ended { at }.to_string(),
            false => ending::EndsIn { at, count: &left }.to_string(),
        };
        let when = &when;
        let organisation = self.organisation.as_ref().unwrap_or(&none);
        let contact = self.contact.as_ref().unwrap_or(&none);
        let device = self.device.as_ref().unwrap_or(&none);
        match self.what.as_str() {
            "annex" => ending::Annex { organisation, when }.to_string(),
            "contact" => ending::Contact {
                contact,
                when,
                organisation,
            }
            .to_string(),
            "device" => ending::Device {
                contact,
                device,
                when,
                organisation,
            }
            .to_string(),
            "sealing-keys" => ending::SealingKeys {
                contact,
                device,
                when,
            }
            .to_string(),
            _ => ending::Authority { when }.to_string(),
        }
    }
}

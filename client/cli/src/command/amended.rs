//! What the sender of an alert has said about it since, as it stands beside the alert.

use maille_client::Amendment;
use maille_common::address::ContactAddress;
use maille_common::terms::Kind;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::word;
use crate::local_time::local;
use crate::sentence::alert;

/// An update or cancel of an alert.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Amended {
    id: String,
    short: String,
    /// `update` or `cancel`.
    #[serde(with = "word")]
    kind: Kind,
    by: String,
    device: String,
    /// By the clock of whoever signed it.
    #[serde(with = "word")]
    time: Timestamp,
}

impl Amended {
    /// All of them; they are by the contact that sent the alert.
    pub(super) fn all(by: &ContactAddress, amendments: &[Amendment]) -> Vec<Self> {
        let amended = |amendment: &Amendment| Self {
            id: amendment.id.to_string(),
            short: amendment.id.prefix().to_string(),
            kind: amendment.kind,
            by: by.to_string(),
            device: amendment.device.to_string(),
            time: amendment.time,
        };
        amendments.iter().map(amended).collect()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let (short, by, time) = (&self.short, &self.by, &local(self.time));
        match self.kind {
            Kind::Cancel => alert::Cancelled { by, time, short }.to_string(),
            _ => alert::Updated { by, time, short }.to_string(),
        }
    }
}

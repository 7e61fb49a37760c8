//! What took a device out, as it is told there.

use std::fmt::Display;
use std::path::Path;

use maille_client::authority::{Removal, RosterFolder, removal};
use maille_common::address::{ContactAddress, DeviceId};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::local_time::local;
use crate::safe_text::safe_name;
use crate::sentence::device;

/// The document that took it out, and who signed that.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Removed {
    document: String,
    hash: String,
    issued: String,
    signers: Vec<String>,
    text: String,
}

impl Removed {
    /// What the documents kept in a home say of a device; none where it was not removed.
    pub(crate) fn find(
        home: &Path,
        contact: &ContactAddress,
        id: &DeviceId,
    ) -> Result<Option<Self>, Fault> {
        let documents = RosterFolder::of_home(home).read()?;
        Ok(removal(&documents, contact, id).map(|removal| Self::of(&removal)))
    }

    fn of(removal: &Removal) -> Self {
        let signers = removal.signers.iter();
        let signers: Vec<String> = signers
            .map(|signer| safe_name(&signer.to_string()))
            .collect();
        let text = device::RemovedBy {
            document: &removal.document,
            issued: &local(removal.issued),
            signers: &signers.join("; "),
        };
        Self {
            document: removal.document.to_string(),
            hash: removal.hash.to_string(),
            issued: removal.issued.to_string(),
            text: text.to_string(),
            signers,
        }
    }

    /// The sentence.
    pub(crate) fn text(&self) -> &dyn Display {
        &self.text
    }
}

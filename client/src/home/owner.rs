//! `home.toml`: whose home this is. Not secret.

use std::path::Path;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{Text, coded};
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::HomeError;
use super::files;

/// The name of the file. A folder that has it is a home; it is written last.
pub(super) const FILE: &str = "home.toml";

/// The format of a home as a whole.
pub(super) const FORMAT: i64 = 1;

const BYTES_MAX: usize = 16 * 1024;

/// Six lines, and as many of comments as anybody may add.
const TOKENS_MAX: usize = 1024;

coded! {
    /// Whose home it is, and since when.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct Owner {
        pub(super) network: Text<64>,
        pub(super) contact: ContactAddress,
        pub(super) device: DeviceId,
        pub(super) label: Text<64>,
        pub(super) created: Timestamp,
    }
}

impl Owner {
    /// Writes the file, which makes the folder a home.
    pub(super) fn create(&self, folder: &Path) -> Result<(), HomeError> {
        let file = HomeFile {
            format: FORMAT,
            network: self.network.to_string(),
            contact: self.contact.to_string(),
            device: self.device.to_string(),
            label: self.label.to_string(),
            created: self.created.to_string(),
        };
        files::create(&folder.join(FILE), files::to_toml(&file).as_bytes())
    }

    /// Reads the file.
    pub(super) fn load(folder: &Path) -> Result<Self, HomeError> {
        let path = folder.join(FILE);
        let text = match files::read_text(&path, BYTES_MAX) {
            Err(HomeError::Missing { .. }) => {
                return Err(HomeError::NotAHome {
                    path: folder.to_owned(),
                });
            }
            other => other?,
        };
        Self::parse(&path, &text)
    }

    /// Reads the file's text.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, HomeError> {
        let file: HomeFile = files::parse_toml(path, text, FORMAT, TOKENS_MAX)?;
        file.read().map_err(|why| files::corrupt(path, why))
    }
}

/// The file as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HomeFile {
    format: i64,
    network: String,
    contact: String,
    device: String,
    label: String,
    created: String,
}

impl HomeFile {
    /// The owner, or the name of the line that is not of its form.
    fn read(self) -> Result<Owner, &'static str> {
        Ok(Owner {
            network: Text::new(self.network).map_err(|_| "`network` is over 64 bytes")?,
            contact: self
                .contact
                .parse()
                .map_err(|_| "`contact` is not an address")?,
            device: self
                .device
                .parse()
                .map_err(|_| "`device` is not 32 hexadecimal digits")?,
            label: Text::new(self.label).map_err(|_| "`label` is over 64 bytes")?,
            created: self
                .created
                .parse()
                .map_err(|_| "`created` is not a time")?,
        })
    }
}

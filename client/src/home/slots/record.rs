//! `slots.toml` as it is written.

use std::path::Path;

use maille_common::codec::{from_hex, to_hex};
use maille_common::crypto::aead::{AtRestKey, OVERHEAD};
use serde::{Deserialize, Serialize};

use super::{Officer, SealedMaster, Slot};
use crate::home::error::HomeError;
use crate::home::files;
use crate::home::passphrase::Cost;

/// The only format of the file so far.
const FORMAT: i64 = 1;

/// The slot of an officer who is there is six bytes a token. Of one who was removed only names and
/// times are left, which are less; of those there is room for all.
const BYTES_OF_TOKEN: usize = 4;
const TOKENS_FREE: usize = 8192;

/// Writes the file's text.
pub(super) fn write(slots: &[Slot]) -> String {
    let officer = slots.iter().map(SlotRecord::of).collect();
    files::to_toml(&SlotsFile {
        format: FORMAT,
        officer,
    })
}

/// Reads the file's bytes.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Slot>, HomeError> {
    let text = files::utf8(path, bytes)?;
    let tokens_max = TOKENS_FREE + text.len() / BYTES_OF_TOKEN;
    let file: SlotsFile = files::parse_toml(path, text, FORMAT, tokens_max)?;
    let slots: Option<_> = file.officer.into_iter().map(SlotRecord::read).collect();
    slots.ok_or_else(|| files::corrupt(path, "a slot is not as it was written"))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotsFile {
    format: i64,
    #[serde(default)]
    officer: Vec<SlotRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotRecord {
    name: String,
    added: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argon2id: Option<MasterRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MasterRecord {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    sealed_master: String,
}

/// nonce, master key, tag
const SEALED_MASTER_LEN: usize = AtRestKey::LEN + OVERHEAD;

impl SlotRecord {
    fn of(slot: &Slot) -> Self {
        Self {
            name: slot.officer.name.clone(),
            added: slot.officer.added.to_string(),
            removed: slot.officer.removed.map(|removed| removed.to_string()),
            argon2id: slot.master.as_ref().map(|master| MasterRecord {
                memory_kib: master.cost.memory_kib(),
                passes: master.cost.passes(),
                lanes: master.cost.lanes(),
                salt: to_hex(&master.salt),
                sealed_master: to_hex(&master.sealed),
            }),
        }
    }

    fn read(self) -> Option<Slot> {
        let removed = match self.removed {
            Some(removed) => Some(removed.parse().ok()?),
            None => None,
        };
        let master = match self.argon2id {
            Some(record) => Some(record.read()?),
            None => None,
        };
        // A slot is full or its officer is gone, and never both.
        (removed.is_some() != master.is_some()).then_some(())?;
        let officer = Officer {
            name: self.name,
            added: self.added.parse().ok()?,
            removed,
        };
        Some(Slot { officer, master })
    }
}

impl MasterRecord {
    fn read(self) -> Option<SealedMaster> {
        Some(SealedMaster {
            cost: Cost::new(self.memory_kib, self.passes, self.lanes)?,
            salt: from_hex(&self.salt).ok()?,
            sealed: from_hex::<SEALED_MASTER_LEN>(&self.sealed_master)
                .ok()?
                .to_vec(),
        })
    }
}

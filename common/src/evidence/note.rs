//! Notes: what an officer tells the sender beside a receipt, hidden from the relay and from the
//! other recipients.

use thiserror::Error;

use crate::address::{ContactAddress, DeviceId};
use crate::codec::{Bytes, Decode, Encode, SortedList, Text, decode, encode};
use crate::crypto::hpke::{SealingPublicKey, SealingSecretKey};
use crate::crypto::padding;
use crate::hash::{Hash, hash};
use crate::identifier::AlertId;
use crate::label::Label;
use crate::limits;
use crate::randomness::Randomness;
use crate::sealing::SealingKeyId;

/// Who acted, and what they say.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Note {
    /// Format version, 1.
    pub version: u16,
    /// Opens the receipt's officer hash.
    pub salt: [u8; 16],
    /// The officer's name, empty where the organisation withholds it.
    pub officer: Text<128>,
    /// Free text.
    pub text: Text<{ limits::NOTE_TEXT_BYTES_MAX }>,
    /// Not ours: whose, as an address; otherwise empty.
    pub suggested: Text<{ limits::ADDRESS_BYTES_MAX }>,
    /// Duplicate: of which alert; otherwise zero.
    pub duplicate_of: AlertId,
}

/// A note for one device of the sender's contact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct NoteWrap {
    /// The device that can open it.
    pub device: DeviceId,
    /// Under which of its keys.
    pub key: SealingKeyId,
    /// The HPKE message.
    pub sealed: Bytes<{ limits::NOTE_SEALED_BYTES_MAX }>,
}

/// A note for all devices of the sender's contact; the receipt holds its hash.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SealedNote {
    /// One wrap per device, ascending.
    pub wraps: SortedList<NoteWrap, { limits::NOTE_WRAPS_MAX }>,
}

/// A device a note is sealed to.
#[derive(Debug, Clone)]
pub struct NoteReader {
    /// The device.
    pub device: DeviceId,
    /// The key's id.
    pub key: SealingKeyId,
    /// The key.
    pub public: SealingPublicKey,
}

/// Why a note cannot be sealed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoteFault {
    /// A sealing key cannot be used, or there are too many devices.
    #[error("the note cannot be sealed to the sender's devices")]
    Seal,
    /// The note is not addressed to this device and key.
    #[error("the note is not sealed to this device")]
    NotMine,
    /// Another version.
    #[error("the note has version {0}, and this program reads version 1")]
    Version(u16),
    /// It does not open or is malformed.
    #[error("the note does not open")]
    Broken,
}

impl Note {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// The contact suggested instead, if it is an address.
    pub fn suggested_contact(&self) -> Option<ContactAddress> {
        self.suggested.as_str().parse().ok()
    }
}

impl SealedNote {
    /// Under which of its keys a device can read the note, if it can.
    pub fn key_for(&self, reader: &DeviceId) -> Option<SealingKeyId> {
        self.wraps
            .iter()
            .find(|wrap| wrap.device == *reader)
            .map(|wrap| wrap.key)
    }

    /// `H("note", sealed note)`, as the receipt holds it.
    pub fn hash(&self) -> Hash {
        hash(Label::NOTE, &[&encode(self)])
    }
}

/// Seals a note of `signer` about `alert` to the devices of the sender's contact.
pub fn seal_note(
    note: &Note,
    alert: &AlertId,
    signer: &DeviceId,
    readers: &[NoteReader],
    random: &mut impl Randomness,
) -> Result<SealedNote, NoteFault> {
    let plain = padding::pad(&encode(note));
    let mut wraps = Vec::with_capacity(readers.len());
    for reader in readers {
        let info = note_info(alert, signer, &reader.device, &reader.key);
        let sealed = reader.public.seal(&info, &plain, &random.secret());
        let sealed = Bytes::new(sealed).map_err(|_| NoteFault::Seal)?;
        wraps.push(NoteWrap {
            device: reader.device,
            key: reader.key,
            sealed,
        });
    }
    let wraps = SortedList::new(wraps).map_err(|_| NoteFault::Seal)?;
    Ok(SealedNote { wraps })
}

/// Opens a note at `reader`, one of the sender's devices, with the private half of
/// [`SealedNote::key_for`].
pub fn open_note(
    note: &SealedNote,
    alert: &AlertId,
    signer: &DeviceId,
    reader: &DeviceId,
    key: Option<&SealingSecretKey>,
) -> Result<Note, NoteFault> {
    let wrap = note
        .wraps
        .iter()
        .find(|wrap| wrap.device == *reader)
        .ok_or(NoteFault::NotMine)?;
    let key = key.ok_or(NoteFault::NotMine)?;
    let info = note_info(alert, signer, reader, &wrap.key);
    let padded = key
        .open(&info, &wrap.sealed)
        .map_err(|_| NoteFault::Broken)?;
    let plain = padding::unpad(&padded).map_err(|_| NoteFault::Broken)?;
    let note: Note = decode(plain).map_err(|_| NoteFault::Broken)?;
    match note.version {
        Note::VERSION => Ok(note),
        found => Err(NoteFault::Version(found)),
    }
}

fn note_info(alert: &AlertId, signer: &DeviceId, reader: &DeviceId, key: &SealingKeyId) -> Vec<u8> {
    let label = Label::NOTE_SEAL.padded();
    [
        &label[..],
        alert.as_bytes(),
        signer.as_bytes(),
        reader.as_bytes(),
        key.as_bytes(),
    ]
    .concat()
}

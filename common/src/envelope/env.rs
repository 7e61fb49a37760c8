//! The env: everything the sender signs, with hashes in place of what is long or private.

use crate::address::DeviceId;
use crate::blob::BlobRef;
use crate::codec::{Decode, Encode, Exact, List};
use crate::crypto::ed25519::Signature;
use crate::envelope::Core;
use crate::hash::{Hash, hash};
use crate::identifier::AlertId;
use crate::label::Label;
use crate::limits;

/// What the signatures cover. Its hash is the alert's id for ever.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Env {
    /// The core, as its sender wrote it.
    pub core: Exact<Core, { limits::CORE_BYTES_MAX }>,
    /// `H("body hash", body)`.
    pub body_hash: Hash,
    /// Length of the sealed body in bytes.
    pub body_length: u64,
    /// The attachments, in the order the content names them.
    pub blobs: List<BlobRef, { limits::BLOBS_MAX }>,
    /// How many entries there are.
    pub entries: u32,
    /// RFC 9162 root over the entries' leaves.
    pub root: Hash,
}

/// One device's signature over an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DeviceSignature {
    /// The device that signed.
    pub device: DeviceId,
    /// Over `label | alert id`.
    pub signature: Signature,
}

/// The sending device's signature, and a second person's where a rule asks for it.
pub type Signatures = List<DeviceSignature, { limits::SIGNATURES_MAX }>;

impl Env {
    /// `H("envelope", env)`, from the received bytes.
    pub fn id(bytes: &[u8]) -> AlertId {
        AlertId::from_bytes(*hash(Label::ENVELOPE, &[bytes]).as_bytes())
    }
}

/// `H("core", core)`, from the received bytes.
pub fn core_hash(core: &Exact<Core, { limits::CORE_BYTES_MAX }>) -> Hash {
    hash(Label::CORE, &[core.bytes()])
}

/// `H("body hash", body)`.
pub fn body_hash(body: &[u8]) -> Hash {
    hash(Label::BODY_HASH, &[body])
}

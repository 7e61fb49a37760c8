//! A bundle under its device's signature, and its place in the row of bundles.

use thiserror::Error;

use crate::check::Check;
use crate::codec::{Decode, Encode, Exact};
use crate::crypto::ed25519::{Signature, SigningKey, VerifyingKey};
use crate::extension::first_unknown_critical;
use crate::hash::{Hash, hash};
use crate::label::Label;
use crate::limits;
use crate::roster::Roster;
use crate::sealing::Bundle;
use crate::time::Timestamp;

/// A bundle and the signature over its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedBundle {
    /// The bundle, with the bytes it came as.
    pub bundle: Exact<Bundle, { limits::BUNDLE_BYTES_MAX }>,
    /// `sign(device, "bundle signature", H("bundle", bundle))`.
    pub signature: Signature,
}

impl SignedBundle {
    /// Signs a bundle with the signing key of its device.
    pub fn sign(bundle: Bundle, key: &SigningKey) -> Self {
        let bundle = Exact::of(bundle)
            .expect("12 keys of 1,232 bytes and 32 extensions of 4,105 stay below 160 KiB");
        let signature = key.sign(Label::BUNDLE_SIGNATURE, &bundle_hash(bundle.bytes()));
        Self { bundle, signature }
    }

    /// Checks version, critical extensions, and the signature (PROTOCOL K2).
    ///
    /// The caller takes the key from the roster in use, for the device that the bundle names and
    /// the contact that it acts for; the keys inside were checked when they were decoded (K5).
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), BundleFault> {
        if Check::W3.refuses(self.bundle.version != Bundle::VERSION) {
            return Err(BundleFault::Version(self.bundle.version));
        }
        if let Some(number) = first_unknown_critical(&self.bundle.extensions) {
            return Err(BundleFault::CriticalExtension(number));
        }
        let signed = key.verify(Label::BUNDLE_SIGNATURE, &self.hash(), &self.signature);
        Check::K2.found(signed).map_err(|_| BundleFault::Signature)
    }

    /// Whether its device signed it with a key by which bundles count now, by the roster in use
    /// (PROTOCOL K2).
    pub fn counts_by(&self, roster: &Roster, now: Timestamp) -> bool {
        let keys = roster.signing_keys_now(&self.bundle.device, now);
        keys.iter().any(|key| self.verify(key).is_ok())
    }

    /// `H("bundle", bundle)`, which the next bundle names as the one before.
    pub fn hash(&self) -> Hash {
        bundle_hash(self.bundle.bytes())
    }

    /// How this bundle stands to the newest one seen of the same device (PROTOCOL K3).
    ///
    /// Both must have been verified: a fork is evidence against the device.
    pub fn succession(&self, seen: &Self) -> Succession {
        let follows = seen.bundle.number.checked_add(1) == Some(self.bundle.number);
        if !Check::K3.stands() {
            Succession::Newer
        } else if self.bundle.number < seen.bundle.number {
            Succession::Older
        } else if self.bundle.number == seen.bundle.number {
            if self.bundle == seen.bundle {
                Succession::Same
            } else {
                Succession::Fork
            }
        } else if follows && self.bundle.previous != seen.hash() {
            Succession::NewerAfterFork
        } else {
            Succession::Newer
        }
    }
}

fn bundle_hash(bundle: &[u8]) -> Hash {
    hash(Label::BUNDLE, &[bundle])
}

/// How one verified bundle stands to another of the same device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Succession {
    /// The same one.
    Same,
    /// It voids the one seen.
    Newer,
    /// It voids the one seen, and follows on another bundle of that number: an incident.
    NewerAfterFork,
    /// It is void.
    Older,
    /// Another one of the same number: an incident, and the first one seen stays.
    Fork,
}

impl Succession {
    /// Whether the bundle takes the place of the one seen.
    pub const fn replaces(self) -> bool {
        matches!(self, Self::Newer | Self::NewerAfterFork)
    }

    /// Whether the two prove that the device signed two bundles with one number.
    pub const fn is_incident(self) -> bool {
        matches!(self, Self::NewerAfterFork | Self::Fork)
    }
}

/// Why a bundle is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BundleFault {
    /// W3: another version.
    #[error("The bundle of sealing keys has version {0}, and this program reads version 1.")]
    Version(u16),
    /// An extension that this version does not know, and must.
    #[error("The bundle of sealing keys has the critical extension {0}, which is not known here.")]
    CriticalExtension(u32),
    /// K2: the signature is not by this key.
    #[error("The bundle of sealing keys is not signed by this key of its device.")]
    Signature,
}

impl BundleFault {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Version(_) => "bundle-version",
            Self::CriticalExtension(_) => "bundle-critical-extension",
            Self::Signature => "bundle-signature",
        }
    }
}

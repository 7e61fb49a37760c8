//! Other keys of a device that is in the roster: offered by the device itself, and vouched for by
//! the keys that it has.

use thiserror::Error;

use super::history::keys_of;
use super::{DeviceKeys, DeviceRequest, RequestError, Roster, SignedRequest};
use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::codec::{Decode, Encode, List, encode};
use crate::crypto::ed25519::{Signature, SigningKey, VerifyingKey};
use crate::hash::{Hash, hash};
use crate::label::Label;
use crate::limits;
use crate::time::{Span, Timestamp};

/// Renewals as they are handed over in a file.
pub type Renewals = List<SignedRenewal, { limits::RENEWALS_MAX }>;

/// A device's next two keys, under a signature by its present one.
///
/// Nobody reads out a code for it: whoever signs as the device already is the device, or the thief
/// of its keys, who is dealt with by a suspension and not by digits.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedRenewal {
    /// Which keys, with the proof that the device holds both.
    pub request: SignedRequest,
    /// `sign(present signing key, "renewal signature", H("renewal", request))`.
    pub by_present: Signature,
}

impl SignedRenewal {
    /// Has the present signing key of a device vouch for a request with the next ones.
    pub fn sign(request: SignedRequest, present: &SigningKey) -> Self {
        let digest = renewal_hash(&request);
        Self {
            by_present: present.sign(Label::RENEWAL_SIGNATURE, &digest),
            request,
        }
    }

    /// Checks everything that makes these keys the next ones of a device (PROTOCOL R12).
    ///
    /// # Errors
    /// [`RenewalError`]. What the roster has taken up already is [`RenewalError::Done`].
    pub fn verify<'a>(
        &'a self,
        roster: &'a Roster,
        now: Timestamp,
    ) -> Result<VerifiedRenewal<'a>, RenewalError> {
        let request = self.request.request.value();
        let device = request.device;
        let entry = roster
            .device(&device)
            .ok_or(RenewalError::UnknownDevice { device })?;
        let pairs = &entry.device.keys;
        let is_same = |pair: &DeviceKeys| {
            (pair.transport, pair.signing) == (request.transport, request.signing)
        };
        if entry.contact.address == request.contact && pairs.iter().any(is_same) {
            return Err(RenewalError::Done { device });
        }
        Check::R12.found(self.judge(roster, &entry.contact.address, pairs, now))?;
        let newest = pairs.first().ok_or(RenewalError::NotPresent { device })?;
        let present = self.present(pairs, now).unwrap_or(newest);
        Ok(VerifiedRenewal { request, present })
    }

    fn judge(
        &self,
        roster: &Roster,
        contact: &ContactAddress,
        pairs: &[DeviceKeys],
        now: Timestamp,
    ) -> Result<(), RenewalError> {
        let verified = self.request.verify(&roster.authority().network)?;
        let request = verified.request();
        let device = request.device;
        if *contact != request.contact {
            return Err(RenewalError::OtherContact {
                device,
                contact: contact.clone(),
            });
        }
        if !roster.acts_for(&device, contact) {
            return Err(RenewalError::Suspended { device });
        }
        if self.present(pairs, now).is_none() {
            return Err(RenewalError::NotPresent { device });
        }
        for (key, purpose) in [
            (request.signing, "signing"),
            (request.transport, "transport"),
        ] {
            if roster.has_had(&key) {
                return Err(RenewalError::KnownKey { device, purpose });
            }
        }
        Ok(())
    }

    /// The pair that vouches: one whose time it is.
    fn present<'a>(&self, pairs: &'a [DeviceKeys], now: Timestamp) -> Option<&'a DeviceKeys> {
        let digest = renewal_hash(&self.request);
        pairs
            .iter()
            .filter(|pair| pair.is_valid_at(now))
            .find(|pair| {
                let vouched =
                    pair.signing
                        .verify(Label::RENEWAL_SIGNATURE, &digest, &self.by_present);
                vouched.is_ok()
            })
    }
}

/// A renewal that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedRenewal<'a> {
    request: &'a DeviceRequest,
    present: &'a DeviceKeys,
}

impl<'a> VerifiedRenewal<'a> {
    /// What is asked for.
    pub fn request(&self) -> &'a DeviceRequest {
        self.request
    }

    /// The keys that vouched, which the device goes on with until the roster has the next ones.
    pub fn present(&self) -> &'a DeviceKeys {
        self.present
    }
}

impl DeviceKeys {
    /// Whether a device offers other keys in the place of these by now: they are old, or end soon.
    pub fn are_due(&self, now: Timestamp) -> bool {
        let age = Span::from_ms(limits::KEYS_RENEWED_AFTER_MS);
        let ahead = Span::from_ms(limits::KEYS_RENEWED_BEFORE_MS);
        now.since(self.valid_from) >= age || self.valid_to.is_some_and(|end| end <= now + ahead)
    }
}

/// Why keys that a device offers are not its next ones.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenewalError {
    /// What it asks for is wrong by itself.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The roster does not have the device.
    #[error("The roster has no device {}. Have it admitted by request and code.", .device.short())]
    UnknownDevice {
        /// The device.
        device: DeviceId,
    },
    /// The device acts for another contact.
    #[error(
        "The device {} acts for `{contact}`, and the renewal names another contact. Have it \
         admitted by request and code.", .device.short()
    )]
    OtherContact {
        /// The device.
        device: DeviceId,
        /// The contact it acts for.
        contact: ContactAddress,
    },
    /// The device is suspended.
    #[error(
        "The device {} is suspended: whoever has its keys may not renew them. Lift the suspension \
         first, or admit another device.", .device.short()
    )]
    Suspended {
        /// The device.
        device: DeviceId,
    },
    /// No pair of keys that counts now vouches for it.
    #[error(
        "No key that the device {} has now vouches for the next ones. Have it admitted by request \
         and code.", .device.short()
    )]
    NotPresent {
        /// The device.
        device: DeviceId,
    },
    /// Somebody has the key, or had it.
    #[error(
        "The next {purpose} key of the device {} is known already, and belongs to somebody. Ask \
         its desk what happened there.", .device.short()
    )]
    KnownKey {
        /// The device.
        device: DeviceId,
        /// `signing` or `transport`.
        purpose: &'static str,
    },
    /// The roster has these keys for this device: nothing is to be done.
    #[error("The roster has the next keys of the device {} already.", .device.short())]
    Done {
        /// The device.
        device: DeviceId,
    },
}

impl RenewalError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request(fault) => fault.code(),
            Self::UnknownDevice { .. } => "renewal-unknown-device",
            Self::OtherContact { .. } => "renewal-of-other-contact",
            Self::Suspended { .. } => "renewal-suspended",
            Self::NotPresent { .. } => "renewal-not-vouched",
            Self::KnownKey { .. } => "renewal-known-key",
            Self::Done { .. } => "renewal-done",
        }
    }
}

impl Roster {
    /// Whether anybody in this roster has a key, or had it in a document known here: a device, a
    /// relay, a holder.
    pub fn has_had(&self, key: &VerifyingKey) -> bool {
        let of_device = |pair: &DeviceKeys| pair.transport == *key || pair.signing == *key;
        let mut annexes = self.chains.annexes_in_force().flat_map(|held| {
            let contacts = held.document.annex.contacts.iter();
            contacts.flat_map(|contact| &contact.devices)
        });
        let mut parts = self
            .chains
            .authority
            .iter()
            .map(|held| held.document.part.value());
        annexes.any(|device| device.keys.iter().any(of_device))
            || self.history.has_had(key)
            || parts.any(|part| keys_of(part).any(|known| known == key))
    }
}

/// H("renewal", request), over the bytes of the signed request.
fn renewal_hash(request: &SignedRequest) -> Hash {
    hash(Label::RENEWAL, &[&encode(request)])
}

#[cfg(test)]
mod tests;

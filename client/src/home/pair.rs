//! The keys that a device will use, and the one it used last, beside those it uses.
//!
//! They lie in `identity.sealed` with the present ones, so that one file, replaced whole, says
//! which keys this device has: whoever is killed in between has the old file or the new one.

use maille_common::codec::coded;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use maille_common::roster::SignedRenewal;
use maille_common::time::Timestamp;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::error::HomeError;
use super::identity::Identity;
use super::{Home, request_of};
use crate::core::OfferedKeys;

coded! {
    /// A private key at rest.
    #[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
    pub(super) struct Seed([u8; 32]);
}

impl Seed {
    fn key(&self) -> SigningKey {
        SigningKey::from_seed(self.0)
    }
}

coded! {
    /// Keys that were made, and that are not in use yet.
    #[derive(Clone, PartialEq, Eq)]
    pub(super) struct NextPair {
        transport: Seed,
        signing: Seed,
        made: Timestamp,
    }
}

coded! {
    /// What stands in the identity beside the keys in use. Nothing of it in most homes.
    #[derive(Clone, Default, PartialEq, Eq)]
    pub(super) struct Beside {
        next: Option<NextPair>,
        /// The transport key before the one in use: a relay that was away may know no other yet.
        former_transport: Option<Seed>,
    }
}

impl Beside {
    /// Whether there is anything.
    pub(super) fn is_empty(&self) -> bool {
        self.next.is_none() && self.former_transport.is_none()
    }
}

impl Home {
    /// The next keys of the device, where it has made some that are not in use.
    pub fn offered_keys(&self) -> Option<OfferedKeys> {
        let next = self.identity.beside.next.as_ref()?;
        Some(OfferedKeys {
            transport: next.transport.key().verifying_key(),
            signing: next.signing.key().verifying_key(),
            made: next.made,
        })
    }

    /// The transport key of the next pair, where there is one.
    pub fn next_transport(&self) -> Option<SigningKey> {
        let next = self.identity.beside.next.as_ref();
        next.map(|next| next.transport.key())
    }

    /// What the device publishes of its next keys: always the same bytes for the same keys.
    pub fn renewal(&self) -> Option<SignedRenewal> {
        let next = self.identity.beside.next.as_ref()?;
        let keys = (&next.transport.key(), &next.signing.key());
        let request = request_of(&self.bound.owner, keys, next.made);
        Some(SignedRenewal::sign(request, self.signing_key()))
    }

    /// The transport key before the one in use, while it may be needed.
    pub fn former_transport(&self) -> Option<SigningKey> {
        let former = self.identity.beside.former_transport.as_ref();
        former.map(Seed::key)
    }

    /// Makes the next keys, durable before anybody hears of them. Those that were made before and
    /// are not in use yet stay what they are.
    pub fn make_next_keys(
        &mut self,
        now: Timestamp,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        if self.identity.beside.next.is_some() {
            return Ok(());
        }
        let next = NextPair {
            transport: Seed(*randomness.secret()),
            signing: Seed(*randomness.secret()),
            made: now,
        };
        let beside = Beside {
            next: Some(next),
            former_transport: self.identity.beside.former_transport.clone(),
        };
        self.keep_identity(self.identity.with(beside), randomness)
    }

    /// Uses the next keys from now on. Of the old ones the transport key stays until
    /// [`Home::forget_former_transport`].
    pub fn take_next_keys(&mut self, randomness: &mut impl Randomness) -> Result<(), HomeError> {
        let Some(next) = &self.identity.beside.next else {
            return Ok(());
        };
        let beside = Beside {
            next: None,
            former_transport: Some(Seed(*self.identity.transport_seed)),
        };
        let mut taken = self.identity.with(beside);
        taken.transport_seed.copy_from_slice(&next.transport.0);
        taken.signing_key = next.signing.key();
        self.keep_identity(taken, randomness)
    }

    /// Forgets the transport key before the one in use.
    pub fn forget_former_transport(
        &mut self,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        if self.identity.beside.former_transport.is_none() {
            return Ok(());
        }
        let beside = Beside {
            next: self.identity.beside.next.clone(),
            former_transport: None,
        };
        self.keep_identity(self.identity.with(beside), randomness)
    }

    /// Makes changed keys durable before they count.
    fn keep_identity(
        &mut self,
        identity: Identity,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        identity.replace(&self.path, &self.bound, &self.master, randomness)?;
        self.identity = identity;
        Ok(())
    }
}

//! Suspensions and when they are in force (PROTOCOL R9).

use std::sync::Arc;

use super::Chains;
use crate::address::Name;
use crate::check::Check;
use crate::crypto::ed25519::VerifyingKey;
use crate::hash::Hash;
use crate::label::Label;
use crate::roster::authority_check::check_network;
use crate::roster::{
    AuthorityPart, DocumentName, RosterError, SUSPENSIONS_MAX, SignedSuspension, Subject,
};

impl Chains {
    /// Adds suspensions; those that were seen before are passed over.
    pub(super) fn add_suspensions(
        &mut self,
        given: &[SignedSuspension],
    ) -> Result<(), RosterError> {
        for signed in given {
            let hash = signed.hash();
            if self.suspensions.contains_key(&hash) {
                continue;
            }
            self.check_suspension(signed, &hash)?;
            self.suspensions.insert(hash, Arc::new(signed.clone()));
        }
        // Checked also when annex or authority part changed: a suspension that an annex no longer
        // lists as lifted is in force again.
        match self.suspensions_in_force().nth(SUSPENSIONS_MAX) {
            None => Ok(()),
            Some((_, one_too_many)) => Err(RosterError::TooManySuspensions {
                document: DocumentName::Suspension(one_too_many.suspension.subject.clone()),
            }),
        }
    }

    /// The suspensions that are in force.
    pub(in crate::roster) fn suspensions_in_force(
        &self,
    ) -> impl Iterator<Item = (Hash, &SignedSuspension)> {
        self.suspensions
            .iter()
            .filter(|(hash, signed)| !self.is_lifted(hash, signed))
            .map(|(hash, signed)| (*hash, &**signed))
    }

    /// Whether a part of the authority's chain lists this suspension as lifted.
    pub(in crate::roster) fn is_lifted_by_authority(&self, hash: &Hash) -> bool {
        self.parts().any(|part| part.lifted.has(hash))
    }

    /// R9: lifted by the authority for ever; by the annex in force where no authority key signed.
    fn is_lifted(&self, hash: &Hash, signed: &SignedSuspension) -> bool {
        if self.is_lifted_by_authority(hash) {
            return true;
        }
        let organisation = signed.suspension.subject.organisation();
        let annex = self
            .annexes
            .get(&organisation)
            .and_then(|chain| chain.last());
        annex.is_some_and(|annex| annex.document.annex.lifted.has(hash))
            && !self.is_authority_key(&signed.suspension.key)
    }

    fn check_suspension(&self, signed: &SignedSuspension, hash: &Hash) -> Result<(), RosterError> {
        let suspension = signed.suspension.value();
        let subject = &suspension.subject;
        let document = DocumentName::Suspension(subject.clone());
        check_network(&document, &suspension.network, &self.anchor.network)?;
        let key = suspension.key;
        let may_sign = self.is_authority_key(&key)
            || !matches!(subject, Subject::Organisation(_))
                && self.is_annex_key(&subject.organisation(), &key);
        if Check::R9.refuses(!may_sign) {
            return Err(RosterError::SuspensionKey {
                subject: subject.clone(),
                key,
            });
        }
        let holds = key.verify(Label::SUSPENSION_SIGNATURE, hash, &signed.signature);
        Check::R9
            .found(holds)
            .map_err(|_| RosterError::SuspensionSignature {
                subject: subject.clone(),
                key,
            })
    }

    /// Whether the key is the authority's in any part of the chain. A key that was rotated out may
    /// still suspend: stopping too much is mended by lifting, stopping too little is not mended.
    fn is_authority_key(&self, key: &VerifyingKey) -> bool {
        self.parts()
            .any(|part| part.keys.iter().any(|held| held.key == *key))
    }

    /// Whether the key is one of the organisation's annex keys in any part of the chain.
    fn is_annex_key(&self, organisation: &Name, key: &VerifyingKey) -> bool {
        self.parts()
            .filter_map(|part| part.organisation(organisation))
            .any(|organisation| organisation.annex_keys.has(key))
    }

    fn parts(&self) -> impl Iterator<Item = &AuthorityPart> {
        self.authority.iter().map(|part| part.document.part.value())
    }
}

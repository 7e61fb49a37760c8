//! The authority's chain (PROTOCOL R2, R3, R5, R6).

use std::sync::Arc;

use super::{Chains, Hashed};
use crate::check::Check;
use crate::hash::Hash;
use crate::label::Label;
use crate::roster::authority_check::check_authority;
use crate::roster::signatures::{SignatureFault, Signers};
use crate::roster::{AuthorityPart, Fork, RosterError, SignedAuthority};

impl Chains {
    /// Appends parts in the order of their numbers; those that are held already are passed over.
    pub(super) fn extend_authority(
        &mut self,
        given: &[SignedAuthority],
    ) -> Result<(), RosterError> {
        let mut given: Vec<Hashed<SignedAuthority>> = given.iter().map(Hashed::from).collect();
        given.sort_by_key(|part| part.document.part.number);
        for part in given {
            self.take_part(part)?;
        }
        Ok(())
    }

    fn take_part(&mut self, given: Hashed<SignedAuthority>) -> Result<(), RosterError> {
        let number = given.document.part.number;
        let have = u64::try_from(self.authority.len()).unwrap_or(u64::MAX);
        if number > have + 1 {
            return Err(match have {
                0 => RosterError::NoFirstPart,
                have => RosterError::Gap { number, have },
            });
        }
        let Some(place) = number
            .checked_sub(1)
            .and_then(|at| usize::try_from(at).ok())
        else {
            return Err(RosterError::Previous { number });
        };
        if self
            .authority
            .get(place)
            .is_some_and(|held| held.hash == given.hash)
        {
            return Ok(());
        }
        self.check_follows(&given, place)?;
        if let Some(held) = self.authority.get(place) {
            let fork = Box::new(Fork::Authority {
                held: Arc::clone(&held.document),
                other: given.document,
            });
            return Check::R5.found(Err(RosterError::Fork(fork)));
        }
        check_authority(&given.document.part, &self.anchor.network)?;
        Check::R6.found(self.check_pins(&given.document.part))?;
        self.authority.push(given);
        Ok(())
    }

    /// R2 for part 1, R3 for later ones: it names the part before and is signed by its keys.
    fn check_follows(
        &self,
        given: &Hashed<SignedAuthority>,
        place: usize,
    ) -> Result<(), RosterError> {
        let number = given.document.part.number;
        let before = place.checked_sub(1).map(|before| &self.authority[before]);
        let (signers, previous) = match before {
            None => (self.anchor.signers(), Hash::ZERO),
            Some(part) => (Signers::of_authority(&part.document.part), part.hash),
        };
        let check = before.map_or(Check::R2, |_| Check::R3);
        if check.refuses(given.document.part.previous != previous) {
            return Err(match before {
                None => RosterError::FirstPartPrevious,
                Some(_) => RosterError::Previous { number },
            });
        }
        let refuse = |fault: SignatureFault| match before {
            None => RosterError::FirstPartSignatures { fault },
            Some(_) => RosterError::Signatures { number, fault },
        };
        let signed = signers.check(
            Label::AUTHORITY_SIGNATURE,
            &given.hash,
            &given.document.signatures,
        );
        check.found(signed).map_err(refuse)
    }

    /// R6: no pin goes back, not even for an organisation that left and came again.
    fn check_pins(&self, part: &AuthorityPart) -> Result<(), RosterError> {
        for organisation in &part.organisations {
            let earlier = self.authority.iter().rev().find_map(|earlier| {
                earlier
                    .document
                    .part
                    .value()
                    .organisation(&organisation.name)
            });
            let Some(from) = earlier
                .and_then(|earlier| earlier.pin)
                .map(|pin| pin.number)
            else {
                continue;
            };
            if organisation.pin.is_none_or(|pin| pin.number < from) {
                return Err(RosterError::PinLowered {
                    number: part.number,
                    organisation: organisation.name.clone(),
                    from,
                });
            }
        }
        Ok(())
    }
}

//! Who signed a proposal, and for whom it waits.

use maille_common::address::Name;
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::hash::Hash;
use maille_common::label::Label;
use maille_common::roster::{Anchor, AuthorityPart, DocumentName, KeySignature, Roster};

use super::proposal::{Proposal, ProposalError};

/// Where a proposal stands between its signers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalStanding {
    /// The document.
    pub document: DocumentName,
    /// How many signatures it needs.
    pub threshold: u8,
    /// Everybody who may sign, by key.
    pub signers: Vec<Signer>,
}

/// Somebody who may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The key.
    pub key: VerifyingKey,
    /// The organisation that holds it, where that is known.
    pub organisation: Option<Name>,
    /// Who keeps it, where that is known.
    pub holder: Option<String>,
    /// Whether a signature of theirs is there and verifies.
    pub has_signed: bool,
}

impl ProposalStanding {
    /// How many have signed.
    pub fn signed(&self) -> usize {
        self.signers
            .iter()
            .filter(|signer| signer.has_signed)
            .count()
    }

    /// How many signatures are missing.
    pub fn missing(&self) -> usize {
        usize::from(self.threshold).saturating_sub(self.signed())
    }
}

impl Proposal {
    /// Who signed and who may still, by the roster in force, or by the anchor before there is one.
    pub fn standing(
        &self,
        anchor: &Anchor,
        roster: Option<&Roster>,
    ) -> Result<ProposalStanding, ProposalError> {
        let (threshold, mut signers) = self.signers(anchor, roster)?;
        let (label, hash) = self.signed_value();
        for KeySignature { key, signature } in self.signatures() {
            let signer = signers.iter_mut().find(|signer| signer.key == *key);
            match signer.filter(|_| key.verify(label, &hash, signature).is_ok()) {
                Some(signer) => signer.has_signed = true,
                None => {
                    let document = self.name();
                    return Err(ProposalError::Spoiled {
                        document,
                        key: *key,
                    });
                }
            }
        }
        Ok(ProposalStanding {
            document: self.name(),
            threshold,
            signers,
        })
    }

    /// PROTOCOL R2, R3, R7: whose signatures count.
    fn signers(
        &self,
        anchor: &Anchor,
        roster: Option<&Roster>,
    ) -> Result<(u8, Vec<Signer>), ProposalError> {
        match (self, roster.map(Roster::authority)) {
            (Self::Authority(signed), None) => {
                let keys = anchor.keys.iter();
                let signers = keys
                    .map(|key| holder_in(signed.part.value(), *key))
                    .collect();
                Ok((anchor.threshold, signers))
            }
            (Self::Authority(_), Some(part)) => Ok(authority_signers(part)),
            (Self::Annex(signed), part) => {
                let name = &signed.annex.organisation;
                let found = part.and_then(|part| Some((part, part.organisation(name)?)));
                let (part, organisation) =
                    found.ok_or_else(|| ProposalError::UnknownOrganisation {
                        document: self.name(),
                    })?;
                if organisation.annex_keys.is_empty() {
                    return Ok(authority_signers(part));
                }
                let signers = organisation.annex_keys.iter().map(|key| Signer {
                    key: *key,
                    organisation: Some(name.clone()),
                    holder: None,
                    has_signed: false,
                });
                Ok((organisation.annex_threshold, signers.collect()))
            }
        }
    }

    fn signed_value(&self) -> (Label, Hash) {
        match self {
            Self::Authority(signed) => (Label::AUTHORITY_SIGNATURE, signed.hash()),
            Self::Annex(signed) => (Label::ANNEX_SIGNATURE, signed.hash()),
        }
    }
}

fn authority_signers(part: &AuthorityPart) -> (u8, Vec<Signer>) {
    let signers = part
        .keys
        .iter()
        .map(|held| holder_in(part, held.key))
        .collect();
    (part.threshold, signers)
}

/// A key of the authority, with its holder where the part names one.
fn holder_in(part: &AuthorityPart, key: VerifyingKey) -> Signer {
    let held = part.keys.iter().find(|held| held.key == key);
    Signer {
        key,
        organisation: held.map(|held| held.organisation.clone()),
        holder: held.map(|held| held.holder.to_string()),
        has_signed: false,
    }
}

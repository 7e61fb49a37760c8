//! `.proposal`: a document on its way between key holders.

use std::path::Path;

use maille_common::codec::{Decode, Encode, List, TooLong, decode, encode};
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::limits;
use maille_common::roster::difference::Difference;
use maille_common::roster::{
    Anchor, Annex, AuthorityPart, DocumentName, KeySignature, Roster, RosterDocuments, RosterError,
    SignedAnnex, SignedAuthority, sign_annex, sign_authority,
};
use maille_common::time::Timestamp;
use thiserror::Error;

use super::files::{self, Access, FileError};
use super::overlap::Overlap;

/// The longest document, sixteen signatures of 96 bytes, and what frames them.
const BYTES_MAX: usize = limits::ANNEX_BYTES_MAX + 4096;

maille_common::codec::coded_choice! {
    /// One document with the signatures so far: the exact bytes, never encoded again.
    #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
    pub enum Proposal {
        /// The next authority part.
        Authority(SignedAuthority),
        /// The next annex of an organisation.
        Annex(SignedAnnex),
    }
}

impl Proposal {
    /// An authority part without signatures.
    pub fn of_authority(part: AuthorityPart) -> Result<Self, TooLong> {
        SignedAuthority::propose(part).map(Self::Authority)
    }

    /// An annex without signatures.
    pub fn of_annex(annex: Annex) -> Result<Self, TooLong> {
        SignedAnnex::propose(annex).map(Self::Annex)
    }

    /// Reads a proposal. Nothing of it is believed.
    pub fn read(path: &Path) -> Result<Self, ProposalError> {
        let bytes = files::read(path, BYTES_MAX)?;
        Ok(decode(&bytes).map_err(|fault| files::damaged(path, "a proposal", fault))?)
    }

    /// Writes a new file.
    pub fn write(&self, path: &Path) -> Result<(), ProposalError> {
        Ok(files::create(path, &encode(self), Access::Shared)?)
    }

    /// Puts this proposal in the place of the one in a file: the same with one more signature.
    pub fn replace(&self, path: &Path) -> Result<(), ProposalError> {
        Ok(files::replace(path, &encode(self), Access::Shared)?)
    }

    /// What it is, as sentences call it.
    pub fn name(&self) -> DocumentName {
        match self {
            Self::Authority(signed) => DocumentName::Authority(signed.part.number),
            Self::Annex(signed) => {
                DocumentName::Annex(signed.annex.organisation.clone(), signed.annex.number)
            }
        }
    }

    /// The name of its file, such as `annex-interpol-000003.proposal`.
    pub fn file_name(&self) -> String {
        match self {
            Self::Authority(signed) => format!("authority-{:06}.proposal", signed.part.number),
            Self::Annex(signed) => {
                let annex = signed.annex.value();
                format!("annex-{}-{:06}.proposal", annex.organisation, annex.number)
            }
        }
    }

    /// What it changes, to be read before signing.
    pub fn difference(&self, roster: Option<&Roster>) -> Difference {
        match self {
            Self::Authority(signed) => {
                Difference::between(roster.map(Roster::authority), signed.part.value())
            }
            Self::Annex(signed) => {
                let annex = signed.annex.value();
                let old = roster.and_then(|roster| roster.annex(&annex.organisation));
                Difference::between_annexes(old, annex)
            }
        }
    }

    /// Adds the signature of a holder, who has read the [difference](Self::difference).
    ///
    /// Refused where the document does not follow from the roster in force, or is not this holder's
    /// to sign: such a signature would spoil it (PROTOCOL R3).
    pub fn sign(
        self,
        key: &SigningKey,
        anchor: &Anchor,
        roster: Option<&Roster>,
    ) -> Result<Self, ProposalError> {
        self.check_follows(anchor, roster)?;
        let standing = self.standing(anchor, roster)?;
        let public = key.verifying_key();
        if !standing.signers.iter().any(|signer| signer.key == public) {
            let document = self.name();
            return Err(ProposalError::NotASigner {
                document,
                key: public,
            });
        }
        Ok(match self {
            Self::Authority(signed) => {
                let signature = sign_authority(key, signed.part.bytes());
                Self::Authority(signed.with(signature)?)
            }
            Self::Annex(signed) => {
                let signature = sign_annex(key, signed.annex.bytes());
                Self::Annex(signed.with(signature)?)
            }
        })
    }

    /// The document, if everybody will accept it: enough signatures, and it proves itself in the
    /// roster it follows.
    pub fn publish(
        self,
        anchor: &Anchor,
        roster: Option<&Roster>,
    ) -> Result<RosterDocuments, ProposalError> {
        self.check_follows(anchor, roster)?;
        let standing = self.standing(anchor, roster)?;
        if standing.missing() > 0 {
            return Err(ProposalError::TooFew {
                document: self.name(),
                signed: standing.signed(),
                threshold: standing.threshold,
            });
        }
        let documents = self.into_documents()?;
        match roster {
            Some(roster) => roster.clone().apply(&documents).map(drop)?,
            None => Roster::found(anchor.clone(), &documents).map(drop)?,
        }
        Ok(documents)
    }

    pub(super) fn signatures(&self) -> &[KeySignature] {
        match self {
            Self::Authority(signed) => &signed.signatures,
            Self::Annex(signed) => &signed.signatures,
        }
    }

    /// R3, R7: the document takes the place right after the one in force.
    fn check_follows(&self, anchor: &Anchor, roster: Option<&Roster>) -> Result<(), ProposalError> {
        let (network, number, previous) = match self {
            Self::Authority(signed) => (
                &signed.part.network,
                signed.part.number,
                signed.part.previous,
            ),
            Self::Annex(signed) => (
                &signed.annex.network,
                signed.annex.number,
                signed.annex.previous,
            ),
        };
        let document = self.name();
        if *network != anchor.network {
            let (found, expected) = (network.to_string(), anchor.network.to_string());
            return Err(ProposalError::Network {
                document,
                found,
                expected,
            });
        }
        let head = roster.and_then(|roster| match self {
            Self::Authority(_) => Some(roster.heads().authority),
            Self::Annex(signed) => Some(roster.heads().annex(&signed.annex.organisation)?.head()),
        });
        let held = head.map_or(0, |head| head.number);
        let follows =
            number == held.saturating_add(1) && head.is_none_or(|head| head.hash == previous);
        if follows {
            Ok(())
        } else {
            Err(ProposalError::DoesNotFollow { document, held })
        }
    }

    fn into_documents(self) -> Result<RosterDocuments, TooLong> {
        let mut documents = RosterDocuments::default();
        match self {
            Self::Authority(signed) => documents.authority = List::new([signed])?,
            Self::Annex(signed) => documents.annexes = List::new([signed])?,
        }
        Ok(documents)
    }
}

/// Why a proposal is not signed or published.
#[derive(Debug, Error)]
pub enum ProposalError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The document, or its list of signatures, is over its limit.
    #[error("The proposal is too long. {0}")]
    TooLong(#[from] TooLong),
    /// It is for another network.
    #[error(
        "The proposal, {document}, is for the network `{found}`, and the anchor is of `{expected}`."
    )]
    Network {
        /// The document.
        document: DocumentName,
        /// The network it names.
        found: String,
        /// The network of the anchor.
        expected: String,
    },
    /// Another document was published meanwhile, or one before it is missing.
    #[error(
        "The proposal, {document}, does not follow from the roster in force, which is at number \
         {held} there."
    )]
    DoesNotFollow {
        /// The document.
        document: DocumentName,
        /// The number in force; 0 where there is none.
        held: u64,
    },
    /// Nobody can sign it yet.
    #[error(
        "The proposal, {document}, is of an organisation that the authority part in force does \
         not have."
    )]
    UnknownOrganisation {
        /// The document.
        document: DocumentName,
    },
    /// The key may not sign this.
    #[error("The key {} may not sign {document}.", key.short())]
    NotASigner {
        /// The document.
        document: DocumentName,
        /// The key.
        key: VerifyingKey,
    },
    /// It carries a signature that spoils it.
    #[error(
        "The proposal, {document}, carries a signature by the key {} that does not verify or does \
         not belong there.", key.short()
    )]
    Spoiled {
        /// The document.
        document: DocumentName,
        /// The key.
        key: VerifyingKey,
    },
    /// It waits for signatures.
    #[error("The proposal, {document}, has {signed} of the {threshold} signatures it needs.")]
    TooFew {
        /// The document.
        document: DocumentName,
        /// Signatures so far.
        signed: usize,
        /// Signatures needed.
        threshold: u8,
    },
    /// It has lain for so long that an overlap which it begins is over.
    #[error(
        "The proposal, {document}, was made at {issued}, and what it says counts from then: {} \
         has had until {} to go on with its keys of before, and that is over before anybody hears \
         of the next ones. Propose it anew.", .overlap.whose, .overlap.until
    )]
    OverlapOver {
        /// The document.
        document: DocumentName,
        /// When it was proposed.
        issued: Timestamp,
        /// The one that is over.
        overlap: Overlap,
    },
    /// The roster would refuse it.
    #[error(transparent)]
    Refused(#[from] RosterError),
}

impl ProposalError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(fault) => fault.code(),
            Self::TooLong(_) => "proposal-too-long",
            Self::Network { .. } => "proposal-network",
            Self::DoesNotFollow { .. } => "proposal-does-not-follow",
            Self::UnknownOrganisation { .. } => "proposal-unknown-organisation",
            Self::NotASigner { .. } => "proposal-not-a-signer",
            Self::Spoiled { .. } => "proposal-spoiled",
            Self::TooFew { .. } => "proposal-too-few",
            Self::OverlapOver { .. } => "proposal-overlap-over",
            Self::Refused(_) => "roster-refused",
        }
    }
}

//! Which document took a device out, and on whose signatures: what a removed desk reads.

use std::fmt;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::hash::Hash;
use maille_common::roster::{
    Annex, AuthorityPart, DocumentName, KeySignature, RosterDocuments, SignedAnnex, SignedAuthority,
};
use maille_common::time::Timestamp;

/// The document that first did without a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The document.
    pub document: DocumentName,
    /// Its hash.
    pub hash: Hash,
    /// When it was written.
    pub issued: Timestamp,
    /// Who signed it.
    pub signers: Vec<RemovalSigner>,
}

/// Somebody who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalSigner {
    /// The key.
    pub key: VerifyingKey,
    /// Whose it is.
    pub organisation: Name,
    /// Who keeps it; not known of an organisation's own keys.
    pub holder: Option<String>,
}

/// Finds what removed a device of a contact, in all the documents that a home has kept: the newest
/// annex that had it, and the first held after that. None where it is not removed, or never was
/// admitted in what is held.
pub fn removal(
    documents: &RosterDocuments,
    contact: &ContactAddress,
    device: &DeviceId,
) -> Option<Removal> {
    let organisation = contact.organisation();
    let mut parts: Vec<&SignedAuthority> = documents.authority.iter().collect();
    parts.sort_by_key(|signed| signed.part.number);
    let mut annexes: Vec<&SignedAnnex> = documents.annexes.iter().collect();
    annexes.retain(|signed| signed.annex.organisation == organisation);
    annexes.sort_by_key(|signed| signed.annex.number);
    let last = annexes
        .iter()
        .rposition(|signed| has(&signed.annex, contact, device))?;
    if let Some(signed) = annexes.get(last + 1) {
        return Some(Removal {
            document: DocumentName::Annex(organisation.clone(), signed.annex.number),
            hash: signed.hash(),
            issued: signed.annex.issued,
            signers: signers(&signed.signatures, &organisation, &parts),
        });
    }
    let member = parts
        .iter()
        .rposition(|signed| signed.part.organisation(&organisation).is_some())?;
    let signed = parts.get(member + 1)?;
    Some(Removal {
        document: DocumentName::Authority(signed.part.number),
        hash: signed.hash(),
        issued: signed.part.issued,
        signers: signers(&signed.signatures, &organisation, &parts),
    })
}

fn has(annex: &Annex, contact: &ContactAddress, device: &DeviceId) -> bool {
    let mut contacts = annex.contacts.iter();
    contacts.any(|known| {
        known.address == *contact && known.devices.iter().any(|known| known.id == *device)
    })
}

/// Who signed a document of an organisation.
pub(super) fn signers(
    signatures: &[KeySignature],
    organisation: &Name,
    parts: &[&SignedAuthority],
) -> Vec<RemovalSigner> {
    let signers = signatures.iter();
    signers
        .map(|signature| signer_of(signature.key, organisation, parts))
        .collect()
}

/// A key of the authority, in whichever part it last was, or one of the organisation's own.
pub(super) fn signer_of(
    key: VerifyingKey,
    organisation: &Name,
    parts: &[&SignedAuthority],
) -> RemovalSigner {
    let held = |part: &AuthorityPart| {
        let held = part.keys.iter().find(|held| held.key == key)?;
        Some((held.organisation.clone(), Some(held.holder.to_string())))
    };
    let mut parts = parts.iter().rev();
    let found = parts.find_map(|signed| held(signed.part.value()));
    let (organisation, holder) = found.unwrap_or_else(|| (organisation.clone(), None));
    RemovalSigner {
        key,
        organisation,
        holder,
    }
}

/// `` key 1a2b3c4d of `interpol`, General Secretariat ``
impl fmt::Display for RemovalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {} of `{}`", self.key.short(), self.organisation)?;
        match &self.holder {
            Some(holder) => write!(f, ", {holder}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::tests::{NOW, World, code, key};
    use crate::authority::{Proposal, Removed, admit, remove};

    /// A network in whose contact a device is, and all the documents a home would have kept.
    fn admitted() -> (World, RosterDocuments, ContactAddress, DeviceId) {
        let mut world = World::new();
        let request = world.request("a/x", 7, 20);
        let annex = admit(&world.roster, &request, &code(&request), NOW).unwrap();
        world.publish(Proposal::of_annex(annex).unwrap(), &[1, 2]);
        let kept = world.roster.documents();
        let (contact, device) = ("a/x".parse().unwrap(), request.request.device);
        (world, kept, contact, device)
    }

    #[test]
    fn a_device_that_is_in_the_roster_was_removed_by_nothing() {
        let (_, kept, contact, device) = admitted();
        assert_eq!(removal(&kept, &contact, &device), None);
        let stranger = DeviceId::from_bytes([1; 16]);
        assert_eq!(removal(&kept, &contact, &stranger), None);
    }

    #[test]
    fn a_removed_device_reads_the_annex_and_who_signed_it() {
        let (mut world, kept, contact, device) = admitted();
        let removed = Removed::Device(contact.clone(), device);
        let annex = remove(&world.roster, &removed, NOW).unwrap();
        world.publish(Proposal::of_annex(annex).unwrap(), &[1, 2]);
        let kept = kept.join(world.roster.documents()).unwrap();
        let found = removal(&kept, &contact, &device).unwrap();
        let name = contact.organisation();
        assert_eq!(found.document, DocumentName::Annex(name.clone(), 3));
        let head = world.roster.heads().annex(&name).unwrap().head();
        assert_eq!(found.hash, head.hash);
        let mut keys: Vec<_> = found.signers.iter().map(|signer| signer.key).collect();
        keys.sort_unstable();
        let mut expected = [key(1).verifying_key(), key(2).verifying_key()];
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert!(found.signers.iter().all(|signer| signer.holder.is_some()));
    }

    #[test]
    fn a_device_of_an_organisation_that_was_removed_reads_the_authority_part() {
        let (mut world, kept, contact, device) = admitted();
        world.plan.keys.remove(0);
        world.plan.threshold = 1;
        world.plan.organisations.remove(0);
        world.apply(NOW, &[1, 2]);
        let kept = kept.join(world.roster.documents()).unwrap();
        let found = removal(&kept, &contact, &device).unwrap();
        assert_eq!(found.document, DocumentName::Authority(2));
        assert_eq!(found.signers.len(), 2);
    }
}

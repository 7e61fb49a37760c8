//! Why a desk may not act any more, and on whose signatures: what it tells by itself.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::hash::Hash;
use maille_common::roster::{
    Designation, DocumentName, Roster, RosterDocuments, SignedAuthority, Subject,
};
use maille_common::time::Timestamp;

use super::removal::{Removal, removal, signer_of, signers};
use crate::core::ToldExclusion;

/// Why the roster in use does not let a device act for its contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// `Ended`, `Suspended`, or `Unknown` where a document took it out, or it never was in one.
    pub designation: Designation,
    /// What is out: the device, its contact, or their organisation.
    pub subject: Subject,
    /// The document that says so, with its hash and who signed it; none where no document that is
    /// kept here ever had the device.
    pub document: Option<Removal>,
    /// When the designation was over, for one whose time ended.
    pub ended: Option<Timestamp>,
    /// The reason that a suspension gives.
    pub reason: Option<String>,
}

/// Finds why a device of a contact may not act at this time; none where it may, or its time has
/// not begun. `kept` are all documents that its home has kept, also those of before.
pub fn exclusion(
    roster: &Roster,
    kept: &RosterDocuments,
    contact: &ContactAddress,
    device: &DeviceId,
    now: Timestamp,
) -> Option<Exclusion> {
    let designation = roster.designated_device(device, now).out()?;
    let found = Exclusion {
        designation,
        subject: Subject::Device(contact.clone(), *device),
        document: None,
        ended: None,
        reason: None,
    };
    Some(match designation {
        Designation::Suspended => suspended(roster, kept, found),
        Designation::Ended => ended(roster, kept, found, (contact, device)),
        _ => Exclusion {
            subject: missing(roster, contact, device),
            document: removal(kept, contact, device),
            ..found
        },
    })
}

/// The widest of what the roster has no more.
fn missing(roster: &Roster, contact: &ContactAddress, device: &DeviceId) -> Subject {
    let organisation = contact.organisation();
    if roster.organisation(&organisation).is_none() {
        Subject::Organisation(organisation)
    } else if roster.contact(contact).is_none() {
        Subject::Contact(contact.clone())
    } else {
        Subject::Device(contact.clone(), *device)
    }
}

fn suspended(roster: &Roster, kept: &RosterDocuments, found: Exclusion) -> Exclusion {
    let Some(suspension) = roster.suspended(&found.subject) else {
        return found;
    };
    let held = roster.documents().suspensions;
    let signed = held
        .iter()
        .find(|signed| signed.suspension.value() == suspension);
    let organisation = suspension.subject.organisation();
    let parts = parts_of(kept, roster);
    let parts: Vec<&SignedAuthority> = parts.iter().collect();
    let document = Removal {
        document: DocumentName::Suspension(suspension.subject.clone()),
        hash: signed.map_or(Hash::ZERO, |signed| signed.hash()),
        issued: suspension.issued,
        signers: vec![signer_of(suspension.key, &organisation, &parts)],
    };
    Exclusion {
        subject: suspension.subject.clone(),
        document: Some(document),
        reason: Some(suspension.reason.to_string()),
        ..found
    }
}

fn ended(
    roster: &Roster,
    kept: &RosterDocuments,
    found: Exclusion,
    (contact, device): (&ContactAddress, &DeviceId),
) -> Exclusion {
    let organisation = contact.organisation();
    let of_contact = roster
        .contact(contact)
        .and_then(|entry| entry.contact.valid_to);
    let of_keys = roster.device(device).and_then(|entry| {
        let ends = entry.device.keys.iter().filter_map(|keys| keys.valid_to);
        ends.max()
    });
    // Whichever was over first is what stopped it.
    let of_contact_first = of_contact.filter(|end| of_keys.is_none_or(|keys| *end <= keys));
    let held = roster.documents().annexes;
    let in_force = roster.heads().annex(&organisation).map(|head| head.head());
    let signed = held
        .iter()
        .find(|signed| in_force.is_some_and(|head| head.hash == signed.hash()));
    let parts = parts_of(kept, roster);
    let parts: Vec<&SignedAuthority> = parts.iter().collect();
    let document = signed.map(|signed| Removal {
        document: DocumentName::Annex(organisation.clone(), signed.annex.number),
        hash: signed.hash(),
        issued: signed.annex.issued,
        signers: signers(&signed.signatures, &organisation, &parts),
    });
    Exclusion {
        subject: match of_contact_first {
            Some(_) => Subject::Contact(contact.clone()),
            None => found.subject,
        },
        ended: of_contact_first.or(of_keys),
        document,
        ..found
    }
}

/// The authority's parts that are known, oldest first: they say whose keys are whose.
fn parts_of(kept: &RosterDocuments, roster: &Roster) -> Vec<SignedAuthority> {
    let held = roster.documents().authority.into_vec();
    let mut parts: Vec<SignedAuthority> = kept.authority.iter().cloned().chain(held).collect();
    parts.sort_by_key(|signed| signed.part.number);
    parts
}

impl Exclusion {
    /// In words, as an incident keeps it.
    pub fn told(&self) -> ToldExclusion {
        let document = self.document.as_ref();
        let signers = document.map_or_else(Vec::new, |document| {
            document.signers.iter().map(ToString::to_string).collect()
        });
        let issued = document.map_or(Timestamp::EPOCH, |document| document.issued);
        ToldExclusion {
            designation: self.designation,
            subject: self.subject.to_string(),
            document: document.map_or_else(String::new, |found| found.document.to_string()),
            hash: document.map_or(Hash::ZERO, |document| document.hash),
            at: self.ended.unwrap_or(issued),
            signers: signers.join("; "),
            reason: self.reason.clone().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use maille_common::roster::SignedSuspension;

    use super::*;
    use crate::authority::tests::{NOW, World, code, key};
    use crate::authority::{Proposal, Removed, admit, remove, suspend};

    /// A network in whose contact a device is, and all the documents its home has kept.
    struct Admitted {
        world: World,
        kept: RosterDocuments,
        contact: ContactAddress,
        device: DeviceId,
    }

    impl Admitted {
        fn new() -> Self {
            let mut world = World::new();
            let request = world.request("a/x", 7, 20);
            let annex = admit(&world.roster, &request, &code(&request), NOW).unwrap();
            world.publish(Proposal::of_annex(annex).unwrap(), &[1, 2]);
            Self {
                kept: world.roster.documents(),
                world,
                contact: "a/x".parse().unwrap(),
                device: request.request.device,
            }
        }

        fn remove(&mut self, removed: &Removed) {
            let annex = remove(&self.world.roster, removed, NOW).unwrap();
            let proposal = Proposal::of_annex(annex).unwrap();
            self.world.publish(proposal, &[1, 2]);
        }

        fn suspend(&mut self, subject: Subject, by: u8) -> SignedSuspension {
            let reason = "Stolen at the airport.";
            let documents = suspend(&self.world.roster, subject, reason, &key(by), NOW).unwrap();
            self.world.roster.apply(&documents).unwrap();
            documents.suspensions[0].clone()
        }

        fn found_at(&self, now: Timestamp) -> Option<Exclusion> {
            let kept = self.kept.clone().join(self.world.roster.documents());
            exclusion(
                &self.world.roster,
                &kept.unwrap(),
                &self.contact,
                &self.device,
                now,
            )
        }
    }

    #[test]
    fn a_device_that_may_act_is_not_out() {
        assert_eq!(Admitted::new().found_at(NOW), None);
    }

    #[test]
    fn a_removed_device_and_a_removed_contact_are_told_apart() {
        let mut admitted = Admitted::new();
        let (contact, device) = (admitted.contact.clone(), admitted.device);
        admitted.remove(&Removed::Device(contact.clone(), device));
        let found = admitted.found_at(NOW).unwrap();
        assert_eq!(found.subject, Subject::Device(contact.clone(), device));
        assert_eq!(found.designation, Designation::Unknown);
        assert_eq!(found.document.unwrap().signers.len(), 2);
        let mut admitted = Admitted::new();
        admitted.remove(&Removed::Contact(contact.clone()));
        let found = admitted.found_at(NOW).unwrap();
        assert_eq!(found.subject, Subject::Contact(contact));
        assert!(found.told().document.starts_with("annex 3 of"));
    }

    #[test]
    fn a_suspended_device_reads_by_which_key_and_with_which_reason() {
        let mut admitted = Admitted::new();
        let subject = Subject::Device(admitted.contact.clone(), admitted.device);
        let signed = admitted.suspend(subject, 1);
        let found = admitted.found_at(NOW).unwrap();
        assert_eq!(found.designation, Designation::Suspended);
        assert_eq!(found.reason.as_deref(), Some("Stolen at the airport."));
        let document = found.document.unwrap();
        assert_eq!(document.hash, signed.hash());
        assert_eq!(document.signers[0].key, key(1).verifying_key());
        assert!(document.signers[0].holder.is_some());
    }

    #[test]
    fn a_device_that_never_was_in_the_roster_is_out_by_no_document() {
        let mut admitted = Admitted::new();
        admitted.device = DeviceId::from_bytes([9; 16]);
        let found = admitted.found_at(NOW).unwrap();
        assert_eq!(
            (found.designation, found.document),
            (Designation::Unknown, None)
        );
    }
}

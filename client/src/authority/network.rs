//! A network as its documents describe it, signed or not.

use std::collections::BTreeMap;

use maille_common::address::{ContactAddress, Name};
use maille_common::roster::{Annex, AuthorityPart, Contact, Roster};
use maille_common::terms::Standing;

use super::proposal::Proposal;

/// The documents that count, before or after a proposal.
#[derive(Debug)]
pub(super) struct Network<'a> {
    pub(super) part: &'a AuthorityPart,
    annexes: BTreeMap<&'a Name, &'a Annex>,
}

impl<'a> Network<'a> {
    /// The one in force.
    pub(super) fn of(roster: &'a Roster) -> Self {
        Self::new(roster.authority(), Some(roster))
    }

    /// The one that a proposal leads to. None for an annex of no organisation.
    pub(super) fn after(proposal: &'a Proposal, roster: Option<&'a Roster>) -> Option<Self> {
        match proposal {
            Proposal::Authority(signed) => Some(Self::new(signed.part.value(), roster)),
            Proposal::Annex(signed) => {
                let annex = signed.annex.value();
                let mut network = Self::of(roster?);
                network.part.organisation(&annex.organisation)?;
                network.annexes.insert(&annex.organisation, annex);
                Some(network)
            }
        }
    }

    /// Annexes stay beside a new part as long as it has their organisation: it pins them.
    fn new(part: &'a AuthorityPart, roster: Option<&'a Roster>) -> Self {
        let annexes = part.organisations.iter().filter_map(|organisation| {
            let name = &organisation.name;
            Some((name, roster?.annex(name)?))
        });
        Self {
            part,
            annexes: annexes.collect(),
        }
    }

    pub(super) fn annex(&self, organisation: &Name) -> Option<&'a Annex> {
        self.annexes.get(organisation).copied()
    }

    pub(super) fn annexes(&self) -> impl Iterator<Item = &'a Annex> {
        self.annexes.values().copied()
    }

    pub(super) fn contacts(&self) -> impl Iterator<Item = &'a Contact> {
        self.annexes().flat_map(|annex| annex.contacts.iter())
    }

    pub(super) fn contact(&self, address: &ContactAddress) -> Option<&'a Contact> {
        let contacts = &self.annex(&address.organisation())?.contacts;
        let at = contacts.binary_search_by(|contact| contact.address.cmp(address));
        at.ok().map(|at| &contacts[at])
    }

    pub(super) fn standing(&self, address: &ContactAddress) -> Option<Standing> {
        let found = self.part.organisation(&address.organisation())?;
        Some(found.standing)
    }
}

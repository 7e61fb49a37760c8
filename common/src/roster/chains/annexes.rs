//! The chains of the organisations' annexes (PROTOCOL R5, R7).
//!
//! Which annexes are good is a function of the authority part in force and the documents, not of
//! the order in which they came: after each new authority part every chain is built again, from
//! the pinned annex, under the keys of the new part. So two desks with equal documents agree, even
//! where one has seen an annex by keys that were taken away meanwhile.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::earlier::{Became, Earlier};
use super::{AnnexChain, Chains, Growth, Hashed};
use crate::address::Name;
use crate::check::Check;
use crate::hash::Hash;
use crate::label::Label;
use crate::roster::annex_check::check_annex;
use crate::roster::history::History;
use crate::roster::signatures::{SignatureFault, Signers};
use crate::roster::{Fork, Head, Organisation, RosterError, SignedAnnex};

/// Annexes of one organisation that are not held yet, by number.
pub(super) type Given = BTreeMap<u64, Vec<Hashed<SignedAnnex>>>;

impl Chains {
    /// Extends the chains by the annexes given, and builds all of them again where the authority
    /// part is a new one.
    pub(super) fn extend_annexes(
        &mut self,
        given: &[SignedAnnex],
        history: &History,
        authority_changed: bool,
    ) -> Result<Growth, RosterError> {
        let mut growth = Growth::default();
        let mut given = self.sort_by_organisation(given, history, authority_changed)?;
        self.place_departed(&mut given, history, &mut growth)?;
        let touched: BTreeSet<Name> = if authority_changed {
            let organisations = self.part().organisations.iter();
            organisations
                .map(|organisation| organisation.name.clone())
                .collect()
        } else {
            given.keys().cloned().collect()
        };
        let mut chains = BTreeMap::new();
        for name in touched {
            let given = given.remove(&name).unwrap_or_default();
            let chain = self.build(&name, given, history, authority_changed, &mut growth)?;
            chains.insert(name, chain);
        }
        self.replace(chains, &mut growth);
        Ok(growth)
    }

    /// Sorts annexes by organisation and number, without those that are held already; all of an
    /// organisation that left with the parts of the same set.
    fn sort_by_organisation(
        &self,
        given: &[SignedAnnex],
        history: &History,
        authority_changed: bool,
    ) -> Result<BTreeMap<Name, Given>, RosterError> {
        let mut sorted: BTreeMap<Name, Given> = BTreeMap::new();
        for annex in given.iter().map(Hashed::from) {
            let name = annex.document.annex.organisation.clone();
            let number = annex.number();
            let is_known = match self.part().organisation(&name) {
                Some(_) => self.holds(&annex),
                None if authority_changed => false,
                None if history.annex_hashes(&name, number).contains(&annex.hash) => true,
                None => return Err(self.unknown_organisation(name, number)),
            };
            if is_known {
                continue;
            }
            let place = sorted.entry(name).or_default().entry(number).or_default();
            if place.iter().all(|other| other.hash != annex.hash) {
                place.push(annex);
            }
        }
        Ok(sorted)
    }

    /// Takes out the annexes of organisations that the newest part does not have. Those that an
    /// earlier part made good are remembered.
    fn place_departed(
        &self,
        given: &mut BTreeMap<Name, Given>,
        history: &History,
        growth: &mut Growth,
    ) -> Result<(), RosterError> {
        let departed = |name: &Name| self.part().organisation(name).is_none();
        let names: Vec<Name> = given
            .keys()
            .filter(|name| departed(name))
            .cloned()
            .collect();
        for name in names {
            let annexes = given.remove(&name).unwrap_or_default();
            let mut known = annexes.clone();
            for held in self.annexes.get(&name).into_iter().flatten() {
                known.entry(held.number()).or_default().push(held.clone());
            }
            let earlier = self.earlier(&name, &known);
            for annex in annexes.into_values().flatten() {
                let hashes = history.annex_hashes(&name, annex.number());
                match earlier.became(&annex) {
                    _ if hashes.contains(&annex.hash) => {}
                    Some(Became::Past) => growth.past.push(annex),
                    Some(Became::Void) => {}
                    None => return Err(self.unknown_organisation(name, annex.number())),
                }
            }
        }
        Ok(())
    }

    fn holds(&self, annex: &Hashed<SignedAnnex>) -> bool {
        let chain = self.annexes.get(&annex.document.annex.organisation);
        let mut held = chain.into_iter().flatten();
        held.any(|held| held.hash == annex.hash)
    }

    fn unknown_organisation(&self, organisation: Name, number: u64) -> RosterError {
        RosterError::UnknownOrganisation {
            organisation,
            number,
            part: self.part().number,
        }
    }

    /// Builds the chain of one organisation from what is held and given. Empty while the annex that
    /// the authority pinned has not come yet.
    fn build(
        &self,
        name: &Name,
        given: Given,
        history: &History,
        authority_changed: bool,
        growth: &mut Growth,
    ) -> Result<AnnexChain, RosterError> {
        let organisation = self
            .part()
            .organisation(name)
            .expect("only defined ones are built");
        let mut builder = Builder {
            chains: self,
            organisation,
            signers: Signers::of_annex(self.part(), organisation),
            held: self.annexes.get(name).map_or(&[][..], Vec::as_slice),
            recheck: authority_changed,
            kept: match history.is_empty() && self.authority.len() > 1 {
                true => given.clone(),
                false => Given::new(),
            },
            earlier: OnceCell::new(),
            given,
            chain: AnnexChain::new(),
        };
        builder.begin(growth)?;
        builder.extend(growth)?;
        builder.place_rest(history, growth)?;
        Ok(builder.chain)
    }

    /// Puts new chains in the place of the old ones, and notes what left and why.
    fn replace(&mut self, chains: BTreeMap<Name, AnnexChain>, growth: &mut Growth) {
        let removed: Vec<Name> = self
            .annexes
            .keys()
            .filter(|name| self.part().organisation(name).is_none())
            .cloned()
            .collect();
        for name in removed {
            let left = self.annexes.remove(&name);
            growth.past.extend(left.unwrap_or_default());
        }
        for (name, chain) in chains {
            let base = chain.first().map_or(0, Hashed::number);
            let left = match chain.is_empty() {
                true => self.annexes.remove(&name),
                false => self.annexes.insert(name, chain.clone()),
            };
            for annex in left.unwrap_or_default() {
                if chain.iter().any(|kept| kept.hash == annex.hash) {
                    continue;
                }
                // What the pin passed is good for ever; what lies beyond it and left was not.
                match annex.number() < base {
                    true => growth.past.push(annex),
                    false => growth.withdrawn.push(annex),
                }
            }
        }
    }
}

/// One chain while it is built.
struct Builder<'a> {
    chains: &'a Chains,
    organisation: &'a Organisation,
    signers: Signers,
    /// The chain so far, built under an earlier authority part if `recheck`.
    held: &'a [Hashed<SignedAnnex>],
    recheck: bool,
    /// Where a roster is founded, all annexes that it is founded on.
    kept: Given,
    /// What earlier parts made good of those: looked at where the newest one does not.
    earlier: OnceCell<Earlier>,
    given: Given,
    chain: AnnexChain,
}

impl Builder<'_> {
    /// Puts the pinned annex at the beginning. It needs no signature check beyond its hash.
    fn begin(&mut self, growth: &mut Growth) -> Result<(), RosterError> {
        let Some(pin) = self.organisation.pin else {
            return Ok(());
        };
        let pinned = |annex: &Hashed<SignedAnnex>| {
            annex.number() == pin.number && Check::R7.holds(annex.hash == pin.hash)
        };
        if let Some(annex) = self.held.iter().find(|annex| pinned(annex)) {
            self.chain.push(annex.clone());
            return Ok(());
        }
        let place = self.given.entry(pin.number).or_default();
        if let Some(at) = place.iter().position(pinned) {
            let annex = place.remove(at);
            check_annex(&annex.document.annex, &self.chains.anchor.network)?;
            if let Some(other) = self.held.iter().find(|held| held.number() == pin.number) {
                growth.forks.push(fork(&annex, other));
            }
            self.chain.push(annex);
            return Ok(());
        }
        if self.held.is_empty() {
            return Ok(());
        }
        // Going on without it would take the whole organisation out of service.
        Err(RosterError::PinMissing {
            organisation: self.organisation.name.clone(),
            number: pin.number,
            part: self.chains.part().number,
        })
    }

    /// Appends annexes as far as they follow by hash and signature, held ones first.
    fn extend(&mut self, growth: &mut Growth) -> Result<(), RosterError> {
        while let Some(Head {
            number,
            hash: previous,
        }) = self.next_place()
        {
            let held = self.held.iter().find(|annex| {
                annex.number() == number
                    && annex.previous() == previous
                    && (!self.recheck || self.check_signatures(annex).is_ok())
            });
            let mut line = held.cloned();
            for annex in self.given.remove(&number).unwrap_or_default() {
                if let Err(fault) = self.check_follows(&annex, &previous) {
                    self.remember(annex, growth).ok_or(fault)?;
                    continue;
                }
                if let Some(first) = &line {
                    Check::R5.found(Err(RosterError::Fork(Box::new(fork(first, &annex)))))?;
                }
                check_annex(&annex.document.annex, &self.chains.anchor.network)?;
                line = Some(annex);
            }
            match line {
                Some(annex) => self.chain.push(annex),
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// The number of the next annex and the hash it has to name; none while the pin has not come.
    fn next_place(&self) -> Option<Head> {
        match self.chain.last() {
            Some(last) => Some(Head {
                number: last.number().checked_add(1)?,
                hash: last.hash,
            }),
            None if self.organisation.pin.is_none() => Some(Head {
                number: 1,
                hash: Hash::ZERO,
            }),
            None => None,
        }
    }

    /// Finds a place for annexes that did not extend the chain: before its beginning, or nowhere.
    fn place_rest(&mut self, history: &History, growth: &mut Growth) -> Result<(), RosterError> {
        let name = &self.organisation.name;
        let first = self.chain.first().cloned();
        // From the newest to the oldest, since each one vouches for the one before.
        let mut link = first
            .as_ref()
            .map(|first| (first.number(), first.previous()));
        for (number, annexes) in std::mem::take(&mut self.given).into_iter().rev() {
            for annex in annexes {
                let Some(base) = first.as_ref().filter(|base| number <= base.number()) else {
                    let gap = RosterError::AnnexGap {
                        organisation: self.organisation.name.clone(),
                        number,
                        next: self.missing_place(),
                    };
                    self.remember(annex, growth).ok_or(gap)?;
                    continue;
                };
                let mut known = history.annex_hashes(name, number).to_vec();
                known.extend(link.filter(|link| link.0 == number + 1).map(|link| link.1));
                known.extend((number == base.number()).then_some(base.hash));
                if known.contains(&annex.hash) {
                    link = Some((number, annex.previous()));
                    growth.past.push(annex);
                    continue;
                }
                let refused = self.refuse_old(annex.clone(), known.first().copied(), base);
                if self.remember(annex, growth).is_none() {
                    return Err(refused);
                }
                if let RosterError::Fork(fork) = refused {
                    growth.forks.push(*fork);
                }
            }
        }
        Ok(())
    }

    /// An annex that is not of the chain, and was kept since an earlier part made it good; none
    /// where no part did.
    fn remember(&self, annex: Hashed<SignedAnnex>, growth: &mut Growth) -> Option<()> {
        let earlier = || self.chains.earlier(&self.organisation.name, &self.kept);
        if self.earlier.get_or_init(earlier).became(&annex)? == Became::Past {
            growth.past.push(annex);
        }
        Some(())
    }

    /// An annex at a place that the chain has passed: a fork if it was ever properly signed.
    fn refuse_old(
        &self,
        annex: Hashed<SignedAnnex>,
        known: Option<Hash>,
        base: &Hashed<SignedAnnex>,
    ) -> RosterError {
        let organisation = self.organisation.name.clone();
        let number = annex.number();
        let Some(known) = known else {
            return RosterError::AnnexOlder {
                organisation,
                number,
                pin: base.number(),
            };
        };
        if let Err(fault) = self.check_signatures_ever(&annex) {
            return RosterError::AnnexSignatures {
                organisation,
                number,
                part: self.chains.part().number,
                fault,
            };
        }
        RosterError::Fork(Box::new(match known == base.hash {
            true => fork(base, &annex),
            false => Fork::OldAnnex {
                held: known,
                other: annex.document,
            },
        }))
    }

    /// The first annex that is missing at the end of the chain.
    fn missing_place(&self) -> u64 {
        match (self.next_place(), self.organisation.pin) {
            (Some(place), _) => place.number,
            (None, pin) => pin.map_or(1, |pin| pin.number),
        }
    }

    fn check_follows(
        &self,
        annex: &Hashed<SignedAnnex>,
        previous: &Hash,
    ) -> Result<(), RosterError> {
        let organisation = self.organisation.name.clone();
        let number = annex.number();
        if Check::R7.refuses(annex.previous() != *previous) {
            return Err(RosterError::AnnexPrevious {
                organisation,
                number,
            });
        }
        self.check_signatures(annex)
            .map_err(|fault| RosterError::AnnexSignatures {
                organisation,
                number,
                part: self.chains.part().number,
                fault,
            })
    }

    fn check_signatures(&self, annex: &Hashed<SignedAnnex>) -> Result<(), SignatureFault> {
        Check::R7.found(check(&self.signers, annex))
    }

    /// Checks the signatures under the keys of every authority part there was, newest first; the
    /// fault under the newest is the one reported.
    fn check_signatures_ever(&self, annex: &Hashed<SignedAnnex>) -> Result<(), SignatureFault> {
        let newest = self.check_signatures(annex);
        let mut older = self
            .chains
            .authority
            .iter()
            .rev()
            .skip(1)
            .filter_map(|part| {
                let part = part.document.part.value();
                let organisation = part.organisation(&self.organisation.name)?;
                Some(Signers::of_annex(part, organisation))
            });
        if newest.is_err() && older.any(|signers| check(&signers, annex).is_ok()) {
            return Ok(());
        }
        newest
    }
}

pub(super) fn check(signers: &Signers, annex: &Hashed<SignedAnnex>) -> Result<(), SignatureFault> {
    signers.check(
        Label::ANNEX_SIGNATURE,
        &annex.hash,
        &annex.document.signatures,
    )
}

fn fork(held: &Hashed<SignedAnnex>, other: &Hashed<SignedAnnex>) -> Fork {
    Fork::Annex {
        held: Arc::clone(&held.document),
        other: Arc::clone(&other.document),
    }
}

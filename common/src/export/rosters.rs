//! The rosters of an export: the newest, and those that its pieces name.

use std::collections::{BTreeMap, BTreeSet};

use super::file::Export;
use super::{ExportFault, Piece};
use crate::check::Check;
use crate::codec::List;
use crate::hash::Hash;
use crate::limits;
use crate::roster::{
    Anchor, Roster, RosterDocuments, RosterHeads, SignedAnnex, SignedAuthority, SignedSuspension,
};

/// Rosters that are proved from the anchor.
pub(super) struct Rosters {
    pub(super) newest: Roster,
    earlier: BTreeMap<Hash, Roster>,
}

impl Rosters {
    /// Founds the newest of all documents, and each other one of those that its heads lead to
    /// (PROTOCOL X2).
    pub(super) fn found(export: &Export, anchor: &Anchor) -> Result<Self, ExportFault> {
        let documents = Documents::of(export);
        let newest = documents.found(anchor)?;
        if Check::X2.refuses(newest.hash() != export.head.roster) {
            return Err(ExportFault::OtherRoster {
                named: export.head.roster,
                found: newest.hash(),
            });
        }
        let named: BTreeSet<Hash> = export.pieces().filter_map(Piece::roster).collect();
        let mut earlier = BTreeMap::new();
        for piece in export.pieces() {
            let Piece::Roster(heads) = piece else {
                continue;
            };
            let hash = heads.hash();
            if Check::X2.refuses(!named.contains(&hash)) {
                return Err(ExportFault::IdleRoster(hash));
            }
            if earlier.len() == limits::EXPORT_ROSTERS_MAX {
                return Err(ExportFault::TooManyRosters);
            }
            let roster = documents.under(heads).found(anchor)?;
            if Check::X2.refuses(roster.hash() != hash) {
                return Err(ExportFault::OtherRoster {
                    named: hash,
                    found: roster.hash(),
                });
            }
            earlier.insert(hash, roster);
        }
        Ok(Self { newest, earlier })
    }

    /// The roster of this hash, if it is here; else the newest, which descends from it as far as
    /// anybody here knows (PROTOCOL R11).
    pub(super) fn named(&self, hash: &Hash) -> &Roster {
        self.earlier.get(hash).unwrap_or(&self.newest)
    }
}

/// Whether documents prove a roster of exactly these heads from an anchor (PROTOCOL X2).
pub fn leads_to(documents: &RosterDocuments, heads: &RosterHeads, anchor: &Anchor) -> bool {
    let proved = Documents::all(documents).under(heads).found(anchor);
    proved.is_ok_and(|roster| roster.hash() == heads.hash())
}

/// Documents of a roster, none of them believed.
#[derive(Default)]
struct Documents<'a> {
    authority: Vec<&'a SignedAuthority>,
    annexes: BTreeMap<Hash, &'a SignedAnnex>,
    suspensions: BTreeMap<Hash, &'a SignedSuspension>,
}

impl<'a> Documents<'a> {
    fn of(export: &'a Export) -> Self {
        let mut documents = Self::default();
        for piece in export.pieces() {
            match piece {
                Piece::Authority(signed) => documents.authority.push(signed),
                Piece::Annex(signed) => {
                    documents.annexes.insert(signed.hash(), signed);
                }
                Piece::Suspension(signed) => {
                    documents.suspensions.insert(signed.hash(), signed);
                }
                _ => {}
            }
        }
        documents
    }

    fn all(documents: &'a RosterDocuments) -> Self {
        let annexes = documents.annexes.iter();
        let suspensions = documents.suspensions.iter();
        Self {
            authority: documents.authority.iter().collect(),
            annexes: annexes.map(|signed| (signed.hash(), signed)).collect(),
            suspensions: suspensions.map(|signed| (signed.hash(), signed)).collect(),
        }
    }

    /// Those that these heads lead to: what a roster with these heads can have been made of.
    fn under(&self, heads: &RosterHeads) -> Self {
        let authority = self.authority.iter().copied();
        let mut annexes = BTreeMap::new();
        for head in heads.annexes.iter() {
            let mut next = head.hash;
            while let Some(signed) = self.annexes.get(&next) {
                annexes.insert(next, *signed);
                next = signed.annex.previous;
            }
        }
        let suspensions = self.suspensions.iter();
        Self {
            authority: authority
                .filter(|signed| signed.part.number <= heads.authority.number)
                .collect(),
            annexes,
            suspensions: suspensions
                .filter(|(hash, _)| heads.suspensions.has(hash))
                .map(|(hash, signed)| (*hash, *signed))
                .collect(),
        }
    }

    fn found(&self, anchor: &Anchor) -> Result<Roster, ExportFault> {
        let documents = RosterDocuments {
            authority: listed(self.authority.iter().copied())?,
            annexes: listed(self.annexes.values().copied())?,
            suspensions: listed(self.suspensions.values().copied())?,
        };
        Roster::found(anchor.clone(), &documents)
            .map_err(|error| ExportFault::Roster(Box::new(error)))
    }
}

fn listed<'a, T: Clone + 'a, const MAX: usize>(
    documents: impl Iterator<Item = &'a T>,
) -> Result<List<T, MAX>, ExportFault> {
    List::new(documents.cloned().collect::<Vec<T>>()).map_err(|_| ExportFault::TooManyRosters)
}

//! What applying documents changed.

use super::RosterHeads;
use super::chains::Growth;
use crate::address::Name;
use crate::hash::Hash;

/// The difference that one set of documents made to a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The roster hash before.
    pub before: Hash,
    /// The roster hash now. Equal to `before` if everything was known.
    pub after: Hash,
    /// The numbers of the authority part before and now, if that changed.
    pub authority: Option<(u64, u64)>,
    /// The organisations whose annex in force changed, by name.
    pub annexes: Vec<AnnexChange>,
    /// Suspensions that came into force.
    pub suspended: Vec<Hash>,
    /// Suspensions that are no longer in force.
    pub restored: Vec<Hash>,
    /// Annexes that were in force and turned out void: signed by keys that the new authority part
    /// took away. The organisation has to sign their content again.
    pub withdrawn: Vec<(Name, u64)>,
}

/// The annex in force of one organisation before and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnexChange {
    /// The organisation.
    pub organisation: Name,
    /// The number before; none if it had no annex.
    pub from: Option<u64>,
    /// The number now; none if the organisation left.
    pub to: Option<u64>,
}

impl Applied {
    /// Whether anything in force changed. Live connections are judged again if so (I9).
    pub fn is_change(&self) -> bool {
        self.before != self.after
    }

    pub(super) fn between(before: &RosterHeads, after: &RosterHeads, growth: &Growth) -> Self {
        let numbers = (before.authority.number, after.authority.number);
        let lost = before
            .suspensions
            .iter()
            .filter(|hash| !after.suspensions.has(hash));
        let gained = after
            .suspensions
            .iter()
            .filter(|hash| !before.suspensions.has(hash));
        let withdrawn = growth.withdrawn.iter().map(|annex| {
            let organisation = annex.document.annex.organisation.clone();
            (organisation, annex.number())
        });
        Self {
            before: before.hash(),
            after: after.hash(),
            authority: (numbers.0 != numbers.1).then_some(numbers),
            annexes: annex_changes(before, after),
            suspended: gained.copied().collect(),
            restored: lost.copied().collect(),
            withdrawn: withdrawn.collect(),
        }
    }
}

fn annex_changes(before: &RosterHeads, after: &RosterHeads) -> Vec<AnnexChange> {
    let gone = before
        .annexes
        .iter()
        .filter(|head| after.annex(&head.organisation).is_none());
    let gone = gone.map(|head| AnnexChange {
        organisation: head.organisation.clone(),
        from: Some(head.number),
        to: None,
    });
    let changed = after.annexes.iter().filter_map(|head| {
        let earlier = before.annex(&head.organisation);
        (earlier != Some(head)).then(|| AnnexChange {
            organisation: head.organisation.clone(),
            from: earlier.map(|earlier| earlier.number),
            to: Some(head.number),
        })
    });
    let mut changes: Vec<AnnexChange> = gone.chain(changed).collect();
    changes.sort_by(|left, right| left.organisation.cmp(&right.organisation));
    changes
}

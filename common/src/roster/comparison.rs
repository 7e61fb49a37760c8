//! How another's roster stands to ours (PROTOCOL section 3, R11).

use super::chains::Chains;
use super::history::History;
use super::{AnnexHead, RosterHeads};
use crate::codec::coded_enum;

coded_enum! {
    /// How another's heads stand to a roster.
    pub enum Comparison: u8 {
        /// The same documents are in force.
        Same = 1 => "same",
        /// Everything of theirs is in the chains here: judged by this roster.
        Ancestor = 2 => "ancestor",
        /// They have something newer, and nothing here is newer than theirs.
        Ahead = 3 => "ahead",
        /// Each side has something newer; merged, both are ancestors of the result.
        Apart = 4 => "apart",
        /// A chain has two documents at one place: an incident.
        Fork = 5 => "fork",
    }
}

/// What a roster knows about a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// It is the roster in force.
    Current,
    /// It is an earlier state, or was shown to be an ancestor: judge by the roster in force.
    Ancestor,
    /// Nothing is known: hold durably, ask for its heads, judge again.
    Unknown,
}

/// What comparing part by part has found so far.
#[derive(Debug, Default)]
struct Findings {
    theirs_newer: bool,
    ours_newer: bool,
    fork: bool,
}

/// Compares another's heads with our chains.
pub(super) fn compare(
    chains: &Chains,
    history: &History,
    ours: &RosterHeads,
    theirs: &RosterHeads,
) -> Comparison {
    if ours == theirs {
        return Comparison::Same;
    }
    let mut findings = Findings::default();
    compare_authority(chains, ours, theirs, &mut findings);
    compare_annexes(chains, history, ours, theirs, &mut findings);
    compare_suspensions(chains, ours, theirs, &mut findings);
    match findings {
        Findings { fork: true, .. } => Comparison::Fork,
        Findings {
            theirs_newer: true,
            ours_newer,
            ..
        } if ours_newer => Comparison::Apart,
        Findings {
            theirs_newer: true, ..
        } => Comparison::Ahead,
        _ => Comparison::Ancestor,
    }
}

fn compare_authority(
    chains: &Chains,
    ours: &RosterHeads,
    theirs: &RosterHeads,
    findings: &mut Findings,
) {
    let number = theirs.authority.number;
    if number > ours.authority.number {
        findings.theirs_newer = true;
        return;
    }
    findings.ours_newer |= number < ours.authority.number;
    let held = chains
        .authority
        .iter()
        .find(|part| part.document.part.number == number);
    // Number 0 is that of somebody who holds nothing yet.
    findings.fork |= held.is_some_and(|part| part.hash != theirs.authority.hash);
}

fn compare_annexes(
    chains: &Chains,
    history: &History,
    ours: &RosterHeads,
    theirs: &RosterHeads,
    findings: &mut Findings,
) {
    for their in &theirs.annexes {
        let our = ours.annex(&their.organisation);
        let newest = our.map_or(0, |our| our.number);
        let known = history.annex_hashes(&their.organisation, their.number);
        if known.contains(&their.hash) {
            findings.ours_newer |= their.number < newest;
        } else if our.is_none() && is_gone(chains, their, theirs) {
            findings.ours_newer = true;
        } else if their.number > newest {
            findings.theirs_newer = true;
        } else {
            // A place whose document was never seen here lies below the pin: the pin settled it.
            findings.fork |= !known.is_empty();
            findings.ours_newer = true;
        }
    }
    for our in &ours.annexes {
        // Where their authority part is newer, the organisation may have left.
        let may_have_left = theirs.authority.number > ours.authority.number;
        if theirs.annex(&our.organisation).is_none() && !may_have_left {
            findings.ours_newer = true;
        }
    }
}

/// Whether an organisation of theirs left with an authority part that we have and they do not.
fn is_gone(chains: &Chains, their: &AnnexHead, theirs: &RosterHeads) -> bool {
    let part = chains.part();
    theirs.authority.number < part.number && part.organisation(&their.organisation).is_none()
}

fn compare_suspensions(
    chains: &Chains,
    ours: &RosterHeads,
    theirs: &RosterHeads,
    findings: &mut Findings,
) {
    for hash in &theirs.suspensions {
        let lifted_by_annex = || {
            let mut annexes = chains.annexes_in_force();
            annexes.any(|annex| annex.document.annex.lifted.has(hash))
        };
        let known = chains.suspensions.contains_key(hash)
            || chains.is_lifted_by_authority(hash)
            || lifted_by_annex();
        findings.theirs_newer |= !known;
    }
    for hash in ours
        .suspensions
        .iter()
        .filter(|hash| !theirs.suspensions.has(hash))
    {
        // They may have lifted it, with an authority part or annex that we do not have.
        let organisation = chains
            .suspensions
            .get(hash)
            .map(|signed| signed.suspension.subject.organisation());
        let number = |heads: &RosterHeads| {
            let annex = organisation.as_ref().and_then(|name| heads.annex(name));
            annex.map_or(0, |annex| annex.number)
        };
        let may_be_lifted =
            theirs.authority.number > ours.authority.number || number(theirs) > number(ours);
        findings.ours_newer |= !may_be_lifted;
    }
}

//! Times in which no authority part had an organisation: nothing of its annexes counts then.

use super::chains::Chains;
use super::{AuthorityPart, Organisation};
use crate::address::Name;
use crate::time::Timestamp;

/// From the part that left an organisation out to the one that has it again.
#[derive(Debug, Clone, Copy)]
struct Absence {
    left: Timestamp,
    /// When the part was issued that has it again, and the number of the annex which that pins.
    back: Option<(Timestamp, u64)>,
}

impl Chains {
    /// When an annex of an organisation was in force for the last time, of which what it names and
    /// no later one does was removed: `next` is when the next annex was issued that is known, and
    /// the annex is of before this anchor where its number is 0. None where nothing tells.
    ///
    /// A part that leaves the organisation out removes as an annex does. One that has it again
    /// gives back what its annex names, unless it pins a later one.
    pub(super) fn last_in_force(
        &self,
        organisation: &Name,
        annex: u64,
        next: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let mut end = next;
        for absence in self.absences(organisation, annex == 0).into_iter().rev() {
            let ended_before = end.is_some_and(|end| end < absence.left);
            let stayed_away = absence
                .back
                .is_none_or(|(back, pin)| pin > annex || end.is_some_and(|end| end < back));
            if !ended_before && stayed_away {
                end = Some(absence.left);
            }
        }
        end
    }

    /// The absences of an organisation, the first one first: from part 1 on if `from_first`, else
    /// from the first part that has it.
    fn absences(&self, organisation: &Name, from_first: bool) -> Vec<Absence> {
        let mut absences: Vec<Absence> = Vec::new();
        let mut was_there = from_first;
        for part in &self.authority {
            let part: &AuthorityPart = part.document.part.value();
            let entry = part.organisation(organisation);
            match (entry, was_there) {
                (None, true) => absences.push(Absence {
                    left: part.issued,
                    back: None,
                }),
                (Some(entry), false) => {
                    if let Some(absence) = absences.last_mut() {
                        absence.back = Some((part.issued, pinned(entry)));
                    }
                }
                _ => {}
            }
            was_there = entry.is_some();
        }
        absences
    }
}

fn pinned(organisation: &Organisation) -> u64 {
    organisation.pin.map_or(0, |pin| pin.number)
}

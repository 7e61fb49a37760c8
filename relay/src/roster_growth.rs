//! From files of documents to a roster: what enters, what waits for the rest, what is refused.

use maille_common::codec::List;
use maille_common::roster::{Anchor, Roster, RosterDocuments, RosterError};

use crate::roster_folder::RosterFile;

/// What became of a set of files.
#[derive(Debug)]
pub(crate) struct Growth {
    pub(crate) roster: Roster,
    /// Files that do not verify.
    pub(crate) refused: Vec<(String, RosterError)>,
    /// Files that may be good together with documents that are not here yet.
    pub(crate) incomplete: Vec<(String, RosterError)>,
}

/// Founds a roster on an anchor and the files, as far as they verify.
pub(crate) fn found(anchor: &Anchor, files: Vec<RosterFile>) -> Result<Growth, RosterError> {
    let whole = Roster::found(anchor.clone(), &joined(&files));
    match whole {
        Ok(roster) => Ok(Growth {
            roster,
            refused: Vec::new(),
            incomplete: Vec::new(),
        }),
        Err(error) => {
            let roster = files.iter().find_map(|file| {
                let authority = file.documents.authority.clone();
                let first = RosterDocuments {
                    authority,
                    ..RosterDocuments::default()
                };
                Roster::found(anchor.clone(), &first).ok()
            });
            Ok(one_by_one(roster.ok_or(error)?, files))
        }
    }
}

/// Grows a roster by the files, as far as they verify.
pub(crate) fn grow(roster: &Roster, files: Vec<RosterFile>) -> Growth {
    let mut whole = roster.clone();
    match whole.apply(&joined(&files)) {
        Ok(_) => Growth {
            roster: whole,
            refused: Vec::new(),
            incomplete: Vec::new(),
        },
        Err(_) => one_by_one(roster.clone(), files),
    }
}

/// Takes file after file until no further one enters: one bad file holds up no good one.
fn one_by_one(mut roster: Roster, files: Vec<RosterFile>) -> Growth {
    let mut left = files;
    loop {
        let before = left.len();
        let mut failed = Vec::new();
        for file in left {
            if let Err(error) = roster.apply(&file.documents) {
                failed.push((file, error));
            }
        }
        if failed.len() == before || failed.is_empty() {
            let names = failed.into_iter().map(|(file, error)| (file.name, error));
            let (incomplete, refused) = names.partition(|(_, error)| error.is_incomplete());
            return Growth {
                roster,
                refused,
                incomplete,
            };
        }
        left = failed.into_iter().map(|(file, _)| file).collect();
    }
}

/// All documents as one set, or those that fit into one.
fn joined(files: &[RosterFile]) -> RosterDocuments {
    let (mut authority, mut annexes, mut suspensions) = (Vec::new(), Vec::new(), Vec::new());
    for RosterFile { documents, .. } in files {
        authority.extend(documents.authority.iter().cloned());
        annexes.extend(documents.annexes.iter().cloned());
        suspensions.extend(documents.suspensions.iter().cloned());
    }
    RosterDocuments {
        authority: capped(authority),
        annexes: capped(annexes),
        suspensions: capped(suspensions),
    }
}

/// The first items, as many as fit; a set that was cut does not verify, and goes one by one.
fn capped<T, const MAX: usize>(mut items: Vec<T>) -> List<T, MAX> {
    items.truncate(MAX);
    List::new(items).expect("the items were cut to the length of the list")
}

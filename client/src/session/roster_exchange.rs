//! Whoever is ahead hands over: rosters are levelled before any alert (DESIGN section 3).

use std::sync::Arc;

use maille_common::hash::Hash;
use maille_common::limits;
use maille_common::roster::{Comparison, Knowledge, RosterDocuments, RosterHeads};
use maille_common::wire::RefusalCode;

use super::{Session, SessionError, TalkError};
use crate::error::DeskError;
use crate::roster_change::{self, RosterChangeError};

/// A chain comes in sets of a frame; a whole network's beginning fits in a few.
const SETS_MAX: usize = 64;

/// What a frame holds of documents, beside its own few bytes.
const SET_BYTES_MAX: usize = limits::FRAME_ROSTER_BYTES_MAX - 1024;

impl Session {
    /// Compares the relay's roster with ours, fetches what we lack and offers what it lacks.
    /// Whether it has ours then, as far as it says.
    pub(super) async fn level_rosters(&self, theirs: &RosterHeads) -> Result<bool, SessionError> {
        let (relay, shown) = (self.relay.clone(), theirs.clone());
        let shows = self.office.settle(move |desk, now, _| {
            desk.relay_shows_roster(&relay, &shown, now)
                .map_err(DeskError::from)
        });
        match shows.await? {
            Comparison::Same => return Ok(true),
            Comparison::Fork => return Ok(false),
            Comparison::Ancestor => {}
            Comparison::Ahead | Comparison::Apart => self.fetch_roster().await?,
        }
        self.offer_roster(theirs).await
    }

    /// Hands every change of the roster in use on to the relay, for as long as there is one.
    pub(super) async fn serve_rosters(&self) -> Result<(), SessionError> {
        let mut rosters = self.office.roster.subscribe();
        loop {
            let before = rosters.borrow_and_update().heads().clone();
            if rosters.changed().await.is_err() {
                return std::future::pending().await;
            }
            if rosters.borrow().heads() != &before {
                self.offer_roster(&before).await?;
            }
        }
    }

    /// The relay speaks of a roster: what is not known here is fetched.
    pub(super) async fn hear_of_roster(&self, roster: Hash) -> Result<(), SessionError> {
        if self.office.roster().knows(&roster) == Knowledge::Unknown {
            self.fetch_roster().await?;
        }
        Ok(())
    }

    /// An envelope names a roster that is not known: it is fetched, or its heads are (PROTOCOL
    /// R11).
    pub(super) async fn resolve_roster(&self, roster: Hash) -> Result<(), SessionError> {
        self.hear_of_roster(roster).await?;
        if self.office.roster().knows(&roster) != Knowledge::Unknown {
            return Ok(());
        }
        match self.talk.heads(roster).await {
            // Heads make the hash: what does not is no answer.
            Ok(heads) if heads.check().is_ok() && heads.hash() == roster => {
                roster_change::learn_heads(&self.office, heads).await?;
                Ok(())
            }
            Ok(_) => Err(TalkError::Unexpected.into()),
            // The delivery stays held; another relay may know, and after ten minutes it is judged.
            Err(TalkError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn fetch_roster(&self) -> Result<(), SessionError> {
        let mut pending = RosterDocuments::default();
        for _ in 0..SETS_MAX {
            let have = self.office.roster().heads().clone();
            let fresh = match self.talk.roster(have).await {
                Err(TalkError::Refused(refusal)) => {
                    tracing::info!(relay = %self.relay, code = %refusal.code, "no roster given");
                    return Ok(());
                }
                other => other?,
            };
            if fresh.is_empty() {
                return Ok(());
            }
            let Ok(documents) = pending.join(fresh) else {
                return Ok(());
            };
            match roster_change::apply(&self.office, documents.clone()).await {
                Ok(true) => pending = RosterDocuments::default(),
                Ok(false) => return Ok(()),
                Err(RosterChangeError::Incomplete) => pending = documents,
                Err(RosterChangeError::Desk(error)) => return Err(error.into()),
                // Told as an incident already; service goes on by the roster that holds.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    pub(super) async fn offer_roster(&self, theirs: &RosterHeads) -> Result<bool, SessionError> {
        let roster = Arc::clone(&self.office.roster());
        let documents = roster.documents_since(theirs);
        if documents.is_empty() {
            return Ok(true);
        }
        for set in documents.split(SET_BYTES_MAX) {
            match self.talk.offer_roster(set).await {
                Err(TalkError::Refused(refusal)) => {
                    tracing::info!(relay = %self.relay, code = %refusal.code, "roster refused");
                    self.note_roster_refused(refusal.code).await?;
                    return Ok(false);
                }
                other => other?,
            }
        }
        let relay = self.relay.clone();
        let took = self.office.settle_quietly(move |desk, _, _| {
            Ok::<_, DeskError>(((), desk.relay_took_roster(&relay)?))
        });
        took.await?;
        Ok(true)
    }

    /// What proves itself is refused by a relay that is wrong, or that cannot keep it now.
    async fn note_roster_refused(&self, code: RefusalCode) -> Result<(), SessionError> {
        let forked = code == RefusalCode::RosterFork;
        if !forked && code != RefusalCode::RosterRefused {
            return Ok(());
        }
        let relay = self.relay.clone();
        let refused = self.office.settle(move |desk, now, _| {
            let settled = desk.relay_refused_roster(&relay, forked, now)?;
            Ok::<_, DeskError>(((), settled))
        });
        Ok(refused.await?)
    }
}

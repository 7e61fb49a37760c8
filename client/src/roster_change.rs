//! Taking another roster into use: proved, made durable, and then judged by.

use std::sync::Arc;

use maille_common::roster::{Comparison, RosterDocuments, RosterError, RosterHeads};
use thiserror::Error;

use crate::error::DeskError;
use crate::office::{Office, blocking};
use crate::roster_store::RosterStoreError;

/// Why documents do not change the roster in use.
#[derive(Debug, Error)]
pub enum RosterChangeError {
    /// Something between ours and theirs is missing; ask for more.
    #[error("The documents do not connect to the roster in use; the ones between are missing.")]
    Incomplete,
    /// They do not verify, or contradict what is held: an incident.
    #[error(transparent)]
    Refused(Box<RosterError>),
    /// They could not be made durable; they are not in use.
    #[error(transparent)]
    Keep(#[from] RosterStoreError),
    /// The desk could not be told.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl RosterChangeError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Incomplete => "roster-incomplete",
            Self::Refused(_) => "roster-refused",
            Self::Keep(error) => error.code(),
            Self::Desk(error) => error.code(),
        }
    }
}

/// Applies documents from anywhere; whether the roster in use is another one now.
pub(crate) async fn apply(
    office: &Arc<Office>,
    documents: RosterDocuments,
) -> Result<bool, RosterChangeError> {
    let turn = office.roster_turn.lock().await;
    let mut roster = (*office.roster()).clone();
    let (outcome, roster, documents) = blocking(move || {
        let outcome = roster.apply(&documents);
        (outcome, roster, documents)
    })
    .await;
    let applied = match outcome {
        Ok(applied) => applied,
        Err(error) if error.is_incomplete() => return Err(RosterChangeError::Incomplete),
        Err(error) => {
            report(office, &error.to_string()).await?;
            return Err(RosterChangeError::Refused(Box::new(error)));
        }
    };
    // Durable before it is used: what was judged by it must be provable after a power cut.
    let store = turn.clone();
    blocking(move || store.keep(&documents)).await?;
    if applied.is_change() {
        use_roster(office, Arc::new(roster)).await?;
    }
    Ok(applied.is_change())
}

/// Learns how another's roster stands to ours, and judges again what was held for it; by ours where
/// the two contradict each other.
pub(crate) async fn learn_heads(office: &Arc<Office>, heads: RosterHeads) -> Result<(), DeskError> {
    let _turn = office.roster_turn.lock().await;
    let mut roster = (*office.roster()).clone();
    if roster.learn_heads(&heads) == Comparison::Fork {
        let forked = heads.hash();
        return office
            .settle(move |desk, now, _| Ok(((), desk.judge_forked(&forked, now)?)))
            .await;
    }
    use_roster(office, Arc::new(roster)).await
}

/// Keeps an incident about rosters.
pub(crate) async fn report(office: &Arc<Office>, fault: &str) -> Result<(), DeskError> {
    tracing::warn!(fault, "a roster was refused");
    let fault = fault.to_owned();
    office
        .settle(move |desk, now, _| Ok(((), desk.report_roster(&fault, now)?)))
        .await
}

async fn use_roster(
    office: &Arc<Office>,
    roster: Arc<maille_common::roster::Roster>,
) -> Result<(), DeskError> {
    let used = Arc::clone(&roster);
    office
        .settle(move |desk, now, _| Ok::<_, DeskError>(((), desk.replace_roster(used, now)?)))
        .await?;
    tracing::info!(number = roster.authority().number, hash = %roster.hash(), "roster in use");
    office.roster.send_replace(roster);
    office.wake();
    Ok(())
}

//! The next keys of a relay: where they stand by the roster and by both of its clocks.

use maille_common::address::Name;
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::limits;
use maille_common::roster::{RelayKeys, Roster};
use maille_common::time::{Span, Timestamp};

use super::relay::{RelayCore, StepError};

/// So long the roster names the next pair before it is used: a desk that was away for eight weeks
/// still knows the one before, and has a week to hear of the next.
pub const OVERLAP: Span = Span::from_ms(limits::RELAY_KEYS_OVERLAP_MS);

/// The public halves of a relay's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKeys {
    /// Of the TLS handshake.
    pub transport: VerifyingKey,
    /// Of what the relay states.
    pub signing: VerifyingKey,
}

impl PublicKeys {
    /// Whether a roster names a relay with these keys, newest or overlapping.
    pub fn are_in(&self, roster: &Roster, name: &Name) -> bool {
        let is_mine =
            |keys: &RelayKeys| keys.transport == self.transport && keys.signing == self.signing;
        roster
            .relay(name)
            .is_some_and(|relay| relay.keys.iter().any(is_mine))
    }

    /// When the part was written that first named these keys for a relay; none where the roster in
    /// force does not name them.
    fn named_since(&self, roster: &Roster, name: &Name) -> Option<Timestamp> {
        let mut terms = roster.relay_signing_keys(name).iter();
        let term = terms.find(|term| term.current && term.key == self.signing)?;
        self.are_in(roster, name).then_some(term.from)
    }
}

/// How late it is, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// The present, by the wall, which somebody may have set.
    pub now: Timestamp,
    /// How long this relay itself has known that the roster names the next pair, by the clock that
    /// nobody sets. What passed while the machine was off is not in it.
    pub known: Span,
}

/// Where the next pair of a relay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextKeys {
    /// There is none.
    None,
    /// It lies in the folder, and the roster does not name it.
    Made {
        /// That pair.
        next: PublicKeys,
    },
    /// The roster names it, and it is used from a time on.
    Announced {
        /// That pair.
        next: PublicKeys,
        /// When the part that first named it was written.
        since: Timestamp,
        /// When it is used, by the wall, if the machine stays on until then.
        used_from: Timestamp,
    },
    /// It is to be used now.
    Due {
        /// That pair.
        next: PublicKeys,
    },
}

impl NextKeys {
    /// Judges the next pair by the roster in use. It is due when both clocks say so: the wall alone
    /// may be set months ahead for a moment, and there is no way back. Where the roster names the
    /// present pair no more, the next one is all there is to serve with.
    pub fn judge(
        present: &PublicKeys,
        next: Option<PublicKeys>,
        roster: &Roster,
        name: &Name,
        waited: Waited,
    ) -> Self {
        let Some(next) = next else {
            return Self::None;
        };
        let Some(since) = next.named_since(roster, name) else {
            return Self::Made { next };
        };
        let Waited { now, known } = waited;
        let used_from = (since + OVERLAP).max(now + (OVERLAP - known));
        if now >= used_from || !present.are_in(roster, name) {
            return Self::Due { next };
        }
        Self::Announced {
            next,
            since,
            used_from,
        }
    }

    /// Whether the next pair is to be used now.
    pub const fn is_due(&self) -> bool {
        matches!(self, Self::Due { .. })
    }

    /// The stable word for machines: `none`, `made`, `announced`, or `due`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Made { .. } => "made",
            Self::Announced { .. } => "announced",
            Self::Due { .. } => "due",
        }
    }

    /// The pair, where there is one.
    pub const fn pair(&self) -> Option<PublicKeys> {
        match self {
            Self::None => None,
            Self::Made { next } | Self::Announced { next, .. } | Self::Due { next } => Some(*next),
        }
    }
}

impl RelayCore {
    /// Where the next pair stands, at the last look at the clocks. From the first time on that the
    /// roster in use names it, it is counted how long.
    ///
    /// # Errors
    /// [`StepError`] where the store does not keep that.
    pub fn next_keys(
        &mut self,
        present: &PublicKeys,
        next: Option<PublicKeys>,
    ) -> Result<NextKeys, StepError> {
        let (roster, name) = (&self.roster, &self.identity.name);
        let named = next.filter(|next| next.named_since(roster, name).is_some());
        let waited = Waited {
            known: self.counting.know_keys(named),
            now: self.present().wall,
        };
        self.keep_count()?;
        let (roster, name) = (&self.roster, &self.identity.name);
        Ok(NextKeys::judge(present, next, roster, name, waited))
    }
}

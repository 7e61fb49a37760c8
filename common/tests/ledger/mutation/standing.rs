//! One rule less of the state: rules O1 to O14.

use maille_common::evidence::{Evidence, Obligation, ObligationState, Standing};
use maille_common::terms::AckRule;

use super::Mutation;
use crate::ledger::{real_standing, standing_of};
use crate::pieces::Piece;

impl Mutation {
    /// The standing by the real function, without this rule.
    pub(crate) fn standing(self, obligation: &Obligation, pieces: Vec<Piece>) -> Standing {
        let obligation = &self.obligation(obligation);
        let pieces: Vec<Piece> = match self {
            Self::LastProofStands => last_acknowledgement(&pieces),
            _ => pieces
                .into_iter()
                .filter(|piece| !self.ignores(*piece))
                .collect(),
        };
        let mut standing = standing_of(obligation, &self.evidence(&pieces));
        let stopped_by = |counts: fn(Piece) -> bool| {
            let counted: Vec<Piece> = pieces
                .iter()
                .copied()
                .filter(|piece| counts(*piece))
                .collect();
            real_standing(obligation, &counted).escalation_stopped
        };
        let is_officers = |piece: Piece| piece.is_acknowledgement() && piece != Piece::ProgramFirst;
        match self {
            Self::LowestCounts => {
                let lowest = standing.proofs.keys().next().copied();
                standing.state = lowest.unwrap_or(ObligationState::Open);
            }
            Self::OfficerStopsNothing => {
                let others: Vec<Piece> = pieces
                    .iter()
                    .copied()
                    .filter(|piece| !is_officers(*piece))
                    .collect();
                standing.escalation_stopped = real_standing(obligation, &others).escalation_stopped;
            }
            Self::OtherEndsStopNothing => {
                standing.escalation_stopped = stopped_by(Piece::is_acknowledgement);
            }
            Self::ProgramStartsAgain if standing.state == ObligationState::Acknowledged => {
                standing.escalation_stopped = stopped_by(Piece::is_acknowledgement);
            }
            _ => {}
        }
        standing
    }

    fn obligation(self, obligation: &Obligation) -> Obligation {
        let mut obligation = obligation.clone();
        match self {
            Self::EachFreesAll => obligation.ack_rule = AckRule::First,
            Self::EveryProgramStops => obligation.system_acknowledges = true,
            Self::NoProgramStops => obligation.system_acknowledges = false,
            _ => {}
        }
        obligation
    }

    /// Whether a piece has no effect.
    fn ignores(self, piece: Piece) -> bool {
        match self {
            Self::AcknowledgementEndsNothing => {
                piece.is_acknowledgement() && piece != Piece::AckOther
            }
            Self::FirstFreesNobody => piece == Piece::AckOther,
            Self::RefusalEndsNothing => piece == Piece::RefuseSecond,
            Self::ReturnsEndNothing => matches!(piece, Piece::BrokenFirst | Piece::BrokenSecond),
            Self::CancelEndsNothing => piece == Piece::Cancel,
            Self::ExpiryEndsNothing => piece == Piece::Expiry,
            _ => false,
        }
    }

    /// The evidence of the pieces, and what a piece that ought not to count is taken for.
    fn evidence(self, pieces: &[Piece]) -> Vec<&'static Evidence> {
        let mut evidence = Vec::new();
        for (place, piece) in pieces.iter().enumerate() {
            evidence.extend(piece.evidence());
            let again = pieces[..place].contains(piece);
            let taken_for = match (self, piece) {
                (Self::OtherAlertsReceiptCounts, Piece::Strays) => Piece::AckFirst,
                (Self::OtherAlertsCancelCounts, Piece::Strays) => Piece::Cancel,
                (Self::OthersRefusalCounts, Piece::Strays) => Piece::RefuseSecond,
                (Self::OthersExpiryCounts, Piece::Strays) => Piece::Expiry,
                (Self::GoneKeyCounts, Piece::GoneFirst) => Piece::BrokenFirst,
                (Self::DeputysReturnCounts, Piece::BrokenDeputy) => Piece::BrokenSecond,
                (Self::RepeatedReturnCounts, Piece::BrokenFirst) if again => Piece::BrokenSecond,
                _ => continue,
            };
            evidence.extend(taken_for.evidence());
        }
        evidence
    }
}

/// Of several acknowledgements only the one that came last; whatever else there is.
fn last_acknowledgement(pieces: &[Piece]) -> Vec<Piece> {
    let last = pieces.iter().rposition(|piece| piece.is_acknowledgement());
    let places = pieces.iter().enumerate();
    let kept = places.filter(|(place, piece)| !piece.is_acknowledgement() || Some(*place) == last);
    kept.map(|(_, piece)| *piece).collect()
}

//! Waiting until a drill is over.

use maille_client::WaitError;
use maille_common::time::Span;
use serde::{Deserialize, Serialize};

use super::span_or;
use crate::agent::{Ask, Desk};
use crate::fault::Fault;
use crate::form::maybe;

/// Beyond the expiry, so that it is signed by then.
const SLACK: Span = Span::from_minutes(1);

/// Asks to be told when nobody is asked any more. That the time is up is no fault: what is known
/// then is shown.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Over {
    /// The alert, by the beginning of its id.
    pub(super) id: String,
    /// How long; until it expires where it is missing.
    #[serde(default, with = "maybe")]
    pub(super) within: Option<Span>,
}

/// How the wait ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    id: String,
    short: String,
    /// Every obligation has ended.
    over: bool,
}

impl Ask for Over {
    const NAME: &'static str = "over";
    type Answer = Ended;

    async fn answer(self, desk: &Desk) -> Result<Ended, Fault> {
        let alert = desk.find(&self.id).await?;
        let expires = desk.client().track(alert).await?.core.expires_after;
        let within = span_or(self.within, Span::from_ms(expires.ms() + SLACK.ms()));
        let over = match desk.client().over(alert, within).await {
            Ok(()) => true,
            Err(WaitError::Timeout { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        Ok(Ended {
            id: alert.to_string(),
            short: alert.prefix().to_string(),
            over,
        })
    }
}

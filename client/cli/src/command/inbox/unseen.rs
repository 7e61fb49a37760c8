//! What expired at a relay before this desk collected it.

use maille_client::Unseen;
use maille_common::terms::Status;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::ledger::call;
use crate::form::word;
use crate::local_time::local;
use crate::sentence::{alert, term};

/// An alert that expired unseen, and whom to ask for it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExpiredUnseen {
    id: String,
    short: String,
    #[serde(with = "word")]
    status: Status,
    from: String,
    /// Whose obligation it was.
    recipient: String,
    /// When the relay accepted it, by the relay's clock.
    #[serde(with = "word")]
    accepted: Timestamp,
    /// When the relay dropped it.
    #[serde(with = "word")]
    dropped: Timestamp,
    /// When this desk heard of it.
    #[serde(with = "word")]
    received: Timestamp,
    relay: String,
    /// The sender's.
    telephones: Vec<String>,
    /// Spoken there, the preferred one first.
    languages: Vec<String>,
}

impl ExpiredUnseen {
    pub(super) fn of(unseen: Unseen) -> Self {
        Self {
            id: unseen.alert.to_string(),
            short: unseen.alert.prefix().to_string(),
            status: unseen.status,
            from: unseen.from.to_string(),
            recipient: unseen.recipient.to_string(),
            accepted: unseen.accepted,
            dropped: unseen.dropped,
            received: unseen.received,
            relay: unseen.relay.to_string(),
            telephones: unseen.telephones,
            languages: unseen.languages,
        }
    }

    /// For people: what is gone, and whom to call about it.
    pub(super) fn text(&self) -> String {
        let (from, accepted, relay) = (&self.from, &local(self.accepted), &self.relay);
        let drill = match self.status {
            Status::Actual => String::new(),
            _ => {
                let status = term::Status { word: &self.status }.to_string();
                format!(" [{}]", status.to_uppercase())
            }
        };
        let gone = alert::ExpiredUnseen {
            from,
            accepted,
            relay,
        };
        let call = call(&self.from, &self.telephones, &self.languages);
        format!("{}  {gone}{drill}\n  {call}", self.short)
    }
}

#[cfg(test)]
mod tests {
    use maille_common::time::Span;

    use super::*;

    #[test]
    fn it_is_said_whose_alert_is_gone_and_whom_to_call_to_have_it_sent_again() {
        let accepted = Timestamp::from_unix_ms(1_795_420_800_000);
        let unseen = Unseen {
            alert: maille_common::identifier::AlertId::from_bytes([0xa1; 32]),
            status: Status::Exercise,
            from: "interpol/fr/lyon".parse().unwrap(),
            recipient: "afripol/tn/tunis".parse().unwrap(),
            accepted,
            dropped: accepted + Span::from_days(8),
            received: accepted + Span::from_days(9),
            relay: "tunis".parse().unwrap(),
            telephones: vec!["+33 4 00 00 00 00".to_owned()],
            languages: vec!["fr".to_owned(), "en".to_owned()],
        };
        let shown = ExpiredUnseen::of(unseen);
        let (short, at) = (&shown.short, local(accepted));
        let expected = format!(
            "{short}  an alert of interpol/fr/lyon, accepted {at} at relay tunis, expired here \
             unseen; ask them to send it again [EXERCISE]\n  call interpol/fr/lyon: \
             +33 4 00 00 00 00; spoken there: fr, en"
        );
        assert_eq!(shown.text(), expected);
    }
}

//! One event, as people and machines are told of it.

use maille_client::{EventKind, Incident, NumberedEvent};
use maille_common::address::ContactAddress;
use maille_common::identifier::AlertId;
use maille_common::terms::{AcceptReason, Reason, Status};
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::ledger::call;
use super::incident;
use crate::agent::Desk;
use crate::fault::Fault;
use crate::form::word;
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::{listen, term};

/// The names of all events.
#[cfg(any(unix, test))]
pub(crate) const EVENTS: &[&str] = &[
    "sent",
    "accepted",
    "refused-by-relay",
    "arrived",
    "receipt",
    "state",
    "overdue",
    "notice",
    "acted",
    "incident",
    "new-incarnation",
    "roster",
    "asked-as-deputy",
    "unanswered",
    "silent",
    "heard-again",
];

/// An event. What its kind does not have is left out of the JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Happening {
    number: u64,
    #[serde(with = "word")]
    time: Timestamp,
    /// Of the alert; incidents count as actual.
    #[serde(with = "word")]
    status: Status,
    /// What happened: `arrived`, `receipt`, `state`, `overdue`, `incident` and so on.
    event: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    short: Option<String>,
    /// What arrived: `alert`, `reply`, `update` or `cancel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// Who sent what arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Whose obligation it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relay: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// What a relay told, an incident in words, how a reconciliation ended, or the number of a
    /// roster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// Of `from`: the device that is silent, heard again, acted, or was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// When it was heard last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// When a relay accepted what expired unseen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<String>,
    /// Of the contact that is to be called: what it owes is late, or it is to send something again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    telephones: Vec<String>,
    /// Spoken there, the preferred one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    languages: Vec<String>,
}

impl Happening {
    pub(crate) async fn of(desk: &Desk, numbered: NumberedEvent) -> Result<Self, Fault> {
        let NumberedEvent { number, event } = numbered;
        let incident = match &event.kind {
            EventKind::Incident { number } => incident::kept(desk, *number).await?,
            _ => None,
        };
        let blank = Self::blank(number, event.time, event.status);
        let blank = match called(&event.kind) {
            Some(contact) => {
                let (telephones, languages) = desk.client().reached_by(contact).await?;
                Self {
                    telephones,
                    languages,
                    ..blank
                }
            }
            None => blank,
        };
        Ok(match incident {
            Some(incident) => blank.of_incident(&incident),
            None => blank.with(event.kind),
        })
    }

    /// An event of which nothing is said yet.
    fn blank(number: u64, time: Timestamp, status: Status) -> Self {
        Self {
            number,
            time,
            status,
            event: String::new(),
            alert: None,
            short: None,
            kind: None,
            from: None,
            recipient: None,
            relay: None,
            stage: None,
            reason: None,
            state: None,
            words: None,
            device: None,
            since: None,
            accepted: None,
            telephones: Vec::new(),
            languages: Vec::new(),
        }
    }

    fn with(self, kind: EventKind) -> Self {
        match kind {
            EventKind::Sent { alert } => self.about("sent", alert),
            EventKind::Answered {
                alert,
                relay,
                recipient,
                reason,
            } => Self {
                relay: Some(relay.to_string()),
                recipient: Some(recipient.to_string()),
                reason: (reason != AcceptReason::None).then(|| reason.to_string()),
                ..self.about(answered(reason), alert)
            },
            EventKind::Arrived { alert, kind, from } => Self {
                kind: Some(kind.to_string()),
                from: Some(from.to_string()),
                ..self.about("arrived", alert)
            },
            EventKind::Receipt {
                alert,
                recipient,
                stage,
                reason,
            } => Self {
                recipient: Some(recipient.to_string()),
                stage: Some(stage.to_string()),
                reason: (reason != Reason::None).then(|| reason.to_string()),
                ..self.about("receipt", alert)
            },
            EventKind::State {
                alert,
                recipient,
                state,
            } => Self {
                recipient: Some(recipient.to_string()),
                state: Some(state.state().to_string()),
                ..self.about("state", alert)
            },
            EventKind::Overdue { alert, recipient } => Self {
                recipient: Some(recipient.to_string()),
                ..self.about("overdue", alert)
            },
            EventKind::Notice {
                alert,
                recipient,
                kind,
            } => Self {
                recipient: Some(recipient.to_string()),
                words: Some(kind.to_string()),
                ..self.about("notice", alert)
            },
            EventKind::Acted { alert, stage } => Self {
                stage: Some(stage.to_string()),
                ..self.about("acted", alert)
            },
            EventKind::Incident { .. } => self.named("incident"),
            EventKind::NewIncarnation { relay } => Self {
                relay: Some(relay.to_string()),
                ..self.named("new-incarnation")
            },
            EventKind::AskedAsDeputy { alert, principal } => Self {
                recipient: Some(principal.to_string()),
                ..self.about("asked-as-deputy", alert)
            },
            EventKind::Unanswered { alert, recipient } => Self {
                recipient: Some(recipient.to_string()),
                ..self.about("unanswered", alert)
            },
            EventKind::Silent {
                device,
                contact,
                since,
            } => Self {
                from: Some(contact.to_string()),
                device: Some(device.to_string()),
                since: Some(since.to_string()),
                ..self.named("silent")
            },
            EventKind::HeardAgain { device, contact } => Self {
                from: Some(contact.to_string()),
                device: Some(device.to_string()),
                ..self.named("heard-again")
            },
            EventKind::ActedElsewhere {
                alert,
                recipient,
                contact,
                device,
                stage,
            } => Self {
                from: Some(contact.to_string()),
                recipient: Some(recipient.to_string()),
                device: Some(device.to_string()),
                stage: Some(stage.to_string()),
                ..self.about("acted-elsewhere", alert)
            },
            EventKind::ExpiredUnseen {
                alert,
                from,
                recipient,
                accepted,
            } => Self {
                from: Some(from.to_string()),
                recipient: Some(recipient.to_string()),
                accepted: Some(accepted.to_string()),
                ..self.about("expired-unseen", alert)
            },
            EventKind::Reconciled {
                device,
                contact,
                end,
            } => Self {
                from: Some(contact.to_string()),
                device: Some(device.to_string()),
                words: Some(end.to_string()),
                ..self.named("reconciled")
            },
            EventKind::Roster { number } => Self {
                words: Some(number.to_string()),
                ..self.named("roster")
            },
        }
    }

    fn of_incident(self, incident: &Incident) -> Self {
        let told = match incident.alert {
            Some(alert) => self.about("incident", alert),
            None => self.named("incident"),
        };
        Self {
            words: Some(incident::sentence(&incident.kind)),
            ..told
        }
    }

    fn named(self, event: &str) -> Self {
        Self {
            event: event.to_owned(),
            ..self
        }
    }

    fn about(self, event: &str, alert: AlertId) -> Self {
        let (alert, short) = (Some(alert.to_string()), Some(alert.prefix().to_string()));
        Self {
            alert,
            short,
            ..self.named(event)
        }
    }

    /// What happened.
    #[cfg(unix)]
    pub(crate) fn name(&self) -> &str {
        &self.event
    }

    /// Its place in the stream.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// For people: one line.
    pub(super) fn text(&self) -> String {
        let event = term::Event { word: &self.event };
        let mut text = format!("{}  {event}", local(self.time));
        let mut add = |before: &str, words: &Option<String>, said: fn(&str) -> String| {
            if let Some(words) = words {
                text += &format!("{before}{}", said(&safe_text(words)));
            }
        };
        add("  ", &self.short, str::to_owned);
        add("  ", &self.kind, |word| {
            term::Kind { word: &word }.to_string()
        });
        add(" ", &self.from, |contact| {
            listen::From { contact: &contact }.to_string()
        });
        add(" ", &self.since, |time| {
            let time = time
                .parse()
                .map_or_else(|_| time.to_owned(), |time| local(time).to_string());
            listen::Since { time: &time }.to_string()
        });
        add("  ", &self.stage, |word| {
            term::Stage { word: &word }.to_string()
        });
        add("  ", &self.state, |word| {
            term::State { word: &word }.to_string()
        });
        // A relay's notice is a word of the trade; an incident has its sentence already.
        add("  ", &self.words, |word| {
            term::Notice { word: &word }.to_string()
        });
        add(" ", &self.recipient, |contact| {
            listen::For { contact: &contact }.to_string()
        });
        add(", ", &self.accepted, |time| {
            let time = time
                .parse()
                .map_or_else(|_| time.to_owned(), |time| local(time).to_string());
            let accepted = listen::Accepted { time: &time };
            format!("{accepted}: {}", listen::AskAgain)
        });
        add(" ", &self.relay, |name| {
            listen::AtRelay { name: &name }.to_string()
        });
        add(": ", &self.reason, |word| {
            term::Reason { word: &word }.to_string()
        });
        let called = match self.event.as_str() {
            "expired-unseen" => self.from.as_deref(),
            _ => self.recipient.as_deref(),
        };
        if let (Some(contact), false) = (called, self.telephones.is_empty()) {
            text += &format!("; {}", call(contact, &self.telephones, &self.languages));
        }
        if self.status != Status::Actual {
            let status = term::Status { word: &self.status }.to_string();
            text += &format!(" [{}]", status.to_uppercase());
        }
        text
    }
}

/// Whom to call about an event, if anybody.
fn called(kind: &EventKind) -> Option<ContactAddress> {
    match kind {
        EventKind::Overdue { recipient, .. } | EventKind::Unanswered { recipient, .. } => {
            Some(recipient.clone())
        }
        EventKind::ExpiredUnseen { from, .. } => Some(from.clone()),
        _ => None,
    }
}

fn answered(reason: AcceptReason) -> &'static str {
    match reason {
        AcceptReason::None => "accepted",
        _ => "refused-by-relay",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: EventKind) -> Happening {
        let time = Timestamp::from_unix_ms(1_795_420_800_000);
        let blank = Happening {
            telephones: vec!["+33 4 00 00 00 00".to_owned()],
            languages: vec!["fr".to_owned()],
            ..Happening::blank(7, time, Status::Actual)
        };
        blank.with(kind)
    }

    #[test]
    fn whom_to_call_stands_with_what_is_overdue_and_what_expired_unseen() {
        let alert = AlertId::from_bytes([0xa1; 32]);
        let recipient: ContactAddress = "afripol/tn/tunis".parse().unwrap();
        let overdue = told(EventKind::Overdue {
            alert,
            recipient: recipient.clone(),
        });
        let call = "; call afripol/tn/tunis: +33 4 00 00 00 00; spoken there: fr";
        assert!(overdue.text().ends_with(call), "{}", overdue.text());
        let unseen = told(EventKind::ExpiredUnseen {
            alert,
            from: "interpol/fr/lyon".parse().unwrap(),
            recipient,
            accepted: Timestamp::from_unix_ms(1_795_334_400_000),
        });
        let text = unseen.text();
        assert!(text.contains("ask them to send it again"), "{text}");
        let call = "; call interpol/fr/lyon: +33 4 00 00 00 00; spoken there: fr";
        assert!(text.ends_with(call), "{text}");
    }
}

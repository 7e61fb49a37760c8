//! What came of sending: the alert's id, and who has not been sent it yet.

use std::fmt::{Display, Write};

use maille_client::{Status, Track, TrackedRecipient};
use maille_common::address::{ContactAddress, Name};
use maille_common::terms::Outcome;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::Desk;
use crate::fault::Fault;
use crate::form::maybe;
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::{send, term};

/// An alert that stands in the outbox.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// The whole id.
    pub(crate) id: String,
    /// As people see it.
    pub(crate) short: String,
    /// The same was sent before under this reference; nothing went twice.
    pub(crate) already: bool,
    /// Recipients for whom a relay holds it.
    pub(crate) sent: Vec<SentTo>,
    /// Recipients for whom none does yet.
    pub(crate) unsent: Vec<Unsent>,
    /// Who holds what an update or cancel is about, and cannot be written to any more.
    pub(crate) unreached: Vec<String>,
}

/// A relay holds it for this recipient.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SentTo {
    contact: String,
    relays: Vec<String>,
    /// Devices that follow when their keys appear.
    devices_waiting: usize,
}

/// No relay holds it for this recipient yet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Unsent {
    contact: String,
    /// Why not.
    why: String,
    /// Who sends it.
    who: String,
    /// When that is tried again; `null` where it waits for something else.
    #[serde(with = "maybe")]
    when: Option<Timestamp>,
    telephones: Vec<String>,
}

impl Sent {
    /// Tells how far the alert has come by now.
    pub(crate) async fn of(desk: &Desk, track: &Track, already: bool) -> Result<Self, Fault> {
        let status = desk.client().status().await?;
        let mut sent = Self {
            id: track.entry.id.to_string(),
            short: track.entry.id.prefix().to_string(),
            already,
            sent: Vec::new(),
            unsent: Vec::new(),
            unreached: Vec::new(),
        };
        for recipient in &track.recipients {
            let relays = relays_of(recipient);
            if relays.is_empty() && recipient.receipts.is_empty() {
                sent.unsent.push(Unsent::new(desk, &status, recipient));
            } else {
                let contact = recipient.contact.to_string();
                let devices_waiting = recipient.reach.lacking.len();
                sent.sent.push(SentTo {
                    contact,
                    relays,
                    devices_waiting,
                });
            }
        }
        Ok(sent)
    }

    /// For people, after it was sent.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.short);
        for sent in &self.sent {
            let (contact, relays) = (&sent.contact, &sent.relays.join(", "));
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", send::Sent { contact, relays });
            if sent.devices_waiting > 0 {
                let count = &sent.devices_waiting;
                let _ = writeln!(text, "  {}", send::MoreDevicesFollow { count });
            }
        }
        for contact in &self.unreached {
            let _ = writeln!(text, "{}", send::LeftOut { contact });
        }
        if self.already {
            let _ = writeln!(text, "{}", send::Already);
        }
        text.trim_end().to_owned()
    }

    /// What people must not miss; none when everybody was sent it.
    pub(crate) fn warning(&self) -> Option<String> {
        let lines: Vec<String> = self.unsent.iter().map(Unsent::text).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl Unsent {
    fn new(desk: &Desk, status: &Status, recipient: &TrackedRecipient) -> Self {
        let contact = &recipient.contact;
        let roster = desk.client().roster();
        let telephones = roster.contact(contact).map(|entry| {
            let numbers = entry.contact.telephones.iter();
            numbers.map(ToString::to_string).collect()
        });
        let who: &dyn Display = match desk.is_resident() {
            true => &send::ByAgent,
            false => &send::ByNext,
        };
        let home_relays = roster.home_relays(&contact.organisation());
        let names: Vec<&Name> = home_relays.iter().map(|relay| &relay.name).collect();
        let theirs = || {
            status
                .relays
                .iter()
                .filter(|relay| names.contains(&&relay.relay))
        };
        let without_keys = recipient.reach.is_waiting();
        Self {
            contact: contact.to_string(),
            why: match without_keys {
                true => send::NoSealingKey.to_string(),
                false => why_not(theirs(), recipient, contact),
            },
            who: who.to_string(),
            when: theirs()
                .filter_map(|relay| relay.next_submission)
                .min()
                .filter(|_| !without_keys),
            telephones: telephones.unwrap_or_default(),
        }
    }

    fn text(&self) -> String {
        let time = self.when.map(local);
        let when: &dyn Display = match &time {
            Some(time) => &send::NextAttempt { time },
            None => &send::WhenKeysAppear,
        };
        let numbers = &safe_text(&self.telephones.join(", "));
        let telephones: &dyn Display = match self.telephones.is_empty() {
            true => &send::NoTelephone,
            false => &send::Telephone { numbers },
        };
        let not_sent = send::NotSent {
            contact: &self.contact,
            why: &safe_text(&self.why),
        };
        let next = send::Next {
            who: &self.who,
            when,
            telephones,
        };
        format!("{not_sent}\n  {next}")
    }
}

/// The relays that hold it for the recipient.
fn relays_of(recipient: &TrackedRecipient) -> Vec<String> {
    let accepted = recipient
        .accepted
        .iter()
        .map(|signed| signed.statement.value());
    let mut relays: Vec<String> = accepted
        .filter(|accepted| accepted.outcome == Outcome::Accepted)
        .map(|accepted| accepted.relay.to_string())
        .collect();
    relays.sort();
    relays.dedup();
    relays
}

fn why_not<'a>(
    relays: impl Iterator<Item = &'a maille_client::RelayStatus>,
    recipient: &TrackedRecipient,
    contact: &ContactAddress,
) -> String {
    if let Some(refused) = recipient.accepted.last() {
        let refused = refused.statement.value();
        let refused = send::RefusedByRelay {
            name: &refused.relay,
            reason: &term::Reason {
                word: &refused.reason,
            },
        };
        return refused.to_string();
    }
    let failures = relays.map(|relay| {
        let name = &relay.relay;
        match &relay.last_error {
            Some((_, failure)) => send::RelayFailed { name, failure }.to_string(),
            None => send::RelaySilent { name }.to_string(),
        }
    });
    let failures: Vec<String> = failures.collect();
    match failures.is_empty() {
        true => {
            let organisation = &contact.organisation();
            send::NoRelay { organisation }.to_string()
        }
        false => failures.join("; "),
    }
}

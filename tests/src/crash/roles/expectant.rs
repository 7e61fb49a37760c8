//! A desk that sends what nobody answers, and tells what fell due about it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use maille_client::{Client, ClientConfig, EventKind, Message, TrackedRecipient};
use maille_common::codec::from_hex;
use maille_common::identifier::AlertId;
use maille_common::terms::{NoticeKind, Outcome};
use maille_common::time::Span;

use super::{Mouth, PACE, Stopped, orders};
use crate::crash::deadlines::EXPIRES_LATER;
use crate::crash::report::{Due, Order, Report, ReportedDues, Told};
use crate::crash::world::{RELAY, recipient_address, recipient_index};

/// What an expectant desk is told.
#[derive(Debug, Args)]
pub(crate) struct ExpectantPart {
    /// Its home.
    #[arg(long)]
    home: PathBuf,
    /// Where the relay is.
    #[arg(long)]
    relay: String,
    /// To so many recipients each alert goes.
    #[arg(long)]
    recipients: u8,
}

pub(super) async fn play(part: ExpectantPart, mouth: Mouth) -> Result<(), Stopped> {
    let relay = RELAY.parse().expect("the relay's name is one");
    let config = ClientConfig::new(&part.home).relay_address(relay, &part.relay);
    let client = Client::open(config).await?;
    mouth.say(&Report::Up {
        life: client.status().await?.epoch.to_string(),
    });
    let mut orders = orders();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Expect { ack_within_ms } => {
                for within_ms in ack_within_ms {
                    let id = send(&client, part.recipients, within_ms).await?;
                    let already = false;
                    mouth.say(&Report::Sent {
                        number: within_ms,
                        id: id.to_string(),
                        already,
                    });
                }
            }
            Order::Send { .. } => {
                acquaint(&client, part.recipients + 1).await?;
                let (number, id, already) = (0, String::new(), false);
                mouth.say(&Report::Sent {
                    number,
                    id,
                    already,
                });
            }
            Order::Track { ids } => tell(&client, &mouth, ids).await?,
            Order::Stop => break,
            _ => {}
        }
    }
    client.shutdown().await;
    Ok(())
}

/// Sends to everybody, the deputy included, until the keys of all of them are known.
async fn acquaint(client: &Client, contacts: u8) -> Result<(), Stopped> {
    loop {
        let message = Message::text("Good morning", "Good morning")
            .to_all((0..contacts).map(recipient_address));
        let sent = client.send(message).await;
        let sent = sent.map_err(|error| Stopped::new(error.code(), &error))?;
        if !sent.reach.iter().any(|reach| reach.is_waiting()) {
            return Ok(());
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn send(client: &Client, recipients: u8, within_ms: u64) -> Result<AlertId, Stopped> {
    let ack_within = Span::from_ms(within_ms);
    let message = Message::text("Nobody answers", "Nobody answers")
        .to_all((0..recipients).map(recipient_address))
        .ack_within(ack_within)
        .expires_after(ack_within + EXPIRES_LATER);
    let sent = client.send(message).await;
    let sent = sent.map_err(|error| Stopped::new(error.code(), &error))?;
    match sent.reach.iter().any(|reach| reach.is_waiting()) {
        true => Err(Stopped::new("keys", "a recipient's keys are not known")),
        false => Ok(sent.id),
    }
}

/// Tells of these alerts what fell due so far: by events what this desk told itself, and by what is
/// signed everything else.
async fn tell(client: &Client, mouth: &Mouth, ids: Vec<String>) -> Result<(), Stopped> {
    let mut overdue: BTreeMap<(AlertId, u8), Vec<Told>> = BTreeMap::new();
    // A reader that commits nothing begins anew, with all that happened.
    let mut events = client.events("expectant");
    while let Some(event) = events.try_next().await? {
        let EventKind::Overdue {
            alert,
            recipient,
            uncertain,
        } = &event.event.kind
        else {
            continue;
        };
        if let Some(recipient) = recipient_index(recipient) {
            overdue.entry((*alert, recipient)).or_default().push(Told {
                due: Due::Overdue,
                at_ms: event.event.time.unix_ms(),
                uncertain: *uncertain,
            });
        }
    }
    for id in ids {
        let alert = AlertId::from_bytes(from_hex(&id).expect("the rig writes ids"));
        let track = client.track(alert).await;
        let track = track.map_err(|error| Stopped::new(error.code(), &error))?;
        let mut dues = Vec::new();
        for tracked in &track.recipients {
            let Some(recipient) = recipient_index(&tracked.contact) else {
                continue;
            };
            let mut told = overdue.remove(&(alert, recipient)).unwrap_or_default();
            told.extend(signed(tracked));
            let accepted = tracked.accepted.iter().map(|answer| &answer.statement);
            let accepted = accepted.filter(|answer| answer.outcome == Outcome::Accepted);
            dues.push(ReportedDues {
                recipient,
                sender: (tracked.ack_due.unix_ms(), tracked.expires.unix_ms()),
                accepted: accepted.map(|answer| answer.time.unix_ms()).min(),
                told,
            });
        }
        mouth.say(&Report::Fell { id, dues });
    }
    Ok(())
}

fn signed(tracked: &TrackedRecipient) -> impl Iterator<Item = Told> {
    let notices = tracked.notices.iter().map(|notice| &notice.statement);
    let notices = notices.filter_map(|notice| {
        let due = match notice.kind {
            NoticeKind::Released => Due::Step,
            NoticeKind::Unseen => Due::Unseen,
            _ => return None,
        };
        Some(Told {
            due,
            at_ms: notice.time.unix_ms(),
            uncertain: notice.uncertain,
        })
    });
    let expiries = tracked.expiries.iter().map(|expiry| Told {
        due: Due::Expired,
        at_ms: expiry.statement.time.unix_ms(),
        uncertain: expiry.statement.uncertain,
    });
    notices.chain(expiries)
}

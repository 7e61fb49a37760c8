//! A desk that sends: many letters at a time, and every word about them told to the rig.

use std::sync::Arc;

use maille_client::{Client, EventKind, TrackedRecipient};
use maille_common::codec::from_hex;
use maille_common::identifier::AlertId;
use maille_common::terms::AcceptReason;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::{DeskPart, Mouth, PACE, Stopped, orders, unless_full};
use crate::crash::checker::bit;
use crate::crash::letter::{LetterId, Letters};
use crate::crash::report::{Order, Report, ReportedStanding, Seen, Standing};
use crate::crash::world::recipient_index;

/// Sends in flight at a time.
const IN_FLIGHT: usize = 64;

pub(super) async fn play(part: DeskPart, mouth: Mouth) -> Result<(), Stopped> {
    let (letters, sender) = (part.letters(), part.index);
    let client = part.open(&mouth).await?;
    let (granted, grants) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(watch(client.clone(), mouth.clone()));
    tasks.spawn(send_all(
        client.clone(),
        mouth.clone(),
        (letters, sender),
        grants,
    ));
    let mut orders = orders();
    loop {
        tokio::select! {
            Some(ended) = tasks.join_next() => ended.expect("no task panics")?,
            order = orders.recv() => match order {
                Some(Order::Send { numbers }) => {
                    for number in numbers {
                        // The receiver lives as long as the task, which never ends well.
                        let _ = granted.send(number);
                    }
                }
                Some(Order::Track { ids }) => {
                    tasks.spawn(tell_tracks(client.clone(), mouth.clone(), ids));
                }
                Some(Order::Stop) | None => break,
                Some(_) => {}
            },
        }
    }
    client.shutdown().await;
    Ok(())
}

async fn send_all(
    client: Client,
    mouth: Mouth,
    (letters, sender): (Letters, u8),
    mut grants: mpsc::UnboundedReceiver<u64>,
) -> Result<(), Stopped> {
    let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
    while let Some(number) = grants.recv().await {
        let turn = Arc::clone(&in_flight).acquire_owned().await;
        let (client, mouth) = (client.clone(), mouth.clone());
        let letter = letters.letter(LetterId { sender, number });
        tokio::spawn(async move {
            let _turn = turn;
            match client.send(letter.message()).await {
                Ok(sent) => {
                    let id = sent.id.to_string();
                    let already = sent.already;
                    mouth.say(&Report::Sent {
                        number,
                        id,
                        already,
                    });
                }
                Err(error) => {
                    let code = error.code().to_owned();
                    mouth.say(&Report::NotSent { number, code });
                }
            }
        });
    }
    std::future::pending().await
}

/// Tells every event about what was sent, and commits what was told.
async fn watch(client: Client, mouth: Mouth) -> Result<(), Stopped> {
    let mut events = client.events("rig");
    loop {
        let mut next = Some(events.next().await?);
        let mut newest = 0;
        while let Some(event) = next {
            newest = event.number;
            if let Some((id, recipient, what)) = seen(&event.event.kind) {
                mouth.say(&Report::Seen {
                    event: newest,
                    id: id.to_string(),
                    recipient,
                    what,
                });
            }
            next = events.try_next().await?;
        }
        while unless_full(events.commit().await).await?.is_none() {}
        mouth.say(&Report::Committed { event: newest });
        tokio::time::sleep(PACE).await;
    }
}

fn seen(kind: &EventKind) -> Option<(AlertId, u8, Seen)> {
    let (alert, recipient, what) = match kind {
        EventKind::Answered {
            alert,
            recipient,
            reason,
            ..
        } => {
            let what = match reason {
                AcceptReason::None => Seen::Accepted,
                reason => Seen::Rejected(*reason as u8),
            };
            (alert, recipient, what)
        }
        EventKind::Receipt {
            alert,
            recipient,
            stage,
            ..
        } => (alert, recipient, Seen::Receipt(*stage as u8)),
        EventKind::State {
            alert,
            recipient,
            state,
        } => (alert, recipient, Seen::State(state.state() as u8)),
        _ => return None,
    };
    Some((*alert, recipient_index(recipient)?, what))
}

async fn tell_tracks(client: Client, mouth: Mouth, ids: Vec<String>) -> Result<(), Stopped> {
    for id in ids {
        let alert = AlertId::from_bytes(from_hex(&id).expect("the rig writes ids"));
        match client.track(alert).await {
            Ok(track) => {
                let standings = track.recipients.iter().filter_map(standing_of).collect();
                mouth.say(&Report::Tracked { id, standings });
            }
            Err(error) => return Err(Stopped::new(error.code(), &error)),
        }
    }
    Ok(())
}

/// Where an obligation stands, in numbers.
pub(crate) fn standing_of(tracked: &TrackedRecipient) -> Option<ReportedStanding> {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let stages = tracked.standing.stages.keys();
    Some(ReportedStanding {
        recipient: recipient_index(&tracked.contact)?,
        standing: Standing {
            state: tracked.standing.state as u8,
            stages: stages.fold(0, |bits, stage| bits | bit(*stage as u8)),
            accepted: count(tracked.accepted.len()),
            receipts: count(tracked.receipts.len()),
        },
    })
}

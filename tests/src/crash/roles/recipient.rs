//! A desk that receives: it shows what arrives, answers it, and tells the rig.

use maille_client::{By, Client, EventKind, RefuseReason};
use maille_common::codec::from_hex;
use maille_common::identifier::AlertId;
use maille_common::terms::Stage;
use tokio::task::JoinSet;

use super::{DeskPart, Mouth, PACE, Stopped, orders, unless_full};
use crate::crash::letter::{Answer, Letters, content_hash, letter_of};
use crate::crash::report::{Order, Report};

/// Events handled side by side before the cursor moves on.
const AT_ONCE: usize = 64;

pub(super) async fn play(part: DeskPart, mouth: Mouth) -> Result<(), Stopped> {
    let (letters, index) = (part.letters(), part.index);
    let client = part.open(&mouth).await?;
    let mut tasks = JoinSet::new();
    let desk = Desk {
        client: client.clone(),
        mouth: mouth.clone(),
        letters,
        index,
    };
    tasks.spawn(desk.receive());
    let mut orders = orders();
    loop {
        tokio::select! {
            Some(ended) = tasks.join_next() => ended.expect("no task panics")?,
            order = orders.recv() => match order {
                Some(Order::Look { ids }) => {
                    tasks.spawn(tell_holdings(client.clone(), mouth.clone(), ids));
                }
                Some(Order::Stop) | None => break,
                Some(_) => {}
            },
        }
    }
    client.shutdown().await;
    Ok(())
}

#[derive(Clone)]
struct Desk {
    client: Client,
    mouth: Mouth,
    letters: Letters,
    index: u8,
}

impl Desk {
    /// Shows and answers arrivals; the cursor moves on when all before it are answered.
    async fn receive(self) -> Result<(), Stopped> {
        let mut events = self.client.events("rig");
        loop {
            let mut next = Some(events.next().await?);
            let mut newest = 0;
            let mut shows = JoinSet::new();
            while let Some(event) = next.take() {
                newest = event.number;
                if let EventKind::Arrived { alert, .. } = event.event.kind {
                    shows.spawn(self.clone().show(event.number, alert));
                }
                if shows.len() < AT_ONCE {
                    next = events.try_next().await?;
                }
            }
            while let Some(shown) = shows.join_next().await {
                shown.expect("no task panics")?;
            }
            while unless_full(events.commit().await).await?.is_none() {}
            self.mouth.say(&Report::Committed { event: newest });
            tokio::time::sleep(PACE).await;
        }
    }

    async fn show(self, event: u64, alert: AlertId) -> Result<(), Stopped> {
        let failed = |error: &maille_client::QueryError| Stopped::new(error.code(), error);
        let received = self
            .client
            .received(alert)
            .await
            .map_err(|error| failed(&error))?;
        while unless_full(self.client.showing(alert).await)
            .await?
            .is_none()
        {}
        let letter = letter_of(&received.content);
        let id = alert.to_string();
        self.mouth.say(&Report::Shown {
            event,
            id: id.clone(),
            letter,
            hash: content_hash(&received.content),
            // What this desk has answered is no news either.
            possibly_seen: received.entry.possibly_seen || received.entry.stage >= Stage::Read,
        });
        let Some(letter) = letter else {
            return Ok(());
        };
        let answer = self.letters.answer(letter, self.index);
        if answer == Answer::Leave {
            return Ok(());
        }
        loop {
            let answered = match answer {
                Answer::Refuse => {
                    let by = By::Officer("Amina");
                    self.client
                        .refuse(alert, RefuseReason::Other, by, "not here")
                        .await
                }
                _ => self.client.acknowledge(alert, By::System, "").await,
            };
            let answered = answered.map_err(|error| Stopped::new(error.code(), &error));
            if unless_full(answered).await?.is_some() {
                break;
            }
        }
        self.mouth.say(&Report::Acted { id });
        Ok(())
    }
}

async fn tell_holdings(client: Client, mouth: Mouth, ids: Vec<String>) -> Result<(), Stopped> {
    for id in ids {
        let alert = AlertId::from_bytes(from_hex(&id).expect("the rig writes ids"));
        let received = client.received(alert).await.ok();
        let hash = received.map(|received| content_hash(&received.content));
        mouth.say(&Report::Holds { id, hash });
    }
    Ok(())
}

//! What home relays publish of the devices of this organisation: asked for by whoever takes up the
//! keys that they offer, and at no other time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use maille_common::address::{DeviceId, Name};
use maille_common::roster::{RenewalError, SignedRenewal};
use maille_common::sealing::SignedBundle;
use tokio::sync::watch;

use crate::client::Client;
use crate::error::DeskError;
use crate::office::{Office, lock};
use crate::status::Connection;

/// What one relay holds, and which question it answered with it.
#[derive(Debug, Default)]
struct Answered {
    question: u64,
    offers: Vec<Offer>,
}

/// What the newest bundle of a device offers.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    device: DeviceId,
    number: u64,
    renewal: Option<SignedRenewal>,
}

impl Offer {
    /// What a bundle offers, which its device signed.
    pub(crate) fn of(signed: &SignedBundle) -> Self {
        Self {
            device: signed.bundle.device,
            number: signed.bundle.number,
            renewal: signed.bundle.renewal(),
        }
    }
}

/// The questions, and what relays answered.
#[derive(Debug)]
pub(crate) struct OwnBundles {
    questions: watch::Sender<u64>,
    answered: Mutex<BTreeMap<Name, Answered>>,
}

impl Default for OwnBundles {
    fn default() -> Self {
        Self {
            questions: watch::Sender::new(0),
            answered: Mutex::default(),
        }
    }
}

impl OwnBundles {
    /// Hears of questions from now on.
    pub(crate) fn questions(&self) -> watch::Receiver<u64> {
        self.questions.subscribe()
    }

    /// Whether a relay has not answered a question yet. There is none before the first.
    pub(crate) fn lacks(&self, relay: &Name, question: u64) -> bool {
        let answered = lock(&self.answered);
        let newest = answered.get(relay).map_or(0, |answer| answer.question);
        newest < question
    }

    /// Keeps what a relay answered.
    pub(crate) fn keep(&self, relay: &Name, question: u64, offers: Vec<Offer>) {
        lock(&self.answered).insert(relay.clone(), Answered { question, offers });
    }

    /// What the newest bundle of each device offers, of all relays that answered a question.
    fn newest(&self, question: u64) -> BTreeMap<DeviceId, Offer> {
        let mut newest: BTreeMap<DeviceId, Offer> = BTreeMap::new();
        for answer in lock(&self.answered).values() {
            for offer in answer.offers.iter().filter(|_| answer.question >= question) {
                let held = newest.entry(offer.device).or_insert_with(|| offer.clone());
                if held.number < offer.number {
                    *held = offer.clone();
                }
            }
        }
        newest
    }
}

/// The keys that devices of one organisation offer in the place of those they have.
#[derive(Debug, Clone)]
pub struct OfferedRenewals {
    /// Those that hold, by device.
    pub renewals: Vec<SignedRenewal>,
    /// Those that cannot be taken up, and why.
    pub unusable: Vec<(DeviceId, RenewalError)>,
    /// Home relays that could not be asked.
    pub not_asked: Vec<Name>,
}

impl Client {
    /// Asks the home relays which other keys the devices of this organisation offer, this device
    /// among them; what does not answer within the time is named.
    pub async fn renewals(&self, timeout: Duration) -> Result<OfferedRenewals, DeskError> {
        let office = self.office();
        let mut question = 0;
        office.own_bundles.questions.send_modify(|number| {
            *number += 1;
            question = *number;
        });
        // A relay that does not answer in time is named below.
        let _ = tokio::time::timeout(timeout, answered(office, question)).await;
        let mut newest = office.own_bundles.newest(question);
        let relays = office
            .ask(|room, _| Ok::<_, DeskError>(room.desk.home_relays()))
            .await?;
        let lacks = |relay: &Name| office.own_bundles.lacks(relay, question);
        let not_asked = relays.into_iter().filter(lacks).collect();
        office
            .ask(move |room, now| {
                if let Some(renewal) = room.home.renewal() {
                    let own = Offer {
                        device: room.home.device(),
                        number: u64::MAX,
                        renewal: Some(renewal),
                    };
                    newest.insert(own.device, own);
                }
                let mut found = OfferedRenewals {
                    renewals: Vec::new(),
                    unusable: Vec::new(),
                    not_asked,
                };
                for offer in newest.into_values() {
                    // One that a device carries for another is nobody's.
                    let Some(renewal) = offer
                        .renewal
                        .filter(|renewal| renewal.request.request.device == offer.device)
                    else {
                        continue;
                    };
                    match renewal.verify(room.desk.roster(), now) {
                        Ok(_) => found.renewals.push(renewal),
                        Err(RenewalError::Done { .. }) => {}
                        Err(error) => found.unusable.push((offer.device, error)),
                    }
                }
                Ok(found)
            })
            .await
    }
}

/// Waits until every home relay has answered a question, or cannot be reached.
async fn answered(office: &Arc<Office>, question: u64) {
    loop {
        let mut news = office.news();
        let organisation = office.contact.organisation();
        let relays = office.roster().home_relay_names(&organisation);
        let is_settled = |relay: &Name| {
            let away = office.standings.of(relay).connection == Connection::Waiting;
            away || !office.own_bundles.lacks(relay, question)
        };
        if relays.iter().all(is_settled) || office.is_stopping() {
            return;
        }
        if news.changed().await.is_err() {
            return;
        }
    }
}

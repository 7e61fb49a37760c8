//! Tells a system of the agency of each event that it wants: in order, one at a time, for ever
//! until it has taken it.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use maille_client::settings::WebhookSettings;
use maille_client::{EventReader, NumberedEvent};
use maille_common::terms::Status;
use maille_link::Authorities;

use super::address::Address;
use super::occurrence::{Occurrence, Origin};
use super::pause::pause_after;
use super::post::{Endpoint, Message, Outcome};
use super::secret::Secret;
use super::standing::Line;
use super::{Stop, failed};
use crate::agent::Desk;
use crate::clock::now;
use crate::command::listen::EVENTS;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint};

/// The longest file of certificates, in bytes: four times that of a system.
const AUTHORITIES_BYTES_MAX: u64 = 1024 * 1024;

/// The longest name.
const NAME_BYTES_MAX: usize = 32;

/// A system of the agency, and what it wants to be told.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) name: String,
    endpoint: Endpoint,
    /// The names of events; all of them where it is none.
    events: Option<Vec<String>>,
    /// Exercises and tests as well.
    exercises: bool,
}

impl Webhook {
    /// Reads what the settings say, and the files they name.
    pub(super) fn find(settings: &WebhookSettings, home: &Path) -> Result<Self, Fault> {
        Self::read(settings, home).map_err(|why| refusal(&settings.name, &why))
    }

    fn read(settings: &WebhookSettings, home: &Path) -> Result<Self, Box<dyn Display>> {
        let may_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let name = settings.name.clone();
        if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !name.chars().all(may_name) {
            return Err(Box::new(fault::WebhookName));
        }
        let events = settings.events.clone();
        let unknown = |event: &&String| !EVENTS.contains(&event.as_str());
        if let Some(event) = events.iter().flatten().find(unknown) {
            return Err(Box::new(fault::WebhookEvent { event }.to_string()));
        }
        let address = Address::parse(&settings.url)?;
        let authorities = match (&settings.ca_file, address.is_secured()) {
            (Some(path), true) => Some(read_authorities(&home.join(path))?),
            (None, true) => return Err(Box::new(fault::WebhookUnjudged)),
            (Some(_), false) => return Err(Box::new(fault::WebhookJudged)),
            (None, false) => None,
        };
        Ok(Self {
            name,
            endpoint: Endpoint {
                address,
                authorities,
                secret: Secret::read(&home.join(&settings.secret_file))?,
            },
            events,
            exercises: settings.exercises,
        })
    }

    /// Where it goes.
    pub(super) fn address(&self) -> String {
        self.endpoint.address.to_string()
    }

    /// Tells it until the agent stops, or it wants no more.
    pub(super) async fn serve(
        self,
        (desk, origin): (Arc<Desk>, Arc<Origin>),
        line: Line,
        mut events: EventReader,
        mut stop: Stop,
    ) {
        loop {
            let next = tokio::select! {
                () = stop.asked() => return,
                next = events.next() => next,
            };
            // The desk closes.
            let Ok(event) = next else { return };
            let number = event.number;
            line.change(|line| line.waiting = 1);
            let told = tokio::select! {
                () = stop.asked() => return,
                told = self.tell((&desk, &origin), event, &line) => told,
            };
            match told {
                Told::Unwanted => {}
                // What was taken and cannot be remembered is told again, under the same id.
                Told::Taken => drop(events.commit().await),
                Told::Gone => {
                    line.change(|line| line.ended = true);
                    return self.gone(&desk).await;
                }
            }
            line.change(|line| {
                (line.done_through, line.waiting) = (number, 0);
                line.last_error = None;
            });
        }
    }

    /// Tells one event, for ever until it is taken.
    async fn tell(&self, of: (&Desk, &Origin), event: NumberedEvent, line: &Line) -> Told {
        let (number, is_real) = (event.number, event.event.status == Status::Actual);
        if !is_real && !self.exercises {
            return Told::Unwanted;
        }
        let mut failures: u32 = 0;
        loop {
            let why = match self.attempt(of, event.clone()).await {
                Ok(None) => return Told::Unwanted,
                Ok(Some(Outcome::Taken)) => return Told::Taken,
                Ok(Some(Outcome::Gone)) => return Told::Gone,
                Ok(Some(Outcome::Failed(why))) => why,
                Err(fault) => fault.sentence,
            };
            failures = failures.saturating_add(1);
            let hook = &self.name;
            tracing::warn!(hook, event = number, failures, %why, "webhook-failed");
            line.change(|line| failed(line, why));
            tokio::time::sleep(pause_after(failures)).await;
        }
    }

    /// Tells it once; none where it is not wanted.
    async fn attempt(
        &self,
        (desk, origin): (&Desk, &Origin),
        event: NumberedEvent,
    ) -> Result<Option<Outcome>, Fault> {
        let wants = |name: &str| {
            let events = self.events.as_ref();
            events.is_none_or(|events| events.iter().any(|wanted| wanted == name))
        };
        let occurrence = Occurrence::of(desk, origin, event, wants).await?;
        let Some(occurrence) = occurrence else {
            return Ok(None);
        };
        let message = Message {
            id: occurrence.id(),
            seconds: now().unix_ms() / 1_000,
            body: occurrence.json()?,
        };
        Ok(Some(self.endpoint.post(message).await))
    }

    /// It wants no more: somebody has to know.
    async fn gone(&self, desk: &Desk) {
        tracing::error!(hook = self.name, "webhook-gone");
        if let Err(error) = desk.client().report_webhook_gone(&self.name).await {
            tracing::error!(hook = self.name, %error, "incident-not-kept");
        }
    }
}

/// What came of telling an event.
enum Told {
    Unwanted,
    Taken,
    Gone,
}

/// Why a webhook of this name is not told.
pub(super) fn refusal(name: &str, why: &dyn Display) -> Fault {
    let sentence = fault::Webhook { name: &name, why };
    Fault::new(Exit::Input, "webhook", sentence).with_hint(hint::CheckWebhook)
}

fn read_authorities(path: &Path) -> Result<Authorities, Box<dyn Display>> {
    let refuse = |why: &dyn Display| -> Box<dyn Display> {
        let path = &path.display();
        Box::new(fault::FileUnreadable { path, why }.to_string())
    };
    let length = std::fs::metadata(path)
        .map_err(|error| refuse(&error))?
        .len();
    if length > AUTHORITIES_BYTES_MAX {
        return Err(refuse(&fault::TooLong));
    }
    let text = std::fs::read(path).map_err(|error| refuse(&error))?;
    Authorities::from_pem(&text).map_err(|error| refuse(&error))
}

//! The stream of events, read under a name: a program that stops goes on where it was.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::NumberedEvent;
use crate::error::DeskError;
use crate::office::Office;

/// Events read from the store at once.
const READ: usize = 64;

/// Reads the desk's events in order, from where this reader's cursor stands.
///
/// Real alerts only, unless [`EventReader::all`] asks for exercises and tests as well. What was not
/// committed comes again after a restart: handle an event first, then commit it.
#[derive(Debug)]
pub struct EventReader {
    office: Arc<Office>,
    name: String,
    all: bool,
    waiting: VecDeque<NumberedEvent>,
    /// The number of the last event given out.
    given: u64,
    /// The last event read from the store.
    read: Option<u64>,
}

impl EventReader {
    pub(crate) fn new(office: &Arc<Office>, name: &str) -> Self {
        Self {
            office: Arc::clone(office),
            name: name.to_owned(),
            all: false,
            waiting: VecDeque::new(),
            given: 0,
            read: None,
        }
    }

    /// Reads exercises and tests as well. Each event says what it is.
    #[must_use]
    pub fn all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Begins with what happens from now on, where nobody has read under this name before. Where it
    /// begins is durable on return.
    pub async fn from_now(self) -> Result<Self, DeskError> {
        let name = self.name.clone();
        self.office
            .settle_quietly(move |desk, _, _| desk.enter(&name).map_err(DeskError::from))
            .await?;
        Ok(self)
    }

    /// The number of the last event that was committed under this name; 0 at first.
    pub async fn committed(&self) -> Result<u64, DeskError> {
        let name = self.name.clone();
        self.office
            .ask(move |room, _| Ok(room.desk.cursor(&name)?))
            .await
    }

    /// The next event; waits until there is one.
    ///
    /// # Errors
    /// [`DeskError::Closed`] once the client is shut down.
    ///
    /// # Cancel safety
    /// Dropping the future loses no event.
    pub async fn next(&mut self) -> Result<NumberedEvent, DeskError> {
        loop {
            let mut news = self.office.news();
            if let Some(event) = self.try_next().await? {
                return Ok(event);
            }
            if self.office.is_stopping() || news.changed().await.is_err() {
                return Err(DeskError::Closed);
            }
        }
    }

    /// The next event, if there is one now.
    pub async fn try_next(&mut self) -> Result<Option<NumberedEvent>, DeskError> {
        if self.waiting.is_empty() {
            self.read_more().await?;
        }
        let event = self.waiting.pop_front();
        if let Some(event) = &event {
            self.given = event.number;
        }
        Ok(event)
    }

    /// Remembers durably that everything given out so far was handled.
    pub async fn commit(&mut self) -> Result<(), DeskError> {
        self.commit_through(self.given).await
    }

    /// Remembers durably that everything up to this event was handled, for readers that handle
    /// several at a time. What was not given out is never handled.
    pub async fn commit_through(&mut self, number: u64) -> Result<(), DeskError> {
        let (name, number) = (self.name.clone(), number.min(self.given));
        if number == 0 {
            return Ok(());
        }
        self.office
            .settle(move |desk, _, _| Ok(((), desk.advance(&name, number)?)))
            .await
    }

    async fn read_more(&mut self) -> Result<(), DeskError> {
        let (name, all, read) = (self.name.clone(), self.all, self.read);
        // An event must be durable before anybody acts on it (I1), so the newest commit is awaited.
        let (events, from) = self
            .office
            .settle_quietly(move |desk, _, _| {
                let from = match read {
                    Some(read) => read,
                    None => desk.cursor(&name)?,
                };
                let events = desk.events_after(from, READ, all)?;
                Ok::<_, DeskError>(((events, from), desk.store().newest()))
            })
            .await?;
        self.read = Some(events.last().map_or(from, |event| event.number));
        self.waiting.extend(events);
        Ok(())
    }
}

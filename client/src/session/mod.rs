//! One connection to one relay: greet, level the rosters, then do what is due until it ends.
//!
//! Each loop looks at what the desk has for this relay, does it, and waits to be woken. What is not
//! done when the connection ends stays in the store, and the next session finds it there.

use std::sync::Arc;
use std::time::Duration;

use maille_common::address::Name;
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::roster::RosterHeads;
use maille_common::time::Timestamp;
use maille_common::wire::RefusalCode;
use maille_link::{CloseCode, CloseReason, Link, RequestError};
use thiserror::Error;

use crate::core::{GreetError, Greeting, StepError};
use crate::entropy::OsRandomness;
use crate::error::DeskError;
use crate::office::Office;
use crate::own_keys;
use crate::status::Connection;

pub(crate) mod blobs;
mod bundles;
mod own_bundles;
mod posts;
mod pushes;
mod roster_exchange;
mod submissions;
mod talk;
mod turns;

pub(crate) use talk::{Talk, TalkError};

/// How long a connection to a relay that is not ours stays open with nothing to do.
const IDLE: Duration = Duration::from_secs(20);

/// A connection to one relay, greeted or about to be.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) office: Arc<Office>,
    pub(crate) relay: Name,
    /// This desk collects there.
    pub(crate) home: bool,
    /// The key that the relay was shown, where that is the one in use or will be.
    showing: Option<VerifyingKey>,
    pub(crate) talk: Talk,
}

/// Why a session ended.
#[derive(Debug, Error)]
pub(crate) enum SessionError {
    /// Nothing was to be done any more; no fault.
    #[error("Nothing was to be done at the relay.")]
    Idle,
    /// The device has other keys by now, and connects with them; no fault.
    #[error("The device connects with its new key.")]
    OtherKeys,
    /// The next keys of this device could not be taken into use.
    #[error("The next keys of this device are not in use: {0}")]
    OwnKeys(String),
    /// The connection ended.
    #[error(transparent)]
    Closed(#[from] CloseReason),
    /// A request was not answered, or not as it must be.
    #[error(transparent)]
    Talk(#[from] TalkError),
    /// The relay did not prove its clock and incarnation, or speaks another version.
    #[error("The relay's greeting is not believed: {0}.")]
    Greeting(String),
    /// The desk did not do its part.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// Why a relay does not admit the key of this device, or no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRefused {
    /// It does not know it, or knows that the device may not connect.
    NotAdmitted,
    /// Its time is over, and the relay knows a newer one (PROTOCOL T1).
    Ended,
}

impl SessionError {
    /// Whether it ended for the key of this device, and why.
    pub(crate) const fn refusal(&self) -> Option<KeyRefused> {
        let reason = match self {
            Self::Closed(reason) => reason,
            Self::Talk(TalkError::Link(RequestError::Closed(reason))) => reason,
            _ => return None,
        };
        match reason {
            CloseReason::Removed | CloseReason::NotAdmitted => Some(KeyRefused::NotAdmitted),
            CloseReason::Ended => Some(KeyRefused::Ended),
            _ => None,
        }
    }
}

impl From<GreetError> for SessionError {
    fn from(error: GreetError) -> Self {
        match error {
            GreetError::NotProven(_) => Self::Greeting(error.to_string()),
            GreetError::Step(error) => error.into(),
        }
    }
}

impl From<StepError> for SessionError {
    fn from(error: StepError) -> Self {
        Self::Desk(error.into())
    }
}

impl Session {
    pub(crate) fn new(
        office: Arc<Office>,
        relay: Name,
        home: bool,
        showing: Option<VerifyingKey>,
        link: Link,
    ) -> Self {
        Self {
            office,
            relay,
            home,
            showing,
            talk: Talk::over(link),
        }
    }

    /// Serves the connection until it ends.
    pub(crate) async fn run(self) -> SessionError {
        match self.serve().await {
            Ok(never) => match never {},
            Err(error) => {
                self.part().await;
                let code = match &error {
                    SessionError::Greeting(_) => CloseCode::Protocol,
                    _ => CloseCode::Done,
                };
                self.talk.link().close(code);
                error
            }
        }
    }

    async fn serve(&self) -> Result<std::convert::Infallible, SessionError> {
        let theirs = self.greet().await?;
        let is_level = self.level_rosters(&theirs).await?;
        self.take_shown_key().await?;
        if self.showing.is_none() && is_level {
            // It knows the key in use by now.
            return Err(SessionError::OtherKeys);
        }
        self.publish_bundle().await?;
        let (_, _, _, _, _, _, _, _, idle) = tokio::try_join!(
            self.serve_pushes(),
            self.serve_posts(),
            self.serve_submissions(),
            self.serve_bundles(),
            self.serve_attachments(),
            self.serve_rosters(),
            self.serve_own_bundles(),
            self.until_other_keys(&theirs),
            self.until_idle(),
        )?;
        Ok(idle)
    }

    /// Takes the next keys into use, where the relay was shown the one and has handed over the
    /// roster that has them: what is signed over this connection is signed with the other.
    async fn take_shown_key(&self) -> Result<(), SessionError> {
        let in_use = self.office.shown.borrow().present.key;
        if self.showing.is_some_and(|showing| showing != in_use) {
            let taken = own_keys::renew(&self.office).await;
            taken.map_err(|error| SessionError::OwnKeys(error.to_string()))?;
        }
        Ok(())
    }

    /// Ends the session when the device has taken other keys into use; the relay is told first of
    /// the roster that has them, or it would admit nobody with them.
    async fn until_other_keys(&self, theirs: &RosterHeads) -> Result<(), SessionError> {
        let Some(showing) = self.showing else {
            return Ok(());
        };
        let mut shown = self.office.shown.subscribe();
        let other = shown.wait_for(|shown| !shown.lead_to(&showing));
        if other.await.is_err() {
            return std::future::pending().await;
        }
        self.offer_roster(theirs).await?;
        Err(SessionError::OtherKeys)
    }

    /// The desk hears that this relay brings nothing for now.
    async fn part(&self) {
        let relay = self.relay.clone();
        let told = self.office.ask(move |room, _| {
            room.desk.parted(&relay);
            Ok::<_, DeskError>(())
        });
        // A desk that is closed listens to nobody.
        let _ = told.await;
    }

    /// Hello, until neither side finds itself rolled back. Returns the relay's roster.
    async fn greet(&self) -> Result<RosterHeads, SessionError> {
        // A rollback that is found and answered with a new epoch is not found again.
        for _ in 0..3 {
            let greeting = self.greet_once().await?;
            if !greeting.again {
                return Ok(greeting.roster);
            }
        }
        Err(SessionError::Greeting(
            "it shows this device a later life at every greeting".into(),
        ))
    }

    async fn greet_once(&self) -> Result<Greeting, SessionError> {
        let challenge: [u8; 16] = OsRandomness::new().array();
        let relay = self.relay.clone();
        let hello = self
            .office
            .ask(move |room, _| Ok::<_, SessionError>(room.desk.hello(&relay, challenge)?))
            .await?;
        let asked = self.office.now();
        let answer = self.talk.hello(hello).await?;
        if answer.version != 1 {
            let why = format!("it wants to speak version {}", answer.version);
            return Err(SessionError::Greeting(why));
        }
        let (relay, mailbox) = (self.relay.clone(), answer.mailbox);
        let greeting = self
            .office
            .settle(move |desk, now, _| {
                let greeting = desk.greeted(&relay, &challenge, answer, now)?;
                let settled = greeting.settled;
                Ok::<_, SessionError>((greeting, settled))
            })
            .await?;
        self.note_greeting(asked, greeting.relay_time, mailbox);
        if greeting.new_incarnation {
            self.office.wake();
        }
        Ok(greeting)
    }

    /// Remembers what went wrong at this relay with an alert, for whoever asks how the desk stands.
    fn note_fault(&self, alert: AlertId, why: &str) {
        let (now, why) = (self.office.now(), why.trim_end_matches('.'));
        self.office.standings.change(&self.relay, |standing| {
            standing.last_error = Some((now, format!("Alert {}: {why}.", alert.prefix())));
        });
        self.office.tell();
    }

    /// The relay signed its time between the question and the answer: half-way is the best guess.
    fn note_greeting(&self, asked: Timestamp, relay_time: Timestamp, mailbox: u64) {
        let now = self.office.now();
        let middle = i128::from(asked.unix_ms()).midpoint(i128::from(now.unix_ms()));
        let offset = i64::try_from(i128::from(relay_time.unix_ms()) - middle).ok();
        self.office.standings.change(&self.relay, |standing| {
            standing.connection = Connection::Connected { since: now };
            standing.last_error = None;
            standing.clock_offset_ms = offset;
            standing.mailbox_at_greeting = mailbox;
            standing.not_given.clear();
        });
    }

    /// Ends a connection to a relay that is not ours once nothing has been due there for a while.
    async fn until_idle(&self) -> Result<std::convert::Infallible, SessionError> {
        if self.home {
            return Err(self.talk.link().closed().await.into());
        }
        loop {
            let mut work = self.office.work();
            tokio::select! {
                reason = self.talk.link().closed() => return Err(reason.into()),
                woken = work.changed() => {
                    if woken.is_err() { return Err(SessionError::Idle); }
                }
                () = tokio::time::sleep(IDLE) => {
                    if !self.is_wanted().await? { return Err(SessionError::Idle); }
                }
            }
        }
    }

    /// Whether the relay has to be given something, now or within the next minutes.
    async fn is_wanted(&self) -> Result<bool, SessionError> {
        let relay = self.relay.clone();
        self.office
            .ask(move |room, _| {
                Ok(room
                    .desk
                    .relays_wanted()
                    .map_err(DeskError::from)?
                    .contains(&relay))
            })
            .await
    }
}

/// Whether a refusal says something about the moment, and not about what was asked.
pub(crate) fn passes(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::Busy
            | RefusalCode::DiskLow
            | RefusalCode::StoreFailed
            | RefusalCode::Quota
            | RefusalCode::HelloFirst
    )
}

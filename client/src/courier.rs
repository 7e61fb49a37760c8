//! Couriers: one task a relay, which connects when there is a reason, and again after a failure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use maille_common::address::{ContactAddress, Name};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::roster::Roster;
use maille_common::terms::Reach;
use maille_link::{ConnectError, Dialer, Identity, Link};
use thiserror::Error;
use tokio::task::{AbortHandle, JoinSet};

use crate::backoff::Backoff;
use crate::clock::real_now;
use crate::entropy::OsRandomness;
use crate::error::DeskError;
use crate::excluded;
use crate::office::Office;
use crate::session::{KeyRefused, Session, SessionError};
use crate::shown_keys::Which;
use crate::status::Connection;

/// After new work, a relay that failed is tried again within this time.
const WORK_IS_WAITING: Duration = Duration::from_secs(1);

/// A session that lived so long has worked. One that ends sooner, over and over, must not be begun
/// again at full speed.
const LIVED: Duration = Duration::from_secs(5);

/// How often a relay that is not ours is asked for its partners' keys.
const KEYS_AGAIN: Duration = Duration::from_secs(60 * 60);

/// Why no connection came about.
#[derive(Debug, Error)]
enum DialError {
    /// The roster does not have the relay, or has no address or key for it.
    #[error("The roster has no address of the relay.")]
    NoAddress,
    /// An example network may not leave this machine.
    #[error("The network is for loopback only, and {0} is not.")]
    NotLoopback(String),
    /// None of its addresses could be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl DialError {
    /// Whether the relay does not admit the key of this device, and why.
    const fn refusal(&self) -> Option<KeyRefused> {
        match self {
            Self::Connect(ConnectError::NotAdmitted { .. }) => Some(KeyRefused::NotAdmitted),
            Self::Connect(ConnectError::KeyEnded { .. }) => Some(KeyRefused::Ended),
            _ => None,
        }
    }
}

/// Keeps one courier for every relay of the roster, until the client stops.
pub(crate) async fn serve_relays(office: Arc<Office>, dialer: Arc<Dialer>) {
    let mut rosters = office.roster.subscribe();
    let mut couriers = JoinSet::new();
    let mut of_relay: BTreeMap<Name, AbortHandle> = BTreeMap::new();
    loop {
        let roster = Arc::clone(&rosters.borrow_and_update());
        of_relay.retain(|name, courier| {
            let stays = roster.relay(name).is_some();
            if !stays {
                courier.abort();
            }
            stays
        });
        for relay in &roster.authority().relays {
            of_relay.entry(relay.name.clone()).or_insert_with(|| {
                let courier = Courier::new(&office, &dialer, relay.name.clone());
                couriers.spawn(courier.run())
            });
        }
        tokio::select! {
            changed = rosters.changed() => if changed.is_err() { break },
            () = office.stopped() => break,
        }
    }
    couriers.shutdown().await;
}

/// Brings things to one relay, and fetches from it.
struct Courier {
    office: Arc<Office>,
    dialer: Arc<Dialer>,
    relay: Name,
    backoff: Backoff,
}

impl Courier {
    fn new(office: &Arc<Office>, dialer: &Arc<Dialer>, relay: Name) -> Self {
        Self {
            office: Arc::clone(office),
            dialer: Arc::clone(dialer),
            relay,
            backoff: Backoff::default(),
        }
    }

    async fn run(mut self) {
        let mut which = Which::Present;
        loop {
            self.stand(Connection::Idle, None);
            if !self.until_wanted().await {
                return;
            }
            self.stand(Connection::Connecting, None);
            let shown = Arc::clone(&self.office.shown.borrow());
            let key = shown.get(which).unwrap_or_else(|| {
                which = Which::Present;
                &shown.present
            });
            let (failure, refused) = match self.dial(&key.identity).await {
                Ok(link) => {
                    let showing = (which != Which::Former).then_some(key.key);
                    match self.serve(link, showing).await {
                        SessionError::Idle => continue,
                        SessionError::OtherKeys => {
                            which = Which::Present;
                            continue;
                        }
                        error => (error.to_string(), error.refusal()),
                    }
                }
                Err(error) => (error.to_string(), error.refusal()),
            };
            tracing::info!(relay = %self.relay, failure, "the connection ended");
            // A relay with an older roster may know the key before this one alone, and one with a
            // newer roster the next one.
            let next = refused.and_then(|why| shown.after(which, why == KeyRefused::Ended));
            which = next.unwrap_or_default();
            if refused.is_some() && next.is_none() {
                excluded::not_admitted(&self.office, &self.relay).await;
            }
            self.stand(Connection::Waiting, Some(failure));
            self.pause().await;
        }
    }

    /// Waits for a reason to connect; `false` when the client is gone.
    async fn until_wanted(&self) -> bool {
        loop {
            let mut work = self.office.work();
            if self.is_home() {
                return true;
            }
            if !self.office.standings.of(&self.relay).asked_for_keys {
                match self.has_partners().await {
                    Ok(true) => return true,
                    Ok(false) => self.ask_for_no_keys(),
                    Err(_) => return false,
                }
            }
            match self.next_submission().await {
                Ok(Some(due)) => {
                    tokio::select! {
                        () = self.office.clock.reached(due) => return true,
                        woken = work.changed() => if woken.is_err() { return false },
                    }
                }
                Ok(None) => {
                    tokio::select! {
                        () = tokio::time::sleep(KEYS_AGAIN) => return true,
                        woken = work.changed() => if woken.is_err() { return false },
                    }
                }
                Err(_) => return false,
            }
        }
    }

    /// Whether somebody this desk exchanges alerts with publishes keys at the relay.
    async fn has_partners(&self) -> Result<bool, DeskError> {
        let partners = self
            .office
            .ask(|room, _| Ok::<_, DeskError>(room.desk.bundles_wanted()?))
            .await?;
        Ok(partners.iter().any(|contact| self.collects_here(contact)))
    }

    fn ask_for_no_keys(&self) {
        self.office
            .standings
            .change(&self.relay, |standing| standing.asked_for_keys = true);
        self.office.tell();
    }

    /// When something has to be brought to the relay: the time of the next envelope, or now for
    /// receipts and for keys of somebody who lacks an alert.
    async fn next_submission(&self) -> Result<Option<maille_common::time::Timestamp>, DeskError> {
        let relay = self.relay.clone();
        let (next, recipients, now) = self
            .office
            .ask(move |room, now| {
                let desk = &room.desk;
                let posts = !desk.posts_due(&relay, 1)?.is_empty();
                let next = if posts {
                    Some(now)
                } else {
                    desk.next_submission(&relay)?
                };
                let lacking = desk.lacking()?.into_iter().map(|lacking| lacking.recipient);
                Ok::<_, DeskError>((next, lacking.collect::<Vec<_>>(), now))
            })
            .await?;
        let lacks_keys = recipients.iter().any(|contact| self.collects_here(contact));
        Ok(if lacks_keys { Some(now) } else { next })
    }

    async fn dial(&self, identity: &Identity) -> Result<Link, DialError> {
        let roster = self.office.roster();
        let (addresses, keys) = reach(&roster, &self.relay, &self.office.addresses)?;
        let mut failure = DialError::NoAddress;
        for address in addresses {
            match self.dialer.connect_as(identity, &address, &keys).await {
                Ok(link) => return Ok(link),
                Err(error) => failure = error.into(),
            }
        }
        Err(failure)
    }

    /// Serves a connection on which this key is shown, in use or the next one; where there is none,
    /// the one before.
    async fn serve(&mut self, link: Link, showing: Option<VerifyingKey>) -> SessionError {
        let session = Session::new(
            Arc::clone(&self.office),
            self.relay.clone(),
            self.is_home(),
            showing,
            link,
        );
        let begun = real_now();
        let end = session.run().await;
        if begun.elapsed() >= LIVED || matches!(end, SessionError::Idle) {
            self.backoff.worked();
        }
        end
    }

    /// Waits before the next attempt; new work cuts the wait short, a new roster ends it.
    async fn pause(&mut self) {
        let pause = self.backoff.failed(&mut OsRandomness::new());
        let (mut work, mut rosters) = (self.office.work(), self.office.roster.subscribe());
        let worked = async {
            let _ = work.changed().await;
            tokio::time::sleep(WORK_IS_WAITING).await;
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = worked => {}
            _ = rosters.changed() => {}
        }
    }

    fn is_home(&self) -> bool {
        self.collects_here(&self.office.contact)
    }

    fn collects_here(&self, contact: &ContactAddress) -> bool {
        let roster = self.office.roster();
        let homes = roster.home_relays(&contact.organisation());
        homes.iter().any(|relay| relay.name == self.relay)
    }

    fn stand(&self, connection: Connection, failure: Option<String>) {
        let now = self.office.now();
        self.office.standings.change(&self.relay, |standing| {
            standing.connection = connection;
            if let Some(failure) = failure {
                standing.last_error = Some((now, failure));
            }
        });
        self.office.tell();
    }
}

/// Where a relay is, and which keys it must show. Nothing of a loopback network leaves the machine.
fn reach(
    roster: &Roster,
    relay: &Name,
    instead: &BTreeMap<Name, Vec<String>>,
) -> Result<(Vec<String>, Vec<VerifyingKey>), DialError> {
    let entry = roster.relay(relay).ok_or(DialError::NoAddress)?;
    let keys = entry.keys.iter().map(|keys| keys.transport).collect();
    let addresses = addresses(roster, relay, instead);
    let is_loopback_only = roster.authority().reach == Reach::Loopback;
    match addresses.iter().find(|address| !is_loopback(address)) {
        Some(other) if is_loopback_only => Err(DialError::NotLoopback(other.clone())),
        _ => Ok((addresses, keys)),
    }
}

/// Where a relay is: by the configuration, else by the roster.
pub(crate) fn addresses(
    roster: &Roster,
    relay: &Name,
    instead: &BTreeMap<Name, Vec<String>>,
) -> Vec<String> {
    let of_roster = || {
        let entry = roster.relay(relay).into_iter();
        entry.flat_map(|entry| entry.addresses.iter().map(|text| text.as_str().to_owned()))
    };
    instead
        .get(relay)
        .cloned()
        .unwrap_or_else(|| of_roster().collect())
}

/// Whether a `host:port` cannot be anything but this machine. Names are not looked up: who answers
/// for them is another's choice.
pub(crate) fn is_loopback(address: &str) -> bool {
    match address.parse::<std::net::SocketAddr>() {
        Ok(address) => address.ip().is_loopback(),
        Err(_) => address
            .rsplit_once(':')
            .is_some_and(|(host, _)| host == "localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for address in [
            "127.0.0.1:443",
            "127.9.9.9:1",
            "[::1]:443",
            "localhost:4433",
        ] {
            assert!(is_loopback(address), "{address}");
        }
        for address in [
            "192.0.2.1:443",
            "[2001:db8::1]:443",
            "relay.example:443",
            "localhost",
            "",
        ] {
            assert!(!is_loopback(address), "{address}");
        }
    }
}

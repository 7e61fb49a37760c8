//! How a client stands: its relays, its roster, and what is not done yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch, Incarnation};
use maille_common::time::{Span, Timestamp};

use crate::core::{KeysTrouble, Lacking, RosterFault, Silent};
use crate::error::DeskError;
use crate::office::{Office, lock};

/// How a client stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// The contact the desk acts for.
    pub contact: ContactAddress,
    /// The device.
    pub device: DeviceId,
    /// The life of the desk's store.
    pub epoch: Epoch,
    /// The network.
    pub network: String,
    /// The number of the newest bundle of this device's sealing keys.
    pub bundle: u64,
    /// The two keys of the device.
    pub keys: KeyStanding,
    /// The roster in use.
    pub roster: RosterStatus,
    /// Every relay of the roster, by name.
    pub relays: Vec<RelayStatus>,
    /// Devices that should have an alert and wait for it until their keys appear.
    pub lacking: Vec<Lacking>,
    /// Devices that wrote to this one, and are not heard of any more.
    pub silent: Vec<Silent>,
}

/// How the two keys of a device stand, transport and signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyStanding {
    /// From when those in use are valid; none where the roster has others for the device.
    pub since: Option<Timestamp>,
    /// Until when they are, where that is known.
    pub until: Option<Timestamp>,
    /// When the next ones were offered that wait for the organisation; none where none wait.
    pub offered: Option<Timestamp>,
    /// What its organisation has to act about, and since when; none where all is well.
    pub trouble: Option<(KeysTrouble, Timestamp)>,
}

/// The roster in use.
#[derive(Debug, Clone)]
pub struct RosterStatus {
    /// Its hash.
    pub hash: Hash,
    /// The number of its authority part.
    pub number: u64,
    /// When that was issued.
    pub issued: Timestamp,
    /// How long ago that is.
    pub age: Span,
    /// By when it should be renewed.
    pub renew_by: Timestamp,
    /// It, or an annex, is past that. Said everywhere, refuses nothing (PROTOCOL R10).
    pub stale: bool,
    /// Documents that contradict each other, kept as evidence.
    pub forks: usize,
}

/// One relay, seen from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayStatus {
    /// Its name.
    pub relay: Name,
    /// This desk collects there.
    pub home: bool,
    /// Whether there is a connection.
    pub connection: Connection,
    /// The life of its store, as this desk last heard.
    pub incarnation: Option<Incarnation>,
    /// What went wrong last, and when; none since the last greeting.
    pub last_error: Option<(Timestamp, String)>,
    /// Its signed clock less this desk's, in milliseconds, at the last greeting.
    pub clock_offset_ms: Option<i64>,
    /// The next envelope it has to be given, and when; none when there is nothing to bring.
    pub next_submission: Option<Timestamp>,
    /// Receipts wait to be posted there.
    pub posts_waiting: bool,
    /// What is wrong with the roster that it uses, and since when.
    pub roster_fault: Option<(RosterFault, Timestamp)>,
}

/// Whether there is a connection to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Nothing has to be done there.
    Idle,
    /// An attempt is being made.
    Connecting,
    /// It is greeted and served.
    Connected {
        /// Since when.
        since: Timestamp,
    },
    /// The last attempt failed; another one follows by itself.
    Waiting,
}

/// What couriers tell of their relays.
#[derive(Debug, Default)]
pub(crate) struct Standings(Mutex<BTreeMap<Name, Standing>>);

/// What a courier tells of its relay.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) connection: Connection,
    pub(crate) last_error: Option<(Timestamp, String)>,
    pub(crate) clock_offset_ms: Option<i64>,
    /// The highest mailbox number the relay had given to this device at the last greeting.
    pub(crate) mailbox_at_greeting: u64,
    /// Sealing keys were asked for there since the client was opened.
    pub(crate) asked_for_keys: bool,
    /// The alerts whose attachments it could not give when it was asked last.
    pub(crate) not_given: BTreeSet<AlertId>,
}

impl Standings {
    /// What is known of a relay.
    pub(crate) fn of(&self, relay: &Name) -> Standing {
        lock(&self.0).get(relay).cloned().unwrap_or(Standing {
            connection: Connection::Idle,
            last_error: None,
            clock_offset_ms: None,
            mailbox_at_greeting: 0,
            asked_for_keys: false,
            not_given: BTreeSet::new(),
        })
    }

    /// Changes what is known of a relay.
    pub(crate) fn change(&self, relay: &Name, change: impl FnOnce(&mut Standing)) {
        let mut standing = self.of(relay);
        change(&mut standing);
        lock(&self.0).insert(relay.clone(), standing);
    }
}

/// Asks everything a status says.
pub(crate) async fn status(office: &Arc<Office>) -> Result<Status, DeskError> {
    let mut status = office.ask(read).await?;
    for relay in &mut status.relays {
        let standing = office.standings.of(&relay.relay);
        relay.connection = standing.connection;
        relay.last_error = standing.last_error;
        relay.clock_offset_ms = standing.clock_offset_ms;
    }
    Ok(status)
}

fn read(room: &mut crate::office::Room, now: Timestamp) -> Result<Status, DeskError> {
    let desk = &room.desk;
    let roster = desk.roster();
    let part = roster.authority();
    let homes = desk.home_relays();
    let offered = room.home.offered_keys();
    let mut relays = Vec::new();
    for relay in &part.relays {
        let name = &relay.name;
        let next_submission = desk.next_submission(name)?;
        relays.push(RelayStatus {
            relay: name.clone(),
            home: homes.contains(name),
            connection: Connection::Idle,
            incarnation: desk.incarnation_of(name)?,
            last_error: None,
            clock_offset_ms: None,
            next_submission,
            posts_waiting: !desk.posts_due(name, 1)?.is_empty(),
            roster_fault: desk.roster_fault_of(name)?,
        });
    }
    Ok(Status {
        contact: desk.identity().contact.clone(),
        device: desk.identity().device,
        epoch: desk.epoch(),
        network: part.network.as_str().to_owned(),
        bundle: desk.ring().number(),
        keys: KeyStanding {
            since: desk.pair_in_use().map(|pair| pair.valid_from),
            until: desk.pair_in_use().and_then(|pair| pair.valid_to),
            offered: offered.map(|keys| keys.made),
            trouble: desk.keys_trouble(offered.as_ref(), now),
        },
        roster: RosterStatus {
            hash: roster.hash(),
            number: part.number,
            issued: part.issued,
            age: now.since(part.issued),
            renew_by: part.renew_by,
            stale: roster.is_stale(now),
            forks: roster.forks().len(),
        },
        relays,
        lacking: desk.lacking()?,
        silent: desk.silent()?,
    })
}

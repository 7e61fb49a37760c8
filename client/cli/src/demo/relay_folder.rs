//! The folder of a relay, a relay that serves it in this process, and what its owner can do to it.

use std::net::SocketAddr;
use std::path::Path;

use maille_client::authority::RelayKeysPlan;
use maille_client::entropy::OsRandomness;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_durable::{Batch, DurableStore, Options, Store, StoreId, boot_id};
use maille_relay::core::body_place;
use maille_relay::{Config, NewRelay, Relay, RelayFolder, RelayKeyPair, RunningRelay, Setup, init};

use super::stage::{ensure, failed, not_so};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::network::RelaySite;
use crate::sentence::claim;

/// Makes keys, configuration and request in a new folder, ready for `maille-relay run`.
pub(crate) fn make(dir: &Path, site: &RelaySite, anchor: &Path) -> Result<RelayKeysPlan, Fault> {
    let folder = RelayFolder::new(dir);
    let config = anchor_network(anchor)?;
    let new = NewRelay {
        name: site.name.clone(),
        organisation: site.organisation.clone(),
        network: config,
        addresses: vec![site.address.to_string()],
        listen: Some(site.address),
        anchor: anchor.to_owned(),
    };
    init(&folder, &new, &mut OsRandomness::new())
        .map_err(|error| Fault::new(Exit::World, "relay-init", error))?;
    let keys = keys(&folder)?;
    Ok(RelayKeysPlan {
        transport: keys.transport.verifying_key(),
        signing: keys.signing.verifying_key(),
    })
}

/// The private transport key of the relay, for its certificate.
pub(crate) fn transport_key(dir: &Path) -> Result<SigningKey, Fault> {
    Ok(keys(&RelayFolder::new(dir))?.transport)
}

/// A relay at work in this process.
#[derive(Debug)]
pub(crate) struct RelayInside(RunningRelay);

impl RelayInside {
    /// Serves a folder, at another address than its configuration says if one is given.
    ///
    /// It serves a network of loopback for an hour or a test, so it may fill the disk.
    pub(crate) async fn start(dir: &Path, listen: Option<SocketAddr>) -> Result<Self, Fault> {
        let folder = RelayFolder::new(dir);
        let config = Config::read(&folder.config())
            .map_err(|error| Fault::new(Exit::Input, error.code(), error))?;
        let config = Config {
            listen: listen.unwrap_or(config.listen),
            low_water_bytes: 0,
            ..config
        };
        let started = Relay::start(Setup::new(folder, config)).await;
        started
            .map(Self)
            .map_err(|error| Fault::new(Exit::World, error.code(), error))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// The life of its store, in hexadecimal.
    pub(crate) fn incarnation(&self) -> String {
        self.0.incarnation().to_string()
    }

    /// Stops it cleanly.
    pub(crate) async fn shutdown(self) -> Result<(), Fault> {
        let closed = self.0.shutdown().await;
        closed.map_err(|error| Fault::new(Exit::World, "relay-store", error))
    }
}

/// A bit that was turned over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TurnedBit {
    /// The byte of the body in whose lowest bit it is.
    pub(crate) byte: usize,
    /// The bytes of the body.
    pub(crate) of: usize,
}

/// Turns over one bit, in the middle, of the sealed body that a stopped relay keeps for an alert;
/// done twice, it is as it was.
///
/// It is written as the relay itself writes, so that no checksum of the store tells of it.
pub(crate) fn turn_a_bit(dir: &Path, alert: &AlertId) -> Result<TurnedBit, Fault> {
    let mut options = Options::new(StoreId(OsRandomness::new().array()), boot_id(), "demo");
    // A relay of the demonstration may fill the disk.
    (options.low_water_bytes, options.ballast_bytes) = (0, 0);
    let folder = RelayFolder::new(dir).store();
    let (store, opening) = DurableStore::open(&folder, &options).map_err(failed)?;
    ensure(!opening.created, claim::RelayHasStore)?;
    let (table, key) = body_place(alert);
    let kept = store.pieces(table, &key).map_err(failed)?;
    let mut body = kept.ok_or_else(|| not_so(claim::RelayKeepsBody))?;
    let turned = TurnedBit {
        byte: body.len() / 2,
        of: body.len(),
    };
    body[turned.byte] ^= 1;
    let mut batch = Batch::new();
    batch.put_pieces(table, &key, &body);
    store.commit(batch).map_err(failed)?;
    store.close().map_err(failed)?;
    Ok(turned)
}

fn keys(folder: &RelayFolder) -> Result<RelayKeyPair, Fault> {
    RelayKeyPair::load(folder).map_err(|error| Fault::new(Exit::World, error.code(), error))
}

fn anchor_network(anchor: &Path) -> Result<String, Fault> {
    let anchor = maille_client::authority::RosterFolder::read_anchor(anchor)?;
    Ok(anchor.network.to_string())
}

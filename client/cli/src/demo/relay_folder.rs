//! The folder of a relay, and a relay that serves it in this process.

use std::net::SocketAddr;
use std::path::Path;

use maille_client::authority::RelayKeysPlan;
use maille_client::entropy::OsRandomness;
use maille_common::crypto::ed25519::SigningKey;
use maille_relay::{Config, NewRelay, Relay, RelayFolder, RelayKeyPair, RunningRelay, Setup, init};

use crate::exit::Exit;
use crate::fault::Fault;
use crate::network::RelaySite;

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

fn keys(folder: &RelayFolder) -> Result<RelayKeyPair, Fault> {
    RelayKeyPair::load(folder).map_err(|error| Fault::new(Exit::World, error.code(), error))
}

fn anchor_network(anchor: &Path) -> Result<String, Fault> {
    let anchor = maille_client::authority::RosterFolder::read_anchor(anchor)?;
    Ok(anchor.network.to_string())
}

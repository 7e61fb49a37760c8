//! A new relay's folder.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use maille_common::address::Name;
use maille_common::randomness::Randomness;
use maille_common::roster::Anchor;
use serde::Serialize;
use thiserror::Error;

use crate::anchor_file::{AnchorFileError, read_both};
use crate::config::PORT;
use crate::folder::{RelayFolder, create_file, create_folder};
use crate::identity::{KeyFileError, RelayKeyPair};

/// What a new relay is told about itself.
#[derive(Debug, Clone)]
pub struct NewRelay {
    /// Its name in the roster.
    pub name: Name,
    /// The organisation that operates it.
    pub organisation: Name,
    /// The network, which the anchor has to name too.
    pub network: String,
    /// Where devices reach it, as `host:port`, the preferred one first.
    pub addresses: Vec<String>,
    /// Where it listens; none: every IPv4 address, UDP 443.
    pub listen: Option<SocketAddr>,
    /// The anchor file of the network, which is copied.
    pub anchor: PathBuf,
}

/// What the authority puts into the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelayRequest {
    /// The relay's name.
    pub name: String,
    /// Who operates it.
    pub organisation: String,
    /// The network it asks to serve.
    pub network: String,
    /// Where devices reach it.
    pub addresses: Vec<String>,
    /// The public transport key, in hexadecimal.
    pub transport: String,
    /// The public signing key, in hexadecimal.
    pub signing: String,
}

/// Why a folder was not made.
#[derive(Debug, Error)]
pub enum InitError {
    /// The anchor cannot be used.
    #[error(transparent)]
    Anchor(#[from] AnchorFileError),
    /// The anchor is of another network.
    #[error("The anchor is of the network `{found}`, and this relay is to serve `{expected}`.")]
    Network {
        /// The anchor's.
        found: String,
        /// The one asked for.
        expected: String,
    },
    /// A key is there already, or cannot be written.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A file cannot be written; what is there already is never overwritten.
    #[error("{} cannot be written: {source}.", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes keys, configuration and request in a folder, overwriting nothing.
///
/// The request is written last: where it stands, everything else is durable.
pub fn init(
    folder: &RelayFolder,
    new: &NewRelay,
    random: &mut impl Randomness,
) -> Result<RelayRequest, InitError> {
    let (anchor, anchor_bytes) = read_both(&new.anchor)?;
    check_network(&anchor, &new.network)?;
    for path in [folder.root().to_owned(), folder.roster(), folder.blobs()] {
        create_folder(&path).map_err(|source| InitError::Write { path, source })?;
    }
    let keys = RelayKeyPair::create(folder, random)?;
    write(&folder.anchor(), &anchor_bytes)?;
    write(&folder.config(), config_text(new).as_bytes())?;
    let request = RelayRequest {
        name: new.name.to_string(),
        organisation: new.organisation.to_string(),
        network: new.network.clone(),
        addresses: new.addresses.clone(),
        transport: keys.transport.verifying_key().to_string(),
        signing: keys.signing.verifying_key().to_string(),
    };
    write(&folder.request(), request.to_toml().as_bytes())?;
    Ok(request)
}

impl RelayRequest {
    /// As it is handed to the authority.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("texts and a list of texts are always TOML")
    }
}

fn check_network(anchor: &Anchor, network: &str) -> Result<(), InitError> {
    if anchor.network.as_str() == network {
        return Ok(());
    }
    Err(InitError::Network {
        found: anchor.network.to_string(),
        expected: network.to_owned(),
    })
}

#[derive(Serialize)]
struct FirstConfig<'a> {
    name: &'a str,
    network: &'a str,
    listen: String,
}

fn config_text(new: &NewRelay) -> String {
    let listen = new
        .listen
        .unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], PORT)));
    let first = FirstConfig {
        name: new.name.as_str(),
        network: &new.network,
        listen: listen.to_string(),
    };
    let text = toml::to_string(&first).expect("three texts are always TOML");
    format!("# Every other key has its default; relay.sample.toml shows them all.\n{text}")
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), InitError> {
    create_file(path, bytes).map_err(|source| InitError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor_file::read_anchor;
    use crate::config::Config;
    use crate::entropy::OsRandomness;

    fn new_relay(at: &Path) -> NewRelay {
        let anchor = at.join("the-anchor");
        let key = maille_common::crypto::ed25519::SigningKey::from_seed([1; 32]).verifying_key();
        let text = format!("version = 1\nnetwork = \"net\"\nthreshold = 1\nkeys = [\"{key}\"]\n");
        std::fs::write(&anchor, text).unwrap();
        NewRelay {
            name: "north".parse().unwrap(),
            organisation: "interpol".parse().unwrap(),
            network: "net".to_owned(),
            addresses: vec!["relay.example:443".to_owned()],
            listen: None,
            anchor,
        }
    }

    #[test]
    fn a_new_folder_has_its_keys_config_and_request() {
        let at = tempfile::tempdir().unwrap();
        let folder = RelayFolder::new(at.path().join("relay"));
        let request = init(&folder, &new_relay(at.path()), &mut OsRandomness::new()).unwrap();
        let keys = RelayKeyPair::load(&folder).unwrap();
        assert_eq!(
            request.transport,
            keys.transport.verifying_key().to_string()
        );
        assert_eq!(request.signing, keys.signing.verifying_key().to_string());
        assert_ne!(request.transport, request.signing);
        let config = Config::read(&folder.config()).unwrap();
        assert_eq!(config, Config::new("north".parse().unwrap(), "net"));
        assert_eq!(read_anchor(&folder.anchor()).unwrap().threshold, 1);
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_alone_and_refused_otherwise() {
        use std::os::unix::fs::PermissionsExt;
        let at = tempfile::tempdir().unwrap();
        let folder = RelayFolder::new(at.path().join("relay"));
        init(&folder, &new_relay(at.path()), &mut OsRandomness::new()).unwrap();
        for path in [folder.transport_key(), folder.signing_key()] {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
        let open = std::fs::Permissions::from_mode(0o640);
        std::fs::set_permissions(folder.signing_key(), open).unwrap();
        assert_eq!(
            RelayKeyPair::load(&folder).unwrap_err().code(),
            "key-open-to-others"
        );
    }

    #[test]
    fn keys_that_are_there_are_not_overwritten() {
        let at = tempfile::tempdir().unwrap();
        let folder = RelayFolder::new(at.path().join("relay"));
        let new = new_relay(at.path());
        init(&folder, &new, &mut OsRandomness::new()).unwrap();
        let before = std::fs::read(folder.signing_key()).unwrap();
        let error = init(&folder, &new, &mut OsRandomness::new()).unwrap_err();
        assert!(
            matches!(error, InitError::Key(KeyFileError::Exists { .. })),
            "{error}"
        );
        assert_eq!(std::fs::read(folder.signing_key()).unwrap(), before);
    }

    #[test]
    fn an_anchor_of_another_network_is_refused_before_anything_is_made() {
        let at = tempfile::tempdir().unwrap();
        let folder = RelayFolder::new(at.path().join("relay"));
        let new = NewRelay {
            network: "other".to_owned(),
            ..new_relay(at.path())
        };
        let error = init(&folder, &new, &mut OsRandomness::new()).unwrap_err();
        assert!(matches!(error, InitError::Network { .. }), "{error}");
        assert!(!folder.root().exists());
    }
}

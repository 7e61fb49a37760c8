//! `maille example`: the network of certs-example/ with fresh keys, ready to run in two terminals.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::home::{Home, Unlock};
use maille_common::crypto::ed25519::SigningKey;
use maille_link::Identity;
use serde::Serialize;

use crate::command::{Context, Run};
use crate::demo::relay_folder;
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::network::{
    DIALOGUE, Founded, RelaySite, Site, certificate_pem, file_fault, file_stem, found, plan_text,
    readable,
};
use crate::sentence::{fault, hint, network};

/// Arguments of `example`.
#[derive(Debug, Args)]
pub(crate) struct Example {
    /// A folder that is not there yet, or empty.
    dir: PathBuf,
    /// Where the relay listens; an address of loopback.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4433")]
    listen: SocketAddr,
}

/// The result.
#[derive(Debug, Serialize)]
struct Made {
    anchor: PathBuf,
    relay: PathBuf,
    homes: Vec<PathBuf>,
    next: Vec<String>,
}

impl Run for Example {
    fn run(self, context: &Context) -> Result<(), Fault> {
        if !self.listen.ip().is_loopback() {
            let address = &self.listen;
            let sentence = fault::NotLoopback { address };
            return Err(
                Fault::new(Exit::Usage, "not-loopback", sentence).with_hint(hint::LoopbackAddress)
            );
        }
        let relay = RelaySite {
            name: "lyon".parse().expect("four letters are a name"),
            organisation: "interpol".parse().expect("eight letters are a name"),
            address: self.listen,
        };
        let founded = found(Site::at(&self.dir), DIALOGUE, relay).hint(hint::OtherFolder)?;
        write_texts(&founded)?;
        write_certificates(&founded)?;
        let made = made(&founded);
        context.output.result(&made, &made.next.join("\n"))
    }
}

fn made(founded: &Founded) -> Made {
    let site = &founded.site;
    let home = |address: &str| {
        let contact = address
            .parse()
            .expect("the example's own addresses are well formed");
        format!("maille --home '{}'", site.home(&contact).display())
    };
    let (from, to) = (home("interpol/duty"), home("afripol/duty"));
    let next = vec![
        format!("maille-relay run '{}'", site.relay().display()),
        // Its first connection publishes its sealing keys: from then on it can be written to.
        format!("{to} inbox"),
        format!(
            "{from} send --to afripol/duty --subject '{}' --body '{}' --wait accepted",
            network::FirstSubject,
            network::FirstBody
        ),
        format!("{to} inbox"),
        format!("{to} ack ID"),
        format!("{from} track ID"),
    ];
    Made {
        anchor: site.roster().anchor_path(),
        relay: site.relay(),
        homes: founded
            .contacts
            .iter()
            .map(|contact| site.home(contact))
            .collect(),
        next,
    }
}

fn write_texts(founded: &Founded) -> Result<(), Fault> {
    let root = founded.site.root();
    write(&root.join("network.toml"), &plan_text(&founded.roster))?;
    write(&root.join("roster.txt"), &readable(&founded.roster))
}

/// One certificate for the relay and for each contact's device: containers of their transport keys.
fn write_certificates(founded: &Founded) -> Result<(), Fault> {
    let folder = founded.site.root().join("certificates");
    fs::create_dir(&folder).map_err(|error| file_fault(&folder, &error))?;
    let relay = &founded.relay.name;
    let key = relay_folder::transport_key(&founded.site.relay())?;
    write_certificate(
        &folder.join(format!("relay-{relay}.pem")),
        relay.as_str(),
        &key,
    )?;
    for contact in &founded.contacts {
        let home = Home::open(&founded.site.home(contact), Unlock::Machine)?;
        let key = SigningKey::from_seed(*home.transport_seed());
        let path = folder.join(format!("{}.pem", file_stem(contact)));
        write_certificate(&path, contact.as_str(), &key)?;
    }
    Ok(())
}

fn write_certificate(path: &Path, name: &str, key: &SigningKey) -> Result<(), Fault> {
    let identity =
        Identity::new(name, key).map_err(|error| Fault::new(Exit::Input, error.code(), error))?;
    write(path, &certificate_pem(identity.certificate_der()))
}

fn write(path: &Path, text: &str) -> Result<(), Fault> {
    fs::write(path, text).map_err(|error| file_fault(path, &error))
}

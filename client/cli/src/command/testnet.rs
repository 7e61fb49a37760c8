//! `maille testnet`: a relay and contacts for other people's tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use maille_common::address::{AddressError, ContactAddress};
use serde::Serialize;
use tokio::io::AsyncReadExt;

use crate::command::{Context, Run};
use crate::demo::relay_folder::RelayInside;
use crate::demo::runtime;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::network::{Founded, RelaySite, Site, file_fault, found, free_port};
use crate::sentence::{fault, hint, network};

/// The organisations that hold the authority's keys; nobody is reached there.
const HOLDERS: [&str; 3] = ["holder-one", "holder-two", "holder-three"];

/// Arguments of `testnet`: it lives until standard input closes, and removes its folder then.
#[derive(Debug, Args)]
pub(crate) struct Testnet {
    /// Contacts, separated by commas: addresses, or names, where `lyon` is `lyon/duty`.
    #[arg(long, value_delimiter = ',', required = true, value_name = "NAMES")]
    contacts: Vec<String>,
}

/// What a test needs to know. Printed as one JSON object once the relay serves.
#[derive(Debug, Serialize)]
struct Standing {
    network: String,
    /// Where the relay listens (UDP).
    relay: String,
    anchor: PathBuf,
    roster: PathBuf,
    contacts: Vec<Contact>,
}

/// One contact with the home of its device, which opens with the machine's key.
#[derive(Debug, Serialize)]
struct Contact {
    address: String,
    home: PathBuf,
}

/// The folder of the network, removed with everything in it when this is dropped.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies in a temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Run for Testnet {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let plan = plan(&self.contacts)?;
        let scratch = Scratch::make()?;
        let relay = RelaySite {
            name: "relay".parse().expect("five letters are a name"),
            organisation: HOLDERS[0].parse().expect("a holder's name is a name"),
            address: free_port().map_err(|error| file_fault(Path::new("127.0.0.1"), &error))?,
        };
        let founded = found(Site::at(&scratch.0), &plan, relay)?;
        runtime()?.block_on(serve(&founded, context))
    }
}

impl Scratch {
    fn make() -> Result<Self, Fault> {
        let name = format!(
            "maille-testnet-{}-{}",
            crate::clock::now().unix_ms(),
            std::process::id()
        );
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).map_err(|error| file_fault(&folder, &error))?;
        Ok(Self(folder))
    }
}

async fn serve(founded: &Founded, context: &Context) -> Result<(), Fault> {
    let relay = RelayInside::start(&founded.site.relay(), None).await?;
    let contact = |address: &ContactAddress| Contact {
        address: address.to_string(),
        home: founded.site.home(address),
    };
    let standing = Standing {
        network: founded.roster.authority().network.to_string(),
        relay: relay.address().to_string(),
        anchor: founded.site.roster().anchor_path(),
        roster: founded.site.roster().path().to_owned(),
        contacts: founded.contacts.iter().map(contact).collect(),
    };
    context.output.result(&standing, &as_text(&standing))?;
    // Closed or broken, whoever started this is gone.
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    relay.shutdown().await
}

fn as_text(standing: &Standing) -> String {
    let homes = standing.contacts.iter();
    let homes: Vec<String> = homes
        .map(|contact| format!("{}  {}", contact.address, contact.home.display()))
        .collect();
    format!(
        "{:7} {}\n{:7} {}\n{}",
        network::Relay,
        standing.relay,
        network::Anchor,
        standing.anchor.display(),
        homes.join("\n")
    )
}

/// The description: members that hold the keys, the organisations of the contacts, one rule.
fn plan(contacts: &[String]) -> Result<String, Fault> {
    let addresses = contacts
        .iter()
        .map(|text| address(text))
        .collect::<Result<BTreeSet<_>, _>>()?;
    let mut plan = String::from("network = \"testnet\"\nthreshold = 2\n");
    for holder in HOLDERS {
        plan += &format!("[[organisation]]\nname = \"{holder}\"\n");
    }
    let organisations: BTreeSet<_> = addresses.iter().map(ContactAddress::organisation).collect();
    for organisation in organisations {
        plan += &format!("[[organisation]]\nname = \"{organisation}\"\nofficer_names = true\n");
        for address in addresses
            .iter()
            .filter(|address| address.is_of(&organisation))
        {
            plan += &format!("[[organisation.contact]]\naddress = \"{address}\"\n");
        }
    }
    Ok(plan + "[[rule]]\nfrom = \"**\"\nto = \"**\"\n")
}

fn address(text: &str) -> Result<ContactAddress, Fault> {
    let text = text.trim();
    let whole = if text.contains('/') {
        text.to_owned()
    } else {
        format!("{text}/duty")
    };
    whole.parse().map_err(|error: AddressError| {
        let (text, error) = (&text, &error);
        let sentence = fault::NoContact { text, error };
        Fault::new(Exit::Usage, "contact", sentence).with_hint(hint::ContactNames)
    })
}

//! `maille device request`: a home with fresh keys, and the request to be admitted.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{RosterFolder, write_request};
use maille_client::entropy::OsRandomness;
use maille_client::home::{Cost, Home, NewHome, NewOfficer, Protection};
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::Text;
use maille_common::randomness::Randomness;
use maille_common::roster::RequestCode;
use serde::Serialize;

use crate::args::ask_new;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{device, hint};

/// Arguments of `device request`.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// The contact that the device is to act for.
    #[arg(long, value_name = "ADDRESS")]
    contact: ContactAddress,
    /// What people on site call the device.
    #[arg(long, value_name = "TEXT")]
    label: Text<64>,
    /// The anchor of the network, as it was handed over.
    #[arg(long, value_name = "FILE", env = "MAILLE_ANCHOR")]
    anchor: PathBuf,
    #[command(flatten)]
    lock: LockArgs,
    /// A file whose first line is the officer's passphrase; asked for twice where it is missing.
    #[arg(long, value_name = "FILE", requires = "officer")]
    passphrase_file: Option<PathBuf>,
    /// Where to write the request.
    #[arg(long, value_name = "FILE", default_value = "device.request")]
    out: PathBuf,
}

/// What the home is closed with.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct LockArgs {
    /// The first officer, by passphrase.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
    /// A key file on this machine, for systems that start without a person.
    #[arg(long)]
    machine_key: bool,
}

/// The result.
#[derive(Debug, Serialize)]
struct Requested {
    code: String,
    request_file: PathBuf,
    network: String,
    contact: String,
    device: String,
    home: PathBuf,
}

impl Run for Request {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let path = context.home()?;
        let anchor = RosterFolder::read_anchor(&self.anchor).hint(hint::CheckAnchor)?;
        let mut randomness = OsRandomness::new();
        let new = NewHome {
            anchor,
            contact: self.contact.clone(),
            device: DeviceId::from_bytes(randomness.array()),
            label: self.label.clone(),
        };
        let passphrase = match &self.lock.officer {
            Some(name) => Some(ask_new(self.passphrase_file.as_deref(), name)?),
            None => None,
        };
        let protection = match (&self.lock.officer, &passphrase) {
            (Some(name), Some(passphrase)) => Protection::Officer(NewOfficer {
                name,
                passphrase,
                cost: Cost::STANDARD,
            }),
            _ => Protection::Machine,
        };
        let home =
            Home::create(path, new, protection, now(), &mut randomness).hint(hint::OtherHome)?;
        let request = home.device_request(now());
        write_request(&self.out, &request).hint(hint::OtherOut)?;
        let code = RequestCode::of(request.request.bytes()).to_string();
        let requested = Requested {
            code: code.clone(),
            request_file: self.out.clone(),
            network: home.network().to_owned(),
            contact: self.contact.to_string(),
            device: home.device().to_string(),
            home: path.to_owned(),
        };
        context.output.result(&requested, &code)?;
        let request = &self.out.display();
        context.output.say(device::SendRequest { request });
        Ok(())
    }
}

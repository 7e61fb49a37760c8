//! The stage: network, relay and desks, and what stands between one step and the next.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use maille_client::{Client, ClientConfig, Track};
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::evidence::{Note, Proven, Receipt, SignedReceipt};
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_common::terms::Stage as Reached;
use maille_link::{Dialer, Identity, Limits, Link};

use super::dispatch::Dispatch;
use super::recorder::Recorder;
use super::relay_process::RelayProcess;
use super::words::Words;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::network::Founded;
use crate::sentence::{claim, demo};

/// The sender.
pub(crate) const SENDER: &str = "interpol/duty";
/// The recipient that is there, and takes the alert on.
pub(crate) const PRESENT: &str = "afripol/duty";
/// The recipient that is away at first, and refuses.
pub(crate) const AWAY: &str = "cmai/duty";
/// The observer, to whom no rule gives anything.
pub(crate) const OBSERVER: &str = "unodc/liaison";

/// Longest wait for anything: a lost connection is noticed after 30 s, and a pause before the next
/// attempt may be as long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// Everything the steps work on.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The network.
    pub(crate) founded: Founded,
    /// Its roster.
    pub(crate) roster: Arc<Roster>,
    /// What stands before the relay.
    pub(crate) recorder: Recorder,
    /// The relay, while it lives.
    pub(crate) relay: Option<RelayProcess>,
    /// What is sent.
    pub(crate) dispatch: Dispatch,
    /// The words that must not be seen: those of the alert that nothing public held before.
    pub(crate) words: Words,
    /// How many of them something public did hold.
    pub(crate) public_words: usize,
    /// The alert is this program's own, so that its words stand in the program.
    pub(crate) own_words: bool,
    /// The desks that are open.
    pub(crate) desks: BTreeMap<&'static str, Client>,
    /// The alert, once it is sent.
    pub(crate) alert: AlertId,
    /// The acknowledgement, once it is there.
    pub(crate) acknowledgement: Option<Proven<Receipt>>,
}

impl Stage {
    /// The open desk of a contact.
    pub(crate) fn desk(&self, contact: &'static str) -> Result<&Client, Fault> {
        self.desks
            .get(contact)
            .ok_or_else(|| not_so(claim::NotOpen { contact: &contact }))
    }

    /// Opens the desk of a contact, and returns when it has spoken with the relay.
    pub(crate) async fn open(&mut self, contact: &'static str) -> Result<(), Fault> {
        let home = self.founded.site.home(&address(contact));
        let client = Client::open(ClientConfig::new(home))
            .await
            .map_err(failed)?;
        if !client.ready(DEADLINE).await {
            return Err(not_so(claim::RelayNotReached { contact: &contact }));
        }
        self.desks.insert(contact, client);
        Ok(())
    }

    /// Closes the desk of a contact.
    pub(crate) async fn close(&mut self, contact: &'static str) {
        if let Some(client) = self.desks.remove(contact) {
            client.shutdown().await;
        }
    }

    /// The device of a contact.
    pub(crate) fn device(&self, contact: &str) -> Result<DeviceId, Fault> {
        let devices = self.roster.devices_of(&address(contact));
        devices
            .first()
            .copied()
            .ok_or_else(|| not_so(claim::NoDevice { contact: &contact }))
    }

    /// What the sender knows of the alert.
    pub(crate) async fn track(&self) -> Result<Track, Fault> {
        self.desk(SENDER)?.track(self.alert).await.map_err(failed)
    }

    /// Waits at the sender for a recipient's receipt of a stage, and proves it by the roster.
    pub(crate) async fn receipt(
        &self,
        recipient: &'static str,
        reached: Reached,
    ) -> Result<(Proven<Receipt>, Option<Note>), Fault> {
        let what = claim::AReceipt {
            contact: &recipient,
        };
        let (signed, note) = in_time(what, async {
            let mut events = self.desk(SENDER)?.events("demo").all();
            loop {
                if let Some(found) = receipt_in(&self.track().await?, recipient, reached) {
                    return Ok(found);
                }
                events.next().await.map_err(failed)?;
            }
        })
        .await?;
        let proven = signed.verify(&self.roster).map_err(failed)?;
        Ok((proven, note))
    }

    /// Waits until the alert is in a recipient's inbox.
    pub(crate) async fn arrival(&self, recipient: &'static str) -> Result<(), Fault> {
        let what = claim::TheAlertAt {
            contact: &recipient,
        };
        in_time(what, async {
            let desk = self.desk(recipient)?;
            let mut events = desk.events("demo").all();
            while !desk
                .inbox()
                .await
                .map_err(failed)?
                .iter()
                .any(|line| line.id == self.alert)
            {
                events.next().await.map_err(failed)?;
            }
            Ok(())
        })
        .await
    }

    /// A bare connection to the relay with the transport key of a contact's closed home. The dialer
    /// has to live as long as the link.
    pub(crate) async fn link(&self, key: &[u8; 32]) -> Result<(Dialer, Link), Fault> {
        let key = maille_common::crypto::ed25519::SigningKey::from_seed(*key);
        let identity = Identity::new("demo", &key).map_err(failed)?;
        let dialer = Dialer::bind(identity, Limits::default()).map_err(failed)?;
        let relay = self.roster.relay(&self.founded.relay.name);
        let keys: Vec<_> = relay
            .iter()
            .flat_map(|relay| &relay.keys)
            .map(|keys| keys.transport)
            .collect();
        let address = self.founded.relay.address.to_string();
        let link = dialer.connect(&address, &keys).await.map_err(failed)?;
        Ok((dialer, link))
    }
}

/// The receipt of a stage among what the sender holds.
fn receipt_in(
    track: &Track,
    recipient: &str,
    reached: Reached,
) -> Option<(SignedReceipt, Option<Note>)> {
    let tracked = track
        .recipients
        .iter()
        .find(|known| known.contact.as_str() == recipient)?;
    let mut receipts = tracked.receipts.iter();
    receipts
        .find(|(receipt, _)| receipt.statement.stage == reached)
        .cloned()
}

/// An address of this demonstration.
pub(crate) fn address(text: &str) -> ContactAddress {
    text.parse()
        .expect("the demonstration's own addresses are well formed")
}

/// What a receipt is called where it is shown as proof.
pub(crate) fn shown(proven: &Proven<Receipt>) -> String {
    let receipt = proven.statement();
    let shown = demo::Receipt {
        hash: &proven.hash().short(),
        device: &receipt.device.short(),
        contact: &receipt.contact,
        key: &proven.key().short(),
    };
    shown.to_string()
}

/// Waits, but not for ever.
pub(crate) async fn in_time<T>(
    what: impl Display,
    wait: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let late = |_| {
        let seconds = &DEADLINE.as_secs();
        not_so(claim::DidNotCome {
            what: &what,
            seconds,
        })
    };
    tokio::time::timeout(DEADLINE, wait).await.map_err(late)?
}

/// Something that had to work did not.
pub(crate) fn failed(error: impl Display) -> Fault {
    Fault::new(Exit::Refused, "demo-step", error)
}

/// A claim that is not so.
pub(crate) fn not_so(what: impl Display) -> Fault {
    let claim = &what;
    Fault::new(Exit::Refused, "demo-claim", claim::NotSo { claim })
}

/// A claim that has to hold.
pub(crate) fn ensure(holds: bool, otherwise: impl Display) -> Result<(), Fault> {
    if holds {
        Ok(())
    } else {
        Err(not_so(otherwise))
    }
}

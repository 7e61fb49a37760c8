//! What all stores hold when nothing runs: fresh opens, in the rig's own process.

use std::collections::BTreeMap;

use maille_client::core::IncidentKind;
use maille_client::{Client, ClientConfig, EventKind};
use maille_common::evidence::Proofs;
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_relay::{
    BooksError, Clock, Config, Day, Relay, RelayFolder, RunningRelay, Setup, SystemClock,
};
use tokio::task::JoinSet;

use super::checker::{Findings, HeldAlert, KeptAlert};
use super::letter::{content_hash, letter_of};
use super::report::Role;
use super::roles::standing_of;
use super::world::{RELAY, World};

/// An address at which no relay is: what an audit finds must not change while it looks.
const NOWHERE: &str = "127.0.0.1:9";

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What one store holds.
enum Holding {
    Outbox(u8, BTreeMap<String, KeptAlert>, Vec<String>),
    Inbox(u8, BTreeMap<String, HeldAlert>, Vec<String>),
    Relay(Vec<String>),
}

/// Opens every store of a world in which nothing runs, and reads all of it.
pub(crate) fn open_all(world: &World) -> Findings {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let mut opened = JoinSet::new();
        for role in world.everybody() {
            let folder = world.folder_of(role);
            let someone_left = world.someone_left;
            opened.spawn(async move {
                let held = match role {
                    Role::Relay => relay(RelayFolder::new(folder), someone_left).await,
                    Role::Store => unreachable!("no store alone is in a world"),
                    Role::Sender(index) => outbox(index, ClientConfig::new(folder)).await,
                    Role::Recipient(index) => inbox(index, ClientConfig::new(folder)).await,
                };
                (role, held)
            });
        }
        let mut findings = Findings::default();
        while let Some(held) = opened.join_next().await {
            let (role, held) = held.expect("no task panics");
            findings.take(role, held);
        }
        findings
    })
}

impl Findings {
    fn take(&mut self, role: Role, held: Result<Holding, Fault>) {
        let accusations = match held {
            Err(error) => return self.unopened.push((role, error.to_string())),
            Ok(Holding::Relay(wrong)) => return self.books.extend(wrong),
            Ok(Holding::Outbox(index, outbox, accusations)) => {
                self.outboxes.insert(index, outbox);
                accusations
            }
            Ok(Holding::Inbox(index, inbox, accusations)) => {
                self.inboxes.insert(index, inbox);
                accusations
            }
        };
        let accusations = accusations.into_iter().map(|whom| (role, whom));
        self.accusations.extend(accusations);
    }
}

/// What is wrong in a relay's books: what it accepted has ended, by kind, or is open, and every
/// record fits those that name it.
pub(crate) async fn books_of(relay: &RunningRelay) -> Result<Vec<String>, BooksError> {
    let account = relay.account(Day::of(SystemClock.now())).await?;
    let faults = account.faults.iter().take(10);
    let mut wrong: Vec<String> = faults.map(|fault| format!("{fault:?}")).collect();
    for ledger in [account.day, account.all] {
        if !ledger.balances() {
            wrong.push(format!("it does not balance: {ledger:?}"));
        }
    }
    Ok(wrong)
}

/// The relay of a world at rest: its books balance, and nothing is open.
async fn relay(folder: RelayFolder, someone_left: bool) -> Result<Holding, Fault> {
    let mut config = Config::read(&folder.config())?;
    config.listen = ([127, 0, 0, 1], 0).into();
    config.metrics = None;
    let relay = Relay::start(Setup::new(folder, config)).await?;
    let mut wrong = books_of(&relay).await?;
    let standing = relay.standing().await?;
    relay.shutdown().await?;
    if standing.waiting > 0 && !someone_left {
        let waiting = standing.waiting;
        wrong.push(format!("{waiting} pieces of mail wait, and all was quiet"));
    }
    Ok(Holding::Relay(wrong))
}

async fn open(config: ClientConfig) -> Result<Client, Fault> {
    Ok(Client::open(config.relay_address(RELAY.parse()?, NOWHERE)).await?)
}

async fn outbox(index: u8, config: ClientConfig) -> Result<Holding, Fault> {
    let client = open(config).await?;
    let roster = client.roster();
    let mut outbox = BTreeMap::new();
    for entry in client.outbox().await? {
        let kept = kept(&client, &roster, entry.id).await?;
        outbox.insert(entry.id.to_string(), kept);
    }
    let accusations = accusations(&client).await?;
    client.shutdown().await;
    Ok(Holding::Outbox(index, outbox, accusations))
}

/// An alert of an outbox, with every piece of evidence proven again.
async fn kept(client: &Client, roster: &Roster, alert: AlertId) -> Result<KeptAlert, Fault> {
    let track = client.track(alert).await?;
    let mut kept = KeptAlert::default();
    for recipient in &track.recipients {
        kept.standings.extend(standing_of(recipient));
        for accepted in &recipient.accepted {
            kept.unproven += u32::from(accepted.clone().verify(roster).is_err());
        }
        for (receipt, _) in &recipient.receipts {
            let about = receipt.statement.alert == alert;
            let proven = receipt
                .clone()
                .verify_again(roster, &mut Proofs::default())
                .is_ok();
            kept.unproven += u32::from(!(about && proven));
        }
    }
    Ok(kept)
}

async fn inbox(index: u8, config: ClientConfig) -> Result<Holding, Fault> {
    let client = open(config).await?;
    let mut arrivals: BTreeMap<AlertId, u32> = BTreeMap::new();
    let mut events = client.events("audit").all();
    while let Some(event) = events.try_next().await? {
        if let EventKind::Arrived { alert, .. } = event.event.kind {
            *arrivals.entry(alert).or_default() += 1;
        }
    }
    let mut inbox = BTreeMap::new();
    for entry in client.inbox().await? {
        let received = client.received(entry.id).await?;
        let held = HeldAlert {
            letter: letter_of(&received.content),
            hash: content_hash(&received.content),
            stage: entry.stage as u8,
            arrivals: arrivals.remove(&entry.id).unwrap_or_default(),
        };
        inbox.insert(entry.id.to_string(), held);
    }
    let mut accusations = accusations(&client).await?;
    // It was told, and is not there.
    accusations.extend(
        arrivals
            .keys()
            .map(|alert| format!("{alert} arrived and is gone")),
    );
    client.shutdown().await;
    Ok(Holding::Inbox(index, inbox, accusations))
}

/// Incidents that accuse somebody. A hole is none: what came out of order fills it.
async fn accusations(client: &Client) -> Result<Vec<String>, Fault> {
    let incidents = client.incidents(0, usize::MAX).await?;
    let accuses = |kind: &IncidentKind| {
        !matches!(
            kind,
            IncidentKind::AlertsMissing { .. }
                | IncidentKind::ReceiptsMissing { .. }
                | IncidentKind::RolledBack
        )
    };
    let kinds = incidents.into_iter().map(|(_, incident)| incident.kind);
    Ok(kinds
        .filter(accuses)
        .map(|kind| format!("{kind:?}"))
        .collect())
}

//! `maille status`: how this desk stands.

use std::fmt::{Display, Write};

use clap::Args;
use maille_client::{Connection, KeysTrouble, RelayStatus, Status as Standing};
use maille_common::terms::Status as Terms;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::ending::Ending;
use super::excluded::Excluded;
use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;
use crate::form::{maybe, word};
use crate::local_time::local;
use crate::safe_text::{safe_name, safe_text};
use crate::sentence::{status, term};

mod hook;

pub(crate) use hook::Hook;

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks how the desk stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Status {}

/// How the desk stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeskStatus {
    contact: String,
    device: String,
    network: String,
    /// Whether an agent holds the home.
    agent: bool,
    /// Whoever is on duty.
    officer: Option<String>,
    epoch: u64,
    /// The number of the newest bundle of this device's sealing keys.
    bundle: u64,
    /// The two keys of this device.
    #[serde(default)]
    keys: Keys,
    roster: Roster,
    relays: Vec<Relay>,
    /// Alerts of the inbox that wait for an answer.
    unanswered: usize,
    /// Alerts sent from here whose obligation is open with somebody.
    open: usize,
    /// Those that nobody acknowledged in time.
    overdue: usize,
    /// Devices that should have an alert and wait for it until their keys appear.
    lacking: Vec<Lacking>,
    /// Devices that wrote to this one, and are not heard of any more.
    #[serde(default)]
    silent: Vec<Silent>,
    /// Why this desk may not act any more, or which relays refuse it; `null` where all is well.
    #[serde(default)]
    excluded: Option<Excluded>,
    /// What ends within 30 days, or has ended: of the network, and of this organisation.
    #[serde(default)]
    endings: Vec<Ending>,
    /// Programs and webhooks that the agent tells.
    #[serde(default)]
    hooks: Vec<Hook>,
    /// The archive, where there is one; `archive status` says more.
    #[serde(default)]
    archive: Option<Archive>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Archive {
    records: u64,
    /// Events not looked at yet.
    behind: u64,
    /// It cannot be written.
    failing: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Keys {
    /// From when those in use are valid; `null` where the roster has others for the device.
    #[serde(with = "maybe")]
    since: Option<Timestamp>,
    #[serde(with = "maybe")]
    until: Option<Timestamp>,
    /// When the next ones were offered that wait for the organisation.
    #[serde(with = "maybe")]
    offered: Option<Timestamp>,
    /// `renewal-waits` or `keys-of-others`, where the organisation has to act.
    trouble: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Roster {
    hash: String,
    number: u64,
    #[serde(with = "word")]
    issued: Timestamp,
    #[serde(with = "word")]
    renew_by: Timestamp,
    stale: bool,
    forks: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Relay {
    relay: String,
    /// This desk collects there.
    home: bool,
    /// `connected`, `connecting`, `waiting` after a failure, or `idle`.
    connection: String,
    #[serde(with = "maybe")]
    connected_since: Option<Timestamp>,
    last_error: Option<String>,
    #[serde(with = "maybe")]
    last_error_at: Option<Timestamp>,
    clock_offset_ms: Option<i64>,
    #[serde(with = "maybe")]
    next_submission: Option<Timestamp>,
    receipts_waiting: bool,
    /// `frozen`, `forked`, `refused` or `unexplained`: what is wrong with the roster it uses.
    #[serde(default)]
    roster_fault: Option<String>,
    #[serde(default, with = "maybe")]
    roster_fault_since: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Lacking {
    device: String,
    recipient: String,
    alert: String,
    short: String,
    #[serde(with = "word")]
    since: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct Silent {
    device: String,
    contact: String,
    #[serde(with = "word")]
    since: Timestamp,
}

impl Run for StatusArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let status = with_desk(context, &self.desk, async |access| {
            access.ask(Status {}).await
        })?;
        context.output.result(&status, &status.text())
    }
}

impl Ask for Status {
    const NAME: &'static str = "status";
    const COLLECTS: bool = true;
    type Answer = DeskStatus;

    async fn answer(self, desk: &Desk) -> Result<DeskStatus, Fault> {
        let client = desk.client();
        let standing = client.status().await?;
        let inbox = client.inbox().await?;
        let outbox = client.outbox().await?;
        let is_open = |entry: &&maille_client::OutboxEntry| {
            entry.states.values().any(|state| !state.is_closed())
        };
        // A drill never counts among what is really owed.
        let real = || {
            let entries = outbox.iter();
            entries.filter(|entry| entry.status == Terms::Actual)
        };
        let mine = standing.contact.organisation();
        let endings = client.endings().await?;
        let concerns = |ending: &&maille_common::roster::Ending| {
            let organisation = ending.what.organisation();
            organisation.is_none_or(|organisation| organisation == mine)
        };
        let is_unanswered = |entry: &&maille_client::InboxEntry| super::inbox::is_waiting(entry);
        Ok(DeskStatus {
            agent: desk.is_resident(),
            officer: desk.officer()?,
            unanswered: inbox.iter().filter(is_unanswered).count(),
            open: real().filter(is_open).count(),
            overdue: real().filter(|entry| entry.overdue).count(),
            endings: endings.iter().filter(concerns).map(Ending::of).collect(),
            excluded: Excluded::of(desk).await?,
            hooks: Hook::all_of(desk).await?,
            archive: client.archiving().await?.map(|(archiving, _)| Archive {
                records: archiving.number,
                behind: archiving.behind,
                failing: archiving.failing.is_some(),
            }),
            ..DeskStatus::from(&standing)
        })
    }
}

impl From<&Standing> for DeskStatus {
    fn from(standing: &Standing) -> Self {
        let roster = &standing.roster;
        let lacking = standing.lacking.iter().map(|lacking| Lacking {
            device: lacking.device.to_string(),
            recipient: lacking.recipient.to_string(),
            alert: lacking.alert.to_string(),
            short: lacking.alert.prefix().to_string(),
            since: lacking.since,
        });
        let silent = standing.silent.iter().map(|silent| Silent {
            device: silent.device.to_string(),
            contact: silent.contact.to_string(),
            since: silent.since,
        });
        Self {
            contact: standing.contact.to_string(),
            device: standing.device.to_string(),
            network: standing.network.clone(),
            agent: false,
            officer: None,
            epoch: standing.epoch.0,
            bundle: standing.bundle,
            keys: Keys {
                since: standing.keys.since,
                until: standing.keys.until,
                offered: standing.keys.offered,
                trouble: standing
                    .keys
                    .trouble
                    .map(|(trouble, _)| trouble.name().to_owned()),
            },
            roster: Roster {
                hash: roster.hash.to_string(),
                number: roster.number,
                issued: roster.issued,
                renew_by: roster.renew_by,
                stale: roster.stale,
                forks: roster.forks,
            },
            relays: standing.relays.iter().map(Relay::from).collect(),
            unanswered: 0,
            open: 0,
            overdue: 0,
            lacking: lacking.collect(),
            silent: silent.collect(),
            excluded: None,
            endings: Vec::new(),
            hooks: Vec::new(),
            archive: None,
        }
    }
}

impl From<&RelayStatus> for Relay {
    fn from(status: &RelayStatus) -> Self {
        let (connection, connected_since) = match status.connection {
            Connection::Idle => ("idle", None),
            Connection::Connecting => ("connecting", None),
            Connection::Connected { since } => ("connected", Some(since)),
            Connection::Waiting => ("waiting", None),
        };
        Self {
            relay: status.relay.to_string(),
            home: status.home,
            connection: connection.to_owned(),
            connected_since,
            last_error: status.last_error.as_ref().map(|(_, words)| words.clone()),
            last_error_at: status.last_error.as_ref().map(|(time, _)| *time),
            clock_offset_ms: status.clock_offset_ms,
            next_submission: status.next_submission,
            receipts_waiting: status.posts_waiting,
            roster_fault: status.roster_fault.map(|(fault, _)| fault.to_string()),
            roster_fault_since: status.roster_fault.map(|(_, since)| since),
        }
    }
}

impl Keys {
    fn text(&self) -> String {
        let mut words = match (self.since.map(local), self.until.map(local)) {
            (Some(since), None) => status::KeysSince { since: &since }.to_string(),
            (Some(since), Some(until)) => status::KeysUntil {
                since: &since,
                until: &until,
            }
            .to_string(),
            (None, _) => status::KeysOfOthers.to_string(),
        };
        let of_others = KeysTrouble::Others.name();
        if self.since.is_some() && self.trouble.as_deref() == Some(of_others) {
            words += &format!("; {}", status::KeysOfOthers);
        }
        if let Some(offered) = self.offered.map(local) {
            words += &format!("; {}", status::KeysOffered { offered: &offered });
        }
        words
    }
}

impl DeskStatus {
    fn text(&self) -> String {
        let held: &dyn Display = match self.agent {
            true => &status::AgentHolds,
            false => &status::NoAgent,
        };
        let officer = self.officer.as_deref().map(safe_name);
        let officer: &dyn Display = match &officer {
            Some(officer) => officer,
            None => &status::NobodyOnDuty,
        };
        let head = status::Head {
            contact: &self.contact,
            network: &safe_name(&self.network),
            held,
            officer,
        };
        let alerts = status::Alerts {
            unanswered: &self.unanswered,
            open: &self.open,
        };
        let mut text = format!("{head}\n{alerts}\n{}\n", self.roster.text());
        text += &format!("{}\n", self.keys.text());
        if self.overdue > 0 {
            let count = &self.overdue;
            text += &format!("{}\n", status::Overdue { count });
        }
        for ending in &self.endings {
            text += &format!("{}\n", ending.text());
        }
        for relay in &self.relays {
            text += &relay.text();
        }
        for hook in &self.hooks {
            text += &hook.text();
        }
        if self.archive.as_ref().is_some_and(|archive| archive.failing) {
            text += &format!("{}\n", status::ArchiveFails);
        }
        for lacking in &self.lacking {
            let Lacking {
                short,
                recipient,
                device,
                since,
                ..
            } = lacking;
            let waits = status::WaitsForKeys {
                alert: short,
                recipient,
                device,
                since: &local(*since),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{waits}");
        }
        for Silent {
            device,
            contact,
            since,
        } in &self.silent
        {
            let since = &local(*since);
            let silent = status::Silent {
                contact,
                device,
                since,
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{silent}");
        }
        Excluded::before(self.excluded.as_ref(), text.trim_end())
    }
}

impl Roster {
    fn text(&self) -> String {
        let found = status::Roster {
            number: &self.number,
            issued: &local(self.issued),
            renew_by: &local(self.renew_by),
        };
        let mut text = found.to_string();
        if self.stale {
            text += &format!(" - {}", status::Stale);
        }
        if self.forks > 0 {
            text += &format!(" - {}", status::Forked);
        }
        text
    }
}

impl Relay {
    fn text(&self) -> String {
        let name = &self.relay;
        let connection = &term::Connection {
            word: &self.connection,
        };
        let mut text = match self.home {
            true => status::HomeRelay { name, connection }.to_string(),
            false => status::Relay { name, connection }.to_string(),
        };
        if let Some(offset) = self.clock_offset_ms {
            let offset_ms = &format_args!("{offset:+}");
            text += &format!(", {}", status::Clock { offset_ms });
        }
        if let (Some(words), Some(time)) = (&self.last_error, self.last_error_at) {
            let (time, words) = (&local(time), &safe_text(words));
            text += &format!(", {}", status::LastError { time, words });
        }
        if let (Some(word), Some(since)) = (&self.roster_fault, self.roster_fault_since) {
            let fault = &term::RosterFault { word };
            let since = &local(since);
            text += &format!(", {}", status::RosterFault { fault, since });
        }
        if self.receipts_waiting {
            text += &format!(", {}", status::ReceiptsWait);
        }
        text + "\n"
    }
}

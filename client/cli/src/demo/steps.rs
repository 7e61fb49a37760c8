//! The steps in their order, from a fresh folder to the last proof.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maille_common::identifier::AlertId;
use tokio::runtime::Runtime;

use super::dispatch::{CapFile, Dispatch};
use super::hand_check;
use super::recorder::Recorder;
use super::stage::{AWAY, OBSERVER, PRESENT, SENDER, Stage, ensure, failed};
use super::timeline::{Timeline, Told};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::network::{DEMO, RelaySite, Site, file_fault, found};
use crate::output::Output;
use crate::sentence::{claim, demo};

/// How many steps there are.
const STEPS: usize = 23;

/// What a demonstration is told.
#[derive(Debug)]
pub(crate) struct Request {
    /// The folder; none: a new temporary one, which stays.
    pub(crate) dir: Option<PathBuf>,
    /// A CAP 1.2 file instead of the built-in one.
    pub(crate) cap: Option<PathBuf>,
}

/// A runtime for desks, relays and recorders.
pub(crate) fn runtime() -> Result<Runtime, Fault> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::new(Exit::World, "runtime", error))
}

/// Shows the main job, and fails unless every step was verified.
pub(crate) fn run(request: Request, output: &Output) -> Result<(), Fault> {
    let cap = CapFile::read(request.cap.as_deref())?;
    let folder = match request.dir {
        Some(dir) => dir,
        None => fresh_folder()?,
    };
    fs::create_dir_all(&folder).map_err(|error| file_fault(&folder, &error))?;
    let folder = fs::canonicalize(&folder).map_err(|error| file_fault(&folder, &error))?;
    output.say(demo::Everything {
        folder: &folder.display(),
    });
    let mut timeline = Timeline::new(output, STEPS);
    let (openssl, alert) = runtime()?.block_on(play(&folder, cap, &mut timeline))?;
    let by_hand = by_hand(&folder, alert);
    timeline.end(&folder.display().to_string(), &openssl, &by_hand)
}

/// Plays every step; returns the command that checks one receipt, and the alert.
async fn play(
    folder: &Path,
    cap: CapFile,
    timeline: &mut Timeline<'_>,
) -> Result<(String, AlertId), Fault> {
    let stage = &mut timeline.passed("network", prepare(folder, cap).await)?;
    timeline.tell("network", stage.tell_network())?;
    timeline.tell("relay", stage.start_relay().await)?;
    timeline.tell("desks", stage.open_desks().await)?;
    timeline.tell("sent", stage.send().await)?;
    timeline.tell("accepted", stage.accepted().await)?;
    timeline.tell("killed", stage.kill_relay().await)?;
    timeline.tell("restarted", stage.restart_relay().await)?;
    timeline.tell("same-reference", stage.send_again().await)?;
    timeline.tell("delivered", stage.delivered().await)?;
    timeline.tell("flipped-bit", stage.flip_a_bit().await)?;
    timeline.tell("turned-back", stage.turn_it_back().await)?;
    timeline.tell("once", stage.once().await)?;
    timeline.tell("payload", stage.payload().await)?;
    timeline.tell("attachment", stage.attachment().await)?;
    timeline.tell("acknowledged", stage.acknowledge().await)?;
    timeline.tell("refused", stage.refuse().await)?;
    timeline.tell("no-rule", stage.send_without_a_rule().await)?;
    timeline.tell("no-rule-at-the-relay", stage.submit_without_a_rule().await)?;
    timeline.tell("unknown-device", stage.connect_unknown_device().await)?;
    timeline.tell("moved-receipt", stage.move_a_receipt())?;
    timeline.tell("hand-check", hand_check::write(stage))?;
    stage.close_all().await;
    timeline.tell("relay-folder", stage.search_relay_folder())?;
    timeline.tell("datagrams", stage.search_datagrams())?;
    Ok((hand_check::command(&stage.founded.site), stage.alert))
}

/// Founds the network behind a recorder, and writes what will be sent.
async fn prepare(folder: &Path, cap: CapFile) -> Result<Stage, Fault> {
    let recorder = Recorder::start()
        .await
        .map_err(|error| Fault::new(Exit::World, "recorder", error))?;
    let relay = RelaySite {
        name: "lyon".parse().map_err(failed)?,
        organisation: "interpol".parse().map_err(failed)?,
        address: recorder.address(),
    };
    let founded = found(Site::at(folder), DEMO, relay)?;
    let own_words = cap.is_built_in();
    let dispatch = Dispatch::prepare(folder, cap)?;
    let words = dispatch.words()?;
    Ok(Stage {
        roster: Arc::new(founded.roster.clone()),
        founded,
        recorder,
        relay: None,
        words,
        public_words: 0,
        own_words,
        dispatch,
        desks: BTreeMap::new(),
        alert: AlertId::from_bytes([0; 32]),
        acknowledgement: None,
    })
}

impl Stage {
    /// Two of three holders signed every document.
    fn tell_network(&self) -> Result<Told, Fault> {
        let authority = self.roster.authority();
        let holders: Vec<&str> = authority
            .keys
            .iter()
            .map(|key| key.organisation.as_str())
            .collect();
        let signatures: Vec<usize> = self
            .roster
            .documents()
            .authority
            .iter()
            .map(|signed| signed.signatures.len())
            .collect();
        ensure(
            signatures
                .iter()
                .all(|&count| count >= usize::from(authority.threshold)),
            claim::PartsAreSigned,
        )?;
        let what = demo::Network {
            threshold: &authority.threshold,
            count: &holders.len(),
            holders: &holders.join(", "),
            sender: &SENDER,
            present: &PRESENT,
            away: &AWAY,
            observer: &OBSERVER,
        };
        let hash = &self.roster.hash().short();
        Ok(Told::new(what, demo::RosterProved { hash }))
    }

    /// Closes every desk and the relay, so that all they had to say is said.
    async fn close_all(&mut self) {
        for contact in [SENDER, PRESENT, AWAY, OBSERVER] {
            self.close(contact).await;
        }
        // Nothing more is wanted of it: how it ended, nobody asks.
        if let Some(relay) = self.relay.take() {
            let _ = relay.kill().await;
        }
    }
}

/// A folder of its own for each demonstration, by the clock and the process.
fn fresh_folder() -> Result<PathBuf, Fault> {
    let name = format!(
        "maille-demo-{}-{}",
        crate::clock::now().unix_ms(),
        std::process::id()
    );
    let folder = std::env::temp_dir().join(name);
    fs::create_dir(&folder).map_err(|error| file_fault(&folder, &error))?;
    Ok(folder)
}

fn by_hand(folder: &Path, alert: AlertId) -> Vec<String> {
    let home = |contact: &str| {
        let home = Site::at(folder).home(&super::stage::address(contact));
        format!("maille --home '{}'", home.display())
    };
    vec![
        format!("maille-relay run '{}'", Site::at(folder).relay().display()),
        format!("{} inbox --all", home(AWAY)),
        format!("{} read {}", home(AWAY), alert.prefix()),
        format!("{} track {}", home(SENDER), alert.prefix()),
    ]
}

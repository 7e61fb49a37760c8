//! `lose`: whole stores and keys are gone, or an old copy comes back.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::json;

use super::checker::{Counts, Loss};
use super::crew::Crew;
use super::letter::Letters;
use super::report::Role;
use super::rest::{audit_stores, until_settled};
use super::rig::{Rig, RunArguments, ms_since, say};
use super::violation::{Broken, Violation};
use super::world::World;

const SENDERS: u8 = 2;
const RECIPIENTS: u8 = 3;

/// The desk that loses something.
const VICTIM: u8 = 0;

/// Arguments of `lose`.
#[derive(Debug, Args)]
pub(crate) struct Lose {
    #[command(flatten)]
    run: RunArguments,
    /// What is lost, in turn [default: each].
    #[arg(long, value_enum)]
    what: Vec<What>,
    /// Alerts that no recipient has when it happens.
    #[arg(long, default_value_t = 10_000)]
    undelivered: u64,
    /// Alerts that are delivered and not acknowledged when it happens.
    #[arg(long, default_value_t = 1_000)]
    delivered: u64,
}

/// What is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    /// The relay's store.
    Relay,
    /// A desk's store; its keys are kept.
    Inbox,
    /// A desk's whole home: a new device with new keys takes its place in the roster.
    Keys,
    /// All that the relay did since an old copy of its folder, which is put back.
    RelaySinceBackup,
    /// All that a desk did since an old copy of its store, which is put back.
    DeskSinceBackup,
}

impl What {
    const ALL: [Self; 5] = [
        Self::Relay,
        Self::Inbox,
        Self::Keys,
        Self::RelaySinceBackup,
        Self::DeskSinceBackup,
    ];

    fn role(self) -> Role {
        match self {
            Self::Relay | Self::RelaySinceBackup => Role::Relay,
            Self::Inbox | Self::Keys | Self::DeskSinceBackup => Role::Recipient(VICTIM),
        }
    }

    /// Whether an old copy is put back.
    fn is_rollback(self) -> bool {
        matches!(self, Self::RelaySinceBackup | Self::DeskSinceBackup)
    }
}

impl Lose {
    pub(crate) fn run(&self) -> ExitCode {
        let Self {
            undelivered,
            delivered,
            ..
        } = self;
        let words = format!(" --undelivered {undelivered} --delivered {delivered}");
        let all = match self.what.as_slice() {
            [] => What::ALL.to_vec(),
            what => what.to_vec(),
        };
        let cycles = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let mut rig = self.run.begin("lose", &words, cycles);
        let mut counts = Counts::default();
        for what in all.iter().cycle() {
            if !rig.goes_on() {
                break;
            }
            counts.add(&self.lose(&mut rig, *what));
        }
        rig.end(counts)
    }

    fn lose(&self, rig: &mut Rig, what: What) -> Counts {
        let (begun, seed) = (Instant::now(), rig.seed + rig.done);
        let folder = rig.folder().join("world");
        let world = World::found(&folder, SENDERS, RECIPIENTS);
        let letters = Letters {
            seed,
            recipients: RECIPIENTS,
            acknowledge: 30,
            refuse: 5,
            left: self.delivered.div_ceil(u64::from(SENDERS)),
            large: true,
        };
        let mut crew = Crew::new(world, letters, 0);
        crew.patience += Duration::from_millis(40 * (self.undelivered + self.delivered));
        let ended = self.play(&mut crew, what);
        let mut violations = crew.checker.take_violations();
        if let Err(why) = ended {
            violations.push(Violation::new(Broken::NotSettled, why));
        }
        if violations.is_empty() {
            violations = audit_stores(&mut crew);
        }
        let counts = crew.checker.counts;
        let line = json!({ "lost": what, "counts": counts, "ms": ms_since(begun) });
        rig.cycle(seed, line, &violations);
        drop(crew);
        if violations.is_empty() {
            fs::remove_dir_all(&folder).expect("a world that is over can be removed");
        }
        counts
    }

    /// Up to where all is settled again.
    fn play(&self, crew: &mut Crew, what: What) -> Result<(), String> {
        crew.start_everybody();
        grant(crew, self.delivered);
        crew.until_quiet()?;
        say(format_args!(
            "{what:?}: {} letters are delivered",
            self.delivered
        ));
        let shown = crew.checker.shown_to(VICTIM);
        if what.is_rollback() {
            back_up(crew, what);
            grant(crew, self.delivered);
            crew.until_quiet()?;
        }
        let recipients: Vec<_> = (0..RECIPIENTS).map(Role::Recipient).collect();
        crew.kill(&recipients);
        grant(crew, self.undelivered);
        crew.until_accepted()?;
        say(format_args!(
            "{what:?}: {} more are accepted",
            self.undelivered
        ));
        let before = crew.checker.life_of(what.role());
        crew.kill(&[what.role()]);
        take_away(crew, what, &shown);
        for role in crew.world.everybody() {
            if !crew.running().contains(&role) {
                crew.start(role);
            }
        }
        until_settled(crew);
        if what != What::Keys {
            // Whoever lost its store knows it by now, and lives another life.
            crew.stop(what.role());
            crew.checker.expect_new_life(what.role());
            crew.start(what.role());
            crew.until_up();
            crew.checker
                .expect_other_life(what.role(), before.as_deref());
        }
        Ok(())
    }
}

/// Gives so many letters out, divided among the senders.
fn grant(crew: &mut Crew, letters: u64) {
    let each = letters.div_ceil(u64::from(SENDERS));
    for sender in 0..SENDERS {
        crew.grant(
            sender,
            usize::try_from(each).expect("a few thousand letters"),
        );
    }
}

/// Copies a folder while nobody serves it, as an operator would.
fn back_up(crew: &mut Crew, what: What) {
    crew.stop(what.role());
    let (store, copy) = backup_of(crew, what);
    copy_folder(&store, &copy);
    crew.start(what.role());
    crew.until_up();
}

/// What is copied, and to where: the relay's whole folder, or a desk's store.
fn backup_of(crew: &Crew, what: What) -> (std::path::PathBuf, std::path::PathBuf) {
    let role = what.role();
    let folder = match role {
        Role::Relay => crew.world.folder_of(role),
        _ => crew.world.store_of(role),
    };
    let copy = crew.world.folder().join(format!("{role}.backup"));
    (folder, copy)
}

/// The loss itself, and what the checker must not expect any more.
fn take_away(crew: &mut Crew, what: What, shown: &BTreeSet<super::letter::LetterId>) {
    let role = what.role();
    let gone = |folder| fs::remove_dir_all(folder).expect("a folder can be removed");
    match what {
        What::Relay => {
            gone(crew.world.store_of(role));
            crew.checker.expect_new_life(role);
        }
        What::Inbox => {
            gone(crew.world.store_of(role));
            crew.checker.expect_new_life(role);
            crew.checker.lose(VICTIM, Loss::Inbox, &BTreeSet::new());
        }
        What::Keys => {
            gone(crew.world.folder_of(role));
            crew.world.remove_device(role);
            crew.world.make_desk(role);
            crew.world.publish();
            crew.checker.expect_new_life(role);
            crew.checker.lose(VICTIM, Loss::Keys, &BTreeSet::new());
        }
        What::RelaySinceBackup | What::DeskSinceBackup => {
            let (folder, copy) = backup_of(crew, what);
            gone(folder.clone());
            copy_folder(&copy, &folder);
            crew.checker.expect_new_life(role);
            if what == What::DeskSinceBackup {
                crew.checker.lose(VICTIM, Loss::Inbox, shown);
            }
        }
    }
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(
        copied.is_ok_and(|status| status.success()),
        "a folder can be copied"
    );
}

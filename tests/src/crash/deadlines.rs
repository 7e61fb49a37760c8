//! `deadlines`: SIGKILL of relay and sender while deadlines fall due that nobody meets.
//!
//! Each obligation has four: the sender tells that it is overdue, the relay asks the deputy, the
//! relay says that it has seen nothing, and the sender signs that it expired. Nobody sets a clock
//! here: `tests/tests/deadlines.rs` and `tests/tests/clocks_set.rs` do.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use maille_common::time::Span;
use serde_json::json;

use super::chance::Chance;
use super::child::{Around, Heard, Process, Word};
use super::letter::Letters;
use super::report::{Due, Order, Report, ReportedDues, Role};
use super::rig::{Rig, RunArguments};
use super::violation::{Broken, Violation};
use super::world::World;
use crate::kept_address::kept_address;

mod judge;

use judge::{LATE_MS, judge};

/// From when something has to be acknowledged until its deputy is asked.
const DEPUTY_LATER: Span = Span::from_seconds(5);
/// From when something has to be acknowledged until it expires: whoever is down when the deputy is
/// to be asked is up again before that.
pub(crate) const EXPIRES_LATER: Span = Span::from_seconds(20);
/// Everything takes less.
const PATIENCE: Duration = Duration::from_secs(180);
const SENDER: Role = Role::Sender(0);

/// Arguments of `deadlines`.
#[derive(Debug, Args)]
pub(crate) struct Deadlines {
    #[command(flatten)]
    run: RunArguments,
    /// How many deadlines, at least.
    #[arg(long, default_value_t = 10_000)]
    deadlines: u64,
    /// Recipients of each alert.
    #[arg(long, default_value_t = 10)]
    recipients: u8,
    /// The first falls due so many seconds after the alerts are given to the sender.
    #[arg(long, default_value_t = 20)]
    lead_seconds: u64,
    /// They fall due within so many seconds, and the last kinds of them later.
    #[arg(long, default_value_t = 30)]
    spread_seconds: u64,
}

impl Deadlines {
    pub(crate) fn run(&self) -> ExitCode {
        let words = format!(
            " --deadlines {} --recipients {} --lead-seconds {} --spread-seconds {}",
            self.deadlines, self.recipients, self.lead_seconds, self.spread_seconds
        );
        let mut rig = self.run.begin("deadlines", &words, 1);
        let mut summaries = Vec::new();
        while rig.goes_on() {
            let seed = rig.seed + rig.done;
            let stage = self.one_cycle(&rig, seed);
            let line = stage.summary();
            summaries.push(line.clone());
            rig.cycle(seed, line, &stage.violations);
        }
        rig.end(json!({ "worlds": summaries }))
    }

    fn one_cycle(&self, rig: &Rig, seed: u64) -> Stage {
        let folder = rig.folder().join(format!("world-{seed}"));
        // The last recipient is nobody's, and everybody's deputy.
        let mut world = World::found(&folder, 1, self.recipients + 1);
        for principal in 0..self.recipients {
            let deputy = Role::Recipient(self.recipients);
            world.deputise(Role::Recipient(principal), deputy, DEPUTY_LATER);
        }
        world.publish();
        world.lift_budgets();
        let mut stage = Stage::new(world, seed, self.recipients);
        stage.acquaint();
        let each = u64::from(self.recipients) * 4;
        let alerts = self.deadlines.div_ceil(each);
        let spread_ms = self.spread_seconds * 1_000;
        let within = |alert: u64| self.lead_seconds * 1_000 + alert * spread_ms / alerts;
        let ack_within_ms: Vec<u64> = (0..alerts).map(within).collect();
        stage.order(SENDER, &Order::Expect { ack_within_ms });
        stage.until("everything is sent", |stage| {
            stage.sent.len() as u64 == alerts
        });
        let last = now_ms() + within(alerts) + EXPIRES_LATER.ms() + LATE_MS;
        stage.kill_until(last, &mut Chance::about(seed, &[]));
        stage.collect(alerts);
        stage.judge();
        stage
    }
}

/// The processes of one world, and what they told.
struct Stage {
    world: World,
    seed: u64,
    recipients: u8,
    address: String,
    processes: BTreeMap<Role, Process>,
    started: u64,
    say: Sender<Heard>,
    heard: Receiver<Heard>,
    up: BTreeSet<Role>,
    /// Who was down, from when, and until when.
    down: BTreeMap<Role, Vec<(u64, u64)>>,
    /// Each alert, by the time within which it has to be acknowledged.
    sent: BTreeMap<String, u64>,
    fell: BTreeMap<String, Vec<ReportedDues>>,
    late_ms: Vec<u64>,
    violations: Vec<Violation>,
}

impl Stage {
    fn new(world: World, seed: u64, recipients: u8) -> Self {
        let (say, heard) = channel();
        Self {
            world,
            seed,
            recipients,
            address: kept_address().to_string(),
            processes: BTreeMap::new(),
            started: 0,
            say,
            heard,
            up: BTreeSet::new(),
            down: BTreeMap::new(),
            sent: BTreeMap::new(),
            fell: BTreeMap::new(),
            late_ms: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Everybody is there once, so that all keys are known; then recipients and deputy are away.
    fn acquaint(&mut self) {
        let everybody = self.world.everybody();
        for role in &everybody {
            self.start(*role);
        }
        self.until("everybody is up", |stage| stage.up.len() == everybody.len());
        let numbers = Vec::new();
        self.order(SENDER, &Order::Send { numbers });
        self.until("everybody is known", |stage| !stage.sent.is_empty());
        // Nobody is asked for that one.
        self.sent.clear();
        for role in everybody {
            if matches!(role, Role::Recipient(_)) {
                self.kill(role);
            }
        }
    }

    fn start(&mut self, role: Role) {
        self.started += 1;
        let arguments = self.arguments(role);
        let log = self.world.folder().join(format!("{role}.log"));
        let around = Around {
            log: &log,
            boot: None,
            failing: None,
        };
        let by = (role, self.started);
        let process = Process::start(by, &arguments, &around, self.say.clone());
        self.processes.insert(role, process);
    }

    fn arguments(&self, role: Role) -> Vec<String> {
        let folder = self.world.folder_of(role).display().to_string();
        let (relay, count) = (self.address.clone(), self.recipients.to_string());
        let words: Vec<String> = match role {
            Role::Relay => vec![
                "relay".into(),
                "--dir".into(),
                folder,
                "--listen".into(),
                relay,
            ],
            Role::Recipient(index) => {
                let letters = Letters {
                    seed: self.seed,
                    recipients: self.recipients,
                    acknowledge: 0,
                    refuse: 0,
                    left: u64::MAX,
                    large: false,
                };
                let letters = serde_json::to_string(&letters).expect("letters are JSON");
                let words = ["recipient", "--home", &folder, "--index"].map(str::to_owned);
                let rest = [
                    index.to_string(),
                    "--relay".into(),
                    relay,
                    "--letters".into(),
                    letters,
                ];
                words.into_iter().chain(rest).collect()
            }
            Role::Sender(_) | Role::Store => {
                let words = ["expectant", "--home", &folder, "--relay", &relay];
                let rest = ["--recipients", &count];
                words.into_iter().chain(rest).map(str::to_owned).collect()
            }
        };
        words
    }

    fn order(&mut self, role: Role, order: &Order) {
        if let Some(process) = self.processes.get_mut(&role) {
            process.order(order);
        }
    }

    fn kill(&mut self, role: Role) {
        if let Some(mut process) = self.processes.remove(&role) {
            process.kill();
            process.wait();
        }
        self.up.remove(&role);
        while let Ok(heard) = self.heard.try_recv() {
            self.take(heard);
        }
    }

    /// Kills one or both of them, again and again, until the last deadline has passed.
    fn kill_until(&mut self, end_ms: u64, chance: &mut Chance) {
        while now_ms() < end_ms {
            let pause = chance
                .between(1_500, 5_000)
                .min(end_ms.saturating_sub(now_ms()));
            std::thread::sleep(Duration::from_millis(pause));
            let victims: &[Role] = match chance.below(4) {
                0 => &[Role::Relay, SENDER],
                1 => &[SENDER],
                _ => &[Role::Relay],
            };
            let from = now_ms();
            for role in victims {
                self.kill(*role);
            }
            for role in victims {
                self.start(*role);
            }
            for role in victims {
                self.until("it is up again", |stage| stage.up.contains(role));
                self.down.entry(*role).or_default().push((from, now_ms()));
            }
        }
    }

    /// Asks the sender until it has been told everything, or nothing more comes.
    fn collect(&mut self, alerts: u64) {
        let ids: Vec<String> = self.sent.keys().cloned().collect();
        let until = now_ms() + 60_000;
        loop {
            self.fell.clear();
            self.order(SENDER, &Order::Track { ids: ids.clone() });
            self.until("it has told", |stage| stage.fell.len() as u64 == alerts);
            let dues = self.fell.values().flatten();
            let is_whole = |dues: &ReportedDues| dues.told.len() >= Due::ALL.len();
            if dues.into_iter().all(is_whole) || now_ms() > until {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            match self.heard.recv_timeout(PATIENCE) {
                Ok(heard) => self.take(heard),
                Err(_) => panic!("nothing is heard until {what}"),
            }
        }
    }

    fn take(&mut self, heard: Heard) {
        let Heard {
            role,
            process,
            what,
        } = heard;
        let current = self.processes.get(&role).map(|running| running.number);
        match what {
            Word::Report(Report::Up { .. }) if current == Some(process) => {
                self.up.insert(role);
            }
            Word::Report(Report::Sent { number, id, .. }) => {
                self.sent.insert(id, number);
            }
            Word::Report(Report::Fell { id, dues }) => {
                self.fell.insert(id, dues);
            }
            Word::Report(Report::Stops { code, sentence }) => {
                let what = format!("{code}: {sentence}");
                self.violations
                    .push(Violation::at(Broken::Stopped, role, what));
            }
            Word::Ended if current == Some(process) => panic!("{role} ended by itself"),
            _ => {}
        }
    }

    /// Compares what was told with what had to be.
    fn judge(&mut self) {
        for (id, within_ms) in &self.sent {
            let fell = self.fell.get(id).map_or(&[][..], Vec::as_slice);
            if fell.len() != usize::from(self.recipients) {
                let at = format!("{id}: {} obligations are known", fell.len());
                self.violations.push(Violation::new(Broken::Deadline, at));
            }
            for dues in fell {
                for due in Due::ALL {
                    match judge(*within_ms, dues, due, &self.down) {
                        Ok(late_ms) => self.late_ms.push(late_ms),
                        Err(what) => {
                            let recipient = dues.recipient;
                            let at = format!("{due:?} of {id} for recipient {recipient}: {what}");
                            self.violations.push(Violation::new(Broken::Deadline, at));
                        }
                    }
                }
            }
        }
        self.late_ms.sort_unstable();
    }

    fn summary(&self) -> serde_json::Value {
        let kills = |role: Role| self.down.get(&role).map_or(0, Vec::len);
        let longest = |role: Role| {
            let down = self.down.get(&role).into_iter().flatten();
            down.map(|(from, up)| up - from).max().unwrap_or_default()
        };
        let at = |share: usize| {
            let index = self.late_ms.len() * share / 1_000;
            self.late_ms.get(index).copied().unwrap_or_default()
        };
        json!({
            "deadlines": self.late_ms.len(), "alerts": self.sent.len(),
            "relay_killed": kills(Role::Relay), "sender_killed": kills(SENDER),
            "relay_down_ms_max": longest(Role::Relay), "sender_down_ms_max": longest(SENDER),
            "late_ms_median": at(500), "late_ms_999": at(999),
            "late_ms_max": self.late_ms.last().copied().unwrap_or_default(),
        })
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.expect("it is after 1970");
    u64::try_from(since.as_millis()).expect("it is before the end of time")
}

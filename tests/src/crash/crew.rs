//! A world's processes, and the checker that hears them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::checker::Checker;
use super::child::{Around, Heard, Process, Word};
use super::failing_call::FailingCall;
use super::letter::{LetterId, Letters};
use super::report::{Order, Report, Role};
use super::violation::{Broken, Violation};
use super::world::World;
use crate::kept_address::kept_address;

/// Without faults everything comes within this time: a reconnection after its longest pause, and
/// what the connection then carries.
const QUIET: Duration = Duration::from_secs(180);

mod waiting;

/// Everybody at work.
#[derive(Debug)]
pub(crate) struct Crew {
    pub(crate) world: World,
    pub(crate) checker: Checker,
    processes: BTreeMap<Role, Process>,
    /// Who has said that it is up.
    up: BTreeSet<Role>,
    started: u64,
    /// Where the relay listens.
    address: String,
    say: Sender<Heard>,
    heard: Receiver<Heard>,
    /// The next letter of each sender.
    next: BTreeMap<u8, u64>,
    /// How long it may take until all is settled, without faults.
    pub(crate) patience: Duration,
    /// Letters of one sender that may be open at a time.
    pub(crate) window: usize,
    /// What stands in for the machine's boot id.
    pub(crate) boot: Option<PathBuf>,
    /// Where processes log: not on a volume whose power is cut.
    pub(crate) logs: PathBuf,
    /// What was reported since a moment that may be gone back to.
    since: Option<Vec<(Role, Report)>>,
    /// What the relay said last that waits there.
    waiting: Option<u64>,
}

impl Crew {
    /// Nobody runs yet.
    pub(crate) fn new(world: World, letters: Letters, window: usize) -> Self {
        let (say, heard) = channel();
        let logs = world.folder().to_owned();
        Self {
            world,
            checker: Checker::new(letters),
            processes: BTreeMap::new(),
            up: BTreeSet::new(),
            started: 0,
            address: kept_address().to_string(),
            say,
            heard,
            next: BTreeMap::new(),
            window,
            patience: QUIET,
            boot: None,
            logs,
            since: None,
            waiting: None,
        }
    }

    /// Starts somebody; a sender is given again what it had not promised yet.
    pub(crate) fn start(&mut self, role: Role) {
        self.start_failing(role, None);
    }

    /// Starts somebody whose system call fails, which is told in a file.
    pub(crate) fn start_failing(&mut self, role: Role, failing: Option<(&FailingCall, &Path)>) {
        self.started += 1;
        self.up.remove(&role);
        let log = self.logs.join(format!("{role}.log"));
        let arguments = self.arguments(role);
        let by = (role, self.started);
        let around = Around {
            log: &log,
            boot: self.boot.as_deref(),
            failing,
        };
        let process = Process::start(by, &arguments, &around, self.say.clone());
        self.processes.insert(role, process);
        if let Role::Sender(sender) = role {
            self.grant_refused(sender);
        }
    }

    /// Starts everybody.
    pub(crate) fn start_everybody(&mut self) {
        for role in self.world.everybody() {
            self.start(role);
        }
        self.until_up();
    }

    /// Where the relay listens.
    pub(crate) fn relay_address(&self) -> &str {
        &self.address
    }

    /// The most memory that somebody's process ever held.
    pub(crate) fn memory_bytes_peak(&self, role: Role) -> u64 {
        self.processes
            .get(&role)
            .map_or(0, Process::memory_bytes_peak)
    }

    fn arguments(&self, role: Role) -> Vec<String> {
        let folder = self.world.folder_of(role).display().to_string();
        let relay = &self.address;
        let (part, index) = match role {
            Role::Relay => {
                let words = ["relay", "--dir", &folder, "--listen", relay];
                return words.map(str::to_owned).to_vec();
            }
            Role::Store => unreachable!("a store alone has no crew"),
            Role::Sender(index) => ("sender", index.to_string()),
            Role::Recipient(index) => ("recipient", index.to_string()),
        };
        let letters = serde_json::to_string(self.checker.letters()).expect("letters are JSON");
        let words = [
            part,
            "--home",
            &folder,
            "--index",
            &index,
            "--relay",
            relay,
            "--letters",
            &letters,
        ];
        words.map(str::to_owned).to_vec()
    }

    /// Gives an order to somebody who runs.
    pub(crate) fn order(&mut self, role: Role, order: &Order) {
        if let Some(process) = self.processes.get_mut(&role) {
            process.order(order);
        }
    }

    /// Who runs.
    pub(crate) fn running(&self) -> Vec<Role> {
        self.processes.keys().copied().collect()
    }

    /// Kills some at one moment, and hears out what they said before.
    pub(crate) fn kill(&mut self, roles: &[Role]) {
        let mut killed = Vec::new();
        for role in roles {
            if let Some(mut process) = self.processes.remove(role) {
                process.kill();
                killed.push(process);
            }
            self.up.remove(role);
        }
        for mut process in killed {
            process.wait();
        }
        // All they said is in the channel now.
        self.hear_rest();
    }

    /// Kills everybody.
    pub(crate) fn kill_everybody(&mut self) {
        self.kill(&self.running());
    }

    /// Waits until somebody has ended by itself after an order to stop.
    pub(crate) fn stop(&mut self, role: Role) {
        self.order(role, &Order::Stop);
        if let Some(mut process) = self.processes.remove(&role) {
            process.wait();
        }
        self.up.remove(&role);
        self.hear_rest();
    }

    /// Hears so many words under load, or until the time is up; how many it were.
    pub(crate) fn hear_some(&mut self, words: u64, time: Duration) -> u64 {
        let until = Instant::now() + time;
        let mut count = 0;
        while count < words {
            self.top_up();
            match self.hear_until(until) {
                Some(_) => count += 1,
                None => break,
            }
        }
        count
    }

    /// Keeps this moment: everything promised so far, to which the world may be set back.
    pub(crate) fn keep_moment(&mut self) -> Checker {
        self.hear_rest();
        self.since = Some(Vec::new());
        self.checker.clone()
    }

    /// The world was set back to about this moment: what was reported since may be so, or not.
    pub(crate) fn set_back(&mut self, moment: Checker) {
        let found = self.checker.take_violations();
        self.checker = moment;
        for violation in found {
            self.checker.violate(violation);
        }
        for (sender, next) in &self.next {
            for number in 0..*next {
                let sender = *sender;
                self.checker.grant_again(LetterId { sender, number });
            }
        }
        for (role, report) in self.since.take().unwrap_or_default() {
            self.checker.hear_perhaps(role, &report);
        }
    }

    /// Hears everything that waits to be heard.
    pub(crate) fn hear_rest(&mut self) {
        while let Ok(heard) = self.heard.try_recv() {
            self.take(heard);
        }
    }

    /// Gives senders more to send while less is open than may be.
    fn top_up(&mut self) {
        for sender in 0..self.world.senders {
            let role = Role::Sender(sender);
            let open = self.checker.open_of(sender);
            if open * 4 < self.window * 3 && self.up.contains(&role) {
                self.grant(sender, self.window - open);
            }
        }
    }

    /// Gives a sender so many letters to send.
    pub(crate) fn grant(&mut self, sender: u8, count: usize) {
        let next = self.next.entry(sender).or_default();
        let first = *next;
        *next += u64::try_from(count).expect("a window is small");
        let numbers: Vec<u64> = (first..*next).collect();
        for number in &numbers {
            self.checker.grant(LetterId {
                sender,
                number: *number,
            });
        }
        self.order(Role::Sender(sender), &Order::Send { numbers });
    }

    /// Asks a sender once more to send what it refused.
    pub(crate) fn grant_refused(&mut self, sender: u8) {
        let numbers = self.checker.unpromised(sender);
        self.order(Role::Sender(sender), &Order::Send { numbers });
    }

    /// Hears one word; none when the time is up.
    fn hear_until(&mut self, until: Instant) -> Option<()> {
        let left = until.saturating_duration_since(Instant::now());
        match self.heard.recv_timeout(left) {
            Ok(heard) => {
                self.take(heard);
                Some(())
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => unreachable!("this crew holds a sender"),
        }
    }

    fn take(
        &mut self,
        Heard {
            role,
            process,
            what,
        }: Heard,
    ) {
        let current = self.processes.get(&role).map(|running| running.number);
        match what {
            Word::Report(report) => {
                if matches!(report, Report::Up { .. }) && current == Some(process) {
                    self.up.insert(role);
                }
                if let Report::Waiting { waiting } = report {
                    self.waiting = Some(waiting);
                }
                if let Some(since) = &mut self.since {
                    since.push((role, report.clone()));
                }
                self.checker.hear(role, report);
            }
            Word::Ended if current == Some(process) => self.ended(role),
            Word::Ended => {}
        }
    }

    /// Somebody ended whom nobody killed.
    fn ended(&mut self, role: Role) {
        self.up.remove(&role);
        let Some(mut process) = self.processes.remove(&role) else {
            return;
        };
        let status = process.wait();
        if !self.checker.may_stop.contains(&role) {
            self.checker
                .violate(Violation::at(Broken::Stopped, role, status));
        } else if status.code().is_none() {
            let what = format!("it did not stop with a code: {status}");
            self.checker
                .violate(Violation::at(Broken::Stopped, role, what));
        }
    }
}

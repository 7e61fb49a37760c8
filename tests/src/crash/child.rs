//! One process of the rig: started, heard, ordered about, and killed.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};

use super::failing_call::FailingCall;
use super::report::{Order, Report, Role};

/// What was heard of a process.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) role: Role,
    /// Counts the processes of the rig: what an earlier one of the role said is not this one's.
    pub(crate) process: u64,
    pub(crate) what: Word,
}

#[derive(Debug)]
pub(crate) enum Word {
    Report(Report),
    /// It said its last word, and ended or is about to.
    Ended,
}

/// A process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: u64,
    child: Child,
    orders: Option<ChildStdin>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts this program again in a part.
    pub(crate) fn start(
        (role, number): (Role, u64),
        arguments: &[String],
        around: &Around<'_>,
        heard: Sender<Heard>,
    ) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut words = around.prefix();
        words.push(program.display().to_string());
        let (first, rest) = words.split_first().expect("there is a program");
        let log = File::options().create(true).append(true).open(around.log);
        let mut child = Command::new(first)
            .args(rest)
            .arg("part")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.expect("a log can be written"))
            .spawn()
            .expect("this program can be run again");
        let output = child.stdout.take().expect("its output is piped");
        let reader = thread::spawn(move || {
            // Without a rig to hear it, nobody minds.
            let say = |what| {
                let process = number;
                let _ = heard.send(Heard {
                    role,
                    process,
                    what,
                });
            };
            let mut lines = BufReader::with_capacity(256 * 1024, output);
            let mut line = Vec::new();
            while lines
                .read_until(b'\n', &mut line)
                .is_ok_and(|bytes| bytes > 0)
            {
                // A line that was cut off by a kill says nothing.
                if let Ok(report) = serde_json::from_slice(&line) {
                    say(Word::Report(report));
                }
                line.clear();
            }
            say(Word::Ended);
        });
        Self {
            number,
            orders: child.stdin.take(),
            child,
            reader: Some(reader),
        }
    }

    /// Gives an order; a process that is gone does not take it.
    pub(crate) fn order(&mut self, order: &Order) {
        let mut line = serde_json::to_vec(order).expect("an order is JSON");
        line.push(b'\n');
        if let Some(orders) = &mut self.orders {
            let _ = orders.write_all(&line);
        }
    }

    /// The most memory it ever held, as Linux counts it; 0 where that is not known.
    pub(crate) fn memory_bytes_peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.map_or(0, |kib| kib << 10)
    }

    /// Kills it with SIGKILL; what it said before stays heard.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
    }

    /// Waits until it is gone and everything it said was handed on.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.orders = None;
        let status = self.child.wait().expect("a child can be waited for");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("a reader does not panic");
        }
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

/// What a process finds around it.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    /// Where it logs.
    pub(crate) log: &'a Path,
    /// What it takes for the boot of the machine, if not the machine's own: a power cut is another,
    /// and stores go by the boot id.
    pub(crate) boot: Option<&'a Path>,
    /// A system call that fails, and where it is told.
    pub(crate) failing: Option<(&'a FailingCall, &'a Path)>,
}

impl Around<'_> {
    /// The words in front of a program; all of them let it be the rig's own child.
    fn prefix(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(boot) = self.boot {
            // In a mount namespace of its own.
            let script = r#"mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@""#;
            words.extend(["unshare", "--mount", "sh", "-c", script].map(str::to_owned));
            words.push(boot.display().to_string());
        }
        if let Some((call, trace)) = self.failing {
            words.extend(call.prefix(trace));
        }
        words
    }
}

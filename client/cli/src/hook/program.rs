//! A program that is run for an event: no shell, no arguments, the event on its standard input.

use std::convert::Infallible;
use std::fmt::Display;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{agent, fault, hint};

/// What systemd gives to the agent alone: where to say that it lives, and its passphrase.
const OF_THE_AGENT: &[&str] = &[
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "CREDENTIALS_DIRECTORY",
];

/// How long what it wrote before its end is read.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A program, and how long it may take.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    home: PathBuf,
    limit: Duration,
}

/// Why a program has not done what it was run for.
#[derive(Debug)]
pub(super) enum Failure {
    /// The system did not start it.
    NotStarted(io::Error),
    /// It ended with another code than 0.
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
    /// Its time was up, and it was killed with all it had started.
    Late(Duration),
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) outcome: Result<(), Failure>,
    /// How much it wrote to standard error. The words may quote the alert: they are kept nowhere.
    pub(super) stderr_bytes: u64,
}

impl Program {
    /// The program at this path, which is one word: a script is the place for arguments. It is run
    /// with the alerts of this desk, so it is refused where anybody could exchange it.
    pub(crate) fn find(path: &Path, home: &Path, limit: Duration) -> Result<Self, Fault> {
        let refuse = |why: &dyn Display| {
            let path = &path.display();
            let sentence = fault::HookProgram { path, why };
            Fault::new(Exit::Input, "hook-program", sentence).with_hint(hint::CheckHook)
        };
        let metadata = fs::metadata(path).map_err(|error| refuse(&error))?;
        let mode = metadata.permissions().mode();
        if !metadata.is_file() {
            return Err(refuse(&fault::NotAFile));
        }
        if mode & 0o111 == 0 {
            return Err(refuse(&fault::NotExecutable));
        }
        if mode & 0o002 != 0 {
            return Err(refuse(&fault::WritableByAll));
        }
        let absolute = |path: &Path| std::path::absolute(path).map_err(|error| refuse(&error));
        Ok(Self {
            path: absolute(path)?,
            home: absolute(home)?,
            limit,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs it with this on its standard input. Dropping the future kills it, with all it started.
    pub(super) async fn run(&self, input: &[u8]) -> Run {
        let mut stderr_bytes = 0;
        let outcome = match self.start() {
            Err(error) => Err(Failure::NotStarted(error)),
            Ok(mut started) => {
                let ended = started.end(input, &mut stderr_bytes);
                match tokio::time::timeout(self.limit, ended).await {
                    Ok(Ok(status)) => outcome_of(status),
                    Ok(Err(error)) => Err(Failure::NotStarted(error)),
                    Err(_) => Err(Failure::Late(self.limit)),
                }
            }
        };
        Run {
            outcome,
            stderr_bytes,
        }
    }

    fn start(&self) -> io::Result<Started> {
        let mut command = Command::new(&self.path);
        command
            .env("MAILLE_HOME", &self.home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        for name in OF_THE_AGENT {
            command.env_remove(name);
        }
        let child = command.spawn()?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        Ok(Started { child, group })
    }
}

/// A program that runs, in a process group of its own, which is killed if it is dropped before it
/// has ended.
struct Started {
    child: Child,
    group: Option<Pid>,
}

impl Started {
    /// Gives it its input, and waits until it has ended.
    async fn end(&mut self, input: &[u8], stderr_bytes: &mut u64) -> io::Result<ExitStatus> {
        let (stdin, stderr) = (self.child.stdin.take(), self.child.stderr.take());
        let feed = async {
            if let Some(mut stdin) = stdin {
                // Whoever does not want to know more closes it early, and says so by its exit code.
                let _ = stdin.write_all(input).await;
            }
            std::future::pending::<Infallible>().await
        };
        let drain = async {
            if let Some(mut stderr) = stderr {
                let mut piece = [0; 4096];
                while let Ok(count @ 1..) = stderr.read(&mut piece).await {
                    *stderr_bytes += u64::try_from(count).unwrap_or_default();
                }
            }
        };
        tokio::pin!(feed, drain);
        let mut drained = false;
        // What it left running may hold the pipes open; its own end is what counts.
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status?,
                never = &mut feed => match never {},
                () = &mut drain, if !drained => drained = true,
            }
        };
        if !drained {
            let _ = tokio::time::timeout(LAST_WORDS, drain).await;
        }
        // Its number may become another's from now on.
        self.group = None;
        Ok(status)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // One that has just ended is gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn outcome_of(status: ExitStatus) -> Result<(), Failure> {
    match (status.success(), status.code(), status.signal()) {
        (true, ..) => Ok(()),
        (false, Some(code), _) => Err(Failure::Exit(code)),
        (false, None, signal) => Err(Failure::Signal(signal.unwrap_or_default())),
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotStarted(error) => agent::ProgramNotStarted { error }.fmt(f),
            Self::Exit(code) => agent::ProgramExit { code }.fmt(f),
            Self::Signal(signal) => agent::ProgramKilled { signal }.fmt(f),
            Self::Late(limit) => {
                let seconds = &limit.as_secs();
                agent::ProgramLate { seconds }.fmt(f)
            }
        }
    }
}

//! The binary `maille` at one desk.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

/// One desk.
pub(crate) struct Desk {
    home: PathBuf,
}

/// What a command did.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A command that goes on.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Desk {
    pub(crate) fn of(home: PathBuf) -> Self {
        Self { home }
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_maille"));
        command
            .args(words)
            .env_clear()
            .env("MAILLE_HOME", &self.home)
            .env("TZ", "UTC");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command with something on its standard input.
    pub(crate) fn answer(&self, words: &[&str], input: &str) -> Answer {
        let mut child = self.command(words).spawn().unwrap();
        // Whoever is not asked closes the stream early.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Answer::from(output)
    }

    /// Runs a command, expects it to succeed, and gives what it printed.
    pub(crate) fn done(&self, words: &[&str]) -> String {
        let answer = self.answer(words, "");
        assert_eq!(answer.code, 0, "maille {words:?}\n{}", answer.stderr);
        String::from_utf8(answer.stdout).unwrap()
    }

    /// The same as JSON: the one object that is printed.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(words);
        serde_json::from_str(&self.done(&all)).unwrap()
    }

    /// Runs a command and expects this exit code and fault; gives the fault.
    pub(crate) fn refused(&self, words: &[&str], exit: i32, code: &str) -> Value {
        let mut all = vec!["--json"];
        all.extend(words);
        let answer = self.answer(&all, "");
        assert_eq!(answer.code, exit, "maille {words:?}\n{}", answer.stderr);
        let last = answer.stderr.lines().last().unwrap();
        let fault: Value = serde_json::from_str(last).unwrap();
        assert_eq!(fault["error"]["code"], code, "{}", answer.stderr);
        assert!(
            fault["error"]["hint"].is_string(),
            "a hint says what to do: {last}"
        );
        fault
    }

    /// Sends words to Tunis and gives the short id.
    pub(crate) fn send(&self, more: &[&str]) -> Value {
        let mut words = vec![
            "send",
            "--to",
            "afripol/tn/tunis",
            "--subject",
            "Ransomware",
        ];
        words.extend(more);
        self.json(&words)
    }

    /// Waits for so many events, exercises among them.
    pub(crate) fn events(&self, reader: &str, count: usize) -> Vec<Value> {
        let count = count.to_string();
        let words = [
            "--json", "listen", "--all", "--reader", reader, "--count", &count,
        ];
        let lines = self.done(&words);
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Starts a command that goes on.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        let mut command = self.command(words);
        Running::of(command.stderr(Stdio::inherit()).spawn().unwrap())
    }

    /// The same with more in its environment.
    pub(crate) fn start_with(&self, words: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut command = self.command(words);
        command.envs(environment.iter().copied());
        Running::of(command.stderr(Stdio::inherit()).spawn().unwrap())
    }

    /// Starts the agent with all that it can log, into a file, and waits until it answers.
    pub(crate) fn agent_logging(&self, words: &[&str], log: &Path) -> Running {
        let mut command = self.command(words);
        command.env("RUST_LOG", "trace");
        let log = std::fs::File::create(log).unwrap();
        let mut agent = Running::of(command.stderr(log).spawn().unwrap());
        agent.line();
        agent
    }

    /// Starts the agent, and waits until it answers.
    pub(crate) fn agent(&self) -> Running {
        self.agent_by(&[])
    }

    /// The same, opened by whoever these words name.
    pub(crate) fn agent_by(&self, unlock: &[&str]) -> Running {
        let words = [&["--json", "agent"], unlock].concat();
        let mut agent = self.start(&words);
        agent.line();
        agent
    }

    /// Starts the agent so that [`Running::break_disk`] can fail its writes, instead of ending it
    /// by the signal that tells of a limit.
    #[cfg(target_os = "linux")]
    pub(crate) fn agent_on_weak_disk(&self) -> Running {
        let agent = ["--json", "agent", "--patience", "100ms"];
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
            .arg(env!("CARGO_BIN_EXE_maille"))
            .args(agent)
            .env_clear()
            .env("MAILLE_HOME", &self.home)
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = Running::of(shell.spawn().unwrap());
        running.line();
        running
    }

    /// Waits for an event of a kind, by a reader of this name, who has handled it then.
    pub(crate) fn until(&self, reader: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.events(reader, 1).remove(0);
            if is_it(&event) {
                return event;
            }
        }
    }
}

impl Running {
    fn of(mut child: Child) -> Self {
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended");
        line
    }

    /// From now on no write of its to a file succeeds.
    #[cfg(target_os = "linux")]
    pub(crate) fn break_disk(&self) {
        let pid = self.child.id().to_string();
        let limit = ["--pid", &pid, "--fsize=0"];
        assert!(
            Command::new("prlimit")
                .args(limit)
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until it ends by itself, and gives its exit code and what it said, which was piped.
    #[cfg(target_os = "linux")]
    pub(crate) fn end_saying(mut self) -> (i32, String) {
        let code = self.child.wait().unwrap().code().unwrap();
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
        (code, said)
    }

    /// Waits until it ends by itself, and gives its exit code.
    pub(crate) fn end(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }

    /// Ends it by SIGKILL, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end with SIGTERM, and gives its exit code.
    pub(crate) fn terminate(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

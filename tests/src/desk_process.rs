//! A desk in a process of its own, which can be killed at any moment.
//!
//! The program is `src/bin/desk.rs` of this package; a test names it by
//! `env!("CARGO_BIN_EXE_maille-test-desk")`.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::process::Stdio;

use maille_common::codec::from_hex;
use maille_common::identifier::AlertId;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::net::{TestNet, soon};

/// The name under which the process reads its desk's events.
pub const READER: &str = "process";

/// A desk that another process holds. Killed when dropped.
#[derive(Debug)]
pub struct DeskProcess {
    child: Child,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// Lines that came before the one that was waited for.
    passed: VecDeque<String>,
}

impl DeskProcess {
    /// Opens the home of a desk that is closed in the test's own process, and waits until it is
    /// open there. It reaches relays where the desk would.
    pub async fn start(program: impl AsRef<OsStr>, net: &TestNet, contact: &str) -> Self {
        let mut command = Command::new(program);
        command.arg(&net.desk(contact).home);
        for (relay, address) in net.relay_addresses(contact) {
            command.arg(format!("{relay}={address}"));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut process = Self {
            orders: child.stdin.take().unwrap(),
            child,
            lines,
            passed: VecDeque::new(),
        };
        process.until("open").await;
        process
    }

    /// Waits until something arrived that was not told here before.
    pub async fn arrived(&mut self) -> AlertId {
        alert(&self.until("arrived").await)
    }

    /// Says that everything told so far was handled, and waits until that is remembered.
    pub async fn handled(&mut self) {
        self.order("handled").await;
        self.until("handled").await;
    }

    /// Sends an alert of a few words. On return the outbox holds it.
    pub async fn send(&mut self, contact: &str, subject: &str) -> AlertId {
        self.order(&format!("send {contact} {subject}")).await;
        alert(&self.until("sent").await)
    }

    /// Ends it by SIGKILL, and gives what it had said that nobody waited for.
    pub async fn kill(mut self) -> Vec<String> {
        soon("the process is gone", self.child.kill())
            .await
            .unwrap();
        let mut said: Vec<String> = self.passed.into();
        while let Ok(Some(line)) = soon("its last line", self.lines.next_line()).await {
            said.push(line);
        }
        said
    }

    async fn order(&mut self, order: &str) {
        self.orders
            .write_all(format!("{order}\n").as_bytes())
            .await
            .unwrap();
    }

    /// Waits for a line that begins with this word, and gives the rest of it.
    async fn until(&mut self, word: &str) -> String {
        let rest = |line: &String| line.strip_prefix(word).map(|rest| rest.trim().to_owned());
        let passed = self.passed.iter().position(|line| rest(line).is_some());
        if let Some(line) = passed.and_then(|at| self.passed.remove(at)) {
            return rest(&line).unwrap();
        }
        loop {
            let line = soon(word, self.lines.next_line()).await.unwrap();
            let line = line.unwrap_or_else(|| panic!("the process ended without saying {word}"));
            match rest(&line) {
                Some(rest) => return rest,
                None => self.passed.push_back(line),
            }
        }
    }
}

/// The alert that a process names.
fn alert(told: &str) -> AlertId {
    AlertId::from_bytes(from_hex(told).unwrap())
}

//! A system call that fails as the kernel would fail it: `strace` puts the error in its place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Each thread's call of this number fails, once.
#[derive(Debug, Clone)]
pub(crate) struct FailingCall {
    /// The system call.
    pub(crate) call: &'static str,
    /// The name of the error.
    pub(crate) error: &'static str,
    /// Counted from 1.
    pub(crate) when: u64,
    /// Only of this file.
    pub(crate) of: Option<PathBuf>,
}

impl FailingCall {
    /// The words in front of a program, which stays the child of whoever runs them. What was
    /// traced is written to a file.
    pub(crate) fn prefix(&self, trace: &Path) -> Vec<String> {
        let Self {
            call, error, when, ..
        } = self;
        let mut words = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-y", "-o"]
            .map(str::to_owned)
            .to_vec();
        words.push(trace.display().to_string());
        words.extend(["-e".to_owned(), format!("trace={call}")]);
        let inject = format!("inject={call}:error={error}:when={when}");
        words.extend(["-e".to_owned(), inject]);
        if let Some(of) = &self.of {
            words.extend(["-P".to_owned(), of.display().to_string()]);
        }
        words
    }

    /// In a few words.
    pub(crate) fn words(&self) -> String {
        let of = self.of.as_deref().and_then(Path::file_name);
        let of = of.map_or_else(String::new, |of| format!(" of {}", of.display()));
        format!("{} {}{of}: {}", self.call, self.when, self.error)
    }
}

/// The calls that a trace says have failed so.
pub(crate) fn injected(trace: &Path) -> Vec<String> {
    let lines = fs::read_to_string(trace).unwrap_or_default();
    let failed = lines.lines().filter(|line| line.ends_with("(INJECTED)"));
    failed.map(str::to_owned).collect()
}

/// Runs a program behind some words; or why that is not possible.
pub(crate) fn run(prefix: &[String], program: &[&str]) -> Result<Output, String> {
    let (first, rest) = prefix.split_first().expect("a prefix has a program");
    let mut command = Command::new(first);
    command.args(rest).args(program);
    command
        .output()
        .map_err(|error| format!("{first} cannot be run: {error}"))
}

/// Why no call can be made to fail here, if so.
pub(crate) fn impossible() -> Option<String> {
    let none = FailingCall {
        call: "fsync",
        error: "EIO",
        when: 1,
        of: None,
    };
    match run(&none.prefix(Path::new("/dev/null")), &["true"]) {
        Err(why) => Some(why),
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

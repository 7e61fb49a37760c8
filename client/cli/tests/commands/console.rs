//! A folder of its own, in which the real binary runs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A fresh folder.
pub(crate) struct Console {
    folder: TempDir,
}

/// What a command did.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Console {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs `maille` with these words, and nobody to ask.
    pub(crate) fn maille(&self, words: &[&str]) -> Answer {
        self.answer(words, "")
    }

    /// Runs `maille` and answers its questions.
    pub(crate) fn answer(&self, words: &[&str], input: &str) -> Answer {
        self.answer_into(Stdio::piped(), words, input)
    }

    /// Runs `maille` where nobody reads its results.
    pub(crate) fn unread(&self, words: &[&str]) -> Answer {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        self.answer_into(writer.into(), words, "")
    }

    fn answer_into(&self, results: Stdio, words: &[&str], input: &str) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_maille"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear();
        command
            .stdin(Stdio::piped())
            .stdout(results)
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Whoever is not asked closes the stream early.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Answer {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs `maille` with words that stand in one line, and expects it to succeed.
    pub(crate) fn done(&self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        let answer = self.maille(&words);
        assert_eq!(answer.code, 0, "maille {line}\n{}", answer.stderr);
        answer.stdout
    }

    /// Runs `maille`, expects this exit code and fault, and gives the sentence.
    pub(crate) fn refused(&self, line: &str, code: i32, fault: &str) -> String {
        let mut words: Vec<&str> = line.split(' ').collect();
        words.insert(0, "--json");
        let answer = self.maille(&words);
        assert_eq!(
            answer.code, code,
            "maille {line}\n{}{}",
            answer.stdout, answer.stderr
        );
        assert!(
            answer.stderr.contains(&format!(r#""code":"{fault}""#)),
            "{line}\n{}",
            answer.stderr
        );
        answer.stderr
    }
}

/// The value of a text field in one line of JSON.
pub(crate) fn field(json: &str, name: &str) -> String {
    let (_, rest) = json.split_once(&format!(r#""{name}":""#)).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// The folder of the repository.
#[cfg(unix)]
pub(crate) fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

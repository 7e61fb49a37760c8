//! Exit codes, by kind of fault.

use thiserror::Error;

/// What `--help` says of them; docs/operations.md quotes it, and a test compares.
pub(super) const HELP: &str = "\
Exit codes:
  0  done
  1  `check` or `account` found something bad, or an unexpected fault
  2  the arguments are wrong
  3  the configuration or the folder cannot be used
  4  a key is missing, open to others, or there already
  5  the anchor or the roster is refused, or does not name this relay
  6  the store cannot be opened, or failed
  7  the address cannot be bound
  8  no relay answers in this folder
  9  the backup is not whole, or of another version";

/// Why a command did not do what it was asked for: a sentence, and the kind of fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Exit {
    /// `check` or `account` found something bad.
    #[error("{0}")]
    Check(String),
    /// Something that is not foreseen.
    #[error("{0}")]
    Other(String),
    /// The configuration or the folder cannot be used.
    #[error("{0}")]
    Config(String),
    /// A key cannot be used.
    #[error("{0}")]
    Keys(String),
    /// The anchor or the roster is refused.
    #[error("{0}")]
    Roster(String),
    /// The store cannot be opened, or failed.
    #[error("{0}")]
    Store(String),
    /// The address cannot be bound.
    #[error("{0}")]
    Address(String),
    /// No relay answers.
    #[error("{0}")]
    NotRunning(String),
    /// The backup cannot be used.
    #[error("{0}")]
    Backup(String),
}

impl Exit {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Check(_) | Self::Other(_) => 1,
            Self::Config(_) => 3,
            Self::Keys(_) => 4,
            Self::Roster(_) => 5,
            Self::Store(_) => 6,
            Self::Address(_) => 7,
            Self::NotRunning(_) => 8,
            Self::Backup(_) => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operations_page_quotes_the_exit_codes() {
        let page = include_str!("../../../docs/operations.md");
        for line in HELP.lines().skip(1) {
            let (code, meaning) = line.trim().split_once("  ").expect("code and meaning");
            assert!(page.contains(&format!("| {code} | {meaning} |")), "{line}");
        }
    }
}

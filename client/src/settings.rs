//! `settings.toml`: what the people of a desk decide about it. Not secret; it need not be there.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use maille_common::toml_tokens::check_tokens;
use serde::Deserialize;
use thiserror::Error;

/// Fifty webhooks, and what is said beside them. Its reader takes some twenty times as much memory.
const BYTES_MAX: u64 = 32 * 1024;

/// As many as so many bytes of programs and webhooks have, and of comments.
const TOKENS_MAX: usize = 7000;

/// The settings of a home. A key that is not known is an error: a misspelt one would be none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Days after which the content of answered alerts is purged; for ever where it is missing.
    pub retention_days: Option<u32>,
    /// A program that an agent runs for what arrives.
    pub on_alert: Option<PathBuf>,
    /// A program that an agent runs for what is late.
    pub on_overdue: Option<PathBuf>,
    /// Systems of the agency that an agent tells of events.
    #[serde(default)]
    pub webhook: Vec<WebhookSettings>,
}

/// A system of the agency that is told of events. Relative paths begin in the home.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// What it is called here; how far it was told is remembered under this name.
    pub name: String,
    /// Where it is: `https`, or `http` on this machine.
    pub url: String,
    /// A file with the secret that both know.
    pub secret_file: PathBuf,
    /// The certificates of the authorities that its server is judged by; needed for `https`.
    pub ca_file: Option<PathBuf>,
    /// The names of the events that it is told of; all where they are missing.
    pub events: Option<Vec<String>>,
    /// Exercises and tests as well.
    #[serde(default)]
    pub exercises: bool,
}

/// Why settings are refused.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("The settings {} cannot be read: {source}.", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not of its form.
    #[error(
        "The settings {} are not understood: {why}. Mend the file, or remove it.", .path.display()
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Settings {
    /// Reads the settings of a home.
    pub fn load(home: &Path) -> Result<Self, SettingsError> {
        let path = home.join("settings.toml");
        match read_bounded(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(SettingsError::Read { path, source }),
        }
    }

    /// Reads their text; `path` names it in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, SettingsError> {
        check_tokens(text, TOKENS_MAX).map_err(|error| SettingsError::Form {
            path: path.to_owned(),
            why: error.to_string(),
        })?;
        toml::from_str(text).map_err(|error| SettingsError::Form {
            path: path.to_owned(),
            why: error.message().trim_end_matches('.').to_owned(),
        })
    }
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = File::open(path)?;
    file.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        let sentence = format!("it has more than {BYTES_MAX} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, sentence));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn settings_are_read_and_unknown_ones_refused() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(Settings::load(home.path()).unwrap(), Settings::default());
        let path = home.path().join("settings.toml");
        fs::write(&path, "retention_days = 90\n").unwrap();
        assert_eq!(
            Settings::load(home.path()).unwrap().retention_days,
            Some(90)
        );
        let webhook = "[[webhook]]\nname = \"cases\"\nurl = \"https://cases.example.org/\"\n\
                       secret_file = \"cases.secret\"\nca_file = \"/etc/ssl/cases.pem\"\n";
        fs::write(&path, webhook).unwrap();
        let found = Settings::load(home.path()).unwrap().webhook.remove(0);
        assert_eq!((found.name.as_str(), found.events), ("cases", None));
        let misspelt = format!("{webhook}event = [\"arrived\"]\n");
        for text in [
            "retention = 90\n",
            &misspelt,
            "[[webhook]]\nname = \"cases\"\n",
        ] {
            fs::write(&path, text).unwrap();
            let error = Settings::load(home.path()).unwrap_err();
            assert!(matches!(error, SettingsError::Form { .. }), "{error}");
        }
    }
}

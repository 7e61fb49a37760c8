//! `relay.toml`: what an operator chooses. `relay.sample.toml` shows every key with its default.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use maille_common::address::{Name, NameError};
use maille_common::time::Span;
use maille_common::toml_tokens::check_tokens;
use maille_link::Limits;
use serde::Deserialize;
use thiserror::Error;

use crate::core::RelayBudget;
use crate::folder::read_bounded;

mod connections;

use connections::ConnectionsFile;

/// The port of the protocol, which firewalls let through most often.
pub const PORT: u16 = 443;

/// Twenty lines, and what is said beside them. Its reader takes some twenty times as much memory.
const BYTES_MAX: usize = 32 * 1024;

/// Some forty lines, and the comments of the sample many times over.
const TOKENS_MAX: usize = 4096;
const MIB: u64 = 1024 * 1024;

/// The configuration of one relay. No setting opens a relay to more than its roster allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its name in the roster.
    pub name: Name,
    /// The network it serves, which its anchor has to name too.
    pub network: String,
    /// Where it listens (UDP). Port 0 lets the system choose, for tests.
    pub listen: SocketAddr,
    /// Where metrics and readiness are told (TCP), on loopback; none: nowhere.
    pub metrics: Option<SocketAddr>,
    /// How log lines are written.
    pub log: LogFormat,
    /// Bytes of the volume that stay free; below, only answers are stored.
    pub low_water_bytes: u64,
    /// Budgets of senders, mailboxes and single attachments.
    pub budget: RelayBudget,
    /// Budgets of all attachments together.
    pub blobs: BlobBudget,
    /// Budgets and deadlines of connections.
    pub limits: Limits,
}

/// How much of attachments is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobBudget {
    /// All attachments together, in bytes.
    pub total_bytes_max: u64,
    /// Attachments of one contact that no alert names yet, in bytes.
    pub unnamed_bytes_max: u64,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people and the journal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("The configuration {} cannot be read: {source}.", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not TOML, or has a key that is unknown, missing or of another type.
    #[error("The configuration {} is refused: {why}.", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        why: String,
    },
    /// The relay's name is none.
    #[error("The configuration {} is refused: {source}", .path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: NameError,
    },
    /// Metrics would be told to the network.
    #[error(
        "The configuration {} is refused: `metrics` is {address}, and only an address of loopback \
         such as 127.0.0.1 is allowed there.", .path.display()
    )]
    Metrics {
        /// The file.
        path: PathBuf,
        /// The address given.
        address: SocketAddr,
    },
}

impl ConfigError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "config-read",
            Self::Form { .. } => "config-form",
            Self::Name { .. } => "config-name",
            Self::Metrics { .. } => "config-metrics",
        }
    }
}

impl Config {
    /// A configuration with every default.
    pub fn new(name: Name, network: impl Into<String>) -> Self {
        Self {
            name,
            network: network.into(),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT),
            metrics: None,
            log: LogFormat::Text,
            low_water_bytes: 512 * MIB,
            budget: RelayBudget::default(),
            blobs: BlobBudget::default(),
            limits: Limits::default(),
        }
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::Read {
            path: path.to_owned(),
            source,
        };
        let bytes = read_bounded(path, BYTES_MAX).map_err(failed)?;
        let text = String::from_utf8(bytes).map_err(|_| ConfigError::Form {
            path: path.to_owned(),
            why: "it is not UTF-8".to_owned(),
        })?;
        Self::parse(&text, path)
    }

    /// Reads text; `path` names it in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let path = || path.to_owned();
        check_tokens(text, TOKENS_MAX).map_err(|error| ConfigError::Form {
            path: path(),
            why: error.to_string(),
        })?;
        let file: ConfigFile = toml::from_str(text).map_err(|error| ConfigError::Form {
            path: path(),
            why: error.to_string().trim().trim_end_matches('.').to_owned(),
        })?;
        let name = file.name.parse().map_err(|source| ConfigError::Name {
            path: path(),
            source,
        })?;
        if let Some(address) = file.metrics.filter(|address| !address.ip().is_loopback()) {
            return Err(ConfigError::Metrics {
                path: path(),
                address,
            });
        }
        let days = file.budget.keep_after_expiry_days;
        if days.is_some_and(|days| Span::from_days(days) < RelayBudget::GRACE_LEAST) {
            let why =
                "keep_after_expiry_days is at least 7, which every sender relies on".to_owned();
            return Err(ConfigError::Form { path: path(), why });
        }
        let defaults = Self::new(name, file.network);
        let limits = file.connections.limits(&defaults.limits);
        let limits = limits.map_err(|why| ConfigError::Form { path: path(), why })?;
        Ok(Self {
            listen: file.listen.unwrap_or(defaults.listen),
            metrics: file.metrics,
            log: file.log,
            low_water_bytes: file.low_water_mib.map_or(defaults.low_water_bytes, mib),
            budget: file.budget.relay(defaults.budget),
            blobs: file.budget.blobs(defaults.blobs),
            limits,
            ..defaults
        })
    }
}

impl Default for BlobBudget {
    /// 256 GiB in all; of one contact what two of the longest attachments take.
    fn default() -> Self {
        Self {
            total_bytes_max: 256 << 30,
            unnamed_bytes_max: 8 << 30,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    name: String,
    network: String,
    listen: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
    #[serde(default)]
    log: LogFormat,
    low_water_mib: Option<u64>,
    #[serde(default)]
    budget: BudgetFile,
    #[serde(default)]
    connections: ConnectionsFile,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetFile {
    sender_alerts_max: Option<u64>,
    sender_mib_max: Option<u64>,
    mailbox_mail_max: Option<u64>,
    mailbox_mib_max: Option<u64>,
    attachment_mib_max: Option<u64>,
    attachments_mib_max: Option<u64>,
    attachments_unnamed_mib_max: Option<u64>,
    keep_after_expiry_days: Option<u64>,
}

impl BudgetFile {
    fn relay(&self, default: RelayBudget) -> RelayBudget {
        RelayBudget {
            sender_alerts_max: self.sender_alerts_max.unwrap_or(default.sender_alerts_max),
            sender_bytes_max: self.sender_mib_max.map_or(default.sender_bytes_max, mib),
            mailbox_mail_max: self.mailbox_mail_max.unwrap_or(default.mailbox_mail_max),
            mailbox_bytes_max: self.mailbox_mib_max.map_or(default.mailbox_bytes_max, mib),
            blob_bytes_max: self.attachment_mib_max.map_or(default.blob_bytes_max, mib),
            grace: self
                .keep_after_expiry_days
                .map_or(default.grace, Span::from_days),
        }
    }

    fn blobs(&self, default: BlobBudget) -> BlobBudget {
        let unnamed = self.attachments_unnamed_mib_max;
        BlobBudget {
            total_bytes_max: self
                .attachments_mib_max
                .map_or(default.total_bytes_max, mib),
            unnamed_bytes_max: unnamed.map_or(default.unnamed_bytes_max, mib),
        }
    }
}

fn mib(count: u64) -> u64 {
    count.saturating_mul(MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "name = \"north\"\nnetwork = \"dialogue\"\n";

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("relay.toml"))
    }

    #[test]
    fn the_sample_shows_every_default() {
        let sample = parse(include_str!("../relay.sample.toml")).expect("the sample is read");
        let metrics = sample.metrics;
        assert_eq!(
            Config {
                metrics: None,
                ..sample
            },
            parse(LEAST).expect("defaults are enough")
        );
        assert_eq!(metrics, Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464))));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        for text in [
            "admit_all = true\n",
            "[budget]\nsender_max = 3\n",
            "[connections]\nstrangers = true\n",
        ] {
            let error = parse(&format!("{LEAST}{text}")).expect_err("an unknown key");
            assert_eq!(error.code(), "config-form");
            assert!(error.to_string().contains("unknown field"), "{error}");
        }
    }

    #[test]
    fn metrics_are_told_on_loopback_only() {
        let error = parse(&format!("{LEAST}metrics = \"0.0.0.0:9464\"\n")).expect_err("refused");
        assert_eq!(error.code(), "config-metrics");
    }

    #[test]
    fn what_connections_may_take_is_chosen_and_nobody_is_locked_out_by_a_zero() {
        let limits = |text: &str| parse(&format!("{LEAST}[connections]\n{text}\n"));
        let chosen = limits("handshakes_max = 40\nnetwork_per_second = 8")
            .unwrap()
            .limits;
        assert_eq!((chosen.handshakes, chosen.handshakes_known), (40, 10));
        assert_eq!(chosen.prefix.refill * 8, std::time::Duration::from_secs(1));
        for (text, named) in [
            ("handshakes_max = 0", "handshakes_max"),
            ("connections_max = 0", "connections_max"),
            ("network_per_second = 0", "network_per_second"),
            ("handshake_seconds = 61", "handshake_seconds"),
            (
                "requests_of_device_mib_max = 15",
                "requests_of_device_mib_max",
            ),
            ("sends_mib_max = 20", "sends_mib_max"),
            ("sends_mib_max = 4096", "sends_mib_max"),
            (
                "handshakes_max = 8\nhandshakes_known = 8",
                "handshakes_known",
            ),
        ] {
            let error = limits(text).expect_err(text);
            assert_eq!(error.code(), "config-form");
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn a_relay_without_a_name_is_refused() {
        let error = parse("name = \"North Relay\"\nnetwork = \"n\"\n").expect_err("refused");
        assert_eq!(error.code(), "config-name");
        assert_eq!(
            parse("network = \"n\"\n").expect_err("refused").code(),
            "config-form"
        );
    }

    #[test]
    fn a_relay_keeps_alerts_seven_days_beyond_their_expiry_or_longer() {
        let kept = |days: u64| {
            parse(&format!(
                "{LEAST}[budget]\nkeep_after_expiry_days = {days}\n"
            ))
        };
        assert_eq!(kept(30).unwrap().budget.grace, Span::from_days(30));
        assert!(kept(6).unwrap_err().to_string().contains("at least 7"));
    }
}

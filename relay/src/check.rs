//! `maille-relay check`: what would keep a relay from serving, before it is started.

use std::fmt;
use std::io;
use std::net::UdpSocket;

use maille_common::roster::Roster;
use maille_common::safe_text::safe_text;
use maille_common::time::{Span, Timestamp};

use crate::anchor_file::read_anchor;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::core::{NextKeys, PublicKeys, Waited};
use crate::folder::RelayFolder;
use crate::identity::RelayKeyPair;
use crate::roster_desk::peek;

mod store;
use store::check_store;

/// One line of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// Whether a relay can serve with it.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; empty where nothing is to be done.
    pub advice: String,
}

/// Whether a relay can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It can.
    Good,
    /// It can, and somebody should look.
    Warning,
    /// It cannot.
    Bad,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Good => "ok",
            Verdict::Warning => "warning",
            Verdict::Bad => "BAD",
        };
        // What is found may quote names of files and what a roster says: it begins no line.
        let found: Vec<String> = self.found.split('\n').map(safe_text).collect();
        let found = found.join(&format!("\n{:<18}", ""));
        write!(f, "{:<8} {verdict:<8} {found}", self.what)?;
        if !self.advice.is_empty() {
            write!(f, "\n{:<17} do this: {}", "", self.advice)?;
        }
        Ok(())
    }
}

/// Looks at everything a relay needs, and changes nothing. Where something is bad, what rests on it
/// is not looked at.
pub fn check(folder: &RelayFolder) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = match Config::read(&folder.config()) {
        Ok(config) => config,
        Err(error) => {
            let advice = "write relay.toml as relay.sample.toml shows, or begin with `init`";
            return vec![bad("config", error.to_string(), advice)];
        }
    };
    findings.push(good(
        "config",
        format!("{} of {}", config.name, config.network),
    ));
    let keys = check_keys(folder, &mut findings);
    let now = SystemClock.now();
    if let Some(roster) = check_roster(folder, &config, &mut findings) {
        if let Some(keys) = keys {
            let next = check_next_keys(folder, (&config, &keys, &roster), now, &mut findings);
            findings.push(check_place(&config, &next.unwrap_or(keys), &roster));
        }
        findings.push(check_clock(&roster, now));
    }
    findings.extend(check_store(folder));
    findings.push(check_disk(folder, &config));
    findings.push(check_port(&config));
    findings
}

fn check_keys(folder: &RelayFolder, findings: &mut Vec<Finding>) -> Option<PublicKeys> {
    match RelayKeyPair::load(folder) {
        Ok(pair) => {
            let keys = PublicKeys::of(&pair);
            findings.push(good(
                "keys",
                format!("transport {}", keys.transport.short()),
            ));
            Some(keys)
        }
        Err(error) => {
            findings.push(bad(
                "keys",
                error.to_string(),
                "restore the keys, or begin with `init`",
            ));
            None
        }
    }
}

fn check_roster(
    folder: &RelayFolder,
    config: &Config,
    findings: &mut Vec<Finding>,
) -> Option<Roster> {
    let advice = "ask the authority for the anchor and the published roster documents";
    let anchor = match read_anchor(&folder.anchor()) {
        Ok(anchor) if anchor.network.as_str() == config.network => anchor,
        Ok(anchor) => {
            let found = format!(
                "the anchor is of `{}`, relay.toml names another",
                anchor.network
            );
            findings.push(bad("anchor", found, advice));
            return None;
        }
        Err(error) => {
            findings.push(bad("anchor", error.to_string(), advice));
            return None;
        }
    };
    match peek(folder.roster(), &anchor, config.listen) {
        Ok((growth, unreadable)) => {
            let roster = growth.roster;
            let (hash, part) = (roster.hash().short(), roster.authority().number);
            findings.push(good("roster", format!("part {part}, hash {hash}")));
            for (name, error) in growth.refused {
                let found = format!("{name}: {error} (check {})", error.check());
                findings.push(warning(
                    "roster",
                    found,
                    "it will be set aside; ask who sent it",
                ));
            }
            for (name, error) in growth.incomplete {
                let found = format!("{name} waits for others: {error}");
                findings.push(warning(
                    "roster",
                    found,
                    "add the documents that are missing",
                ));
            }
            for name in unreadable {
                let found = format!("{name} holds no roster document");
                findings.push(warning("roster", found, "it will be set aside"));
            }
            Some(roster)
        }
        Err(error) => {
            findings.push(bad("roster", error.to_string(), advice));
            None
        }
    }
}

/// Looks at the next pair, where there is one; that pair, where a start would use it.
fn check_next_keys(
    folder: &RelayFolder,
    (config, keys, roster): (&Config, &PublicKeys, &Roster),
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Option<PublicKeys> {
    const WHAT: &str = "next";
    if folder.keys_being_taken().exists() {
        let found = "taking the next keys into use was cut off".to_owned();
        findings.push(warning(WHAT, found, "start the relay, which finishes it"));
    }
    let next = match RelayKeyPair::load_next(folder) {
        Ok(next) => next.as_ref().map(PublicKeys::of),
        Err(error) => {
            let advice = "move the folder `next` away, and make another pair with `renew-keys`";
            findings.push(bad(WHAT, error.to_string(), advice));
            return None;
        }
    };
    // How long the relay has known of it stands in its store, which is its own while it runs.
    let waited = Waited {
        now,
        known: Span::ZERO,
    };
    match NextKeys::judge(keys, next, roster, &config.name, waited) {
        NextKeys::None => None,
        NextKeys::Made { next } => {
            let found = format!("transport {}, not in the roster", next.transport.short());
            let advice = "hand what `renew-keys` prints to the authority";
            findings.push(warning(WHAT, found, advice));
            None
        }
        NextKeys::Announced { next, since, .. } => {
            let found = format!(
                "transport {}, named since {since}, used nine weeks after the relay first saw that",
                next.transport.short()
            );
            findings.push(good(WHAT, found));
            None
        }
        NextKeys::Due { next } => {
            let found = format!("transport {}, due: used by itself", next.transport.short());
            findings.push(good(WHAT, found));
            Some(next)
        }
    }
}

fn check_place(config: &Config, keys: &PublicKeys, roster: &Roster) -> Finding {
    if keys.are_in(roster, &config.name) {
        return good(
            "place",
            format!("the roster names `{}` with these keys", config.name),
        );
    }
    let found = format!("the roster does not name `{}` with these keys", config.name);
    bad("place", found, "hand relay-request.toml to the authority")
}

fn check_clock(roster: &Roster, now: Timestamp) -> Finding {
    let (issued, renew_by) = (roster.authority().issued, roster.authority().renew_by);
    if now < issued {
        let found = format!("{now}, before the roster was written ({issued})");
        return warning(
            "clock",
            found,
            "set the clock; run a time service such as chrony",
        );
    }
    if roster.is_stale(now) {
        let found = format!("{now}, past the roster's date of renewal ({renew_by} or an annex's)");
        return warning(
            "clock",
            found,
            "ask for a renewed roster; service goes on meanwhile",
        );
    }
    good("clock", format!("{now}"))
}

fn check_disk(folder: &RelayFolder, config: &Config) -> Finding {
    let low = config.low_water_bytes;
    match fs4::available_space(folder.root()) {
        Ok(free) => {
            let found = format!("{} MiB free, low-water mark {} MiB", free >> 20, low >> 20);
            match free {
                free if free < low => bad("disk", found, "make room, or alerts are refused"),
                free if free < low.saturating_mul(4) => warning("disk", found, "make room soon"),
                _ => good("disk", found),
            }
        }
        Err(error) => bad("disk", error.to_string(), "look at the volume"),
    }
}

fn check_port(config: &Config) -> Finding {
    let address = config.listen;
    match UdpSocket::bind(address) {
        Ok(_) => good("port", format!("UDP {address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let found = format!("UDP {address} is taken, perhaps by this relay already running");
            warning("port", found, "ask `status`; else stop what listens there")
        }
        Err(error) => {
            let advice = "below port 1024 use the systemd unit or CAP_NET_BIND_SERVICE";
            bad("port", format!("UDP {address}: {error}"), advice)
        }
    }
}

fn good(what: &'static str, found: String) -> Finding {
    Finding {
        what,
        verdict: Verdict::Good,
        found,
        advice: String::new(),
    }
}

fn warning(what: &'static str, found: String, advice: &str) -> Finding {
    Finding {
        what,
        verdict: Verdict::Warning,
        found,
        advice: advice.to_owned(),
    }
}

fn bad(what: &'static str, found: String, advice: &str) -> Finding {
    Finding {
        what,
        verdict: Verdict::Bad,
        found,
        advice: advice.to_owned(),
    }
}

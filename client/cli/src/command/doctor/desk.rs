//! What an open desk can tell: store, keys, roster, relays, clock, duty.

use maille_client::{Connection, RelayStatus, Status};

use super::finding::Finding;
use crate::agent::Desk;
use crate::fault::Fault;
use crate::local_time::local;

/// Off by this, deadlines and times mislead people.
const OFFSET_MS_WARNING: u64 = 10_000;

/// Off by this, sealing keys of other weeks are taken, and alerts come back.
const OFFSET_MS_BAD: u64 = 60 * 60 * 1_000;

/// Looks at everything.
pub(super) async fn findings(desk: &Desk) -> Result<Vec<Finding>, Fault> {
    let status = desk.client().status().await?;
    let mut findings = vec![
        Finding::good("store", format!("it opens; epoch {}", status.epoch)),
        designation(desk, &status),
        roster(&status),
    ];
    findings.extend(status.relays.iter().map(reach));
    findings.extend(status.relays.iter().filter_map(clock));
    findings.push(duty(desk)?);
    findings.push(lacking(&status));
    Ok(findings)
}

fn designation(desk: &Desk, status: &Status) -> Finding {
    let roster = desk.client().roster();
    let found = roster.designated_device(&status.device, crate::clock::now());
    match found.is_valid() {
        true => Finding::good(
            "key in roster",
            format!("this device may act for {}", status.contact),
        ),
        false => Finding::bad(
            "key in roster",
            format!("this device is {found} there"),
            "Have your organisation admit it, then `maille device join` with the newer roster.",
        ),
    }
}

fn roster(status: &Status) -> Finding {
    let roster = &status.roster;
    let found = format!("number {}, issued {}", roster.number, local(roster.issued));
    if roster.forks > 0 {
        let found = format!("{found}; {} documents contradict it", roster.forks);
        return Finding::bad(
            "roster",
            found,
            "Telephone the authority: somebody signed two stories.",
        );
    }
    if roster.stale {
        let found = format!(
            "{found}; it should have been renewed by {}",
            local(roster.renew_by)
        );
        return Finding::warning(
            "roster",
            found,
            "Ask the authority for a newer one; service goes on.",
        );
    }
    Finding::good("roster", found)
}

fn reach(relay: &RelayStatus) -> Finding {
    let home = if relay.home {
        ", where this desk collects"
    } else {
        ""
    };
    let what = format!("relay {}{home}", relay.relay);
    let failure = relay.last_error.as_ref().map(|(_, words)| words.clone());
    match relay.connection {
        Connection::Connected { since } => Finding::good(
            what,
            format!("reached over UDP, connected since {}", local(since)),
        ),
        Connection::Idle if failure.is_none() => Finding::good(what, "nothing to do there now"),
        _ => Finding::bad(
            what,
            failure.unwrap_or_else(|| "it has not answered yet".to_owned()),
            "Let UDP to it through the firewall; if others fail too, telephone its operator.",
        ),
    }
}

fn clock(relay: &RelayStatus) -> Option<Finding> {
    let offset = relay.clock_offset_ms?;
    let what = format!("clock against relay {}", relay.relay);
    let found = format!("its signed time is {offset:+} ms from ours");
    let remedy = "Set the clock of this machine (NTP); if it is right, tell the relay's operator.";
    Some(match offset.unsigned_abs() {
        OFFSET_MS_BAD.. => Finding::bad(what, found, remedy),
        OFFSET_MS_WARNING.. => Finding::warning(what, found, remedy),
        _ => Finding::good(what, found),
    })
}

fn duty(desk: &Desk) -> Result<Finding, Fault> {
    Ok(match desk.officer()? {
        Some(officer) => Finding::good("duty", format!("{officer} is on duty")),
        None => Finding::warning(
            "duty",
            "nobody is on duty: only the system can acknowledge",
            "Go on duty with `maille officer in NAME`.",
        ),
    })
}

fn lacking(status: &Status) -> Finding {
    match status.lacking.first() {
        None => Finding::good("outbox", "nobody waits for an alert for want of keys"),
        Some(first) => Finding::warning(
            "outbox",
            format!(
                "{} devices wait for an alert until their keys appear, the first of {}",
                status.lacking.len(),
                first.recipient
            ),
            "Telephone them: a desk publishes its keys when it connects.",
        ),
    }
}

//! What an open desk can tell: store, keys, roster, relays, clock, duty.

use std::fmt::Display;

use maille_client::{Connection, RelayStatus, Status};

use super::finding::Finding;
use crate::agent::Desk;
use crate::command::excluded::Excluded;
use crate::command::status::Hook;
use crate::fault::Fault;
use crate::local_time::local;
use crate::sentence::{doctor, hint, term};

/// Off by this, deadlines and times mislead people.
const OFFSET_MS_WARNING: u64 = 10_000;

/// Off by this, sealing keys of other weeks are taken, and alerts come back.
const OFFSET_MS_BAD: u64 = 60 * 60 * 1_000;

/// Looks at everything.
pub(super) async fn findings(desk: &Desk) -> Result<Vec<Finding>, Fault> {
    let status = desk.client().status().await?;
    let mut findings = vec![
        Finding::good(
            doctor::Store,
            doctor::StoreOpens {
                epoch: &status.epoch,
            },
        ),
        designation(desk, &status).await?,
        roster(&status),
    ];
    findings.extend(status.relays.iter().map(reach));
    findings.extend(status.relays.iter().filter_map(clock));
    findings.push(duty(desk)?);
    findings.push(lacking(&status));
    findings.extend(super::archive::finding(desk).await?);
    let hooks = Hook::all_of(desk).await?;
    findings.extend(hooks.iter().map(super::hook::finding));
    Ok(findings)
}

async fn designation(desk: &Desk, status: &Status) -> Result<Finding, Fault> {
    let found = desk
        .client()
        .roster()
        .designated_device(&status.device, crate::clock::now());
    if let Some(excluded) = Excluded::of(desk).await? {
        let remedy = format!("{} {}", excluded.remedy(), excluded.readable());
        return Ok(Finding::bad(doctor::Key, excluded.found(), remedy));
    }
    let contact = &status.contact;
    let designation = &term::Designation { word: &found };
    Ok(match found.is_valid() {
        true => Finding::good(doctor::Key, doctor::KeyValid { contact }),
        false => Finding::bad(
            doctor::Key,
            doctor::KeyNot { designation },
            hint::HaveAdmitted,
        ),
    })
}

fn roster(status: &Status) -> Finding {
    let roster = &status.roster;
    let (number, issued) = (&roster.number, &local(roster.issued));
    if roster.forks > 0 {
        let found = doctor::RosterForked {
            number,
            issued,
            forks: &roster.forks,
        };
        return Finding::bad(doctor::Roster, found, hint::TelephoneAuthority);
    }
    if roster.stale {
        let found = doctor::RosterStale {
            number,
            issued,
            renewed: &local(roster.renew_by),
        };
        return Finding::warning(doctor::Roster, found, hint::AskForNewer);
    }
    Finding::good(doctor::Roster, doctor::RosterFound { number, issued })
}

fn reach(relay: &RelayStatus) -> Finding {
    let name = &relay.relay;
    let what: &dyn Display = match relay.home {
        true => &doctor::HomeRelay { name },
        false => &doctor::Relay { name },
    };
    let failure = relay.last_error.as_ref().map(|(_, words)| words);
    match (relay.connection, failure) {
        (Connection::Connected { since }, _) => {
            let since = &local(since);
            Finding::good(what, doctor::RelayReached { since })
        }
        (Connection::Idle, None) => Finding::good(what, doctor::RelayIdle),
        (_, Some(failure)) => Finding::bad(what, failure, hint::OpenFirewall),
        (_, None) => Finding::bad(what, doctor::RelaySilent, hint::OpenFirewall),
    }
}

fn clock(relay: &RelayStatus) -> Option<Finding> {
    let offset = relay.clock_offset_ms?;
    let what = doctor::Clock { name: &relay.relay };
    let offset_ms = &format_args!("{offset:+}");
    let found = doctor::ClockOff { offset_ms };
    let remedy = hint::SetClock;
    Some(match offset.unsigned_abs() {
        OFFSET_MS_BAD.. => Finding::bad(what, found, remedy),
        OFFSET_MS_WARNING.. => Finding::warning(what, found, remedy),
        _ => Finding::good(what, found),
    })
}

fn duty(desk: &Desk) -> Result<Finding, Fault> {
    Ok(match desk.officer()? {
        Some(officer) => Finding::good(doctor::Duty, doctor::OnDuty { officer: &officer }),
        None => Finding::warning(doctor::Duty, doctor::NobodyOnDuty, hint::GoOnDuty),
    })
}

fn lacking(status: &Status) -> Finding {
    match status.lacking.first() {
        None => Finding::good(doctor::Outbox, doctor::NobodyLacks),
        Some(first) => Finding::warning(
            doctor::Outbox,
            doctor::DevicesLack {
                count: &status.lacking.len(),
                first: &first.recipient,
            },
            hint::TelephoneForKeys,
        ),
    }
}

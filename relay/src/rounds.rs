//! What is due by the clock: deadlines, files dropped in, attachments that nobody named.

use std::sync::Arc;
use std::time::Duration;

use maille_common::blob::BlobId;
use maille_common::roster::{EndStage, Ending, EndingsTold};

use crate::core::{Escalated, NextKeys, StepError};
use crate::service::Service;
use crate::standing::Standing;

/// How often the roster's folder is looked at.
const ROSTER_PERIOD: Duration = Duration::from_secs(1);
/// How often attachments are looked through.
const UNNAMED_PERIOD: Duration = Duration::from_secs(60 * 60);
/// How often the next keys are looked at.
const KEYS_PERIOD: Duration = Duration::from_secs(60);
/// How often it is looked whether the key of somebody who is connected has ended.
const ENDED_PERIOD: Duration = Duration::from_secs(5);
/// How often it is looked what of the roster ends soon.
const ENDINGS_PERIOD: Duration = Duration::from_secs(60 * 60);
/// Longest time between two looks at the clock: the machine may have slept, which a timer does not
/// notice, and what is kept of counted time shall not be old.
const LOOK_PERIOD: Duration = Duration::from_secs(30);

/// Does what is due, whenever something is.
pub(crate) async fn keep_deadlines(service: Arc<Service>) {
    let mut stopping = service.stops();
    loop {
        let pause = tick(&service).await.unwrap_or(LOOK_PERIOD);
        tokio::select! {
            () = stopping.told() => return,
            () = service.due.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One look at the clock; how long to wait for the next.
async fn tick(service: &Arc<Service>) -> Result<Duration, StepError> {
    let done = service.block(move |service| {
        let tick = service.core_mut().tick(service.clock.reading())?;
        let durable = service.durable(tick.settled);
        Ok((tick, durable))
    });
    let (tick, durable) = service.noted(done.await)?;
    service.noted(durable.await)?;
    service.sessions.wake(&tick.wake);
    for Escalated {
        alert,
        recipient,
        step,
        kind,
    } in &tick.escalated
    {
        tracing::info!(
            alert = %alert.prefix(), %recipient, step, kind = kind.name(),
            "nobody acknowledged in time"
        );
    }
    drop_blobs(service, tick.unnamed).await;
    let until_next = tick.next.map(Duration::from);
    Ok(until_next.unwrap_or(LOOK_PERIOD).min(LOOK_PERIOD))
}

/// Takes documents into use soon after somebody dropped them into the folder.
pub(crate) async fn watch_roster(service: Arc<Service>) {
    let mut stopping = service.stops();
    loop {
        tokio::select! {
            () = stopping.told() => return,
            () = tokio::time::sleep(ROSTER_PERIOD) => {}
        }
        if let Err(error) = service.reload_roster().await {
            tracing::error!(%error, "the folder of the roster was not taken into use");
        }
    }
}

/// Looks at the next keys whenever the roster changes, and often enough to use them when they are
/// due.
pub(crate) async fn watch_keys(service: Arc<Service>) {
    let mut stopping = service.stops();
    loop {
        let looked = service.block(|service| service.look_at_keys()).await;
        if let Err(error) = looked {
            tracing::error!(%error, "the next keys were not looked at");
        }
        tokio::select! {
            () = stopping.told() => return,
            () = service.keys_due.notified() => {}
            () = tokio::time::sleep(KEYS_PERIOD) => {}
        }
    }
}

/// Closes links soon after the time of their key is over (PROTOCOL T1).
pub(crate) async fn disconnect_ended(service: Arc<Service>) {
    let mut stopping = service.stops();
    loop {
        tokio::select! {
            () = stopping.told() => return,
            () = tokio::time::sleep(ENDED_PERIOD) => {}
        }
        service.listener.disconnect_removed();
    }
}

/// Logs what of the roster ends soon, once for each stage while this relay runs.
pub(crate) async fn warn_of_endings(service: Arc<Service>) {
    let mut stopping = service.stops();
    let mut told = EndingsTold::default();
    loop {
        let endings = service.roster().endings(service.clock.now());
        for Ending { at, what, stage } in told.news(endings) {
            let contact = what.contact().map(ToString::to_string);
            let organisation = what.organisation().map(|name| name.to_string());
            tracing::warn!(
                what = what.name(), contact, %at, stage = stage.name(),
                acts = organisation.as_deref().unwrap_or("the authority"),
                "this of the roster ends soon, or has ended"
            );
        }
        tokio::select! {
            () = stopping.told() => return,
            () = tokio::time::sleep(ENDINGS_PERIOD) => {}
        }
    }
}

/// Drops attachments that waited a day for an alert to name them.
pub(crate) async fn drop_unnamed(service: Arc<Service>) {
    let mut stopping = service.stops();
    loop {
        tokio::select! {
            () = stopping.told() => return,
            () = tokio::time::sleep(UNNAMED_PERIOD) => {}
        }
        let now = service.clock.now();
        let untouched = service
            .block(move |service| service.blobs.untouched(now))
            .await;
        drop_blobs(&service, untouched).await;
    }
}

/// Drops those that no alert names, while no alert can be accepted that does.
async fn drop_blobs(service: &Arc<Service>, blobs: Vec<BlobId>) {
    let now = service.clock.now();
    for blob in blobs {
        let dropped = service.block(move |service| {
            let core = service.core_mut();
            let free = !core.is_named(&blob)? && service.blobs.untouched(now).contains(&blob);
            Ok(free.then(|| service.blobs.drop_unnamed(&blob)))
        });
        match service.noted(dropped.await) {
            Ok(Some(Ok(()))) => {
                tracing::info!(%blob, "an attachment that nobody names was dropped");
            }
            Ok(Some(Err(error))) => tracing::error!(%blob, %error, "an attachment stays"),
            Ok(None) | Err(_) => {}
        }
    }
}

/// Where the relay stands.
pub(crate) async fn standing(service: &Arc<Service>) -> Result<Standing, StepError> {
    let waiting = service.look(|core| core.standing()).await?;
    let name = service.core().name().to_string();
    let roster = service.roster();
    let now = service.clock.now();
    let age = |since: maille_common::time::Timestamp| now.since(since).ms() / 1_000;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let disk = service.block(|service| {
        (
            fs4::available_space(service.folder.root()).unwrap_or(0),
            service.blobs.total_bytes(),
            stores_set_aside(service),
        )
    });
    let endings = roster.endings(now);
    let ends_by = |stage: EndStage| {
        let near = endings
            .iter()
            .filter(|ending| ending.stage != EndStage::Over);
        count(near.filter(|ending| ending.stage >= stage).count())
    };
    let over = endings
        .iter()
        .filter(|ending| ending.stage == EndStage::Over);
    let (disk_free_bytes, attachment_bytes, stores_set_aside) = disk.await;
    let next_keys = service.next_keys();
    let (next_transport, used_from) = match next_keys {
        NextKeys::None => (None, None),
        NextKeys::Made { next } | NextKeys::Due { next } => (Some(next.transport), None),
        NextKeys::Announced {
            next, used_from, ..
        } => (Some(next.transport), Some(used_from)),
    };
    let next_transport = next_transport.map(|key| key.to_string());
    Ok(Standing {
        relay: name,
        network: roster.authority().network.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        address: service.listener.local_address().to_string(),
        incarnation: waiting.incarnation.to_string(),
        incarnation_since: waiting.since.to_string(),
        incarnation_since_seconds: age(waiting.since),
        stores_set_aside,
        desks_connected: count(service.sessions.devices()),
        desks_designated: count(
            roster
                .contacts()
                .map(|found| found.contact.devices.len())
                .sum(),
        ),
        waiting: waiting.waiting,
        mailboxes_waiting: waiting.mailboxes,
        oldest_waiting: waiting.oldest.map(|time| time.to_string()),
        oldest_waiting_seconds: waiting.oldest.map(age),
        roster_number: roster.authority().number,
        roster_hash: roster.hash().to_string(),
        roster_issued: roster.authority().issued.to_string(),
        roster_age_seconds: age(roster.authority().issued),
        roster_stale: roster.is_stale(now),
        roster_ends_within_30_days: ends_by(EndStage::Month),
        roster_ends_within_7_days: ends_by(EndStage::Week),
        roster_ends_within_1_day: ends_by(EndStage::Day),
        roster_ended: count(over.count()),
        in_roster: service.is_in(&roster),
        keys_transport: service.keys().transport.to_string(),
        next_keys: next_keys.name().to_owned(),
        next_keys_transport: next_transport,
        next_keys_used_from: used_from.map(|time| time.to_string()),
        next_keys_used_in_seconds: used_from.map(|time| time.since(now).ms() / 1_000),
        disk_free_bytes,
        attachment_bytes,
    })
}

/// The names of stores that were set aside; a folder that cannot be read shows none, and is logged.
fn stores_set_aside(service: &Service) -> Vec<String> {
    let found = maille_durable::stores_set_aside(&service.folder.store());
    let paths = found.unwrap_or_else(|error| {
        tracing::error!(%error, "the relay's folder cannot be read");
        Vec::new()
    });
    let name = |path: &std::path::PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    paths.iter().filter_map(name).collect()
}

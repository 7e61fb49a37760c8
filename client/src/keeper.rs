//! The keeper: what falls due by the desk's own clock, whether or not any relay is there (I4).

use std::sync::Arc;
use std::time::Duration;

use maille_common::roster::{Ending, EndingsTold, Roster};
use maille_common::time::{Span, Timestamp};
use tokio::time::Instant;

use crate::attachments;
use crate::client::SendError;
use crate::clock::real_now;
use crate::core::{Desk, StepError};
use crate::entropy::OsRandomness;
use crate::error::DeskError;
use crate::excluded;
use crate::office::{Office, blocking};
use crate::own_keys;

/// How often the keeper looks even when nothing is due: held deliveries and new weeks are found.
const ROUND: Span = Span::from_minutes(1);

/// How often it is looked what partners have to be told, at most: hearts beat and reconciliations
/// go on in minutes, and alerts come by the hundred.
const PARTNERS_EVERY: Duration = Duration::from_millis(200);

/// How often content is purged and files that nobody names are removed.
const SWEEP: Span = Span::from_hours(24);

/// How often it is looked what ends soon.
const WARN_EVERY: Span = Span::from_hours(1);

/// Does what is due until the client stops.
pub(crate) async fn keep(office: Arc<Office>) {
    let mut swept = Timestamp::EPOCH;
    let mut tended: Option<Tended> = None;
    let mut partners: Option<Instant> = None;
    let mut warned = Warned {
        looked: Timestamp::EPOCH,
        told: EndingsTold::default(),
    };
    loop {
        let mut work = office.work();
        let now = office.now();
        let roster = office.roster();
        if tended
            .as_ref()
            .is_none_or(|last| last.is_over(&roster, now))
        {
            tend(&office).await;
            tended = Some(Tended { at: now, roster });
        }
        let next = round(&office).await;
        extend(&office).await;
        // Both go over everybody with whom the desk exchanges alerts.
        let rested = partners.map_or(PARTNERS_EVERY, |looked: Instant| looked.elapsed());
        let rest = PARTNERS_EVERY.saturating_sub(rested);
        if rest.is_zero() {
            beat(&office).await;
            reconcile(&office).await;
            partners = Some(real_now());
        }
        warned.look(&office, now).await;
        if now.since(swept) >= SWEEP {
            sweep(&office, now).await;
            swept = now;
        }
        let next = office.now() + next.unwrap_or(ROUND).min(ROUND);
        tokio::select! {
            () = office.clock.reached(next) => {}
            () = tokio::time::sleep(rest), if !rest.is_zero() => {}
            // A new alert may have a deadline before the next round.
            woken = Office::stirred(&mut work) => if !woken { return },
            () = office.stopped() => return,
        }
    }
}

/// When the desk's own standing was looked at last, and by which roster.
struct Tended {
    at: Timestamp,
    roster: Arc<Roster>,
}

impl Tended {
    /// Whether it has to be looked at again: not with each alert that wakes the keeper. The wall's
    /// clock may also have been set back.
    fn is_over(&self, roster: &Arc<Roster>, now: Timestamp) -> bool {
        !Arc::ptr_eq(&self.roster, roster) || now.since(self.at).max(self.at.since(now)) >= ROUND
    }
}

/// What was logged to end soon since the start, and when that was looked for.
struct Warned {
    looked: Timestamp,
    told: EndingsTold,
}

impl Warned {
    /// Tells and logs what ends soon, once for each stage.
    async fn look(&mut self, office: &Arc<Office>, now: Timestamp) {
        if now.since(self.looked) < WARN_EVERY {
            return;
        }
        self.looked = now;
        tell_keys(office).await;
        let endings = office
            .ask(|room, now| Ok::<_, DeskError>(room.desk.endings(now)?))
            .await;
        let endings = match endings {
            Ok(endings) => endings,
            Err(error) => return tracing::error!(%error, "what ends soon was not looked for"),
        };
        let ends = endings.clone();
        let told = office.settle_quietly(move |desk, now, _| {
            let before = desk.newest_event()?;
            let settled = desk.tell_endings(&ends, now)?;
            Ok::<_, DeskError>((desk.newest_event()? != before, settled))
        });
        match told.await {
            Ok(true) => office.tell(),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "what ends soon was not told"),
        }
        for Ending { at, what, stage } in self.told.news(endings) {
            let contact = what.contact().map(ToString::to_string);
            let organisation = what.organisation().map(|name| name.to_string());
            tracing::warn!(
                what = what.name(), contact, %at, stage = stage.name(),
                acts = organisation.as_deref().unwrap_or("the authority"),
                "this ends soon, or has ended"
            );
        }
    }
}

/// Tells what is wrong with this device's own keys, so that its organisation has to act.
async fn tell_keys(office: &Arc<Office>) {
    let offered = office
        .ask(|room, _| Ok::<_, DeskError>(room.home.offered_keys()))
        .await;
    let told = async {
        let offered = offered?;
        let tell = office.settle_quietly(move |desk, now, _| {
            let before = desk.newest_event()?;
            let settled = desk.tell_keys(offered.as_ref(), now)?;
            let news = desk.newest_event()? != before;
            let trouble = desk.keys_trouble(offered.as_ref(), now);
            Ok::<_, DeskError>((trouble.filter(|_| news), settled))
        });
        tell.await
    };
    match told.await {
        Ok(Some((trouble, since))) => {
            office.tell();
            tracing::warn!(
                trouble = trouble.name(), %since,
                "the organisation of this device has to act about its keys"
            );
        }
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "what is wrong with the keys was not told"),
    }
}

/// What changes with the roster and with the weeks: the keys of this device, and whether it may
/// act.
async fn tend(office: &Arc<Office>) {
    if let Err(error) = own_keys::renew(office).await {
        tracing::error!(%error, "the keys of this device were not renewed");
    }
    excluded::look(office).await;
}

/// Deadlines; how long until something is due next.
async fn round(office: &Arc<Office>) -> Option<Span> {
    let clock = Arc::clone(&office.clock);
    let ticked = office
        .settle_quietly(move |desk, _, _| {
            let before = desk.newest_event()?;
            let (settled, next) = desk.tick(clock.reading())?;
            let told = desk.newest_event()? != before;
            Ok::<_, DeskError>(((next, told), settled))
        })
        .await;
    match ticked {
        Ok((next, told)) => {
            if told {
                office.tell();
            }
            next
        }
        Err(error) => {
            tracing::error!(%error, "deadlines were not looked at");
            // Whoever waits for news of a store that failed is told so.
            office.tell();
            None
        }
    }
}

/// Addenda: to devices whose keys appeared, and to deputies who are asked by now.
async fn extend(office: &Arc<Office>) {
    let extended = office
        .settle_quietly(|desk, now, random| {
            let before = desk.store().newest();
            let settled = desk.send_addenda(now, random)?;
            Ok::<_, SendError>((settled != before, settled))
        })
        .await;
    match extended {
        Ok(true) => office.wake(),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "addenda were not made"),
    }
}

/// Heartbeats to whom this desk wrote.
async fn beat(office: &Arc<Office>) {
    let beats = office
        .settle_quietly(|desk, now, random| {
            let before = desk.newest_event().map_err(DeskError::from)?;
            let (settled, beats) = desk.beat(now, random)?;
            let told = desk.newest_event().map_err(DeskError::from)? != before;
            Ok::<_, SendError>(((beats, told), settled))
        })
        .await;
    match beats {
        Ok((beats, told)) => {
            if beats {
                office.wake();
            }
            if told {
                office.tell();
            }
        }
        Err(error) => tracing::warn!(%error, "heartbeats were not made"),
    }
}

/// Letters of reconciliations, and rounds that are due.
async fn reconcile(office: &Arc<Office>) {
    let wrote = office
        .settle_quietly(|desk, now, random| {
            let before = desk.newest_event().map_err(DeskError::from)?;
            let (settled, wrote) = desk.reconcile(now, random)?;
            let told = desk.newest_event().map_err(DeskError::from)? != before;
            Ok::<_, SendError>(((wrote, told), settled))
        })
        .await;
    match wrote {
        Ok((wrote, told)) => {
            if wrote {
                office.wake();
            }
            // Whoever waits for a round looks when anything came of it.
            if wrote || told {
                office.tell();
            }
        }
        Err(error) => tracing::warn!(%error, "reconciliations were not looked at"),
    }
}

async fn sweep(office: &Arc<Office>, now: Timestamp) {
    if let Some(days) = office.retention_days {
        let before = now - Span::from_days(u64::from(days));
        let purged = office
            .settle(move |desk, now, _| desk_purge(desk, before, now))
            .await;
        if let Err(error) = purged {
            tracing::error!(%error, "content past its retention was not purged");
        }
    }
    if let Err(error) = erase(office).await {
        tracing::error!(%error, "content that was purged may still be in files of the store");
    }
    if let Err(error) = attachments::sweep(office).await {
        tracing::error!(%error, "sealed files were not looked through");
    }
}

/// Content that was purged goes from the files of the store as well, which keep what is deleted for
/// as long as it weighs little: whoever gets hold of an open home is to find it nowhere.
async fn erase(office: &Arc<Office>) -> Result<(), DeskError> {
    let asked = office.ask(|room, _| {
        let due = room.desk.is_erase_due()?;
        Ok::<_, DeskError>(due.then(|| Arc::clone(&room.durable)))
    });
    let Some(durable) = asked.await? else {
        return Ok(());
    };
    // The desk goes on meanwhile.
    let compacted = blocking(move || durable.compact()).await;
    compacted.map_err(StepError::from)?;
    let erased = |desk: &mut Desk, _, _: &mut OsRandomness| Ok(((), desk.erased()?));
    office.settle_quietly(erased).await
}

fn desk_purge(
    desk: &mut Desk,
    before: Timestamp,
    now: Timestamp,
) -> Result<((), maille_durable::CommitNumber), DeskError> {
    let (purged, settled) = desk.purge(before, now)?;
    if purged > 0 {
        tracing::info!(purged, "content past its retention was purged");
    }
    Ok(((), settled))
}

//! Whether this device is still let in: looked at whenever the roster, or the clock, may have
//! changed it, and told by itself.

use std::sync::Arc;

use maille_common::address::{ContactAddress, Name};
use maille_common::hash::Hash;
use maille_common::roster::Roster;
use maille_common::time::Timestamp;

use crate::authority::{Exclusion, exclusion};
use crate::client::Client;
use crate::core::ToldExclusion;
use crate::error::DeskError;
use crate::office::{Office, blocking};
use crate::roster_store::RosterStore;

/// How a device stands that may not act any more, or that relays refuse.
#[derive(Debug, Clone)]
pub struct Excluded {
    /// The contact.
    pub contact: ContactAddress,
    /// The roster in use here.
    pub roster: Arc<Roster>,
    /// Why the roster in use does not let it act; none where it does.
    pub by_roster: Option<Exclusion>,
    /// The relays that refuse its key, and since when.
    pub by_relays: Vec<(Name, Timestamp)>,
    /// For how many days content stays readable after it came; without end where none.
    pub retention_days: Option<u32>,
}

/// Looks whether this device may still act, and keeps an incident where it may not any more.
pub(crate) async fn look(office: &Arc<Office>) {
    let is_news = office
        .ask(|room, now| Ok::<_, DeskError>(room.desk.exclusion_is_news(now)?))
        .await;
    match is_news {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => return tracing::error!(%error, "it was not looked whether this device is in"),
    }
    let (judged, found) = match found(office).await {
        Ok(found) => found,
        Err(error) => return tracing::error!(%error, "it was not looked what took this device out"),
    };
    let told = found.as_ref().map(Exclusion::told);
    if let Some(ToldExclusion {
        designation,
        subject,
        document,
        hash,
        at,
        signers,
        reason,
    }) = &told
    {
        tracing::error!(
            %designation, subject, document, hash = %hash.short(), %at, signers, reason,
            "this device may not act any more"
        );
    } else {
        tracing::info!("this device may act again");
    }
    let kept = office
        .settle(move |desk, now, _| {
            Ok::<_, DeskError>(((), desk.tell_exclusion(&judged, told.as_ref(), now)?))
        })
        .await;
    if let Err(error) = kept {
        tracing::error!(%error, "it was not kept that this device may not act any more");
    }
}

/// A relay refuses the key of this device.
pub(crate) async fn not_admitted(office: &Arc<Office>, relay: &Name) {
    let named = relay.clone();
    let told = office
        .settle(move |desk, now, _| {
            let before = desk.newest_event()?;
            let settled = desk.not_admitted(&named, now)?;
            Ok::<_, DeskError>((desk.newest_event()? != before, settled))
        })
        .await;
    match told {
        Ok(true) => tracing::error!(
            %relay, "the relay does not admit this device, which the roster in use has"
        ),
        Ok(false) => {}
        Err(error) => {
            tracing::error!(%relay, %error, "it was not kept that a relay refuses this device");
        }
    }
}

/// The hash of the roster in use, and why that does not let this device act. Documents that cannot
/// be read prove nothing: the roster in use stands without them.
async fn found(office: &Arc<Office>) -> Result<(Hash, Option<Exclusion>), DeskError> {
    let (contact, device, roster, now) = office
        .ask(|room, now| {
            let desk = &room.desk;
            let identity = desk.identity();
            let roster = Arc::clone(desk.roster());
            Ok::<_, DeskError>((identity.contact.clone(), identity.device, roster, now))
        })
        .await?;
    let judged = roster.hash();
    if roster.designated_device(&device, now).out().is_none() {
        return Ok((judged, None));
    }
    let store = RosterStore::of_home(&office.home_path);
    let found = blocking(move || {
        let kept = store.read().unwrap_or_else(|error| {
            tracing::warn!(%error, "earlier documents of the roster cannot be read");
            roster.documents()
        });
        exclusion(&roster, &kept, &contact, &device, now)
    });
    Ok((judged, found.await))
}

impl Client {
    /// Why this device may not act any more, or which relays refuse it; none where all is well.
    pub async fn excluded(&self) -> Result<Option<Excluded>, DeskError> {
        let office = self.office();
        let (_, by_roster) = found(office).await?;
        let by_relays = office
            .ask(|room, _| Ok::<_, DeskError>(room.desk.refused_by()?))
            .await?;
        if by_roster.is_none() && by_relays.is_empty() {
            return Ok(None);
        }
        Ok(Some(Excluded {
            contact: office.contact.clone(),
            roster: office.roster(),
            by_roster,
            by_relays,
            retention_days: office.retention_days,
        }))
    }
}

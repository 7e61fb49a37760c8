//! This device's own sealing keys: made ahead, published, erased in time (DESIGN section 4).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{decode, encode};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use maille_common::sealing::{BundleOwner, SealingRing, SignedBundle};
use maille_common::time::Timestamp;

use crate::durable_file;
use crate::error::{DeskError, OpenError};
use crate::home::Home;
use crate::office::{Office, Room, lock};

/// The file of the newest bundle. Not secret: it is what relays publish.
const BUNDLE: &str = "bundle";

/// The newest bundle as it was published; none where it was lost, and another one takes its place.
pub(crate) fn load_bundle(home: &Path, ring: &SealingRing) -> Option<SignedBundle> {
    let bytes = std::fs::read(path_of(home)).ok()?;
    let bundle: SignedBundle = decode(&bytes).ok()?;
    (bundle.bundle.number == ring.number()).then_some(bundle)
}

/// Makes the next bundle. The ring is durable before the bundle exists for anybody else: a
/// published key whose private half is lost is an alert that nobody opens.
pub(crate) fn make_bundle(
    home: &Home,
    ring: &mut SealingRing,
    (contact, device, key): (&ContactAddress, DeviceId, &SigningKey),
    now: Timestamp,
    random: &mut impl Randomness,
) -> Result<SignedBundle, OpenError> {
    let bundle = ring.next_bundle(
        BundleOwner {
            contact,
            device,
            key,
        },
        now,
        random,
    )?;
    home.save_ring(ring, random)?;
    let write = |source| OpenError::Write {
        what: "The bundle of sealing keys",
        source,
    };
    durable_file::write(&path_of(home.path()), &encode(&bundle)).map_err(write)?;
    Ok(bundle)
}

/// Makes the keys of another week when they are due, and erases those that no honest sender uses.
pub(crate) async fn renew(office: &Arc<Office>) -> Result<(), OpenError> {
    let made = office.ask(renew_in).await?;
    if let Some(bundle) = made {
        *lock(&office.bundle) = Some(bundle);
        office.wake();
    }
    Ok(())
}

/// A relay holds a newer bundle than ours: the ring was lost, and this one has to overtake it,
/// since a lower number is void (PROTOCOL K3).
pub(crate) async fn overtake(office: &Arc<Office>, newest: u64) -> Result<(), OpenError> {
    let made = office
        .ask(move |room, now| overtake_in(room, newest, now))
        .await?;
    *lock(&office.bundle) = Some(made);
    office.wake();
    Ok(())
}

/// Makes a bundle that voids every earlier one up to `newest`.
pub(crate) fn overtake_in(
    room: &mut Room,
    newest: u64,
    now: Timestamp,
) -> Result<SignedBundle, OpenError> {
    let Room { desk, home, .. } = room;
    let mut random = crate::entropy::OsRandomness::new();
    let mut ring = home.load_ring()?.unwrap_or_default();
    ring.begin_after(newest);
    let identity = desk.identity();
    let (contact, device, key) = (&identity.contact, identity.device, &identity.signing);
    let bundle = make_bundle(home, &mut ring, (contact, device, key), now, &mut random)?;
    desk.replace_ring(ring);
    Ok(bundle)
}

fn renew_in(room: &mut Room, now: Timestamp) -> Result<Option<SignedBundle>, OpenError> {
    let mut random = crate::entropy::OsRandomness::new();
    let Room { desk, home, .. } = room;
    let work = desk.key_work(now).map_err(DeskError::from)?;
    if !work.is_any() {
        return Ok(None);
    }
    // Keys are not copied in memory: the desk keeps the old ring until the new one stands.
    let mut ring = home.load_ring()?.unwrap_or_default();
    if let Some(until) = work.erase_until {
        ring.erase_expired(until, until);
    }
    let identity = desk.identity();
    let owner = (&identity.contact, identity.device, &identity.signing);
    let bundle = if work.bundle_due {
        Some(make_bundle(home, &mut ring, owner, now, &mut random)?)
    } else {
        home.save_ring(&ring, &mut random)?;
        None
    };
    desk.replace_ring(ring);
    Ok(bundle)
}

fn path_of(home: &Path) -> PathBuf {
    home.join(BUNDLE)
}

//! This device's own keys: sealing keys made ahead, published, erased in time (DESIGN section 4),
//! and the two keys of the device renewed (PROTOCOL R12).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use maille_common::codec::{decode, encode};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use maille_common::roster::Roster;
use maille_common::sealing::{BundleOwner, SealingRing, SignedBundle};
use maille_common::time::Timestamp;

use crate::core::{PairWork, pair_work};
use crate::durable_file;
use crate::entropy::OsRandomness;
use crate::error::{DeskError, OpenError};
use crate::home::Home;
use crate::office::{Office, Room, lock};
use crate::shown_keys::ShownKeys;

/// The file of the newest bundle. Not secret: it is what relays publish.
const BUNDLE: &str = "bundle";

/// The newest bundle as it was published; none where it was lost, or says other than the home has,
/// and another one takes its place. So whoever was killed between changing its keys and telling
/// others of them tells them at the next start.
pub(crate) fn load_bundle(home: &Home, ring: &SealingRing) -> Option<SignedBundle> {
    let bytes = std::fs::read(path_of(home.path())).ok()?;
    let bundle: SignedBundle = decode(&bytes).ok()?;
    (bundle.bundle.number == ring.number() && is_up_to_date(&bundle, home)).then_some(bundle)
}

/// Whether a bundle is signed by the key in use, and offers the next ones where there are any.
fn is_up_to_date(bundle: &SignedBundle, home: &Home) -> bool {
    let key = home.signing_key().verifying_key();
    bundle.verify(&key).is_ok() && bundle.bundle.renewal() == home.renewal()
}

/// Makes the next bundle. The ring is durable before the bundle exists for anybody else: a
/// published key whose private half is lost is an alert that nobody opens.
pub(crate) fn make_bundle(
    home: &Home,
    ring: &mut SealingRing,
    now: Timestamp,
    random: &mut impl Randomness,
) -> Result<SignedBundle, OpenError> {
    let bundle = ring.next_bundle(
        BundleOwner {
            contact: home.contact(),
            device: home.device(),
            key: home.signing_key(),
            renewal: home.renewal().as_ref(),
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

/// Makes the next pair of keys when it is due, and takes it into use once the roster has it. What
/// fails of that is told, and tried again when it is looked at next: nobody is without sealing keys
/// because of it.
pub(crate) fn tend_pair(
    home: &mut Home,
    roster: &Roster,
    now: Timestamp,
    random: &mut impl Randomness,
) {
    if let Err(error) = change_pair(home, roster, now, random) {
        tracing::error!(
            %error,
            "the two keys of this device stay as they are: the next ones were not made, or not \
             taken into use"
        );
    }
}

/// Both are durable before anybody hears of them.
fn change_pair(
    home: &mut Home,
    roster: &Roster,
    now: Timestamp,
    random: &mut impl Randomness,
) -> Result<(), OpenError> {
    let (device, in_use) = (home.device(), home.signing_key().verifying_key());
    let offered = home.offered_keys();
    match pair_work(roster, &device, &in_use, offered.as_ref(), now) {
        Some(PairWork::Make) => {
            home.make_next_keys(now, random)?;
            tracing::info!(
                "the next keys of this device are made, and offered to its organisation"
            );
        }
        Some(PairWork::Take) => {
            home.take_next_keys(random)?;
            tracing::info!("the next keys of this device are in use");
        }
        None => return forget_former(home, roster, now, random),
    }
    Ok(())
}

/// The transport key before the one in use goes when it would lead nowhere any more.
fn forget_former(
    home: &mut Home,
    roster: &Roster,
    now: Timestamp,
    random: &mut impl Randomness,
) -> Result<(), OpenError> {
    let Some(former) = home.former_transport() else {
        return Ok(());
    };
    let former = former.verifying_key();
    let entry = roster.device(&home.device());
    let mut pairs = entry.into_iter().flat_map(|entry| &entry.device.keys);
    if pairs.any(|pair| pair.transport == former && pair.is_valid_at(now)) {
        return Ok(());
    }
    Ok(home.forget_former_transport(random)?)
}

/// What was renewed.
#[derive(Default)]
struct Renewed {
    bundle: Option<SignedBundle>,
    shown: Option<ShownKeys>,
}

/// Renews the device's own keys, makes the sealing keys of another week when they are due, and
/// erases those that no honest sender uses.
pub(crate) async fn renew(office: &Arc<Office>) -> Result<(), OpenError> {
    // Both are read and replaced in the room: a keeper and a session may be at it at once.
    let held = Arc::clone(office);
    let is_published = office
        .ask(move |room, now| {
            let bundle = lock(&held.bundle).clone();
            let shown = Arc::clone(&held.shown.borrow());
            let renewed = renew_in(room, bundle.as_ref(), &shown, now)?;
            let is_published = renewed.bundle.is_some();
            if is_published {
                *lock(&held.bundle) = renewed.bundle;
            }
            if let Some(shown) = renewed.shown {
                held.shown.send_replace(Arc::new(shown));
            }
            Ok::<_, OpenError>(is_published)
        })
        .await?;
    if is_published {
        office.wake();
        office.tell();
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
    let mut ring = home.load_ring()?.unwrap_or_default();
    ring.begin_after(newest);
    let bundle = make_bundle(home, &mut ring, now, &mut OsRandomness::new())?;
    desk.replace_ring(ring);
    Ok(bundle)
}

/// What was cut off between two of these steps is done when it is looked at next.
fn renew_in(
    room: &mut Room,
    bundle: Option<&SignedBundle>,
    shown: &ShownKeys,
    now: Timestamp,
) -> Result<Renewed, OpenError> {
    let mut random = OsRandomness::new();
    let Room { desk, home, .. } = room;
    let roster = Arc::clone(desk.roster());
    tend_pair(home, &roster, now, &mut random);
    let key = home.signing_key();
    if key.verifying_key() != desk.identity().signing.verifying_key() {
        desk.sign_with(SigningKey::from_seed(*key.expose()));
    }
    let mut renewed = Renewed::default();
    if !shown.are_of(home) {
        renewed.shown = Some(ShownKeys::of(home)?);
    }
    let is_stale = !bundle.is_some_and(|bundle| is_up_to_date(bundle, home));
    let work = desk.key_work(now).map_err(DeskError::from)?;
    if !work.is_any() && !is_stale {
        return Ok(renewed);
    }
    // Keys are not copied in memory: the desk keeps the old ring until the new one stands.
    let mut ring = home.load_ring()?.unwrap_or_default();
    if let Some(until) = work.erase_until {
        ring.erase_expired(until, until);
    }
    if work.bundle_due || is_stale {
        renewed.bundle = Some(make_bundle(home, &mut ring, now, &mut random)?);
    } else {
        home.save_ring(&ring, &mut random)?;
    }
    desk.replace_ring(ring);
    Ok(renewed)
}

fn path_of(home: &Path) -> PathBuf {
    home.join(BUNDLE)
}

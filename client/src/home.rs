//! The home of a device: its identity and keys at rest, and where its stores lie.
//!
//! `client/HOME.md` says of every file whether it is secret, whether it is trusted, and what is
//! lost if it vanishes. One process holds a home at a time.
//!
//! ```text
//! passphrase ─argon2id─▶ slot ─▶ master key ─▶ identity.sealed ─▶ transport, signing, store key
//! machine.key ───────────────────▶┘         └▶ sealing.keys
//! ```
//!
//! ```
//! use maille_client::entropy::OsRandomness;
//! use maille_client::home::{
//!     Cost, Home, NewHome, NewOfficer, Passphrase, Protection, Unlock, parse_anchor,
//! };
//! use maille_common::address::DeviceId;
//! use maille_common::randomness::Randomness;
//! # use maille_common::time::Timestamp;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("home");
//! # let now = Timestamp::from_unix_ms(1_795_000_000_000);
//! # let anchor_file = "version = 1\nnetwork = 'dialogue'\nthreshold = 1\nkeys = [
//! #     'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a']";
//!
//! let mut randomness = OsRandomness::new();
//! let new = NewHome {
//!     anchor: parse_anchor(anchor_file)?,
//!     contact: "interpol/fr/cyber".parse()?,
//!     device: DeviceId::from_bytes(randomness.array()),
//!     label: "night desk, left".parse()?,
//! };
//! let passphrase = Passphrase::new("five small grey harbour cats");
//! let name = "A. Diallo";
//! let officer = NewOfficer { name, passphrase: &passphrase, cost: Cost::STANDARD };
//! let home = Home::create(&path, new, Protection::Officer(officer), now, &mut randomness)?;
//! drop(home);
//!
//! let home = Home::open(&path, Unlock::Officer { name, passphrase: &passphrase })?;
//! assert_eq!(home.contact().as_str(), "interpol/fr/cyber");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::{Path, PathBuf};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::Text;
use maille_common::crypto::aead::AtRestKey;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use maille_common::roster::{Anchor, DeviceRequest, Roster, SignedRequest, Version};
use maille_common::sealing::SealingRing;
use maille_common::time::Timestamp;

mod anchor_file;
mod error;
mod files;
mod identity;
mod lock;
mod machine_key;
mod owner;
mod pair;
#[cfg(feature = "parsers")]
pub(crate) mod parsers;
mod passphrase;
mod place;
mod reanchor;
mod sealed_store;
mod sealing_keys;
mod slots;
mod store_key;
#[cfg(test)]
mod tests;
mod wipe;

pub use anchor_file::{AnchorFileError, format_anchor, parse_anchor};
pub use error::HomeError;
pub use passphrase::{Cost, Passphrase};
pub(crate) use passphrase::{NotStretched, SALT_LEN};
pub use reanchor::Reanchoring;
pub use sealed_store::{NonceSource, SealedStore};
pub(crate) use slots::Slots;
pub use slots::{NewOfficer, Officer};
pub use store_key::StoreKey;
pub use wipe::{Wiped, whose, wipe};

use identity::{Bound, Identity};
use lock::Lock;
use owner::Owner;

/// What a new home is made for.
#[derive(Debug, Clone)]
pub struct NewHome {
    /// Whom the device trusts from the first day on; it names the network too.
    pub anchor: Anchor,
    /// The contact that the device acts for.
    pub contact: ContactAddress,
    /// The device, stable over its keys' lives.
    pub device: DeviceId,
    /// What people call the device: `night desk, left`.
    pub label: Text<64>,
}

/// What a new home is closed with.
#[derive(Debug, Clone, Copy)]
pub enum Protection<'a> {
    /// A key in a file of mode 0600, for systems that start without a person. Whoever reads the
    /// file, or a backup of it, has the home.
    Machine,
    /// The passphrase of a first officer.
    Officer(NewOfficer<'a>),
}

/// What opens a home.
#[derive(Debug, Clone, Copy)]
pub enum Unlock<'a> {
    /// The machine's key.
    Machine,
    /// The passphrase of an officer.
    Officer {
        /// The officer.
        name: &'a str,
        /// The passphrase.
        passphrase: &'a Passphrase,
    },
}

/// Whether a process holds the home in this folder now. It may have let go, or another may have
/// taken it, when this returns: for whoever waits for a turn, not for whoever decides.
pub fn is_held(folder: &Path) -> bool {
    lock::is_held(folder)
}

/// Refuses a folder that others can write to: what is found there may be theirs. A home that is one
/// does not open either.
pub fn refuse_shared_folder(path: &Path) -> Result<(), HomeError> {
    files::refuse_shared_folder(path)
}

/// An open home. Dropping it lets the next process in.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    bound: Bound,
    identity: Identity,
    master: AtRestKey,
    slots: Slots,
    _lock: Lock,
}

impl Home {
    /// Makes a home with fresh keys in a folder that is not there yet, or empty.
    ///
    /// Everything given is judged before anything is written, and `home.toml` comes last: what a
    /// power cut leaves half made is not a home, and can be removed.
    pub fn create(
        path: &Path,
        new: NewHome,
        protection: Protection<'_>,
        now: Timestamp,
        randomness: &mut impl Randomness,
    ) -> Result<Self, HomeError> {
        anchor_file::check(path, &new.anchor)?;
        let master = AtRestKey::from_bytes(*randomness.secret());
        let slots = match protection {
            Protection::Machine => Slots::default(),
            Protection::Officer(officer) => {
                Slots::default().with(officer, &master, now, randomness)?
            }
        };
        files::create_folder(path)?;
        let lock = Lock::take(path)?;
        let home = Self {
            path: path.to_owned(),
            bound: Bound::new(new, now),
            identity: Identity::new(randomness),
            master,
            slots,
            _lock: lock,
        };
        match protection {
            Protection::Machine => machine_key::create(path, &home.master)?,
            Protection::Officer(_) => home.slots.save(path)?,
        }
        home.write(randomness)?;
        Ok(home)
    }

    /// Opens a home and takes its lock.
    pub fn open(path: &Path, unlock: Unlock<'_>) -> Result<Self, HomeError> {
        let owner = Owner::load(path)?;
        files::refuse_shared_folder(path)?;
        let lock = Lock::take(path)?;
        let slots = Slots::load(path)?;
        let master = match unlock {
            Unlock::Machine => machine_key::open(path)?,
            Unlock::Officer { name, passphrase } => slots.open(name, passphrase)?,
        };
        if let Some(next) = reanchor::waiting(path)?
            && Identity::anchor(path, &master)? == next
        {
            reanchor::finish(path, &next)?;
        }
        let bound = Bound {
            owner,
            anchor: anchor_file::load(path)?,
        };
        let identity = Identity::open(path, &bound, &master)?;
        Ok(Self {
            path: path.to_owned(),
            bound,
            identity,
            master,
            slots,
            _lock: lock,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the network.
    pub fn network(&self) -> &str {
        &self.bound.owner.network
    }

    /// The contact that the device acts for.
    pub fn contact(&self) -> &ContactAddress {
        &self.bound.owner.contact
    }

    /// The device.
    pub fn device(&self) -> DeviceId {
        self.bound.owner.device
    }

    /// What people call the device.
    pub fn label(&self) -> &str {
        &self.bound.owner.label
    }

    /// When the home was made.
    pub fn created(&self) -> Timestamp {
        self.bound.owner.created
    }

    /// Whether a roster that has this device has it with its own keys, present or next, and for its
    /// own contact. One that does not was made for somebody else in its place.
    pub fn is_itself_in(&self, roster: &Roster) -> bool {
        let Some(entry) = roster.device(&self.device()) else {
            return true;
        };
        let transport = SigningKey::from_seed(*self.transport_seed()).verifying_key();
        let signing = self.signing_key().verifying_key();
        let next = self.offered_keys();
        entry.contact.address == *self.contact()
            && entry.device.keys.iter().any(|keys| {
                (keys.transport, keys.signing) == (transport, signing)
                    || next.is_some_and(|next| next.are(keys))
            })
    }

    /// Whom the device trusts from the first day on.
    pub fn anchor(&self) -> &Anchor {
        &self.bound.anchor
    }

    /// The seed of the Ed25519 key that the device shows in TLS.
    pub fn transport_seed(&self) -> &[u8; 32] {
        &self.identity.transport_seed
    }

    /// The key that the device signs with.
    pub fn signing_key(&self) -> &SigningKey {
        &self.identity.signing_key
    }

    /// The key of [`SealedStore`].
    pub fn store_key(&self) -> &StoreKey {
        &self.identity.store_key
    }

    /// The private halves of the sealing keys; `None` where no ring was ever saved.
    ///
    /// A device whose ring vanished has to go on from the newest bundle that a relay holds, since
    /// a lower number is void (PROTOCOL K3); what is on its way to the old keys comes by addendum.
    pub fn load_ring(&self) -> Result<Option<SealingRing>, HomeError> {
        sealing_keys::load(&self.path, &self.master)
    }

    /// Makes a ring durable in the place of the last one.
    ///
    /// On return a key that is not in it any more is gone, as far as the disk allows. A bundle is
    /// published after the ring that can open for it is saved, never before.
    pub fn save_ring(
        &self,
        ring: &SealingRing,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        sealing_keys::save(&self.path, ring, &self.master, randomness)
    }

    /// Where the durable store lies.
    pub fn store_path(&self) -> PathBuf {
        self.path.join("store")
    }

    /// Where the sealed attachments lie.
    pub fn blob_path(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// Everybody who has or had a slot, in the order of being added.
    pub fn officers(&self) -> impl Iterator<Item = &Officer> {
        self.slots.officers()
    }

    /// Tells whether the home also opens without a person.
    pub fn has_machine_key(&self) -> bool {
        machine_key::exists(&self.path)
    }

    /// Checks the passphrase of an officer who takes over while the home is open.
    pub fn check_officer(&self, name: &str, passphrase: &Passphrase) -> Result<(), HomeError> {
        self.slots.check(name, passphrase)
    }

    /// Checks that the home would open with the machine's key as well.
    pub fn check_machine_key(&self) -> Result<(), HomeError> {
        let master = machine_key::open(&self.path)?;
        Identity::open(&self.path, &self.bound, &master).map(drop)
    }

    /// The slots as they are now, for whoever tries a passphrase without keeping the home from
    /// others.
    pub(crate) fn slots(&self) -> Slots {
        self.slots.clone()
    }

    /// Asks the organisation to admit the device: signed with both of its keys, made here.
    pub fn device_request(&self, now: Timestamp) -> SignedRequest {
        let transport = SigningKey::from_seed(*self.identity.transport_seed);
        request_of(&self.bound.owner, (&transport, self.signing_key()), now)
    }

    /// Gives another officer a way in.
    pub fn add_officer(
        &mut self,
        officer: NewOfficer<'_>,
        now: Timestamp,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        self.keep(self.slots.with(officer, &self.master, now, randomness)?)
    }

    /// Takes an officer's way in, unless it is the last.
    ///
    /// The officer cannot open this folder any more. A copy of it made before still opens with the
    /// old passphrase: where one may exist, make a new home and have the device replaced.
    pub fn remove_officer(&mut self, name: &str, now: Timestamp) -> Result<(), HomeError> {
        self.keep(self.slots.without(name, self.has_machine_key(), now)?)
    }

    /// Changes the passphrase of the officer who knows the present one.
    ///
    /// The keys stay, so a copy of the folder made before still opens with the old passphrase.
    pub fn change_passphrase(
        &mut self,
        officer: NewOfficer<'_>,
        present: &Passphrase,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        self.check_officer(officer.name, present)?;
        self.keep(
            self.slots
                .with_passphrase(officer, &self.master, randomness)?,
        )
    }

    /// Makes changed slots durable before they count.
    fn keep(&mut self, slots: Slots) -> Result<(), HomeError> {
        slots.save(&self.path)?;
        self.slots = slots;
        Ok(())
    }

    /// Writes what every new home has; the file that makes it a home comes last.
    fn write(&self, randomness: &mut impl Randomness) -> Result<(), HomeError> {
        anchor_file::create(&self.path, &self.bound.anchor)?;
        self.identity
            .create(&self.path, &self.bound, &self.master, randomness)?;
        files::create_folder(&self.store_path())?;
        files::create_folder(&self.blob_path())?;
        files::sync_folder(&self.path)?;
        self.bound.owner.create(&self.path)?;
        files::sync_folder(&self.path)?;
        files::sync_folder_of(&self.path)
    }
}

/// A request with these keys, transport and signing, signed with both.
fn request_of(
    owner: &Owner,
    (transport, signing): (&SigningKey, &SigningKey),
    created: Timestamp,
) -> SignedRequest {
    let request = DeviceRequest {
        version: Version::ONE,
        network: owner.network.clone(),
        contact: owner.contact.clone(),
        device: owner.device,
        label: owner.label.clone(),
        transport: transport.verifying_key(),
        signing: signing.verifying_key(),
        created,
    };
    SignedRequest::sign(request, signing, transport)
        .expect("two keys, two texts of 64 bytes and an address are under 1,024 bytes")
}

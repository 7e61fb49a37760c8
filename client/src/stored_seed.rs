//! The seed of a private key in a file: sealed under a passphrase, or in the clear where a machine
//! uses it without a person.
//!
//! sealed = AES-256-GCM(argon2id(passphrase, salt), nonce, bound, seed), where `bound` names the
//! kind of the file and the public key: a seed does not open in another file.

use maille_common::codec::{from_hex, to_hex};
use maille_common::crypto::aead;
use maille_common::randomness::Randomness;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::home::{Cost, NotStretched, Passphrase, SALT_LEN};

/// 12 bytes of nonce, the seed, 16 bytes of tag.
const SEALED_LEN: usize = 32 + aead::OVERHEAD;

/// What protects a new key file.
#[derive(Debug, Clone, Copy)]
pub enum KeyProtection<'a> {
    /// A passphrase, and what a try of it costs: [`Cost::STANDARD`] outside tests.
    Passphrase(&'a Passphrase, Cost),
    /// The mode of the file alone. Whoever reads it, or a backup of it, has the key.
    Plain,
}

/// A seed as it lies in a file. It has no `Debug`.
pub(crate) enum StoredSeed {
    Plain(Zeroizing<[u8; 32]>),
    Sealed {
        cost: Cost,
        salt: [u8; SALT_LEN],
        sealed: [u8; SEALED_LEN],
    },
}

/// A sealed seed as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedForm {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    sealed_seed: String,
}

/// Why a seed was not sealed, read or opened. Each kind of file says so in its own words.
#[derive(Debug)]
pub(crate) enum SeedFault {
    /// The file is not of the form, with why, as a clause.
    Form(String),
    /// It is sealed, and no passphrase was given.
    PassphraseNeeded,
    /// The passphrase does not open it.
    WrongPassphrase,
    /// A new passphrase could be guessed.
    PassphraseTooShort,
    /// Stretching takes more memory than there is.
    NoMemory { memory_kib: u32 },
}

impl StoredSeed {
    /// A new seed, protected so.
    pub(crate) fn protect(
        seed: Zeroizing<[u8; 32]>,
        protection: KeyProtection<'_>,
        bound: &[u8],
        randomness: &mut impl Randomness,
    ) -> Result<Self, SeedFault> {
        let KeyProtection::Passphrase(passphrase, cost) = protection else {
            return Ok(Self::Plain(seed));
        };
        if !passphrase.is_long_enough() {
            return Err(SeedFault::PassphraseTooShort);
        }
        let salt = randomness.array();
        let key = passphrase
            .stretch(&salt, cost)
            .map_err(|NotStretched| no_memory(cost))?;
        let sealed = aead::seal(&key, randomness.array(), bound, seed.as_slice());
        let sealed = sealed
            .try_into()
            .expect("a sealed seed has the length of seed and overhead");
        Ok(Self::Sealed { cost, salt, sealed })
    }

    /// Reads what a file has of it: the plain seed, in the field with this name, or the sealed one.
    pub(crate) fn read(
        plain: Option<String>,
        field: &str,
        sealed: Option<SealedForm>,
    ) -> Result<Self, SeedFault> {
        match (plain.map(Zeroizing::new), sealed) {
            (Some(seed), None) => Ok(Self::Plain(Zeroizing::new(hex(&seed, field)?))),
            (None, Some(slot)) => Ok(Self::Sealed {
                cost: Cost::new(slot.memory_kib, slot.passes, slot.lanes)
                    .ok_or_else(|| form("the cost of its passphrase is out of bounds"))?,
                salt: hex(&slot.salt, "salt")?,
                sealed: hex(&slot.sealed_seed, "sealed_seed")?,
            }),
            _ => Err(form(format!("it needs either `{field}` or `[argon2id]`"))),
        }
    }

    /// As it is written: the plain seed, or the sealed one.
    pub(crate) fn written(&self) -> (Option<String>, Option<SealedForm>) {
        match self {
            Self::Plain(seed) => (Some(to_hex(seed.as_slice())), None),
            Self::Sealed { cost, salt, sealed } => {
                let slot = SealedForm {
                    memory_kib: cost.memory_kib(),
                    passes: cost.passes(),
                    lanes: cost.lanes(),
                    salt: to_hex(salt),
                    sealed_seed: to_hex(sealed),
                };
                (None, Some(slot))
            }
        }
    }

    /// Whether a passphrase is needed.
    pub(crate) const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed { .. })
    }

    /// The seed. A passphrase that is not needed is not looked at.
    pub(crate) fn open(
        &self,
        bound: &[u8],
        passphrase: Option<&Passphrase>,
    ) -> Result<Zeroizing<[u8; 32]>, SeedFault> {
        match (self, passphrase) {
            (Self::Plain(seed), _) => Ok(seed.clone()),
            (Self::Sealed { .. }, None) => Err(SeedFault::PassphraseNeeded),
            (Self::Sealed { cost, salt, sealed }, Some(passphrase)) => {
                let key = passphrase
                    .stretch(salt, *cost)
                    .map_err(|NotStretched| no_memory(*cost))?;
                let opened = aead::open(&key, bound, sealed);
                let opened = opened.map_err(|_| SeedFault::WrongPassphrase)?;
                let seed = opened.as_slice().try_into();
                let seed = seed.map_err(|_| form("the sealed seed has another length"))?;
                Ok(Zeroizing::new(seed))
            }
        }
    }
}

/// Bytes that a file has as digits.
pub(crate) fn hex<const N: usize>(text: &str, field: &str) -> Result<[u8; N], SeedFault> {
    from_hex(text).map_err(|_| form(format!("`{field}` is not {} hexadecimal digits", 2 * N)))
}

fn form(why: impl Into<String>) -> SeedFault {
    SeedFault::Form(why.into())
}

fn no_memory(cost: Cost) -> SeedFault {
    SeedFault::NoMemory {
        memory_kib: cost.memory_kib(),
    }
}

//! An alert whose words are proven: the only form that may reach an inbox or a screen.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::address::ContactAddress;
use crate::check::Check;
use crate::codec::{Exact, decode};
use crate::content::{Alert, ContentFault, Heartbeat, Reconciliation};
use crate::crypto::chunked::{self, ContentKey};
use crate::crypto::hpke::SealingSecretKey;
use crate::crypto::padding;
use crate::envelope::verified::check_body;
use crate::envelope::{
    Core, Delivery, Entry, Env, Link, ProvenEnvelope, StreamPosition, VerifiedEnvelope,
    VerifyFault, core_hash,
};
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::label::Label;
use crate::limits;
use crate::sealing::SealingKeyId;
use crate::terms::{Kind, Reason};

/// What was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Of an alert, reply, update, cancel or addendum.
    Alert(Box<Alert>),
    /// Of a heartbeat.
    Heartbeat(Heartbeat),
    /// Of a reconciliation.
    Reconciliation(Box<Reconciliation>),
}

/// An envelope whose content was opened with this device's key, under the signed core.
///
/// Built only by [`VerifiedEnvelope::open`].
#[derive(Debug)]
pub struct OpenedAlert {
    envelope: VerifiedEnvelope,
    content: Content,
    content_key: ContentKey,
    position: StreamPosition,
}

/// Why a verified envelope does not open. Each has the reason of a signed `Returned` (I7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenFault {
    /// E13: the sealing key is unknown or erased.
    #[error("the sealing key {0} is not held here any more; the sender is asked for an addendum")]
    KeyGone(SealingKeyId),
    /// E13: the wrap does not open.
    #[error("the wrap does not open with the key it names")]
    WrapBroken,
    /// E14: the body does not open.
    #[error("the body does not open with the content key and this core")]
    BodyBroken,
    /// E15: the content is not of its form.
    #[error("the content is not of its form")]
    ContentMalformed,
    /// E15: the content has a version this program does not read.
    #[error("the content has version {0}, and this program reads version 1")]
    VersionUnknown(u16),
    /// E15: a critical extension is unknown.
    #[error("the content has the critical extension {0}, which this program does not know")]
    CriticalExtension(u32),
}

/// Why a body and a key that somebody shows are not those of a proven envelope.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RevealFault {
    /// E11: the body is another one.
    #[error(transparent)]
    Body(#[from] VerifyFault),
    /// E14, E15: the key does not open it, or what it opens is not of its form.
    #[error(transparent)]
    Open(#[from] OpenFault),
}

impl OpenFault {
    /// The check of PROTOCOL that asks for a signed answer to it.
    pub fn check(&self) -> Check {
        match self {
            Self::KeyGone(_) | Self::WrapBroken => Check::E13,
            Self::BodyBroken => Check::E14,
            Self::ContentMalformed | Self::VersionUnknown(_) | Self::CriticalExtension(_) => {
                Check::E15
            }
        }
    }

    /// The reason a `Returned` receipt gives.
    pub fn reason(&self) -> Reason {
        match self {
            Self::KeyGone(_) => Reason::KeyGone,
            Self::WrapBroken => Reason::WrapBroken,
            Self::BodyBroken => Reason::BodyBroken,
            Self::ContentMalformed => Reason::ContentMalformed,
            Self::VersionUnknown(_) => Reason::VersionUnknown,
            Self::CriticalExtension(_) => Reason::CriticalExtension,
        }
    }
}

impl VerifiedEnvelope {
    /// Opens wrap and body (PROTOCOL E13 to E15). `key` is the private half the entry names, if
    /// this device still holds it.
    pub fn open(self, key: Option<&SealingSecretKey>) -> Result<OpenedAlert, OpenFault> {
        let Delivery {
            env,
            entry,
            wrap,
            body,
            ..
        } = self.delivery();
        let key = key.ok_or(OpenFault::KeyGone(entry.key))?;
        let plain = key
            .open(&wrap_info(&core_hash(&env.core), entry), wrap)
            .map_err(|_| OpenFault::WrapBroken)?;
        let (content_key, position) = split_wrap(&plain).ok_or(OpenFault::WrapBroken)?;
        let content = open_body(self.body_env(), &content_key, body)?;
        Ok(OpenedAlert {
            envelope: self,
            content,
            content_key,
            position,
        })
    }
}

impl OpenedAlert {
    /// The id of the alert: for an addendum the original's.
    pub fn id(&self) -> AlertId {
        self.envelope.alert_id()
    }

    /// The core of the alert itself: for an addendum the original's.
    pub fn core(&self) -> &Core {
        &self.envelope.body_env().core
    }

    /// The envelope it came in.
    pub fn envelope(&self) -> &VerifiedEnvelope {
        &self.envelope
    }

    /// Who sent it.
    pub fn sender(&self) -> &ContactAddress {
        &self.envelope.core().sender
    }

    /// What it says.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The key of the body, which an addendum wraps again.
    pub fn content_key(&self) -> &ContentKey {
        &self.content_key
    }

    /// Where it stands in the stream from the sending device; number 0 outside the stream.
    pub fn position(&self) -> StreamPosition {
        self.position
    }

    /// What the alert adds to the stream's chain: for an addendum the original does.
    pub fn link(&self) -> Link {
        let env = self.envelope.body_env();
        Link {
            core: core_hash(&env.core),
            body: env.body_hash,
        }
    }
}

impl ProvenEnvelope {
    /// Opens the body with a content key that somebody reveals (PROTOCOL E11, E14, E15).
    ///
    /// The commitment binds key and body to each other, and the signature the body to its writer:
    /// no other key opens it to other words.
    pub fn reveal(&self, key: &ContentKey, body: &[u8]) -> Result<Content, RevealFault> {
        let env = &self.signed().env;
        Check::X7.found(check_body(env, body))?;
        Ok(open_body(env, key, body)?)
    }
}

/// Opens a body (PROTOCOL E14, E15).
fn open_body(env: &Env, key: &ContentKey, body: &[u8]) -> Result<Content, OpenFault> {
    let padded = chunked::open(key, &body_context(&env.core), body)
        .map(Zeroizing::new)
        .map_err(|_| OpenFault::BodyBroken)?;
    parse_content(env, &padded)
}

/// The HPKE info of a wrap: `"wrap" | H(core) | device | key`.
pub(super) fn wrap_info(core: &Hash, entry: &Entry) -> Vec<u8> {
    wrap_info_for(core, entry.device.as_bytes(), entry.key.as_bytes())
}

/// [`wrap_info`] before the entry exists.
pub(super) fn wrap_info_for(core: &Hash, device: &[u8; 16], key: &[u8; 32]) -> Vec<u8> {
    [&Label::WRAP.padded()[..], core.as_bytes(), device, key].concat()
}

/// The chunked encryption's context of a body: `"body" | H(core)`.
pub fn body_context(core: &Exact<Core, { limits::CORE_BYTES_MAX }>) -> Vec<u8> {
    [&Label::BODY.padded()[..], core_hash(core).as_bytes()].concat()
}

/// `content key | epoch | number | chain`.
pub(super) fn join_wrap(key: &ContentKey, position: &StreamPosition) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(limits::WRAP_PLAIN_BYTES));
    plain.extend_from_slice(key.expose());
    plain.extend_from_slice(&crate::codec::encode(position));
    plain
}

fn split_wrap(plain: &[u8]) -> Option<(ContentKey, StreamPosition)> {
    let (key, position) = plain.split_first_chunk::<32>()?;
    Some((ContentKey::from_bytes(*key), decode(position).ok()?))
}

fn parse_content(env: &Env, padded: &[u8]) -> Result<Content, OpenFault> {
    let plain = padding::unpad(padded).map_err(|_| OpenFault::ContentMalformed)?;
    if env.core.kind == Kind::Heartbeat {
        let heartbeat: Heartbeat = decode(plain).map_err(|_| OpenFault::ContentMalformed)?;
        heartbeat.check()?;
        return Ok(Content::Heartbeat(heartbeat));
    }
    if env.core.kind == Kind::Reconciliation {
        let letter: Reconciliation = decode(plain).map_err(|_| OpenFault::ContentMalformed)?;
        letter.check()?;
        return Ok(Content::Reconciliation(Box::new(letter)));
    }
    let alert: Alert = decode(plain).map_err(|_| OpenFault::ContentMalformed)?;
    alert.check(&env.blobs)?;
    Ok(Content::Alert(Box::new(alert)))
}

/// What the sender can mend keeps its own reason; the rest is malformed.
impl From<ContentFault> for OpenFault {
    fn from(fault: ContentFault) -> Self {
        match fault {
            ContentFault::Version(found) => Self::VersionUnknown(found),
            ContentFault::CriticalExtension(number) => Self::CriticalExtension(number),
            _ => Self::ContentMalformed,
        }
    }
}

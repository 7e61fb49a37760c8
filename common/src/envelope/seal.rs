//! Making an envelope: the sender's side, pure in its randomness.

use thiserror::Error;

use crate::address::DeviceId;
use crate::blob::BlobRef;
use crate::codec::{Bytes, Exact, List, TooLong};
use crate::crypto::chunked::{self, ContentKey};
use crate::crypto::ed25519::SigningKey;
use crate::crypto::hpke::SealingPublicKey;
use crate::crypto::padding;
use crate::envelope::opened::{body_context, join_wrap, wrap_info_for};
use crate::envelope::{
    Core, CoreFault, DeviceSignature, Entry, Env, Link, Original, OutgoingStream, StreamPosition,
    Submission, SubmittedEntry, body_hash, core_hash, entry_root,
};
use crate::hash::Hash;
use crate::identifier::{AlertId, Epoch};
use crate::label::Label;
use crate::limits;
use crate::randomness::Randomness;
use crate::sealing::SealingKeyId;
use crate::terms::{Kind, Release};

/// A device that gets a wrap.
#[derive(Debug, Clone)]
pub struct Addressee {
    /// The device.
    pub device: DeviceId,
    /// When it gets the wrap.
    pub release: Release,
    /// Index of the recipient it serves; `OWN_RECIPIENT` for `own`.
    pub recipient: u16,
    /// The step of deputies, from 1; 0 for whoever serves itself.
    pub step: u8,
    /// The sealing key's id.
    pub key: SealingKeyId,
    /// The sealing key.
    pub public: SealingPublicKey,
    /// The stream to this device as it stands, of an addendum that fills a gap as it stood with the
    /// alert; none for a wrap outside it.
    pub stream: Option<OutgoingStream>,
}

/// Who signs.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The device.
    pub device: DeviceId,
    /// Its signing key.
    pub key: &'a SigningKey,
}

/// Everything an envelope is made of.
#[derive(Debug)]
pub struct Draft<'a> {
    /// The plain part.
    pub core: Core,
    /// The encoded content: an `Alert`, `Heartbeat` or `Reconciliation`.
    pub content: &'a [u8],
    /// The attachments, in the order the content names them.
    pub blobs: Vec<BlobRef>,
    /// The devices that get a wrap.
    pub addressees: Vec<Addressee>,
    /// The life of this device's store.
    pub epoch: Epoch,
    /// The sending device, and a second person's where a rule asks for it.
    pub signers: Vec<Signer<'a>>,
}

/// A sealed envelope, to be committed to the outbox before anything of it is sent.
#[derive(Debug)]
pub struct Sealed {
    /// The alert's id for ever; of an addendum, its own.
    pub id: AlertId,
    /// What goes to relays.
    pub submission: Submission,
    /// The key of the body, kept for addenda.
    pub content_key: ContentKey,
    /// The streams as they stand after this envelope, to be committed with it.
    pub streams: Vec<(DeviceId, OutgoingStream)>,
}

/// Why an envelope cannot be made. Always the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealFault {
    /// The core breaks a rule.
    #[error(transparent)]
    Core(#[from] CoreFault),
    /// Something is over its limit.
    #[error("the envelope is too large: {0}")]
    TooLong(#[from] TooLong),
    /// A device has two entries in one place, or an entry's form does not fit its release.
    #[error("the entry of device {0} repeats another or does not fit its release")]
    Entry(DeviceId),
    /// The first signer is not the core's device, or both are the same.
    #[error("an envelope is signed first by the device that sends it, and second by another one")]
    Signer,
    /// An addendum is made by `seal_addendum`, and nothing else is.
    #[error("an addendum extends an alert, and nothing else does")]
    Addendum,
}

/// Seals an alert, reply, update, cancel, heartbeat or reconciliation.
pub fn seal(draft: Draft<'_>, random: &mut impl Randomness) -> Result<Sealed, SealFault> {
    if draft.core.kind == Kind::Addendum {
        return Err(SealFault::Addendum);
    }
    let core = Exact::of(draft.core.clone())?;
    let content_key = ContentKey::from_bytes(*random.secret());
    let padded = padding::pad(draft.content);
    let context = body_context(&core);
    let body = chunked::seal(&content_key, &random.array(), &context, &padded);
    assemble(draft, core, content_key, None, body, random)
}

/// Seals new wraps of the content key of an alert already sent (PROTOCOL section 5, addendum).
///
/// `body` is the original's sealed body, which travels with the addendum.
pub fn seal_addendum(
    draft: Draft<'_>,
    original: Original,
    content_key: ContentKey,
    body: Vec<u8>,
    random: &mut impl Randomness,
) -> Result<Sealed, SealFault> {
    let extends = Env::id(original.env.bytes());
    let names_it = draft.core.kind == Kind::Addendum && draft.core.refers_to() == Some(extends);
    if !names_it || !draft.blobs.is_empty() {
        return Err(SealFault::Addendum);
    }
    let core = Exact::of(draft.core.clone())?;
    assemble(draft, core, content_key, Some(original), body, random)
}

fn assemble(
    draft: Draft<'_>,
    core: Exact<Core, { limits::CORE_BYTES_MAX }>,
    content_key: ContentKey,
    original: Option<Original>,
    body: Vec<u8>,
    random: &mut impl Randomness,
) -> Result<Sealed, SealFault> {
    core.check()?;
    check_signers(&draft)?;
    let signed_body: &[u8] = if original.is_some() { &[] } else { &body };
    let link = Link {
        core: core_hash(&core),
        body: body_hash(signed_body),
    };
    let (entries, streams) = wrap_all(&draft, &content_key, &link, random)?;
    let env = Exact::of(Env {
        body_hash: link.body,
        body_length: u64::try_from(signed_body.len()).unwrap_or(u64::MAX),
        core,
        blobs: List::new(draft.blobs)?,
        entries: u32::try_from(entries.len()).unwrap_or(u32::MAX),
        root: entry_root(&entries),
    })?;
    let id = Env::id(env.bytes());
    let signatures: Vec<DeviceSignature> = draft
        .signers
        .iter()
        .map(|signer| sign_envelope(signer, &id))
        .collect();
    let submission = Submission {
        env,
        signatures: List::new(signatures)?,
        entries: List::new(entries)?,
        original,
        body: Bytes::new(body)?,
    };
    Ok(Sealed {
        id,
        submission,
        content_key,
        streams,
    })
}

/// One device's signature over an envelope's id.
fn sign_envelope(signer: &Signer<'_>, id: &AlertId) -> DeviceSignature {
    let signed = Hash::from_bytes(*id.as_bytes());
    DeviceSignature {
        device: signer.device,
        signature: signer.key.sign(Label::ENVELOPE_SIGNATURE, &signed),
    }
}

fn check_signers(draft: &Draft<'_>) -> Result<(), SealFault> {
    match draft.signers.as_slice() {
        [first] if first.device == draft.core.device => Ok(()),
        [first, second] if first.device == draft.core.device && second.device != first.device => {
            Ok(())
        }
        _ => Err(SealFault::Signer),
    }
}

type Wrapped = (Vec<SubmittedEntry>, Vec<(DeviceId, OutgoingStream)>);

fn wrap_all(
    draft: &Draft<'_>,
    content_key: &ContentKey,
    link: &Link,
    random: &mut impl Randomness,
) -> Result<Wrapped, SealFault> {
    let mut entries = Vec::with_capacity(draft.addressees.len());
    let mut streams = Vec::new();
    for addressee in &draft.addressees {
        let position = match (&addressee.stream, draft.core.kind) {
            // Neither is new in the stream: one names the newest, the other fills a gap.
            (Some(stream), Kind::Heartbeat | Kind::Addendum) => stream.newest(),
            (Some(stream), _) => {
                let extended = stream.extended(link);
                streams.push((addressee.device, extended));
                extended.newest()
            }
            (None, _) => StreamPosition::outside(draft.epoch),
        };
        let plain = join_wrap(content_key, &position);
        let info = wrap_info_for(
            &link.core,
            addressee.device.as_bytes(),
            addressee.key.as_bytes(),
        );
        let sealed = addressee.public.seal(&info, &plain, &random.secret());
        let wrap = <[u8; limits::WRAP_BYTES]>::try_from(sealed)
            .expect("a wrap's plaintext has 80 bytes, so the wrap has 1,216");
        let entry = Entry {
            device: addressee.device,
            release: addressee.release,
            recipient: addressee.recipient,
            step: addressee.step,
            key: addressee.key,
            wrap: Entry::wrap_hash(&wrap),
        };
        let misplaced = entry.asks_now() && draft.core.kind != Kind::Addendum;
        if misplaced || !entry.is_well_formed(draft.core.recipients.len()) {
            return Err(SealFault::Entry(entry.device));
        }
        entries.push(SubmittedEntry { entry, wrap });
    }
    entries.sort_by_key(|submitted| submitted.entry.place());
    let repeated = entries
        .windows(2)
        .find(|pair| pair[0].entry.place() == pair[1].entry.place());
    match repeated {
        Some(pair) => Err(SealFault::Entry(pair[0].entry.device)),
        None => Ok((entries, streams)),
    }
}

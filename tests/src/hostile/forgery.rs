//! Envelopes of parts that do not belong together, signed by whoever has keys.

use maille_common::address::DeviceId;
use maille_common::codec::{Bytes, Exact, List, encode};
use maille_common::crypto::chunked::ContentKey;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::crypto::hpke::SealingPublicKey;
use maille_common::crypto::merkle;
use maille_common::envelope::{
    Core, Delivery, DeviceSignature, Entry, EntryProof, Env, Original, StreamPosition, Submission,
    SubmittedEntry, body_hash, core_hash, entry_root,
};
use maille_common::hash::Hash;
use maille_common::label::Label;
use maille_common::limits;
use maille_common::sealing::SealingKeyId;
use maille_common::terms::Release;

/// An envelope as somebody wants it, with nothing checked.
#[derive(Debug, Clone)]
pub struct Forgery {
    /// The plain part.
    pub core: Core,
    /// The sealed body, whoever sealed it.
    pub body: Vec<u8>,
    /// The wraps.
    pub wraps: Vec<ForgedWrap>,
    /// For an addendum: what it extends.
    pub original: Option<Original>,
}

/// A wrap as somebody wants it.
#[derive(Debug, Clone)]
pub struct ForgedWrap {
    /// The device.
    pub device: DeviceId,
    /// When it gets the wrap.
    pub release: Release,
    /// Index of the recipient it serves.
    pub recipient: u16,
    /// The step of deputies.
    pub step: u8,
    /// The key that the entry names.
    pub key: SealingKeyId,
    /// The bytes of the wrap.
    pub wrap: Vec<u8>,
}

impl ForgedWrap {
    /// A wrap made anew for a device, as PROTOCOL section 5 says.
    pub fn sealed(
        (device, public): (DeviceId, &SealingPublicKey),
        core: &Core,
        (content, position): (&ContentKey, &StreamPosition),
        seed: u8,
    ) -> Self {
        let key = SealingKeyId::of(public);
        let core = core_hash(&Exact::of(core.clone()).unwrap());
        let info = [
            &Label::WRAP.padded()[..],
            core.as_bytes(),
            device.as_bytes(),
            key.as_bytes(),
        ];
        let plain = [content.expose().as_slice(), &encode(position)].concat();
        Self {
            device,
            release: Release::Now,
            recipient: 0,
            step: 0,
            key,
            wrap: public.seal(&info.concat(), &plain, &[seed; 64]),
        }
    }
}

impl Forgery {
    /// Signs it with these keys, in this order.
    pub fn signed(self, signers: &[(DeviceId, SigningKey)]) -> Submission {
        let submitted = |forged: ForgedWrap| {
            let wrap: [u8; limits::WRAP_BYTES] = forged.wrap.try_into().unwrap();
            let entry = Entry {
                device: forged.device,
                release: forged.release,
                recipient: forged.recipient,
                step: forged.step,
                key: forged.key,
                wrap: Entry::wrap_hash(&wrap),
            };
            SubmittedEntry { entry, wrap }
        };
        let mut entries: Vec<_> = self.wraps.into_iter().map(submitted).collect();
        entries.sort_by_key(|submitted| submitted.entry.place());
        let signed_body: &[u8] = match self.original {
            Some(_) => &[],
            None => &self.body,
        };
        let env = Env {
            core: Exact::of(self.core).unwrap(),
            body_hash: body_hash(signed_body),
            body_length: u64::try_from(signed_body.len()).unwrap(),
            blobs: List::empty(),
            entries: u32::try_from(entries.len()).unwrap(),
            root: entry_root(&entries),
        };
        let env = Exact::of(env).unwrap();
        Submission {
            signatures: List::new(signed_by(env.bytes(), signers)).unwrap(),
            env,
            entries: List::new(entries).unwrap(),
            original: self.original,
            body: Bytes::new(self.body).unwrap(),
        }
    }
}

/// Signatures over an env.
pub fn signed_by(env: &[u8], signers: &[(DeviceId, SigningKey)]) -> Vec<DeviceSignature> {
    let signed = Hash::from_bytes(*Env::id(env).as_bytes());
    let sign = |(device, key): &(DeviceId, SigningKey)| DeviceSignature {
        device: *device,
        signature: key.sign(Label::ENVELOPE_SIGNATURE, &signed),
    };
    signers.iter().map(sign).collect()
}

/// An envelope whose core was changed under the signatures that it had.
pub fn altered(submission: &Submission, change: impl FnOnce(&mut Core)) -> Submission {
    let mut env = submission.env.value().clone();
    let mut core = env.core.value().clone();
    change(&mut core);
    env.core = Exact::of(core).unwrap();
    Submission {
        env: Exact::of(env).unwrap(),
        ..submission.clone()
    }
}

/// What a relay hands to one device, whether or not its turn has come: the first of its entries.
pub fn share(submission: &Submission, device: &DeviceId) -> Delivery {
    let mut shares = all_shares(submission).into_iter();
    shares.find(|share| share.entry.device == *device).unwrap()
}

/// What a relay can hand to anybody.
pub fn all_shares(submission: &Submission) -> Vec<Delivery> {
    let all: Vec<Entry> = submission
        .entries
        .iter()
        .map(|submitted| submitted.entry.clone())
        .collect();
    let leaves = all
        .iter()
        .map(|entry| merkle::leaf_hash(entry.leaf().as_bytes()));
    let tree = merkle::Tree::new(leaves.collect());
    let share = |(at, submitted): (usize, &SubmittedEntry)| Delivery {
        env: submission.env.clone(),
        signatures: submission.signatures.clone(),
        proof: EntryProof {
            index: u32::try_from(at).unwrap(),
            path: List::new(tree.path(at).unwrap()).unwrap(),
        },
        entry: submitted.entry.clone(),
        wrap: submitted.wrap,
        entries: match submitted.entry.release {
            Release::Own => List::new(all.clone()).unwrap(),
            Release::Now | Release::After => List::empty(),
        },
        original: submission.original.clone(),
        body: submission.body.clone(),
    };
    submission.entries.iter().enumerate().map(share).collect()
}

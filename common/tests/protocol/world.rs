//! A small network with real keys, and envelopes sent in it.
//!
//! `alpha/desk` (devices 1 and 2) may write to `beta/desk` (3 and 4, deputy `gamma/desk`) and to
//! `gamma/desk` (5), where what is immediate asks for two persons. Nobody may write to `delta/desk`
//! (6).

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::blob::BlobRef;
use maille_common::codec::{Exact, List, SortedList, Text, encode};
use maille_common::content::{Alert, Heartbeat};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::crypto::hpke::SealingSecretKey;
use maille_common::crypto::merkle;
use maille_common::envelope::{
    Addressee, Core, Delivery, DeviceSignature, Draft, EntryProof, Env, FormFault, OWN_RECIPIENT,
    OpenFault, OpenedAlert, OutgoingStream, SealFault, Sealed, SealedEnvelope, Signer, Submission,
    VerifyFault, seal,
};
use maille_common::extension::Extensions;
use maille_common::hash::{Hash, hash};
use maille_common::identifier::{AlertId, Epoch};
use maille_common::label::Label;
use maille_common::randomness::Randomness;
use maille_common::roster::{
    Anchor, Annex, AuthorityKey, AuthorityPart, Contact, Deputy, Device, DeviceKeys, Organisation,
    Relay, RelayKeys, Roster, RosterDocuments, Rule, SignedAnnex, SignedAuthority, UrgencyDefault,
    Version, sign_annex, sign_authority,
};
use maille_common::sealing::SealingKeyId;
use maille_common::terms::{AckRule, Kind, Reach, Release, Standing, Status, Urgency};
use maille_common::time::{Span, Timestamp};

/// When everything happens, unless a test says otherwise.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_ms(1_795_420_800_000);
pub(crate) const EPOCH: Epoch = Epoch(3);
pub(crate) const DEVICES: [(u8, &str); 6] = [
    (1, "alpha/desk"),
    (2, "alpha/desk"),
    (3, "beta/desk"),
    (4, "beta/desk"),
    (5, "gamma/desk"),
    (6, "delta/desk"),
];
const AUTHORITY: u8 = 100;
pub(crate) const RELAY: u8 = 110;

/// Bytes that depend on a seed alone.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) u64);

impl Randomness for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = hash(Label::REFERENCE, &[&self.0.to_le_bytes()]);
            chunk.copy_from_slice(&block.as_bytes()[..chunk.len()]);
            self.0 += 1;
        }
    }
}

pub(crate) fn address(text: &str) -> ContactAddress {
    text.parse().unwrap()
}

pub(crate) fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

pub(crate) fn list<T, const MAX: usize>(items: impl Into<Vec<T>>) -> List<T, MAX> {
    List::new(items).unwrap()
}

pub(crate) fn sorted<T: Ord, const MAX: usize>(items: impl Into<Vec<T>>) -> SortedList<T, MAX> {
    SortedList::new(items).unwrap()
}

pub(crate) fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

pub(crate) fn contact_of(number: u8) -> ContactAddress {
    let (_, contact) = DEVICES.iter().find(|(known, _)| *known == number).unwrap();
    address(contact)
}

/// The signing key of a device; its transport key is that of the number plus 50.
pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed([number; 32])
}

pub(crate) fn sealing(number: u8) -> SealingSecretKey {
    SealingSecretKey::from_seed([number; 32])
}

pub(crate) fn device_keys(number: u8) -> DeviceKeys {
    DeviceKeys {
        transport: key(number + 50).verifying_key(),
        signing: key(number).verifying_key(),
        valid_from: Timestamp::EPOCH,
        valid_to: None,
    }
}

fn contact(at: &str) -> Contact {
    let devices = DEVICES.iter().filter(|(_, contact)| *contact == at);
    let devices = devices.map(|(number, _)| Device {
        id: device(*number),
        label: text("desk"),
        keys: list([device_keys(*number)]),
    });
    let deputies = (at == "beta/desk").then(|| Deputy {
        contact: address("gamma/desk"),
        after: Span::from_minutes(10),
    });
    Contact {
        address: address(at),
        names: SortedList::empty(),
        role: text("duty desk"),
        languages: List::empty(),
        time_zone: text("UTC"),
        hours: List::empty(),
        telephones: List::empty(),
        deputies: list(deputies.into_iter().collect::<Vec<_>>()),
        system_acknowledges: false,
        valid_from: Timestamp::EPOCH,
        valid_to: None,
        devices: sorted(devices.collect::<Vec<_>>()),
    }
}

fn rule(to: &str, two_persons: &[Urgency]) -> Rule {
    Rule {
        from: text("alpha/**"),
        to: text(to),
        two_persons: sorted(two_persons),
    }
}

pub(crate) fn anchor() -> Anchor {
    Anchor {
        version: Version::ONE,
        network: text("test"),
        threshold: 1,
        keys: sorted([key(AUTHORITY).verifying_key()]),
    }
}

pub(crate) fn part() -> AuthorityPart {
    let organisation = |name: &str| Organisation {
        name: name.parse().unwrap(),
        standing: Standing::Member,
        names: SortedList::empty(),
        home_relays: list(["lyon".parse().unwrap()]),
        annex_threshold: 0,
        annex_keys: SortedList::empty(),
        pin: None,
    };
    let defaults = Urgency::ALL.iter().map(|&urgency| UrgencyDefault {
        urgency,
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_days(1),
    });
    AuthorityPart {
        version: Version::ONE,
        network: text("test"),
        reach: Reach::Loopback,
        number: 1,
        previous: Hash::ZERO,
        issued: NOW,
        renew_by: NOW + Span::from_days(365),
        threshold: 1,
        keys: sorted([AuthorityKey {
            key: key(AUTHORITY).verifying_key(),
            organisation: "alpha".parse().unwrap(),
            holder: text("the registrar"),
        }]),
        organisations: sorted(["alpha", "beta", "gamma", "delta"].map(organisation)),
        relays: sorted([Relay {
            name: "lyon".parse().unwrap(),
            organisation: "alpha".parse().unwrap(),
            addresses: list([text("127.0.0.1:9")]),
            keys: list([RelayKeys {
                transport: key(RELAY + 1).verifying_key(),
                signing: key(RELAY).verifying_key(),
            }]),
        }]),
        lists: SortedList::empty(),
        defaults: list(defaults.collect::<Vec<_>>()),
        rules: list([
            rule("beta/**", &[]),
            rule("gamma/**", &[Urgency::Immediate]),
        ]),
        lifted: SortedList::empty(),
        extensions: Extensions::empty(),
    }
}

pub(crate) fn annex(of: &str, contacts: Vec<Contact>) -> Annex {
    Annex {
        version: Version::ONE,
        network: text("test"),
        organisation: of.parse().unwrap(),
        number: 1,
        previous: Hash::ZERO,
        issued: NOW,
        renew_by: NOW + Span::from_days(365),
        officer_names: true,
        contacts: sorted(contacts),
        lifted: SortedList::empty(),
        extensions: Extensions::empty(),
    }
}

pub(crate) fn signed_part(part: AuthorityPart) -> SignedAuthority {
    let proposal = SignedAuthority::propose(part).unwrap();
    let signature = sign_authority(&key(AUTHORITY), proposal.part.bytes());
    proposal.with(signature).unwrap()
}

pub(crate) fn signed_annex(annex: Annex) -> SignedAnnex {
    let proposal = SignedAnnex::propose(annex).unwrap();
    let signature = sign_annex(&key(AUTHORITY), proposal.annex.bytes());
    proposal.with(signature).unwrap()
}

/// The network's first documents, with each contact changed.
pub(crate) fn documents(change: impl Fn(&mut Contact)) -> RosterDocuments {
    let annexes = ["alpha", "beta", "gamma", "delta"].map(|of| {
        let mut contact = contact(&format!("{of}/desk"));
        change(&mut contact);
        signed_annex(annex(of, vec![contact]))
    });
    RosterDocuments {
        authority: list([signed_part(part())]),
        annexes: list(annexes),
        suspensions: List::empty(),
    }
}

pub(crate) fn roster_with(change: impl Fn(&mut Contact)) -> Roster {
    Roster::found(anchor(), &documents(change)).unwrap()
}

pub(crate) fn roster() -> Roster {
    roster_with(|_| ())
}

/// The roster after the next annex of one organisation, with its contact changed.
pub(crate) fn roster_after(of: &str, change: impl Fn(&mut Contact)) -> Roster {
    let first = documents(|_| ());
    let mut roster = Roster::found(anchor(), &first).unwrap();
    let before = first
        .annexes
        .iter()
        .find(|signed| signed.annex.organisation.as_str() == of)
        .unwrap();
    let mut contact = contact(&format!("{of}/desk"));
    change(&mut contact);
    let next = Annex {
        number: 2,
        previous: before.hash(),
        ..annex(of, vec![contact])
    };
    let documents = RosterDocuments {
        annexes: list([signed_annex(next)]),
        ..RosterDocuments::default()
    };
    roster.apply(&documents).unwrap();
    roster
}

/// What is sent. The default: device 1 alerts `beta/desk`, whose devices 3 and 4 get it now, device
/// 2 as a copy, and device 5 as deputy.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) core: Core,
    pub(crate) content: Vec<u8>,
    pub(crate) blobs: Vec<BlobRef>,
    pub(crate) to: Vec<(u8, Release, u16, u8)>,
    pub(crate) signers: Vec<u8>,
    pub(crate) seed: u64,
}

pub(crate) fn core(kind: Kind, from: u8, to: &[&str]) -> Core {
    let to: Vec<ContactAddress> = to.iter().map(|to| address(to)).collect();
    Core {
        version: 1,
        kind,
        status: Status::Actual,
        sender: contact_of(from),
        device: device(from),
        roster: Hash::from_bytes([7; 32]),
        created: NOW,
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_days(1),
        ack_rule: AckRule::Each,
        urgency: Urgency::Expected,
        recipients: sorted(to),
        reference: AlertId::NONE,
    }
}

pub(crate) fn alert() -> Alert {
    Alert::draft(("en", "Ransomware"))
        .text(("en", "Look for the sender."))
        .signed_by("A. Moreau")
        .build()
        .unwrap()
}

impl Letter {
    pub(crate) fn alert() -> Self {
        Self {
            core: core(Kind::Alert, 1, &["beta/desk"]),
            content: encode(&alert()),
            blobs: Vec::new(),
            to: vec![
                (3, Release::Now, 0, 0),
                (4, Release::Now, 0, 0),
                (2, Release::Own, OWN_RECIPIENT, 0),
                (5, Release::After, 0, 1),
            ],
            signers: vec![1],
            seed: 1,
        }
    }

    /// From device 3 back to `alpha/desk`, under the rule of the other direction.
    pub(crate) fn reply(reference: AlertId) -> Self {
        let core = Core {
            reference,
            ..core(Kind::Reply, 3, &["alpha/desk"])
        };
        Self {
            core,
            to: vec![(1, Release::Now, 0, 0)],
            signers: vec![3],
            ..Self::alert()
        }
    }

    pub(crate) fn heartbeat(next_due: Timestamp) -> Self {
        let heartbeat = Heartbeat {
            version: 1,
            next_due,
            bundle: 1,
            missing: List::empty(),
            extensions: Extensions::empty(),
        };
        Self {
            core: core(Kind::Heartbeat, 1, &["beta/desk"]),
            content: encode(&heartbeat),
            to: vec![(3, Release::Now, 0, 0)],
            ..Self::alert()
        }
    }

    /// To `gamma/desk` alone.
    pub(crate) fn to_gamma(urgency: Urgency) -> Self {
        let core = Core {
            urgency,
            ..core(Kind::Alert, 1, &["gamma/desk"])
        };
        Self {
            core,
            to: vec![(5, Release::Now, 0, 0)],
            ..Self::alert()
        }
    }

    pub(crate) fn addressees(&self) -> Vec<Addressee> {
        let from = self.core.device;
        let addressee = |&(number, release, recipient, step): &(u8, Release, u16, u8)| {
            let public = sealing(number).public_key();
            let streams = release == Release::Now && self.core.kind != Kind::Addendum;
            Addressee {
                device: device(number),
                release,
                recipient,
                step,
                key: SealingKeyId::of(&public),
                public,
                stream: streams.then(|| OutgoingStream::start(&from, EPOCH, &device(number))),
            }
        };
        self.to.iter().map(addressee).collect()
    }

    pub(crate) fn draft<'a>(&'a self, keys: &'a [SigningKey]) -> Draft<'a> {
        let signers = self.signers.iter().zip(keys);
        Draft {
            core: self.core.clone(),
            content: &self.content,
            blobs: self.blobs.clone(),
            addressees: self.addressees(),
            epoch: EPOCH,
            signers: signers
                .map(|(number, key)| Signer {
                    device: device(*number),
                    key,
                })
                .collect(),
        }
    }

    pub(crate) fn keys(&self) -> Vec<SigningKey> {
        self.signers.iter().map(|number| key(*number)).collect()
    }

    pub(crate) fn try_seal(&self) -> Result<Sealed, SealFault> {
        seal(self.draft(&self.keys()), &mut Fixed(self.seed))
    }

    pub(crate) fn seal(&self) -> Submission {
        self.try_seal().unwrap().submission
    }
}

/// What a relay hands to one device, made without the relay's checks.
pub(crate) fn share(submission: &Submission, to: u8) -> Delivery {
    let of_device = |at: &usize| submission.entries[*at].entry.device == device(to);
    let at = (0..submission.entries.len()).find(of_device).unwrap();
    let leaves = submission
        .entries
        .iter()
        .map(|submitted| merkle::leaf_hash(submitted.entry.leaf().as_bytes()));
    let path = merkle::path(&leaves.collect::<Vec<_>>(), at).unwrap();
    Delivery {
        env: submission.env.clone(),
        signatures: submission.signatures.clone(),
        proof: EntryProof {
            index: u32::try_from(at).unwrap(),
            path: list(path),
        },
        entry: submission.entries[at].entry.clone(),
        wrap: submission.entries[at].wrap,
        original: submission.original.clone(),
        body: submission.body.clone(),
    }
}

/// Signs an env again after a change, as a dishonest sender would.
pub(crate) fn forge(
    submission: &Submission,
    signers: &[u8],
    change: impl FnOnce(&mut Env),
) -> Submission {
    let mut env = submission.env.value().clone();
    change(&mut env);
    let env = Exact::of(env).unwrap();
    Submission {
        signatures: list(signatures(env.bytes(), signers)),
        env,
        ..submission.clone()
    }
}

pub(crate) fn signatures(env: &[u8], signers: &[u8]) -> Vec<DeviceSignature> {
    let id = Hash::from_bytes(*Env::id(env).as_bytes());
    let sign = |number: &u8| DeviceSignature {
        device: device(*number),
        signature: key(*number).sign(Label::ENVELOPE_SIGNATURE, &id),
    };
    signers.iter().map(sign).collect()
}

/// The same with a changed core.
pub(crate) fn forge_core(
    submission: &Submission,
    signers: &[u8],
    change: impl FnOnce(&mut Core),
) -> Submission {
    forge(submission, signers, |env| {
        let mut core = env.core.value().clone();
        change(&mut core);
        env.core = Exact::of(core).unwrap();
    })
}

/// Everything a device does with a delivery; the check that refuses.
pub(crate) fn receive_at(
    roster: &Roster,
    delivery: &Delivery,
    me: u8,
    now: Timestamp,
) -> Result<OpenedAlert, &'static str> {
    let sealed = SealedEnvelope::parse(&encode(delivery)).map_err(|fault| match fault {
        FormFault::Malformed(_) => "E1",
        _ => "E3",
    })?;
    let verified = sealed
        .verify(roster, &device(me), now)
        .map_err(|fault: VerifyFault| fault.check())?;
    let key = sealing(me);
    let mine = SealingKeyId::of(&key.public_key()) == verified.delivery().entry.key;
    verified
        .open(mine.then_some(&key))
        .map_err(|fault| match fault {
            OpenFault::KeyGone(_) | OpenFault::WrapBroken => "E13",
            OpenFault::BodyBroken => "E14",
            _ => "E15",
        })
}

pub(crate) fn receive(delivery: &Delivery, me: u8) -> Result<OpenedAlert, &'static str> {
    receive_at(&roster(), delivery, me, NOW)
}

#[track_caller]
pub(crate) fn refused(delivery: &Delivery, me: u8, check: &str) {
    assert_eq!(receive(delivery, me).unwrap_err(), check);
}

//! Envelopes as honest and dishonest senders make them, and what a device does with them.

use super::*;

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
    let all = submission.entries.iter();
    let all = all.map(|submitted| submitted.entry.clone());
    Delivery {
        env: submission.env.clone(),
        signatures: submission.signatures.clone(),
        proof: EntryProof {
            index: u32::try_from(at).unwrap(),
            path: list(path),
        },
        entry: submission.entries[at].entry.clone(),
        wrap: submission.entries[at].wrap,
        entries: list(match submission.entries[at].entry.release {
            Release::Own => all.collect(),
            Release::Now | Release::After => Vec::new(),
        }),
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

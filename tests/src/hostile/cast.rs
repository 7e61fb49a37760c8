//! A network in which anybody may be hostile.

use maille_client::core::Extension;
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::SortedList;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::crypto::hpke::SealingPublicKey;
use maille_common::envelope::{
    Core, FormFault, OpenFault, OpenedAlert, SealedEnvelope, Submission, VerifyFault,
};
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Kind, Status, Urgency};
use maille_common::time::Span;

use crate::memory::MemoryWorld;
use crate::network::{Network, address};

/// Lyon, with three devices, writes to Tunis, with two, and to The Hague. Rabat is the deputy of
/// Tunis, and Dakar nobody's. All but Lyon collect at two relays.
#[derive(Debug)]
pub struct Cast {
    /// Relays and desks.
    pub world: MemoryWorld,
    /// The device that writes.
    pub lyon: DeviceId,
    /// Another of its contact, which writes too.
    pub colleague: DeviceId,
    /// A third, which gets copies alone.
    pub copyist: DeviceId,
    /// The recipient.
    pub tunis: DeviceId,
    /// Its other device.
    pub second: DeviceId,
    /// The deputy of the recipient.
    pub rabat: DeviceId,
    /// Another recipient, of another organisation.
    pub hague: DeviceId,
    /// A contact that nobody writes to.
    pub dakar: DeviceId,
}

impl Cast {
    /// The contact that writes.
    pub const LYON: &str = "interpol/lyon";
    /// The recipient.
    pub const TUNIS: &str = "cmai/tunis";
    /// The deputy of the recipient.
    pub const RABAT: &str = "cmai/rabat";
    /// Another recipient.
    pub const HAGUE: &str = "europol/hague";
    /// A contact that nobody writes to.
    pub const DAKAR: &str = "cmai/dakar";

    /// Everybody knows everybody's sealing keys.
    pub fn gathered() -> Self {
        let homes: &[&str] = &["tunis", "amman"];
        let mut network = Network::found(
            505,
            &[("interpol", &["lyon"]), ("cmai", homes), ("europol", homes)],
        );
        let [lyon, colleague, copyist] = [(); 3].map(|()| network.admit(Self::LYON));
        let [tunis, second] = [(); 2].map(|()| network.admit(Self::TUNIS));
        let rabat = network.admit(Self::RABAT);
        let hague = network.admit(Self::HAGUE);
        let dakar = network.admit(Self::DAKAR);
        network.deputise(Self::TUNIS, Self::RABAT, Span::from_minutes(10));
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self {
            world,
            lyon,
            colleague,
            copyist,
            tunis,
            second,
            rabat,
            hague,
            dakar,
        }
    }

    /// An alert of Lyon's first device to Tunis and The Hague.
    pub fn sent(&mut self, subject: &str) -> Submission {
        let lyon = self.lyon;
        self.sent_by(&lyon, &[Self::TUNIS, Self::HAGUE], subject)
    }

    /// An alert, as its sender's outbox holds it.
    pub fn sent_by(&mut self, from: &DeviceId, to: &[&str], subject: &str) -> Submission {
        let alert = self.world.send(from, to, subject);
        self.outbox(from, &alert)
    }

    /// An addendum of Lyon's first device, which brings an alert of its own to another contact.
    pub fn extended(&mut self, alert: &AlertId, to: &str) -> Submission {
        let lyon = self.lyon;
        let further = Extension {
            to: vec![address(to)],
            deputies: Vec::new(),
            ack_within: None,
            expires_after: None,
        };
        let extended = self.world.extend(&lyon, alert, &further).unwrap();
        self.outbox(&lyon, &extended.addendum.unwrap())
    }

    /// What a desk holds of what it sent.
    pub fn outbox(&mut self, from: &DeviceId, alert: &AlertId) -> Submission {
        let held = self.world.desk(from).submission(alert);
        held.unwrap().unwrap()
    }

    /// The signing key of a device: whoever has the device has it.
    pub fn key(&self, device: &DeviceId) -> SigningKey {
        SigningKey::from_seed(self.world.network.device(device).signing)
    }

    /// The same, to sign as that device.
    pub fn signer(&self, device: &DeviceId) -> (DeviceId, SigningKey) {
        (*device, self.key(device))
    }

    /// The sealing key of a device that is in use now.
    pub fn sealing(&self, device: &DeviceId) -> SealingPublicKey {
        let chosen = self.world.bundle(device).key_at(self.world.now).unwrap();
        chosen.key.public.clone()
    }

    /// The core of an alert that nobody has made.
    pub fn core(&mut self, from: &DeviceId, to: &[&str]) -> Core {
        let recipients: Vec<ContactAddress> = to.iter().map(|to| address(to)).collect();
        Core {
            version: Core::VERSION,
            kind: Kind::Alert,
            status: Status::Actual,
            sender: self.world.network.device(from).contact.clone(),
            device: *from,
            roster: self.world.desk(from).roster().hash(),
            created: self.world.now,
            ack_within: Span::from_minutes(30),
            expires_after: Span::from_hours(24),
            ack_rule: AckRule::Each,
            urgency: Urgency::Immediate,
            recipients: SortedList::new(recipients).unwrap(),
            reference: AlertId::NONE,
        }
    }

    /// What a device makes of a delivery that reaches it as these bytes: the alert, or the check
    /// that refuses it and what it refuses.
    pub fn judged(&mut self, me: &DeviceId, delivery: &[u8]) -> Result<OpenedAlert, String> {
        let now = self.world.now;
        let desk = self.world.desk(me);
        let sealed = SealedEnvelope::parse(delivery).map_err(|fault| form_fault(&fault))?;
        let verified = sealed
            .verify(desk.roster(), me, now)
            .map_err(|fault| refusal_of(&fault))?;
        let key = desk.ring().secret(&verified.delivery().entry.key);
        verified.open(key).map_err(|fault| returned_for(&fault))
    }

    /// The check that refuses a delivery.
    pub fn refused(&mut self, me: &DeviceId, delivery: &[u8]) -> String {
        match self.judged(me, delivery) {
            Ok(opened) => panic!("{} was taken", opened.id()),
            Err(check) => check,
        }
    }
}

fn form_fault(fault: &FormFault) -> String {
    let check = match fault {
        FormFault::Malformed(_) => "E1",
        FormFault::Core(_) => "E3 core",
        FormFault::Original => "E3 original",
        FormFault::OtherOriginal => "E3 other original",
        FormFault::AddendumBody => "E3 body of an addendum",
    };
    check.to_owned()
}

/// The check that does not believe an envelope, and what it does not believe.
pub fn refusal_of(fault: &VerifyFault) -> String {
    let what = match fault {
        VerifyFault::Sender { .. } => "sender",
        VerifyFault::SenderDevice(_) => "device",
        VerifyFault::Signature(_) => "signature",
        VerifyFault::TwoPersons { .. } => "second person",
        VerifyFault::NoRule { .. } => "rule",
        VerifyFault::NotMine(_) => "device",
        VerifyFault::NotSigned(what) => what,
        VerifyFault::Role => "role",
        VerifyFault::OtherSender => "sender",
    };
    format!("{} {what}", fault.check())
}

/// The check at which an envelope does not open, and the reason that is signed.
pub fn returned_for(fault: &OpenFault) -> String {
    let check = match fault {
        OpenFault::KeyGone(_) | OpenFault::WrapBroken => "E13",
        OpenFault::BodyBroken => "E14",
        OpenFault::ContentMalformed
        | OpenFault::VersionUnknown(_)
        | OpenFault::CriticalExtension(_) => "E15",
    };
    format!("{check} {}", fault.reason())
}

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

mod letters;

pub(crate) use letters::*;

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

/// The keys of a contact's device are renewed: another pair stands before the one it had, which
/// ends then.
pub(crate) fn renew(contact: &mut Contact, number: u8, ends: Option<Timestamp>) {
    let behind = DeviceKeys {
        valid_to: ends,
        ..device_keys(number)
    };
    give_keys(contact, number, &[device_keys(number + 200), behind]);
}

/// A contact's device has these pairs, the newest first.
pub(crate) fn give_keys(contact: &mut Contact, number: u8, keys: &[DeviceKeys]) {
    let mut devices = contact.devices.as_slice().to_vec();
    let held = devices.iter_mut().find(|held| held.id == device(number));
    held.unwrap().keys = list(keys);
    contact.devices = sorted(devices);
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
    roster_since(NOW, of, change)
}

/// The same, by an annex that was issued then.
pub(crate) fn roster_since(issued: Timestamp, of: &str, change: impl Fn(&mut Contact)) -> Roster {
    let first = documents(|_| ());
    let mut roster = Roster::found(anchor(), &first).unwrap();
    follow(&mut roster, issued, of, change);
    roster
}

/// The next annex of an organisation, with its contact changed.
pub(crate) fn follow(
    roster: &mut Roster,
    issued: Timestamp,
    of: &str,
    change: impl Fn(&mut Contact),
) {
    let documents = roster.documents();
    let its = |signed: &&SignedAnnex| signed.annex.organisation.as_str() == of;
    let annexes = documents.annexes.iter().filter(its);
    let before = annexes.max_by_key(|signed| signed.annex.number).unwrap();
    let mut contact = contact(&format!("{of}/desk"));
    change(&mut contact);
    let next = Annex {
        number: before.annex.number + 1,
        previous: before.hash(),
        issued,
        ..annex(of, vec![contact])
    };
    let documents = RosterDocuments {
        annexes: list([signed_annex(next)]),
        ..RosterDocuments::default()
    };
    roster.apply(&documents).unwrap();
}

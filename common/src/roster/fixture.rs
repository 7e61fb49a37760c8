//! A small network for tests: three members, an observer, one relay; keys from fixed seeds.

use super::*;
use crate::address::{ContactAddress, DeviceId, Name};
use crate::codec::{List, SortedList, Text};
use crate::crypto::ed25519::{SigningKey, VerifyingKey};
use crate::extension::Extensions;
use crate::local_text::LocalText;
use crate::terms::{Reach, Standing, Urgency};
use crate::time::{Span, Timestamp};

/// The key of a number, always the same.
pub(super) fn key(number: u16) -> SigningKey {
    let mut seed = [0; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    SigningKey::from_seed(seed)
}

pub(super) fn public(number: u16) -> VerifyingKey {
    key(number).verifying_key()
}

/// Keys 1 to 3 are the authority's, 10 interpol's, 20 and 21 europol's; afripol has none.
pub(super) const AUTHORITY: [u16; 2] = [1, 2];
pub(super) const INTERPOL: [u16; 1] = [10];
pub(super) const EUROPOL: [u16; 2] = [20, 21];

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(super) fn address(text: &str) -> ContactAddress {
    text.parse().unwrap()
}

pub(super) fn time(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

pub(super) fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

pub(super) fn list<T, const MAX: usize>(items: impl Into<Vec<T>>) -> List<T, MAX> {
    List::new(items).unwrap()
}

pub(super) fn sorted<T: Ord, const MAX: usize>(items: impl Into<Vec<T>>) -> SortedList<T, MAX> {
    SortedList::new(items).unwrap()
}

pub(super) fn anchor() -> Anchor {
    Anchor {
        version: Version::ONE,
        network: text("test"),
        threshold: 2,
        keys: sorted([public(1), public(2), public(3)]),
    }
}

pub(super) fn authority_key(number: u16, organisation: &str) -> AuthorityKey {
    AuthorityKey {
        key: public(number),
        organisation: name(organisation),
        holder: text("an office"),
    }
}

pub(super) fn organisation(of: &str, threshold: u8, annex_keys: &[u16]) -> Organisation {
    Organisation {
        name: name(of),
        standing: Standing::Member,
        names: sorted([LocalText {
            language: text("en"),
            text: text(of),
        }]),
        home_relays: list([name("relay-1")]),
        annex_threshold: threshold,
        annex_keys: sorted(
            annex_keys
                .iter()
                .map(|&key| public(key))
                .collect::<Vec<_>>(),
        ),
        pin: None,
    }
}

pub(super) fn rule(from: &str, to: &str, two_persons: &[Urgency]) -> Rule {
    Rule {
        from: text(from),
        to: text(to),
        two_persons: sorted(two_persons),
    }
}

/// Part 1 of the network.
pub(super) fn first_part() -> AuthorityPart {
    let observer = Organisation {
        standing: Standing::Observer,
        ..organisation("ngo", 1, &[40])
    };
    AuthorityPart {
        version: Version::ONE,
        network: text("test"),
        reach: Reach::Loopback,
        number: 1,
        previous: Hash::ZERO,
        issued: time(1_000),
        renew_by: time(1_000_000),
        threshold: 2,
        keys: sorted([
            authority_key(1, "interpol"),
            authority_key(2, "europol"),
            authority_key(3, "afripol"),
        ]),
        organisations: sorted([
            organisation("interpol", 1, &INTERPOL),
            organisation("europol", 2, &EUROPOL),
            organisation("afripol", 0, &[]),
            observer,
        ]),
        relays: sorted([Relay {
            name: name("relay-1"),
            organisation: name("interpol"),
            addresses: list([text("localhost:4433")]),
            keys: list([relay_keys(900)]),
        }]),
        lists: sorted([NamedList {
            name: text("cyber"),
            patterns: list([text("*/*/cyber"), text("afripol/hq")]),
        }]),
        defaults: list(
            Urgency::ALL
                .iter()
                .map(|&urgency| UrgencyDefault {
                    urgency,
                    ack_within: Span::from_minutes(15),
                    expires_after: Span::from_days(1),
                })
                .collect::<Vec<_>>(),
        ),
        rules: list([
            rule("**", "**", &[]),
            rule("interpol/fr/cyber", "ngo/**", &[Urgency::Immediate]),
        ]),
        lifted: SortedList::empty(),
        extensions: Extensions::empty(),
    }
}

pub(super) fn relay_keys(number: u16) -> RelayKeys {
    RelayKeys {
        transport: public(number),
        signing: public(number + 1),
    }
}

/// The part that follows another, otherwise the same.
pub(super) fn next_part(before: &SignedAuthority) -> AuthorityPart {
    let part = before.part.value().clone();
    AuthorityPart {
        number: part.number + 1,
        previous: before.hash(),
        issued: time(part.issued.unix_ms() + 1_000),
        ..part
    }
}

/// The part with one organisation changed.
pub(super) fn with_organisation(
    part: AuthorityPart,
    of: &str,
    change: impl Fn(&mut Organisation),
) -> AuthorityPart {
    let mut organisations = part.organisations.into_vec();
    organisations
        .iter_mut()
        .filter(|found| found.name.as_str() == of)
        .for_each(change);
    AuthorityPart {
        organisations: sorted(organisations),
        ..part
    }
}

/// The part with an annex pinned.
pub(super) fn pinning(part: AuthorityPart, annex: &SignedAnnex) -> AuthorityPart {
    let pin = Head {
        number: annex.annex.number,
        hash: annex.hash(),
    };
    let of = annex.annex.organisation.clone();
    with_organisation(part, of.as_str(), |organisation| {
        organisation.pin = Some(pin);
    })
}

pub(super) fn signed_part(part: AuthorityPart, keys: &[u16]) -> SignedAuthority {
    keys.iter().fold(
        SignedAuthority::propose(part).unwrap(),
        |proposal, &number| {
            let signature = sign_authority(&key(number), proposal.part.bytes());
            proposal.with(signature).unwrap()
        },
    )
}

/// Part 1, signed.
pub(super) fn part_1() -> SignedAuthority {
    signed_part(first_part(), &AUTHORITY)
}

pub(super) fn device(number: u16) -> Device {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_le_bytes());
    Device {
        id: DeviceId::from_bytes(id),
        label: text("desk"),
        keys: list([device_keys(number)]),
    }
}

pub(super) fn device_keys(number: u16) -> DeviceKeys {
    DeviceKeys {
        transport: public(number),
        signing: public(number + 1),
        valid_from: time(0),
        valid_to: None,
    }
}

pub(super) fn contact(at: &str, devices: &[u16]) -> Contact {
    Contact {
        address: address(at),
        names: sorted([LocalText {
            language: text("en"),
            text: text(at),
        }]),
        role: text("duty desk"),
        languages: list([text("en")]),
        time_zone: text("Europe/Paris"),
        hours: List::empty(),
        telephones: list([text("+33 1 23 45 67 89")]),
        deputies: List::empty(),
        system_acknowledges: false,
        valid_from: time(0),
        valid_to: None,
        devices: sorted(
            devices
                .iter()
                .map(|&number| device(number))
                .collect::<Vec<_>>(),
        ),
    }
}

/// Annex 1 of an organisation.
pub(super) fn first_annex(of: &str, contacts: &[Contact]) -> Annex {
    Annex {
        version: Version::ONE,
        network: text("test"),
        organisation: name(of),
        number: 1,
        previous: Hash::ZERO,
        issued: time(2_000),
        renew_by: time(2_000_000),
        officer_names: true,
        contacts: sorted(contacts),
        lifted: SortedList::empty(),
        extensions: Extensions::empty(),
    }
}

/// The annex that follows another, with other contacts.
pub(super) fn next_annex(before: &SignedAnnex, contacts: &[Contact]) -> Annex {
    let annex = before.annex.value().clone();
    Annex {
        number: annex.number + 1,
        previous: before.hash(),
        issued: time(annex.issued.unix_ms() + 1_000),
        contacts: sorted(contacts),
        ..annex
    }
}

pub(super) fn signed_annex(annex: Annex, keys: &[u16]) -> SignedAnnex {
    keys.iter()
        .fold(SignedAnnex::propose(annex).unwrap(), |proposal, &number| {
            let signature = sign_annex(&key(number), proposal.annex.bytes());
            proposal.with(signature).unwrap()
        })
}

/// Annex 1 of interpol: `interpol/fr/cyber` with device 100, `interpol/hq` with device 110.
pub(super) fn interpol_1() -> SignedAnnex {
    let contacts = [
        contact("interpol/fr/cyber", &[100]),
        contact("interpol/hq", &[110]),
    ];
    signed_annex(first_annex("interpol", &contacts), &INTERPOL)
}

/// Annex 1 of europol: `europol/nl/cyber` with device 200.
pub(super) fn europol_1() -> SignedAnnex {
    let contacts = [contact("europol/nl/cyber", &[200])];
    signed_annex(first_annex("europol", &contacts), &EUROPOL)
}

/// Annex 1 of afripol, signed by the authority: `afripol/hq` with device 300.
pub(super) fn afripol_1() -> SignedAnnex {
    signed_annex(
        first_annex("afripol", &[contact("afripol/hq", &[300])]),
        &AUTHORITY,
    )
}

/// Annex 1 of the observer: `ngo/desk` with device 400.
pub(super) fn ngo_1() -> SignedAnnex {
    signed_annex(first_annex("ngo", &[contact("ngo/desk", &[400])]), &[40])
}

pub(super) fn suspension(subject: Subject, by: u16) -> SignedSuspension {
    let suspension = Suspension {
        version: Version::ONE,
        network: text("test"),
        subject,
        issued: time(3_000),
        reason: text("the desk was stolen"),
        key: public(by),
    };
    SignedSuspension::sign(&key(by), suspension).unwrap()
}

/// A set of documents.
pub(super) fn set(
    authority: &[SignedAuthority],
    annexes: &[SignedAnnex],
    suspensions: &[SignedSuspension],
) -> RosterDocuments {
    RosterDocuments {
        authority: list(authority),
        annexes: list(annexes),
        suspensions: list(suspensions),
    }
}

/// The roster of part 1 and the annexes 1.
pub(super) fn roster() -> Roster {
    let annexes = [interpol_1(), europol_1(), afripol_1(), ngo_1()];
    Roster::found(anchor(), &set(&[part_1()], &annexes, &[])).unwrap()
}

/// Applies and expects a refusal by this check that changes nothing.
#[track_caller]
pub(super) fn refused(roster: &Roster, documents: &RosterDocuments, check: &str) -> RosterError {
    let mut tried = roster.clone();
    let error = tried.apply(documents).unwrap_err();
    assert_eq!(error.check(), check, "{error}");
    assert_eq!(tried.hash(), roster.hash());
    assert_eq!(&tried, roster);
    error
}

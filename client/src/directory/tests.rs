use maille_common::address::{DeviceId, Name};
use maille_common::codec::{List, SortedList, Text};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::roster::{
    Anchor, Annex, AuthorityKey, AuthorityPart, Deputy, Device, DeviceKeys, DutyHours, NamedList,
    Organisation, Relay, RelayKeys, RosterDocuments, Rule, SignedAnnex, SignedAuthority,
    UrgencyDefault, Version, sign_annex, sign_authority,
};
use maille_common::terms::{Reach, Urgency};
use maille_common::time::Span;

use super::preview::of_roster;
use super::*;

/// 2026-11-23T22:30:00Z, a Monday.
const NOW: Timestamp = Timestamp::from_unix_ms(1_795_473_000_000);

#[test]
fn addresses_patterns_and_lists_mean_each_contact_once() {
    let expanded = |to: &[&str]| expand_as(to, "lyon/fr/desk").unwrap();
    assert_eq!(expanded(&["tunis/tn/desk"]), ["tunis/tn/desk"]);
    let both = ["tunis/tn/desk", "tunis/tn/night"];
    assert_eq!(expanded(&["tunis/**", "tunis/tn/desk"]), both);
    assert_eq!(expanded(&["@night", " tunis/tn/desk "]), both);
}

#[test]
fn an_observer_is_reached_by_its_name_alone() {
    let expanded = |to: &[&str]| expand_as(to, "lyon/fr/desk").unwrap();
    assert_eq!(expanded(&["**"]), ["tunis/tn/desk", "tunis/tn/night"]);
    assert_eq!(expanded(&["ngo/**"]), ["ngo/hq"]);
}

#[test]
fn a_pattern_does_not_write_home_and_an_address_may() {
    assert_eq!(
        expand_as(&["tunis/*/*"], "tunis/tn/desk").unwrap(),
        ["tunis/tn/night"]
    );
    assert_eq!(
        expand_as(&["tunis/tn/desk"], "tunis/tn/desk").unwrap(),
        ["tunis/tn/desk"]
    );
    let alone = expand_as(&["lyon/**"], "lyon/fr/desk").unwrap_err();
    assert_eq!(alone.code(), "no-recipient");
}

#[test]
fn who_means_nobody_is_told_so() {
    for (to, code) in [
        (&[][..], "no-recipient"),
        (&["tunis/tn/dsek"], "nobody-matches"),
        (&["tunis/tn/desk", "rome/**"], "nobody-matches"),
        (&["@day"], "unknown-list"),
        (&["Tunis/TN"], "not-a-recipient"),
    ] {
        assert_eq!(
            expand_as(to, "lyon/fr/desk").unwrap_err().code(),
            code,
            "{to:?}"
        );
    }
}

#[test]
fn a_preview_shows_the_wall_clock_duty_and_deputies() {
    let shown = previewed("lyon/fr/desk", "tunis/tn/desk", false);
    assert!(shown.allowed && !shown.two_persons && shown.designation == Designation::Valid);
    // Tunis is an hour ahead, and its desk left at 18:00.
    assert_eq!(shown.local.unwrap().to_string(), "23:30 +01:00");
    assert_eq!(shown.on_duty, Some(false));
    let deputy = DeputyShown {
        contact: "tunis/tn/night".parse().unwrap(),
        after: Span::from_minutes(30 + 20),
    };
    assert_eq!(shown.deputies, [deputy]);
    assert_eq!((shown.devices.len(), shown.devices[0].keyed), (1, false));
    assert_eq!(shown.telephones, ["+216 70 000 000"]);
    assert_eq!(
        previewed("lyon/fr/desk", "tunis/tn/night", false).on_duty,
        Some(true)
    );
}

#[test]
fn a_preview_says_what_would_refuse_the_message() {
    let unknown = previewed("lyon/fr/desk", "tunis/tn/gone", false);
    assert_eq!(unknown.designation, Designation::Unknown);
    // The only rule to the observer is from lyon, and asks for two persons.
    let two = previewed("lyon/fr/desk", "ngo/hq", false);
    assert!(two.allowed && two.two_persons);
    let back = previewed("ngo/hq", "lyon/fr/desk", false);
    assert!(!back.allowed);
    assert!(previewed("ngo/hq", "lyon/fr/desk", true).allowed);
}

#[test]
fn an_unknown_time_zone_shows_no_hour() {
    let shown = previewed("tunis/tn/desk", "lyon/fr/desk", false);
    assert_eq!((shown.local, shown.on_duty), (None, None));
}

#[test]
fn the_address_book_says_who_may_write_to_whom() {
    let cards = cards(&roster(), &"lyon/fr/desk".parse().unwrap(), NOW);
    let ngo = cards
        .iter()
        .find(|card| card.contact.address.as_str() == "ngo/hq")
        .unwrap();
    assert!(ngo.writable && !ngo.writes && ngo.standing == Standing::Observer);
    assert_eq!(cards.len(), 4);
}

fn expand_as(to: &[&str], sender: &str) -> Result<Vec<String>, RecipientError> {
    let to: Vec<String> = to.iter().map(|text| (*text).to_owned()).collect();
    let contacts = expand(&roster(), &to, &sender.parse().unwrap())?;
    Ok(contacts.iter().map(ToString::to_string).collect())
}

fn previewed(from: &str, to: &str, is_reply: bool) -> PreviewedRecipient {
    let terms = Terms {
        urgency: Urgency::Immediate,
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_days(1),
        is_reply,
    };
    of_roster(
        &roster(),
        &from.parse().unwrap(),
        &to.parse().unwrap(),
        terms,
        NOW,
    )
}

/// Lyon and Tunis as members, an observer, one key holder: the authority signs every annex.
fn roster() -> Roster {
    let key = SigningKey::from_seed([1; 32]);
    let anchor = Anchor {
        version: Version::ONE,
        network: text("test"),
        threshold: 1,
        keys: sorted([key.verifying_key()]),
    };
    let part = SignedAuthority::propose(authority_part(&key)).unwrap();
    let signature = sign_authority(&key, part.part.bytes());
    let part = part.with(signature).unwrap();
    let annexes = [
        ("lyon", vec![contact("lyon/fr/desk", "Mars/Olympus", 10)]),
        ("ngo", vec![contact("ngo/hq", "UTC", 20)]),
        (
            "tunis",
            vec![tunis_desk(), contact("tunis/tn/night", "Africa/Tunis", 40)],
        ),
    ];
    let annexes = annexes.map(|(organisation, contacts)| {
        let proposal = SignedAnnex::propose(annex(organisation, contacts)).unwrap();
        let signature = sign_annex(&key, proposal.annex.bytes());
        proposal.with(signature).unwrap()
    });
    let documents = RosterDocuments {
        authority: list([part]),
        annexes: list(annexes),
        suspensions: List::empty(),
    };
    Roster::found(anchor, &documents).unwrap()
}

fn authority_part(key: &SigningKey) -> AuthorityPart {
    let keys = RelayKeys {
        transport: public(2),
        signing: public(3),
    };
    let relay = Relay {
        name: name("relay"),
        organisation: name("lyon"),
        addresses: list([text("127.0.0.1:443")]),
        keys: list([keys]),
    };
    let default = |urgency: &Urgency| UrgencyDefault {
        urgency: *urgency,
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_days(1),
    };
    let defaults: Vec<_> = Urgency::ALL.iter().map(default).collect();
    AuthorityPart {
        version: Version::ONE,
        network: text("test"),
        reach: Reach::Loopback,
        number: 1,
        previous: Hash::ZERO,
        issued: Timestamp::EPOCH,
        renew_by: Timestamp::MAX,
        threshold: 1,
        keys: sorted([AuthorityKey {
            key: key.verifying_key(),
            organisation: name("lyon"),
            holder: text("holder"),
        }]),
        organisations: sorted([
            organisation("lyon", Standing::Member),
            organisation("ngo", Standing::Observer),
            organisation("tunis", Standing::Member),
        ]),
        relays: sorted([relay]),
        lists: sorted([NamedList {
            name: text("night"),
            patterns: list([text("*/*/night")]),
        }]),
        defaults: list(defaults),
        rules: list([
            rule("**", "**", &[]),
            rule("lyon/**", "ngo/**", &[Urgency::Immediate]),
        ]),
        lifted: SortedList::empty(),
        extensions: Extensions::empty(),
    }
}

fn organisation(of: &str, standing: Standing) -> Organisation {
    Organisation {
        name: name(of),
        standing,
        names: SortedList::empty(),
        home_relays: list([name("relay")]),
        annex_threshold: 0,
        annex_keys: SortedList::empty(),
        pin: None,
    }
}

fn annex(organisation: &str, contacts: Vec<Contact>) -> Annex {
    Annex {
        version: Version::ONE,
        network: text("test"),
        organisation: name(organisation),
        number: 1,
        previous: Hash::ZERO,
        issued: Timestamp::EPOCH,
        renew_by: Timestamp::MAX,
        officer_names: true,
        contacts: sorted(contacts),
        lifted: SortedList::empty(),
        extensions: Extensions::empty(),
    }
}

/// On duty on weekdays from 08:00 to 18:00, with the night desk as its deputy.
fn tunis_desk() -> Contact {
    let hours = DutyHours {
        days: 0b001_1111,
        from_minute: 480,
        to_minute: 1080,
    };
    let deputy = Deputy {
        contact: "tunis/tn/night".parse().unwrap(),
        after: Span::from_minutes(20),
    };
    Contact {
        hours: list([hours]),
        deputies: list([deputy]),
        ..contact("tunis/tn/desk", "Africa/Tunis", 30)
    }
}

fn contact(at: &str, time_zone: &str, number: u8) -> Contact {
    let keys = DeviceKeys {
        transport: public(number),
        signing: public(number + 1),
        valid_from: Timestamp::EPOCH,
        valid_to: None,
    };
    Contact {
        address: at.parse().unwrap(),
        names: SortedList::empty(),
        role: text("desk"),
        languages: List::empty(),
        time_zone: text(time_zone),
        hours: List::empty(),
        telephones: list([text("+216 70 000 000")]),
        deputies: List::empty(),
        system_acknowledges: false,
        valid_from: Timestamp::EPOCH,
        valid_to: None,
        devices: sorted([Device {
            id: DeviceId::from_bytes([number; 16]),
            label: text("desk"),
            keys: list([keys]),
        }]),
    }
}

fn rule(from: &str, to: &str, two_persons: &[Urgency]) -> Rule {
    Rule {
        from: text(from),
        to: text(to),
        two_persons: sorted(two_persons),
    }
}

fn public(seed: u8) -> maille_common::crypto::ed25519::VerifyingKey {
    SigningKey::from_seed([seed; 32]).verifying_key()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

fn list<T, const MAX: usize>(items: impl Into<Vec<T>>) -> List<T, MAX> {
    List::new(items).unwrap()
}

fn sorted<T: Ord, const MAX: usize>(items: impl Into<Vec<T>>) -> SortedList<T, MAX> {
    SortedList::new(items).unwrap()
}

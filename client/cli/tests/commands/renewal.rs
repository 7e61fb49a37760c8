//! Keys of a device that renew themselves: from the desk to the roster, and back.

use maille_client::authority::Proposal;
use maille_client::clock::{Clock, SystemClock};
use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, Unlock};
use maille_common::codec::{List, SortedList};
use maille_common::roster::{Annex, Contact, Device, DeviceKeys};
use maille_common::time::{Span, Timestamp};

use crate::ceremony::{network, publish, request};
use crate::console::{Console, field};

/// A desk that is admitted, and whose keys end so many days from now by the roster it has.
fn ending_within(days: u64) -> Console {
    let console = network();
    let code = request(&console);
    console.done(&format!("authority admit device.request --code {code}"));
    publish(&console, "annex-afripol-000002.proposal", &["annex"]);
    let now = std::time::SystemTime::now();
    let end = now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let end = u64::try_from(end).unwrap() + days * 24 * 60 * 60 * 1000;
    let end = maille_common::time::Timestamp::from_unix_ms(end);
    let text = console.done("authority describe");
    let pair = text
        .lines()
        .find(|line| line.contains("transport ="))
        .unwrap();
    let ended = pair.replace(" }", &format!(", valid_to = \"{end}\" }}"));
    console.write("ending.toml", &text.replace(pair, &ended));
    console.done("authority apply ending.toml");
    publish(&console, "annex-afripol-000003.proposal", &["annex"]);
    console.done("--home desk device join --roster roster --anchor roster/anchor.toml");
    console
}

const OFFERS: &str = "--json --home desk device renewals --patience 1s";

#[test]
fn keys_that_a_desk_makes_by_itself_are_taken_up_by_its_organisation_and_used() {
    let console = ending_within(50);
    let offered = console.done(OFFERS);
    assert_eq!(offered.matches("\"offered\":").count(), 1, "{offered}");
    let status = console.done("--home desk status --patience 1s");
    assert!(status.contains("next keys offered on"), "{status}");
    // The same keys, however often somebody asks.
    let again = console.done(&format!("{OFFERS} --out again.renewals"));
    assert_eq!(field(&again, "offered"), field(&offered, "offered"));
    let bytes = |file: &str| std::fs::read(console.path(file)).unwrap();
    assert_eq!(bytes("again.renewals"), bytes("device.renewals"));

    let proposed = console.done("--json authority renew device.renewals");
    assert_eq!(proposed.matches("\"device\":").count(), 1, "{proposed}");
    publish(&console, "annex-afripol-000004.proposal", &["annex"]);
    console.done("--home desk device join --roster roster --anchor roster/anchor.toml");
    let status = console.done("--home desk status --patience 1s");
    assert!(!status.contains("next keys offered on"), "{status}");
    assert!(
        status.contains("keys of this device in use since"),
        "{status}"
    );
    // Nothing is left to do, and that is said.
    let nothing = console.done("--json authority renew device.renewals --out again");
    assert!(nothing.contains("\"proposal\":null"), "{nothing}");
    let nothing = console.done(&format!("{OFFERS} --out none.renewals"));
    assert!(nothing.contains("\"file\":null"), "{nothing}");
    assert!(!console.path("none.renewals").exists());
}

#[test]
fn an_overlap_that_is_shorter_than_a_desk_may_be_away_is_refused() {
    let console = ending_within(50);
    console.done(OFFERS);
    let sentence = console.refused(
        "authority renew device.renewals --overlap 56d",
        3,
        "overlap-too-short",
    );
    assert!(sentence.contains("eight weeks"), "{sentence}");
    console.done("authority renew device.renewals --overlap 57d");
}

#[test]
fn a_file_that_holds_no_renewals_or_spoiled_ones_takes_nothing_up() {
    let console = ending_within(50);
    console.done(OFFERS);
    console.write("other.renewals", "no renewals");
    console.refused("authority renew other.renewals", 3, "file-damaged");
    let mut bytes = std::fs::read(console.path("device.renewals")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(console.path("spoiled.renewals"), bytes).unwrap();
    let spoiled = console.done("--json authority renew spoiled.renewals");
    assert!(spoiled.contains("renewal-not-vouched"), "{spoiled}");
    assert!(spoiled.contains("\"proposal\":null"), "{spoiled}");
    let others = console.done("--json authority renew device.renewals --device ffffffffffff");
    assert!(others.contains("\"proposal\":null"), "{others}");
}

#[test]
fn keys_that_are_neither_old_nor_near_their_end_are_not_renewed() {
    let console = ending_within(90);
    let offered = console.done(OFFERS);
    assert!(offered.contains("\"file\":null"), "{offered}");
}

/// The annex in a proposal, as it would be had it been made so many days before.
fn aged(console: &Console, file: &str, days: u64) {
    let path = console.path(file);
    let Proposal::Annex(signed) = Proposal::read(&path).unwrap() else {
        panic!("an annex");
    };
    let annex = signed.annex.value().clone();
    let (issued, age) = (annex.issued, Span::from_days(days));
    let earlier = |time: Timestamp| if time >= issued { time - age } else { time };
    let pair = |pair: &DeviceKeys| DeviceKeys {
        valid_from: earlier(pair.valid_from),
        valid_to: pair.valid_to.map(earlier),
        ..pair.clone()
    };
    let device = |device: &Device| Device {
        keys: List::new(device.keys.iter().map(pair).collect::<Vec<_>>()).unwrap(),
        ..device.clone()
    };
    let contact = |contact: &Contact| Contact {
        devices: SortedList::new(contact.devices.iter().map(device).collect::<Vec<_>>()).unwrap(),
        ..contact.clone()
    };
    let contacts: Vec<Contact> = annex.contacts.iter().map(contact).collect();
    let aged = Annex {
        issued: issued - age,
        renew_by: annex.renew_by - age,
        contacts: SortedList::new(contacts).unwrap(),
        ..annex
    };
    Proposal::of_annex(aged).unwrap().replace(&path).unwrap();
}

#[test]
fn a_renewal_that_lay_unsigned_says_what_is_left_and_is_not_published_when_nothing_is() {
    let console = ending_within(50);
    console.done(OFFERS);
    console.done("authority renew device.renewals");
    let annex = "annex-afripol-000004.proposal";
    let fresh = console.done(&format!("--json authority status {annex}"));
    assert!(!fresh.contains("proposal-old"), "{fresh}");
    aged(&console, annex, 54);
    let sign = format!("authority sign {annex} --key-file annex.key --yes");
    let words: Vec<&str> = sign.split(' ').collect();
    let signed = console.maille(&words);
    for sentence in ["! This proposal was made 54 days ago", "8 days are left"] {
        assert!(signed.stderr.contains(sentence), "{}", signed.stderr);
    }
    let published = console.done(&format!("--json authority publish {annex}"));
    for code in ["proposal-old", "device-overlap-shortened"] {
        assert!(
            published.contains(&format!("\"code\":\"{code}\"")),
            "{published}"
        );
    }
}

#[test]
fn a_renewal_whose_overlap_is_over_is_published_by_whoever_says_so_alone() {
    let console = ending_within(50);
    console.done(OFFERS);
    console.done("authority renew device.renewals");
    let annex = "annex-afripol-000004.proposal";
    aged(&console, annex, 64);
    console.done(&format!(
        "authority sign {annex} --key-file annex.key --yes"
    ));
    let publish = format!("authority publish {annex}");
    let sentence = console.refused(&publish, 4, "proposal-overlap-over");
    assert!(sentence.contains("Propose it anew."), "{sentence}");
    assert!(sentence.contains("--without-overlap"), "{sentence}");
    assert!(!console.path("roster").join("annex-afripol-000004").exists());
    let published = console.done(&format!("--json {publish} --without-overlap"));
    assert!(
        published.contains("device-overlap-shortened"),
        "{published}"
    );
}

/// What a command says beside its result.
fn said(console: &Console, line: &str) -> (String, String) {
    let words: Vec<&str> = line.split(' ').collect();
    let answer = console.maille(&words);
    assert_eq!(answer.code, 0, "maille {line}\n{}", answer.stderr);
    (answer.stdout, answer.stderr)
}

#[test]
fn keys_that_have_waited_for_long_are_said_to_whoever_collects_them_and_to_the_key_holder() {
    let console = ending_within(50);
    let offered = SystemClock.now() - Span::from_days(20);
    let mut home = Home::open(&console.path("desk"), Unlock::Machine).unwrap();
    home.make_next_keys(offered, &mut OsRandomness::new())
        .unwrap();
    drop(home);
    let sentence = "has waited for its next keys for 20 days: have them taken up.";
    let (found, warned) = said(&console, OFFERS);
    assert!(found.contains("\"waits_days\":20"), "{found}");
    assert!(warned.contains(sentence), "{warned}");
    let (_, warned) = said(&console, "authority renew device.renewals");
    assert!(warned.contains(sentence), "{warned}");
    let status = console.done("--json --home desk status --patience 1s");
    assert_eq!(field(&status, "trouble"), "renewal-waits");
}

/// The backup was made before the desk made the keys that were taken up.
#[test]
fn keys_that_a_desk_does_not_hold_are_said_there_and_to_whoever_collects_what_it_offers() {
    let console = ending_within(50);
    let identity = console.path("desk").join("identity.sealed");
    let backup = std::fs::read(&identity).unwrap();
    console.done(OFFERS);
    console.done("authority renew device.renewals");
    publish(&console, "annex-afripol-000004.proposal", &["annex"]);
    console.done("--home desk device join --roster roster --anchor roster/anchor.toml");
    let status = console.done("--json --home desk status --patience 1s");
    assert!(status.contains("\"trouble\":null"), "{status}");
    std::fs::write(identity, backup).unwrap();
    let status = console.done("--json --home desk status --patience 1s");
    assert_eq!(field(&status, "trouble"), "keys-of-others");
    let status = console.done("--home desk status --patience 1s");
    assert!(status.contains("THE ROSTER HAS OTHER KEYS"), "{status}");
    let (found, warned) = said(&console, &format!("{OFFERS} --out other.renewals"));
    assert!(found.contains("\"older_keys_vouch\":true"), "{found}");
    assert!(warned.contains("Telephone it first"), "{warned}");
}

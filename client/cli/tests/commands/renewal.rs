//! Keys of a device that renew themselves: from the desk to the roster, and back.

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

//! How a network changes: its key holders, its contacts, its suspensions; and what is said before
//! anybody signs.

use crate::ceremony::{network, plan, publish, request};
use crate::console::{Console, field};

/// A key of an organisation beside those the network has.
fn new_key(console: &Console, organisation: &str, name: &str) {
    console.done(&format!(
        "authority key new --organisation {organisation} --holder {name} --out {name}.key --plain"
    ));
}

fn public_key(console: &Console, name: &str) -> String {
    let text = std::fs::read_to_string(console.path(&format!("{name}.pub"))).unwrap();
    let (_, key) = text.split_once("key = \"").unwrap();
    key.split_once('"').unwrap().0.to_owned()
}

/// The description with one text in the place of another.
fn apply(console: &Console, from: &str, to: &str) -> String {
    let text = console.done("authority describe");
    assert!(text.contains(from), "{from}\n{text}");
    console.write("changed.toml", &text.replace(from, to));
    console.done("--json authority apply changed.toml")
}

#[test]
fn the_keys_of_the_authority_are_rotated_by_those_before_and_by_nobody_else() {
    let console = network();
    new_key(&console, "cmai", "next");
    let (old, new) = (public_key(&console, "cmai"), public_key(&console, "next"));
    apply(&console, &old, &new);
    let proposal = "authority-000003.proposal";
    let sign = |key: &str, of: &str| format!("authority sign {of} --key-file {key}.key --yes");
    console.refused(&sign("next", proposal), 4, "proposal-not-a-signer");
    console.done(&sign("interpol", proposal));
    let early = format!("authority publish {proposal}");
    console.refused(&early, 7, "proposal-too-few");
    // The one who leaves still counts: the old set signs.
    publish(&console, proposal, &["cmai"]);
    apply(&console, "reach = \"anywhere\"", "reach = \"loopback\"");
    let proposal = "authority-000004.proposal";
    console.refused(&sign("cmai", proposal), 4, "proposal-not-a-signer");
    publish(&console, proposal, &["next", "interpol"]);
}

#[test]
fn a_threshold_is_changed_by_as_many_as_were_needed_before() {
    let console = network();
    let lower = apply(&console, "\nthreshold = 2", "\nthreshold = 1");
    assert!(lower.contains(r#""code":"fewer-holders""#), "{lower}");
    assert!(lower.contains(r#""code":"one-holder-decides""#), "{lower}");
    let proposal = "authority-000003.proposal";
    console.done(&format!(
        "authority sign {proposal} --key-file interpol.key --yes"
    ));
    let early = format!("authority publish {proposal}");
    console.refused(&early, 7, "proposal-too-few");
    publish(&console, proposal, &["cmai"]);
    apply(&console, "\nthreshold = 1", "\nthreshold = 3");
    publish(&console, "authority-000004.proposal", &["afripol"]);
    apply(&console, "reach = \"anywhere\"", "reach = \"loopback\"");
    let proposal = "authority-000005.proposal";
    for key in ["interpol", "cmai"] {
        console.done(&format!(
            "authority sign {proposal} --key-file {key}.key --yes"
        ));
    }
    console.refused(
        &format!("authority publish {proposal}"),
        7,
        "proposal-too-few",
    );
    publish(&console, proposal, &["afripol"]);
}

/// Whoever asks, signs, or looks where it stands, reads the same.
#[test]
fn what_a_proposal_does_to_somebody_is_said_by_every_command_that_shows_it() {
    let console = network();
    let sentence = "! `afripol/tn` and its devices are cut off.";
    let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
    let shown = |line: &str| {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        console.maille(&words).stderr
    };
    let proposal = "annex-afripol-000002.proposal";
    let removed = shown("authority remove --contact afripol/tn");
    assert!(removed.contains(sentence), "{removed}");
    let status = shown(&format!("authority status {proposal}"));
    assert!(status.contains(sentence), "{status}");
    let signed = shown(&format!(
        "authority sign {proposal} --key-file annex.key --yes"
    ));
    assert!(signed.contains(sentence), "{signed}");
    let json = console.done(&format!("--json authority status {proposal}"));
    let warning = r#"{"effect":"cut-off","code":"contact-removed","text":"`afripol/tn` and"#;
    assert!(json.contains(warning), "{json}");
}

#[test]
fn a_contact_is_edited_by_a_proposal_like_any_other() {
    let console = network();
    let edit = "authority edit --contact afripol/tn";
    let words: Vec<&str> = edit.split(' ').collect();
    assert_eq!(console.maille(&words).code, 2);
    console.refused(
        "authority edit --contact afripol/xx --role x",
        3,
        "unknown-contact",
    );
    let answer = console.maille(&[
        "authority",
        "edit",
        "--contact",
        "afripol/tn",
        "--hours",
        "mon-fri 08:00-18:00",
        "--telephone",
        "+216 71 000 000",
        "--deputy",
        "afripol/dz=10m",
        "--valid-to",
        "2036-01-01T00:00:00Z",
        "--language",
        "fr",
        "--language",
        "ar",
    ]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for expected in [
        "~ contact `afripol/tn`, hours: day and night → Mo Tu We Th Fr 08:00-18:00",
        "~ contact `afripol/tn`, telephones: none → +216 71 000 000",
        "~ contact `afripol/tn`, deputies: none → `afripol/dz` after 10m",
        "~ contact `afripol/tn`, languages: none → fr, ar",
        "~ contact `afripol/tn`, valid to: open → 2036-01-01",
        "! `afripol/tn` is cut off at 2036-01-01",
        "! `afripol/dz` is a deputy of `afripol/tn` and stands in no annex",
    ] {
        assert!(
            answer.stderr.contains(expected),
            "{expected}\n{}",
            answer.stderr
        );
    }
    publish(&console, "annex-afripol-000002.proposal", &["annex"]);
    console.done(&format!(
        "{edit} --hours always --deputy none --valid-to open"
    ));
    publish(&console, "annex-afripol-000003.proposal", &["annex"]);
    let text = console.done("authority describe");
    assert!(
        text.contains("hours = []\ntelephones = [\"+216 71 000 000\"]"),
        "{text}"
    );
    assert!(!text.contains("valid_to"), "{text}");
}

#[test]
fn a_roster_and_a_proposal_are_described_as_text_that_differs_where_they_do() {
    let console = network();
    let text = console.done("authority describe");
    assert_eq!(text, console.done("authority describe"));
    console.write("same.toml", &text);
    let nothing = console.done("--json authority apply same.toml");
    assert_eq!(nothing, "{\"proposals\":[]}\n");
    console.done("authority edit --contact afripol/tn --role duty");
    let proposed = console.done("authority describe annex-afripol-000002.proposal");
    let of = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    let (before, after) = (of(&text), of(&proposed));
    let differ = before
        .iter()
        .zip(&after)
        .filter(|(one, other)| one != other);
    let differ: Vec<_> = differ.collect();
    assert_eq!(before.len(), after.len());
    assert_eq!(
        differ,
        [(&"role = \"\"".to_owned(), &"role = \"duty\"".to_owned())]
    );
    assert!(
        proposed.contains("# proposed: annex 2 of afripol, "),
        "{proposed}"
    );
    // A first part is described before anything is in force.
    console
        .done("authority init --network other --key interpol.pub -k 1 --roster other --out other");
    let first = "authority describe other/authority-000001.proposal --roster other";
    assert!(console.done(first).contains("network = \"other\""));
}

#[test]
fn one_signature_suspends_and_as_many_as_ever_lift_it() {
    let console = network();
    let code = request(&console);
    console.done(&format!("authority admit device.request --code {code}"));
    publish(&console, "annex-afripol-000002.proposal", &["annex"]);
    let suspend = "--json device suspend --contact afripol/tn --reason lost --yes --key-file";
    let hash = field(
        &console.done(&format!("{suspend} interpol.key")),
        "suspension",
    );
    let join = "--home desk device join --roster roster --anchor roster/anchor.toml";
    console.refused(join, 7, "device-not-designated");
    let good = plan(&console);
    let (head, rest) = good.split_once("[[key]]").unwrap();
    console.write(
        "lift.toml",
        &format!("{head}lifted = ['{hash}']\n[[key]]{rest}"),
    );
    let lifting = console.done("--json authority apply lift.toml");
    assert!(
        lifting.contains(r#""code":"suspension-lifted""#),
        "{lifting}"
    );
    let proposal = "authority-000003.proposal";
    console.done(&format!(
        "authority sign {proposal} --key-file interpol.key --yes"
    ));
    let early = format!("authority publish {proposal}");
    console.refused(&early, 7, "proposal-too-few");
    console.refused(join, 7, "device-not-designated");
    publish(&console, proposal, &["cmai"]);
    console.done(join);
}

#[test]
fn a_removed_desk_reads_what_removed_it_and_on_whose_signatures_and_goes_on_reading() {
    let console = network();
    let code = request(&console);
    console.done(&format!("authority admit device.request --code {code}"));
    publish(&console, "annex-afripol-000002.proposal", &["annex"]);
    let join = "--home desk device join --roster roster --anchor roster/anchor.toml";
    console.done(join);
    console.done("authority remove --contact afripol/tn");
    publish(&console, "annex-afripol-000003.proposal", &["annex"]);
    let words: Vec<&str> = join.split(' ').collect();
    let answer = console.maille(&words);
    assert_eq!(answer.code, 7, "{}", answer.stderr);
    let key = &public_key(&console, "annex")[..8];
    let by = format!("signed with key {key} of `afripol`.");
    for expected in [
        "was taken out by annex 3 of `afripol` (",
        by.as_str(),
        "What came and went before stays readable here",
    ] {
        assert!(
            answer.stderr.contains(expected),
            "{expected}\n{}",
            answer.stderr
        );
    }
    let doctor = console.maille(&["--home", "desk", "doctor", "--patience", "0s"]);
    assert!(
        doctor.stdout.contains("taken out by annex 3"),
        "{}",
        doctor.stdout
    );
    let inbox = console.maille(&["--home", "desk", "inbox", "--all", "--patience", "0s"]);
    assert_eq!(inbox.code, 0, "{}", inbox.stderr);
}

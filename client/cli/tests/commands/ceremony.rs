//! What a ceremony refuses, and with which exit code.

use crate::console::{Console, field};

/// Three holders, a published part 1, and one contact whose organisation signs for itself.
pub(crate) fn network() -> Console {
    let console = Console::new();
    for organisation in ["interpol", "afripol", "cmai", "annex"] {
        let name = if organisation == "annex" {
            "afripol"
        } else {
            organisation
        };
        console.done(&format!(
            "authority key new --organisation {name} --holder {organisation} --out \
             {organisation}.key --plain"
        ));
    }
    console.done(
        "authority init --network test --key interpol.pub --key afripol.pub --key cmai.pub -k 2",
    );
    publish(&console, "authority-000001.proposal", &["interpol", "cmai"]);
    console.write("network.toml", &plan(&console));
    console.done("authority apply network.toml");
    publish(&console, "authority-000002.proposal", &["cmai", "afripol"]);
    publish(&console, "annex-afripol-000001.proposal", &["annex"]);
    console
}

pub(crate) fn plan(console: &Console) -> String {
    let public =
        |name: &str| std::fs::read_to_string(console.path(&format!("{name}.pub"))).unwrap();
    let mut text = String::from("network = 'test'\nthreshold = 2\n");
    for name in ["interpol", "afripol", "cmai"] {
        text += &format!(
            "[[key]]\n{}\n[[organisation]]\nname = '{name}'\n",
            public(name)
        );
        if name == "afripol" {
            let annex = public("annex");
            let key = annex.lines().find(|line| line.starts_with("key")).unwrap();
            text += &format!("annex_keys = [{}]\n", key.split_once('=').unwrap().1);
            text += "[[organisation.contact]]\naddress = 'afripol/tn'\n";
        }
    }
    text + "[[rule]]\nfrom = '**'\nto = '**'\n"
}

pub(crate) fn publish(console: &Console, proposal: &str, signers: &[&str]) {
    for signer in signers {
        console.done(&format!(
            "authority sign {proposal} --key-file {signer}.key --yes"
        ));
    }
    console.done(&format!("authority publish {proposal}"));
}

pub(crate) fn request(console: &Console) -> String {
    let made = console.done(
        "--json --home desk device request --contact afripol/tn --label desk --machine-key \
         --anchor roster/anchor.toml",
    );
    field(&made, "code")
}

#[test]
fn a_device_is_admitted_by_the_code_that_was_read_out_and_by_no_other() {
    let console = network();
    let code = request(&console);
    console.refused(
        "authority admit device.request --code 0000-0000-0000",
        4,
        "wrong-code",
    );
    assert!(!console.path("annex-afripol-000002.proposal").exists());
    console.done(&format!(
        "authority admit device.request --code {}",
        code.replace('-', "")
    ));
    publish(&console, "annex-afripol-000002.proposal", &["annex"]);
    let joined =
        console.done("--json --home desk device join --roster roster --anchor roster/anchor.toml");
    assert_eq!(field(&joined, "designation"), "valid");
    let again = format!("authority admit device.request --code {code}");
    console.refused(&again, 3, "already-admitted");
}

#[test]
fn a_device_that_is_not_admitted_keeps_the_roster_and_waits() {
    let console = network();
    request(&console);
    let join = "--home desk device join --roster roster --anchor roster/anchor.toml";
    console.refused(join, 7, "device-not-designated");
    assert!(console.path("desk/roster/authority-000002.part").exists());
}

#[test]
fn a_request_that_was_changed_on_its_way_is_refused() {
    let console = network();
    let code = request(&console);
    let mut bytes = std::fs::read(console.path("device.request")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(console.path("device.request"), bytes).unwrap();
    let admit = format!("authority admit device.request --code {code}");
    console.refused(&admit, 4, "request-signature");
}

#[test]
fn no_proposal_is_published_below_its_threshold_or_with_a_foreign_signature() {
    let console = network();
    request(&console);
    console.done("authority remove --contact afripol/tn");
    let proposal = "annex-afripol-000002.proposal";
    console.refused(
        &format!("authority publish {proposal}"),
        7,
        "proposal-too-few",
    );
    let foreign = format!("authority sign {proposal} --key-file interpol.key --yes");
    console.refused(&foreign, 4, "proposal-not-a-signer");
    // Nor does a copy of another annex's signature help.
    console.done(&format!(
        "authority sign {proposal} --key-file annex.key --yes"
    ));
    let mut bytes = std::fs::read(console.path(proposal)).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(console.path(proposal), bytes).unwrap();
    console.refused(
        &format!("authority publish {proposal}"),
        4,
        "proposal-spoiled",
    );
    console.refused(
        &format!("authority status {proposal}"),
        4,
        "proposal-spoiled",
    );
}

#[test]
fn a_proposal_that_was_overtaken_is_neither_signed_nor_published() {
    let console = network();
    console.done("authority remove --contact afripol/tn");
    std::fs::copy(
        console.path("annex-afripol-000002.proposal"),
        console.path("copy.proposal"),
    )
    .unwrap();
    publish(&console, "annex-afripol-000002.proposal", &["annex"]);
    let sign = "authority sign copy.proposal --key-file annex.key --yes";
    console.refused(sign, 4, "proposal-does-not-follow");
}

#[test]
fn whoever_does_not_say_yes_signs_nothing() {
    let console = network();
    console.done("authority remove --contact afripol/tn");
    let words = [
        "authority",
        "sign",
        "annex-afripol-000002.proposal",
        "--key-file",
        "annex.key",
    ];
    let before = std::fs::read(console.path(words[2])).unwrap();
    let answer = console.answer(&words, "y\n");
    assert_eq!(answer.code, 8);
    assert!(
        answer.stderr.contains("- contact `afripol/tn`"),
        "{}",
        answer.stderr
    );
    assert_eq!(std::fs::read(console.path(words[2])).unwrap(), before);
    assert_eq!(console.answer(&words, "yes\n").code, 0);
}

#[test]
fn one_key_suspends_at_once_and_a_strangers_does_not() {
    let console = network();
    let suspend = "device suspend --contact afripol/tn --reason lost --yes --key-file";
    console
        .done("authority key new --organisation cmai --holder stranger --out stranger.key --plain");
    console.refused(&format!("{suspend} stranger.key"), 4, "suspend-refused");
    let done = console.done(&format!("--json {suspend} annex.key"));
    assert!(console.path(&field(&done, "file")).exists());
    let organisation = "device suspend --organisation afripol --reason lost --yes --key-file";
    console.refused(&format!("{organisation} annex.key"), 4, "suspend-refused");
    console.done(&format!("{organisation} interpol.key"));
}

#[test]
fn a_description_with_an_unknown_word_or_a_missing_name_is_refused() {
    let console = network();
    let good = plan(&console);
    console.write("bad.toml", &format!("{good}colour = 'red'\n"));
    let sentence = console.refused("authority apply bad.toml", 3, "plan-form");
    assert!(sentence.contains("unknown field `colour`"), "{sentence}");
    console.write(
        "bad.toml",
        &format!("{good}[[rule]]\nfrom = '@nobody'\nto = '**'\n"),
    );
    console.refused("authority apply bad.toml", 3, "plan-document");
    console.write("bad.toml", &good.replace("'test'", "'other'"));
    console.refused("authority apply bad.toml", 3, "plan-network");
    let again = console.done("--json authority apply network.toml");
    assert_eq!(again, "{\"proposals\":[]}\n");
}

#[test]
fn two_keys_of_one_organisation_found_no_network() {
    let console = network();
    let init =
        "authority init --network test --key afripol.pub --key annex.pub -k 1 --roster other";
    console.refused(init, 3, "plan-document");
    assert!(!console.path("other").exists());
}

#[test]
fn files_are_never_written_over_and_private_keys_are_for_their_owner() {
    let console = network();
    let new = "authority key new --organisation cmai --holder x --plain --out";
    console.refused(&format!("{new} cmai.key"), 3, "file-already-there");
    console.refused(&format!("{new} x.pub"), 2, "private-key-as-public");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let key = console.path("annex.key");
        let mode = |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode));
        assert_eq!(
            std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
            0o600
        );
        mode(0o640).unwrap();
        let suspend = "device suspend --contact afripol/tn --reason x --yes --key-file annex.key";
        console.refused(suspend, 5, "file-too-open");
    }
}

#[test]
fn a_home_is_joined_only_by_the_anchor_it_was_made_with() {
    let console = network();
    request(&console);
    console.done("authority init --network test --key interpol.pub -k 1 --roster other --out desk");
    let join = "--home desk device join --roster roster --anchor other/anchor.toml";
    console.refused(join, 4, "other-anchor");
    console.refused(
        "device join --roster roster --anchor roster/anchor.toml",
        2,
        "no-home",
    );
}

#[test]
fn what_a_stranger_wrote_does_nothing_to_the_terminal() {
    let console = network();
    console.write(
        "network.toml",
        &plan(&console).replace(
            "address = 'afripol/tn'",
            "address = 'afripol/tn'\nrole = \"\\u001b[2Jx\\ny\\u202e\"",
        ),
    );
    let answer = console.maille(&["authority", "apply", "network.toml"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("<U+001B>[2Jx<U+000A>y<U+202E>"),
        "{}",
        answer.stderr
    );
}

//! Officers of a home.

use crate::console::{Console, field};

fn home() -> Console {
    let console = Console::new();
    console.done("authority key new --organisation interpol --holder h --out h.key --plain");
    console.done("authority init --network test --key h.pub -k 1");
    console.write("diallo.pass", "five small grey harbour cats\n");
    console.write("ferrari.pass", "one large green mountain goat\n");
    console.done(
        "--home desk device request --contact interpol/fr --label desk --officer Diallo \
         --passphrase-file diallo.pass --anchor roster/anchor.toml",
    );
    console
}

#[test]
fn an_officer_goes_on_duty_by_passphrase_and_off_again() {
    let console = home();
    console.refused("--home desk officer out", 3, "nobody-on-duty");
    let wrong = "--home desk officer in Diallo --passphrase-file ferrari.pass";
    console.refused(wrong, 5, "wrong-passphrase");
    let on = console.done("--json --home desk officer in Diallo --passphrase-file diallo.pass");
    assert_eq!(field(&on, "officer"), "Diallo");
    console.done("--home desk officer out");
    console.refused("--home desk officer out", 3, "nobody-on-duty");
}

#[test]
fn an_officer_on_duty_lets_another_in() {
    let console = home();
    let add = "--home desk officer add Ferrari --passphrase-file diallo.pass --new-passphrase-file";
    console.refused(&format!("{add} ferrari.pass"), 5, "no-machine-key");
    console.done("--home desk officer in Diallo --passphrase-file diallo.pass");
    console.write("short.pass", "short\n");
    console.refused(&format!("{add} short.pass"), 3, "passphrase-too-short");
    console.done(&format!("{add} ferrari.pass"));
    console.refused(&format!("{add} ferrari.pass"), 3, "officer-exists");
    console.done("--home desk officer in Ferrari --passphrase-file ferrari.pass");
    let unknown = "--home desk officer in Nobody --passphrase-file diallo.pass";
    console.refused(unknown, 5, "no-such-officer");
}

#[test]
fn where_nobody_can_be_asked_the_flag_is_named() {
    let console = home();
    console.write("empty.pass", "\n");
    let empty = "--home desk officer in Diallo --passphrase-file empty.pass";
    console.refused(empty, 3, "passphrase-file");
}

#[test]
fn an_officer_changes_the_passphrase_and_the_old_one_opens_nothing_any_more() {
    let console = home();
    let change = "--home desk officer passphrase Diallo --new-passphrase-file ferrari.pass";
    let wrong = format!("{change} --passphrase-file ferrari.pass");
    console.refused(&wrong, 5, "wrong-passphrase");
    console.write("short.pass", "short\n");
    let short = "--home desk officer passphrase Diallo --new-passphrase-file short.pass \
                 --passphrase-file diallo.pass";
    console.refused(short, 3, "passphrase-too-short");
    let right = format!("--json {change} --passphrase-file diallo.pass");
    assert_eq!(field(&console.done(&right), "officer"), "Diallo");
    let old = "--home desk officer in Diallo --passphrase-file diallo.pass";
    console.refused(old, 5, "wrong-passphrase");
    console.done("--home desk officer in Diallo --passphrase-file ferrari.pass");
}

#[test]
fn an_officer_who_leaves_is_removed_by_another_and_goes_off_duty_with_that() {
    let console = home();
    console.done("--home desk officer in Diallo --passphrase-file diallo.pass");
    let last = "--home desk officer remove Diallo --passphrase-file diallo.pass";
    console.refused(last, 3, "last-officer");
    console.done(
        "--home desk officer add Ferrari --passphrase-file diallo.pass \
         --new-passphrase-file ferrari.pass",
    );
    let nobody = "--home desk officer remove Nobody --passphrase-file diallo.pass";
    console.refused(nobody, 5, "no-such-officer");
    let by_ferrari = "--officer Ferrari --passphrase-file ferrari.pass";
    console.done(&format!("--home desk officer remove Diallo {by_ferrari}"));
    console.refused("--home desk officer out", 3, "nobody-on-duty");
    let gone = "--home desk officer in Diallo --passphrase-file diallo.pass";
    console.refused(gone, 5, "officer-removed");
}

#[test]
fn a_key_holder_changes_the_passphrase_and_signs_with_the_same_key() {
    let console = Console::new();
    console.write("old.pass", "five small grey harbour cats\n");
    console.write("new.pass", "one large green mountain goat\n");
    let made = console.done(
        "--json authority key new --organisation interpol --holder h --out h.key \
         --passphrase-file old.pass",
    );
    let change = "authority key passphrase h.key --new-passphrase-file new.pass --passphrase-file";
    console.refused(&format!("{change} new.pass"), 5, "wrong-passphrase");
    let changed = console.done(&format!("--json {change} old.pass"));
    assert_eq!(field(&changed, "key"), field(&made, "key"));
    console.done("authority init --network test --key h.pub -k 1");
    let sign = "authority sign authority-000001.proposal --key-file h.key --yes --passphrase-file";
    console.refused(&format!("{sign} old.pass"), 5, "wrong-passphrase");
    console.done(&format!("{sign} new.pass"));
}

#[test]
fn whoever_has_read_enough_of_the_results_is_told_of_no_fault() {
    let console = home();
    let (in_words, out_words) = (
        ["--home", "desk", "officer", "in", "Diallo"],
        ["--home", "desk", "officer", "out"],
    );
    let file = ["--passphrase-file", "diallo.pass"];
    let signed_in = console.unread(&[&in_words[..], &file].concat());
    assert_eq!((signed_in.code, signed_in.stderr.as_str()), (6, ""));
    // What was to be done is done all the same.
    console.done(&out_words.join(" "));
}

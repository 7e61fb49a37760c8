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

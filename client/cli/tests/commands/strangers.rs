//! Ceremonies with text of strangers wherever a document of the network has room for some: what
//! key holders and desks read is shown and not obeyed, and what the format refuses is refused in
//! a sentence that is harmless too.

use maille_common::crypto::ed25519::SigningKey;

use crate::console::{Answer, Console, field};
use crate::hostile::{FORGED, HOSTILE, harmless};

/// Looks like a name that is known, with a Cyrillic letter in it.
const LOOK_ALIKE: &str = "Int\u{435}rpol";
/// How that is shown.
const SHOWN: &str = "Int<U+0435>rpol";

/// A contact whose organisation leaves the signing to the authority.
const DESK: &str = "cmai/ma";

/// A text as TOML, with everything in it that is not ASCII or is a control character as a number.
fn toml(text: &str) -> String {
    let quoted = |c: char| match c {
        ' ' | '!' | '#'..='[' | ']'..='~' => c.to_string(),
        c => format!("\\U{:08X}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(quoted).collect::<String>())
}

/// Runs a command, expects this exit code, and gives all that it said.
fn shown(console: &Console, words: &[&str], code: i32) -> Answer {
    let answer = console.answer(words, "yes\n");
    harmless(words, &answer.stdout);
    harmless(words, &answer.stderr);
    let Answer { stdout, stderr, .. } = &answer;
    assert_eq!(answer.code, code, "maille {words:?}\n{stdout}{stderr}");
    answer
}

/// The same for people and for machines, of a command that changes nothing.
fn shown_to_both(console: &Console, words: &[&str], code: i32) -> Answer {
    shown(console, &[&["--json"], words].concat(), code);
    shown(console, words, code)
}

/// Everybody signs, after reading.
fn publish(console: &Console, proposal: &str) {
    for key in ["interpol.key", "cmai.key"] {
        let words = ["authority", "sign", proposal, "--key-file", key];
        shown(console, &words, 0);
    }
    shown_to_both(console, &["authority", "status", proposal], 0);
    shown_to_both(console, &["authority", "describe", proposal], 0);
    shown(console, &["authority", "publish", proposal], 0);
}

/// A network of that name, held by such holders; nothing else is in it.
fn founded(console: &Console) {
    let formats: [(&str, &[&str]); 2] = [("interpol", &["--json"]), ("cmai", &[])];
    for (organisation, format) in formats {
        let holder = format!("{LOOK_ALIKE}{HOSTILE}");
        let out = format!("{organisation}.key");
        let words = [
            format,
            &["authority", "key", "new", "--plain"],
            &["--organisation", organisation, "--holder", &holder],
            &["--out", &out],
        ];
        shown(console, &words.concat(), 0);
    }
    let init = [
        &["authority", "init", "--network", HOSTILE, "-k", "2"][..],
        &["--key", "interpol.pub", "--key", "cmai.pub"],
    ];
    let said = shown(console, &init.concat(), 0).stderr;
    assert!(said.contains(SHOWN), "{said}");
    assert!(!said.contains(LOOK_ALIKE), "{said}");
    let status = ["authority", "status", "authority-000001.proposal"];
    let said = shown_to_both(console, &status, 0);
    assert!(said.stdout.contains(SHOWN), "{}", said.stdout);
    publish(console, status[2]);
}

/// The network, with strange text in every place that takes any.
fn plan(console: &Console) -> String {
    let word = "W".repeat(90);
    let (hostile, formula) = (toml(HOSTILE), toml("=cmd|' /C calc'!A0"));
    let mut text = format!("network = {hostile}\nthreshold = 2\n");
    for name in ["interpol", "cmai"] {
        let key = std::fs::read_to_string(console.path(&format!("{name}.pub"))).unwrap();
        text += &format!("[[key]]\n{key}\n");
    }
    text += "[[organisation]]\nname = 'interpol'\n";
    text += &format!("[[organisation]]\nname = 'cmai'\nnames = {{ {hostile} = {hostile} }}\n");
    text += "home_relays = ['hub']\n[[organisation.contact]]\n";
    text += &format!(
        "address = '{DESK}'\nrole = {}\n",
        toml(&(HOSTILE.to_owned() + &word))
    );
    let look_alike = toml(LOOK_ALIKE);
    text += &format!("names = {{ {hostile} = {hostile}, en = {look_alike}, fr = {formula} }}\n");
    text += &format!("languages = [{hostile}]\ntime_zone = {hostile}\n");
    text += &format!("telephones = [{hostile}, {formula}]\n");
    let [transport, signing] = [3, 4].map(|seed| SigningKey::from_seed([seed; 32]).verifying_key());
    text += &format!(
        "[[relay]]\nname = 'hub'\norganisation = 'cmai'\naddresses = [{hostile}, {}]\n\
         keys = [{{ transport = '{transport}', signing = '{signing}' }}]\n",
        toml(&word)
    );
    text + "[lists]\nafrica = ['cmai/**']\n[[rule]]\nfrom = '@africa'\nto = '**'\n"
}

#[test]
fn what_key_holders_and_organisations_write_escapes_from_no_ceremony() {
    let console = Console::new();
    founded(&console);
    console.write("network.toml", &plan(&console));
    let said = shown(&console, &["authority", "apply", "network.toml"], 0).stderr;
    assert!(
        said.contains("relay `hub` of `cmai` at <U+001B>[2J"),
        "{said}"
    );
    publish(&console, "authority-000002.proposal");
    publish(&console, "annex-cmai-000001.proposal");
    let request = [
        &[
            "--json",
            "--home",
            "desk",
            "device",
            "request",
            "--machine-key",
        ][..],
        &[
            "--contact",
            DESK,
            "--anchor",
            "roster/anchor.toml",
            "--label",
            HOSTILE,
        ],
    ];
    let code = field(&shown(&console, &request.concat(), 0).stdout, "code");
    let admit = ["authority", "admit", "device.request", "--code", &code];
    let said = shown(&console, &admit, 0).stderr;
    assert!(said.contains("<U+202E><U+2066>"), "{said}");
    publish(&console, "annex-cmai-000002.proposal");
    let role = format!("{LOOK_ALIKE} {HOSTILE}");
    let edit = [
        &["authority", "edit", "--contact", DESK, "--role", &role][..],
        &["--language", HOSTILE, "--telephone", HOSTILE],
    ];
    let said = shown(&console, &edit.concat(), 0).stderr;
    assert!(said.contains(SHOWN), "{said}");
    publish(&console, "annex-cmai-000003.proposal");
    let described = shown_to_both(&console, &["authority", "describe"], 0).stdout;
    assert!(
        described.contains("label = \"\\U0000001B[2J"),
        "{described}"
    );
    // The text of a review describes the same network, whatever is in it.
    console.write("described.toml", &described);
    let again = shown(&console, &["authority", "apply", "described.toml"], 0);
    assert_eq!(again.stdout, "no proposal\n");
    a_desk_of_it_shows_nothing(&console);
}

/// A desk that joins, is suspended, and then removed.
fn a_desk_of_it_shows_nothing(console: &Console) {
    let join = [
        &["--home", "desk", "device", "join"][..],
        &["--roster", "roster", "--anchor", "roster/anchor.toml"],
    ];
    let join = join.concat();
    shown_to_both(console, &join, 0);
    let offline: &[&[&str]] = &[&["contacts"], &["contacts", "**"], &["doctor"], &["status"]];
    let each_of_them = || {
        for words in offline {
            for machine in [&[][..], &["--json"]] {
                let desk = ["--home", "desk", "--patience", "1ms"];
                let words = [machine, words, &desk].concat();
                let answer = console.maille(&words);
                harmless(&words, &answer.stdout);
                harmless(&words, &answer.stderr);
            }
        }
    };
    each_of_them();
    let reason = format!("{LOOK_ALIKE} {HOSTILE}{}", "W".repeat(400));
    let suspend = [
        &["device", "suspend", "--contact", DESK][..],
        &["--reason", &reason, "--key-file", "interpol.key"],
    ];
    shown(console, &suspend.concat(), 0);
    shown_to_both(console, &["authority", "describe"], 0);
    let answer = console.maille(&join);
    harmless(&join, &(answer.stdout + &answer.stderr));
    each_of_them();
    shown(console, &["authority", "remove", "--contact", DESK], 0);
    publish(console, "annex-cmai-000004.proposal");
    let machine = [&["--json"][..], &join].concat();
    for words in [&join, &machine] {
        let answer = console.maille(words);
        harmless(words, &answer.stdout);
        harmless(words, &answer.stderr);
        let said = answer.stdout + &answer.stderr;
        assert!(said.contains("interpol"), "it names who signed: {said}");
        assert!(words.contains(&"--json") || said.contains(SHOWN), "{said}");
    }
    each_of_them();
}

/// What has no room for a stranger's words: the refusal quotes them, and is harmless.
#[test]
fn names_lists_patterns_and_addresses_take_no_strange_text() {
    let console = Console::new();
    founded(&console);
    let good = plan(&console);
    console.write("good.toml", &good);
    shown(&console, &["authority", "apply", "good.toml"], 0);
    for name in [
        HOSTILE,
        "../../etc",
        "C:\\Windows\\System32",
        "a.txt:stream",
        "-rf",
        "..",
        "",
        "=cmd|' /C calc'!A0",
        LOOK_ALIKE,
        "invoice\u{202e}fdp",
        "trailing. . .",
        &"W".repeat(1_000_000),
    ] {
        let (bare, below) = (toml(name), toml(&format!("cmai/{name}")));
        for (place, strange) in [
            ("name = 'interpol'".to_owned(), format!("name = {bare}")),
            ("name = 'hub'".to_owned(), format!("name = {bare}")),
            (format!("address = '{DESK}'"), format!("address = {below}")),
            ("africa = [".to_owned(), format!("{bare} = [")),
            ("['cmai/**']".to_owned(), format!("[{below}]")),
            ("'@africa'".to_owned(), toml(&format!("@{name}"))),
            ("to = '**'".to_owned(), format!("to = {below}")),
        ] {
            assert!(good.contains(&place), "{place}");
            console.write("bad.toml", &good.replace(&place, &strange));
            let words = ["authority", "apply", "bad.toml"];
            let answer = shown_to_both(&console, &words, 3);
            assert!(answer.stderr.len() < 10_000, "{}", answer.stderr);
        }
    }
    // What is too long for its place is refused as well, and not quoted at its whole length.
    let word = toml(&"W".repeat(1_000_000));
    for place in [
        "role = ",
        "time_zone = ",
        "languages = [",
        "telephones = [",
        "addresses = [",
    ] {
        let (before, after) = good.split_once(place).unwrap();
        let rest = after.split_once('"').unwrap().1.split_once('"').unwrap().1;
        console.write("bad.toml", &format!("{before}{place}{word}{rest}"));
        let answer = shown_to_both(&console, &["authority", "apply", "bad.toml"], 3);
        assert!(answer.stderr.len() < 10_000, "{}", answer.stderr.len());
    }
    let long = FORGED.repeat(1_000);
    for words in [
        &[
            "authority",
            "key",
            "new",
            "--plain",
            "--organisation",
            "cmai",
            "--out",
            "x.key",
        ][..],
        &["authority", "edit", "--contact", DESK],
        &[
            "device",
            "suspend",
            "--contact",
            DESK,
            "--key-file",
            "cmai.key",
            "--yes",
        ],
        &[
            "device",
            "request",
            "--contact",
            DESK,
            "--machine-key",
            "--home",
            "x",
        ],
    ] {
        let field = match words[1] {
            "key" => "--holder",
            "edit" => "--role",
            "suspend" => "--reason",
            _ => "--label",
        };
        let answer = console.answer(&[words, &[field, &long]].concat(), "");
        harmless(words, &answer.stderr);
        assert_ne!(answer.code, 0, "{words:?}");
    }
}

/// Windows opens a device where a file is to be, under whatever folder: no document of a roster is
/// a file of such a name.
#[test]
fn no_document_is_a_file_that_windows_takes_for_a_device() {
    let console = Console::new();
    founded(&console);
    let good = plan(&console);
    for device in ["con", "nul", "aux", "prn", "com1", "lpt9"] {
        let entry = format!(
            "[[organisation]]\nname = '{device}'\n[[organisation.contact]]\n\
             address = '{device}/{device}'\n[[relay]]"
        );
        let renamed = good.replace("[[relay]]", &entry);
        console.write("network.toml", &renamed);
        let out = format!("out-{device}");
        std::fs::create_dir(console.path(&out)).unwrap();
        shown(
            &console,
            &["authority", "apply", "network.toml", "--out", &out],
            0,
        );
        for file in std::fs::read_dir(console.path(&out)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let (stem, _) = name.split_once('.').unwrap();
            assert!(stem.contains('-'), "{name}");
        }
    }
}

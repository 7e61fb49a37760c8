//! What people are told by the command line stands in its file of sentences, not in its code.

use crate::faults::Faults;
use crate::repository::rust_sources;
use crate::rust_source::RustSource;
use crate::words::{attribute, line_of, places};

/// The code of the command `maille`.
const COMMAND: &[&str] = &["client/cli/src/"];

/// What stands before a literal that people at a desk never see: an invariant, a log event.
const NOT_FOR_PEOPLE: &[&str] = &["expect(", "debug!(", "info!(", "warn!(", "error!("];

/// Literals that have the form of a sentence and are none, by how they begin.
struct Allowed {
    file: &'static str,
    beginnings: &'static [&'static str],
    why: &'static str,
}

const ALLOWED: &[Allowed] = &[
    Allowed {
        file: "client/cli/src/command/example.rs",
        beginnings: &["{to} inbox", "{to} ack", "{from} send", "{from} track"],
        why: "commands to copy: the same in every language",
    },
    Allowed {
        file: "client/cli/src/demo/steps.rs",
        beginnings: &["{} inbox", "{} read", "{} track"],
        why: "commands to copy: the same in every language",
    },
    Allowed {
        file: "client/cli/src/command/read/text.rs",
        beginnings: &["maille read"],
        why: "commands to copy: the same in every language",
    },
    Allowed {
        file: "client/cli/src/demo/hand_check.rs",
        beginnings: &["cd "],
        why: "commands to copy: the same in every language",
    },
    Allowed {
        file: "client/cli/src/demo/dispatch.rs",
        beginnings: &["Boarding party", "Jurisdiction belongs", "passport X"],
        why: "words of the demonstration's alert and notes, searched for where they must not be",
    },
    Allowed {
        file: "client/cli/src/demo/refusals.rs",
        beginnings: &["Nobody may get this."],
        why: "an alert that the demonstration makes, and that nobody gets",
    },
    Allowed {
        file: "client/cli/src/network/founding.rs",
        beginnings: &["Duty officer", "duty desk"],
        why: "names in the roster of a network that is made",
    },
];

#[test]
fn people_are_told_what_the_file_of_sentences_says() {
    let mut faults = Faults::default();
    let mut used = vec![];
    for source in rust_sources().iter().filter(|one| one.lies_in(COMMAND)) {
        for (at, words) in sentences(source) {
            match allowed(&source.path, &words) {
                Some(beginning) => used.push((source.path.as_str(), beginning)),
                None => faults.at(&source.path, line_of(&source.text, at), &words),
            }
        }
    }
    for allowed in ALLOWED {
        for beginning in allowed.beginnings {
            if !used.contains(&(allowed.file, beginning)) {
                let what = format!("`{beginning}` is not there any more ({})", allowed.why);
                faults.of(allowed.file, &what);
            }
        }
    }
    faults.none("what people are told stands in client/cli/sentences, where it can be translated");
}

#[test]
fn a_sentence_in_the_code_would_be_noticed() {
    let found = |code: &str| {
        let source = RustSource::new("client/cli/src/a.rs", code);
        sentences(&source).len()
    };
    for code in [
        r#"say("The relay is gone.");"#,
        r#"say("Check --home.");"#,
        r#"format!("{contact} is not open")"#,
        r#"format!("relay {name}")"#,
        r#"say(r"in a raw string")"#,
        r#"say(b"as bytes too")"#,
        "say(\"over two\\\n     lines\")",
        r#"write!(text, "{count} devices\nfollow")"#,
    ] {
        assert_eq!(found(code), 1, "{code}");
    }
    for code in [
        r#"Fault::new(Exit::Input, "no-such-part", sentence)"#,
        r#"format!("  {mark}  {}: {}", what, found)"#,
        r#"join("relay.log")"#,
        r#"plan += "network = \"testnet\"\nthreshold = 2\n";"#,
        r#"#[arg(long, help = "a sentence of the help")] struct A;"#,
        r#"name.parse().expect("four letters are a name")"#,
        "name\n    .expect(\n        \"four letters are a name\",\n    )",
        r#"tracing::warn!("the relay is gone")"#,
        "/// A sentence of a comment.\nfn a() {}",
        r#"#[cfg(test)] mod tests { fn a() { b("a sentence of a test") } }"#,
    ] {
        assert_eq!(found(code), 0, "{code}");
    }
}

/// The literals of a file that have the form of a sentence, each with its offset.
fn sentences(source: &RustSource) -> Vec<(usize, String)> {
    let attributes: Vec<_> = ["#[", "#!["]
        .iter()
        .flat_map(|start| places(&source.code, start))
        .map(|at| at..at + attribute(&source.code[at..]).len())
        .collect();
    let is_for_people = |at: usize| {
        let before = source.product[..at].trim_end();
        let hidden = NOT_FOR_PEOPLE.iter().any(|call| before.ends_with(call));
        !hidden && !attributes.iter().any(|attribute| attribute.contains(&at))
    };
    source
        .literals()
        .filter(|(at, _)| is_for_people(*at))
        .map(|(at, literal)| (at, words_of(literal)))
        .filter(|(_, words)| is_sentence(words))
        .collect()
}

/// What a literal says, with a space for every end of line.
fn words_of(literal: &str) -> String {
    let inside = literal.trim_start_matches('r').trim_matches('#');
    let inside = inside.trim_matches(['"', '\'']);
    inside
        .replace("\\\n", " ")
        .replace("\\n", " ")
        .replace("\\\"", "\"")
}

/// Two words on end, or a word beside what is put in; or a capital letter, and more up to a stop.
fn is_sentence(words: &str) -> bool {
    let parts: Vec<&str> = words.split_whitespace().collect();
    let pair = |two: &[&str]| {
        let said = two.iter().filter(|part| is_word(part)).count();
        let put_in = two.iter().filter(|part| part.starts_with('{')).count();
        said > 0 && said + put_in == 2
    };
    let capital = words.starts_with(|letter: char| letter.is_uppercase());
    let begins = capital && parts.len() > 1 && is_word(parts[0]);
    parts.windows(2).any(pair) || (begins && words.trim_end().ends_with(['.', '?', '!', ':']))
}

/// Letters, in lower case but for the first, with what may stand around a word.
fn is_word(part: &str) -> bool {
    let word = part.trim_matches(['.', ',', ':', ';', '?', '!', '(', ')', '`', '\'']);
    let small = |letter: char| letter.is_lowercase() || letter == '\'';
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_alphabetic)
        && letters.next().is_some_and(small)
        && letters.all(small)
}

/// How the allowed literal begins that this one is.
fn allowed(path: &str, words: &str) -> Option<&'static &'static str> {
    ALLOWED
        .iter()
        .filter(|allowed| allowed.file == path)
        .flat_map(|allowed| allowed.beginnings)
        .find(|beginning| words.starts_with(**beginning))
}

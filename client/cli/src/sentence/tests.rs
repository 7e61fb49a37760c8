//! The file of every language holds what is declared, no more and no less, and can be said.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent::{FluentArgs, FluentValue};
use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Message, Pattern, PatternElement, VariantKey,
};
use fluent_syntax::parser::parse;
use maille_client::RosterFault;
use maille_common::drill::{Outcome, Unreachable};
use maille_common::roster::Designation;
use maille_common::terms::{
    AcceptReason, Actor, Category, Certainty, Kind, NoticeKind, PartRole, Reach, Reason, Response,
    Severity, Stage, Standing, Status, Urgency,
};

use crate::command::listen::EVENTS;

use super::{DECLARED, Declared, id, read};

/// Ids with the names of their arguments.
type Sentences = BTreeMap<String, BTreeSet<String>>;

#[test]
fn every_file_holds_the_sentences_that_are_declared_and_no_other() {
    let declared: Sentences = all_declared().map(|one| (one.id(), one.names())).collect();
    assert_eq!(declared.len(), all_declared().count(), "ids differ");
    for (tag, text) in files() {
        let written = written(&text).unwrap_or_else(|fault| panic!("{tag}: {fault}"));
        let missing = difference(&declared, &written);
        let unknown = difference(&written, &declared);
        assert!(
            missing.is_empty() && unknown.is_empty(),
            "{tag}: declared and not written so: {missing:?}; written and not declared: {unknown:?}"
        );
    }
}

#[test]
fn every_sentence_can_be_said_in_every_language() {
    for (tag, text) in files() {
        let language = read(&tag, &text).unwrap_or_else(|fault| panic!("{fault}"));
        for one in all_declared() {
            for number in [0_u8, 1, 2, 3, 6, 11, 100] {
                let arguments: FluentArgs<'_> = one.arguments(number).collect();
                let message = language.get_message(&one.id()).expect("checked above");
                let pattern = message.value().expect("checked above");
                let mut errors = Vec::new();
                let said = language.format_pattern(pattern, Some(&arguments), &mut errors);
                assert!(errors.is_empty(), "{tag}: {}: {errors:?}", one.id());
                assert!(!said.is_empty(), "{tag}: {} is empty", one.id());
            }
        }
    }
}

#[test]
fn every_language_has_a_word_for_every_term() {
    let states = ["open", "expired", "cancelled", "refused", "acknowledged"];
    let reasons = [Reason::NAMES, AcceptReason::NAMES].concat();
    let own = &["sent", "accepted", "expired", "cancelled"];
    let timeline = [Stage::NAMES, NoticeKind::NAMES, own].concat();
    let terms: &[(&str, &[&str])] = &[
        ("term-actor", Actor::NAMES),
        ("term-category", Category::NAMES),
        ("term-certainty", Certainty::NAMES),
        ("term-designation", Designation::NAMES),
        ("term-kind", Kind::NAMES),
        ("term-moment", &timeline),
        ("term-next", &reasons),
        ("term-notice", NoticeKind::NAMES),
        ("term-outcome", Outcome::NAMES),
        ("term-part-role", PartRole::NAMES),
        ("term-reach", Reach::NAMES),
        ("term-reason", &reasons),
        ("term-response", Response::NAMES),
        ("term-roster-fault", RosterFault::NAMES),
        ("term-severity", Severity::NAMES),
        ("term-stage", Stage::NAMES),
        ("term-standing", Standing::NAMES),
        ("term-state", &states),
        ("term-status", Status::NAMES),
        ("term-unreachable", Unreachable::NAMES),
        ("term-urgency", Urgency::NAMES),
    ];
    for (tag, text) in files() {
        for (id, names) in terms {
            let words = variants(&text, id);
            for name in *names {
                assert!(words.contains(*name), "{tag}: {id} has no word for {name}");
            }
        }
    }
}

/// A webhook may ask for each event that there is.
#[test]
fn the_list_of_events_has_every_one_that_there_is_a_word_for() {
    let listed: BTreeSet<String> = EVENTS.iter().map(|name| (*name).to_owned()).collect();
    for (tag, text) in files() {
        let mut words = variants(&text, "term-event");
        words.remove("unlisted");
        assert_eq!(words, listed, "{tag}");
    }
}

#[test]
fn what_does_not_agree_would_be_noticed() {
    let sentences = |text: &str| written(text).expect("a sound file");
    assert!(written("a = { $b").is_err(), "no sentence");
    assert!(written("a = b\na = c\n").is_err(), "twice");
    assert!(written("a = { b }\n").is_err(), "a reference");
    let [one, other] = ["a = { $b }\n", "a = { $c }\n"].map(sentences);
    assert_eq!(difference(&one, &other).len(), 1);
    let plural = "a =\n    { $b ->\n        [one] { $c }\n       *[other] d\n    }\n";
    let named = &sentences(plural)["a"];
    assert_eq!(
        named.iter().map(String::as_str).collect::<Vec<_>>(),
        ["b", "c"]
    );
    assert_eq!(id("hint", "CheckOut"), "hint-check-out");
}

impl Declared {
    fn id(&self) -> String {
        id(self.noun, self.name)
    }

    fn names(&self) -> BTreeSet<String> {
        let names = self.arguments.iter();
        names.map(|(name, _)| (*name).to_owned()).collect()
    }

    fn arguments(&self, number: u8) -> impl Iterator<Item = (&'static str, FluentValue<'static>)> {
        self.arguments.iter().map(move |(name, kind)| match *kind {
            "count" => (*name, FluentValue::from(number)),
            _ => (*name, FluentValue::from("a word")),
        })
    }
}

fn all_declared() -> impl Iterator<Item = &'static Declared> {
    DECLARED.iter().copied().flatten()
}

/// The files, by the tag of their language.
fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sentences");
    let listing = fs::read_dir(folder).expect("the folder is there");
    let files: Vec<_> = listing
        .map(|entry| {
            let path = entry.expect("the folder is readable").path();
            let tag = path.file_stem().expect("a file has a name");
            let text = fs::read_to_string(&path).expect("a file of sentences is text");
            (tag.to_string_lossy().into_owned(), text)
        })
        .collect();
    assert!(!files.is_empty(), "there is a language");
    files
}

/// What a file says.
fn written(text: &str) -> Result<Sentences, String> {
    let resource = parse(text).map_err(|(_, errors)| format!("{errors:?}"))?;
    let mut sentences = Sentences::new();
    for entry in resource.body {
        let message: Message<&str> = match entry {
            Entry::Message(message) => message,
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => continue,
            other => return Err(format!("no sentence: {other:?}")),
        };
        let mut names = BTreeSet::new();
        let pattern = message.value.ok_or("a sentence has words")?;
        names_in(&pattern, &mut names)?;
        if sentences
            .insert(message.id.name.to_owned(), names)
            .is_some()
        {
            return Err(format!("{} stands there twice", message.id.name));
        }
    }
    Ok(sentences)
}

/// What the selector of a sentence tells apart.
fn variants(text: &str, id: &str) -> BTreeSet<String> {
    let resource = parse(text).expect("a sound file");
    let pattern = resource.body.into_iter().find_map(|entry| match entry {
        Entry::Message(message) if message.id.name == id => message.value,
        _ => None,
    });
    let elements = pattern.into_iter().flat_map(|pattern| pattern.elements);
    let variants = elements.flat_map(|element| match element {
        PatternElement::Placeable {
            expression: Expression::Select { variants, .. },
        } => variants,
        _ => Vec::new(),
    });
    variants
        .filter_map(|variant| match variant.key {
            VariantKey::Identifier { name } => Some(name.to_owned()),
            VariantKey::NumberLiteral { .. } => None,
        })
        .collect()
}

/// The arguments that a pattern shows or goes by.
fn names_in(pattern: &Pattern<&str>, names: &mut BTreeSet<String>) -> Result<(), String> {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else {
            continue;
        };
        match expression {
            Expression::Inline(inline) => name_in(inline, names)?,
            Expression::Select { selector, variants } => {
                name_in(selector, names)?;
                for variant in variants {
                    names_in(&variant.value, names)?;
                }
            }
        }
    }
    Ok(())
}

/// Arguments and literals are all that a sentence takes; what refers elsewhere may not be there.
fn name_in(inline: &InlineExpression<&str>, names: &mut BTreeSet<String>) -> Result<(), String> {
    match inline {
        InlineExpression::VariableReference { id } => {
            names.insert(id.name.to_owned());
            Ok(())
        }
        InlineExpression::StringLiteral { .. } => Ok(()),
        other => Err(format!("neither argument nor literal: {other:?}")),
    }
}

fn difference(one: &Sentences, other: &Sentences) -> Vec<String> {
    let differs = |(id, names): &(&String, &BTreeSet<String>)| other.get(*id) != Some(*names);
    let found = one.iter().filter(differs);
    found.map(|(id, names)| format!("{id} {names:?}")).collect()
}

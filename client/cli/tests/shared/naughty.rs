//! The Big List of Naughty Strings, and whether what was shown of one is all of it.

use std::collections::BTreeSet;

use maille_common::safe_text::is_harmful;
use serde_json::Value;

/// All of them; `naughty/README.md` says where they come from.
pub(crate) fn naughty_strings() -> Vec<String> {
    let list = include_str!("naughty/blns.json");
    let strings: Vec<String> = serde_json::from_str(list).unwrap();
    assert_eq!(strings.len(), 515, "the list is whole");
    strings
}

/// What was shown, with each `<U+001B>` as the character that it stands for.
pub(crate) fn read_back(shown: &str) -> String {
    let mut text = String::with_capacity(shown.len());
    let mut pieces = shown.split("<U+");
    text += pieces.next().unwrap_or_default();
    for piece in pieces {
        let code = piece.split_once('>').and_then(|(code, rest)| {
            let number = u32::from_str_radix(code, 16).ok()?;
            Some((char::from_u32(number)?, rest))
        });
        match code {
            Some((c, rest)) => {
                text.push(c);
                text += rest;
            }
            None => {
                text += "<U+";
                text += piece;
            }
        }
    }
    text
}

/// How often all of a string can be read in what [`read_back`] gave; a line end of its own begins
/// another line there, so that the least of its lines counts. Blanks at an end are not seen.
pub(crate) fn times_visible(read_back: &str, string: &str) -> usize {
    let blank = |c: char| c.is_whitespace() && !is_harmful(c);
    let lines = string.split('\n').map(|line| line.trim_end_matches(blank));
    let times = lines
        .filter(|line| !line.is_empty())
        .map(|line| read_back.matches(line).count());
    times.min().unwrap_or(usize::MAX)
}

/// The texts that a JSON value holds under a name, at any depth, alone or in a list.
pub(crate) fn texts_under(value: &Value, name: &str) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    add_texts(value, name, false, &mut texts);
    texts
}

fn add_texts(value: &Value, name: &str, is_meant: bool, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_meant => drop(texts.insert(text.clone())),
        Value::Array(values) => {
            for value in values {
                add_texts(value, name, is_meant, texts);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                add_texts(value, name, field == name, texts);
            }
        }
        _ => {}
    }
}

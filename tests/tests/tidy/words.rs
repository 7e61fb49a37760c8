//! Finds words and paths in code.

/// Whether a word of Rust may go on with this letter.
fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Where `word` stands in `text` with no letter directly before or after it, as byte offsets.
pub(crate) fn places(text: &str, word: &str) -> Vec<usize> {
    let opens = word.starts_with(is_letter);
    let closes = word.ends_with(is_letter);
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(|&at| !(opens && text[..at].ends_with(is_letter)))
        .filter(|&at| !(closes && text[at + word.len()..].starts_with(is_letter)))
        .collect()
}

/// Where code names a path: written out, or as a member of a group, `std::{fs, io}` for `std::fs`.
pub(crate) fn paths(code: &str, path: &str) -> Vec<usize> {
    let mut found = places(code, path);
    if let Some((parent, child)) = path.rsplit_once("::") {
        for open in places(code, &format!("{parent}::{{")) {
            let start = open + parent.len() + 2;
            let group = braces(&code[start..]);
            found.extend(members(group, child).into_iter().map(|at| start + at));
        }
    }
    found.sort_unstable();
    found
}

/// The text from the brace that it begins with to the one that closes it, or all of it.
pub(crate) fn braces(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..=at];
        }
    }
    text
}

/// An attribute from its `#` to the bracket that closes it.
pub(crate) fn attribute(code: &str) -> &str {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' if depth == 1 => return &code[..=at],
            ']' => depth -= 1,
            _ => {}
        }
    }
    code
}

/// The line of a byte offset, counted from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where `child` begins a member of a group such as `{a, b::{c}}`; members of members do not count.
fn members(group: &str, child: &str) -> Vec<usize> {
    places(group, child)
        .into_iter()
        .filter(|&at| {
            let before = group[..at].trim_end();
            let depth = before.matches('{').count() - before.matches('}').count();
            depth == 1 && before.ends_with(['{', ','])
        })
        .collect()
}

#[test]
fn a_word_within_a_word_is_not_found() {
    assert_eq!(places("rand rand_core operand", "rand"), [0]);
    assert_eq!(places("my_panic!(x) panic!(x)", "panic!"), [13]);
}

#[test]
fn a_path_is_found_inside_a_group() {
    let code = "use std::{collections::{fs}, io};\nuse std::{io::{self, fs}, fs};";
    assert_eq!(paths(code, "std::fs").len(), 1);
    assert_eq!(line_of(code, paths(code, "std::fs")[0]), 2);
    assert_eq!(paths("use std::fs;", "std::fs"), [4]);
}

//! Text of strangers, made harmless for a terminal; names, so that look-alikes are noticed.

use unicode_script::{Script, UnicodeScript};

pub(crate) use maille_common::safe_text::{
    code, is_harmful, safe_event, safe_json, safe_lines, safe_text,
};

/// The name of a person, an organisation, a device or a file, as [`safe_text`] shows it, and in
/// each word the letters of another script than the rest of it as codes.
///
/// `Intеrpol` with a Cyrillic letter becomes `Int<U+0435>rpol`. Scripts that are written together,
/// as in Japanese, are one (UTS 39, section 5.1). A word that is foreign as a whole stays: the code
/// beside each name, which has only `a` to `z`, tells whose it is.
pub(crate) fn safe_name(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        let (letters, after) = rest.split_at(word);
        safe.push_str(&safe_word(letters));
        let between = after.find(is_of_word).unwrap_or(after.len());
        let (between, after) = after.split_at(between);
        safe.push_str(between);
        rest = after;
    }
    safe_text(&safe)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c.script() == Script::Inherited
}

fn safe_word(word: &str) -> String {
    let Some(own) = main_script(word) else {
        return word.to_owned();
    };
    let foreign = |c: &char| script_of(*c).is_some_and(|script| script != own);
    word.chars()
        .map(|c| if foreign(&c) { code(c) } else { c.to_string() })
        .collect()
}

/// The script of most letters, and of the first of them where there are as many of another.
fn main_script(word: &str) -> Option<Script> {
    let mut counts: Vec<(Script, usize)> = Vec::new();
    for script in word.chars().filter_map(script_of) {
        match counts.iter_mut().find(|(known, _)| *known == script) {
            Some((_, count)) => *count += 1,
            None => counts.push((script, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    counts
        .iter()
        .find(|(_, count)| *count == most)
        .map(|(script, _)| *script)
}

/// Its script; none where every script uses it.
fn script_of(c: char) -> Option<Script> {
    match c.script() {
        Script::Common | Script::Inherited | Script::Unknown => None,
        // Written together with Chinese characters, and with each other.
        Script::Hiragana | Script::Katakana | Script::Bopomofo | Script::Hangul => {
            Some(Script::Han)
        }
        script => Some(script),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_of_another_script_within_a_word_is_shown() {
        assert_eq!(safe_name("Int\u{435}rpol Lyon"), "Int<U+0435>rpol Lyon");
        assert_eq!(safe_name("\u{410}. Diallo"), "\u{410}. Diallo");
        assert_eq!(
            safe_name("\u{41c}\u{43e}\u{441}\u{43a}va"),
            "\u{41c}\u{43e}\u{441}\u{43a}<U+0076><U+0061>"
        );
        assert_eq!(safe_name("Eur\u{3bf}pol"), "Eur<U+03BF>pol");
    }

    #[test]
    fn names_of_one_script_stay_whatever_stands_beside_them() {
        for name in [
            "Bureau de Lyon",
            "Interpol Москва",
            "مكتب تونس",
            "東京タワーの警察",
            "서울 경찰 2",
            "Jürgen Å. O’Neill-Łuk",
            "भारत सरकार",
            "Αθήνα (Athens)",
            "",
        ] {
            assert_eq!(safe_name(name), name);
        }
    }

    #[test]
    fn a_name_shows_what_a_text_shows() {
        assert_eq!(safe_name("a\u{202e}b\nc"), "a<U+202E>b<U+000A>c");
    }
}

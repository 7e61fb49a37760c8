//! Text of strangers, made harmless for terminals, logs and whoever reads JSON.
//!
//! What a terminal would obey, or a reader not see, is shown as `<U+001B>`. Nothing is dropped:
//! whoever looks sees that something was there.

use std::borrow::Cow;

/// How many marks may stand on one letter. No language of people needs more in these blocks, and
/// more of them reach into the lines above and below.
const MARKS_MAX: usize = 4;

/// Makes visible what a terminal would obey, or a reader not see.
///
/// That is: control characters, line ends among them, so that a name cannot pretend to be a line of
/// ours; overrides and isolates of writing direction, which turn a sentence round; characters
/// without a picture, in which something could hide; and heaps of marks on one letter. What joins
/// letters in Persian, Indic scripts and emoji stays, and so do the harmless marks of direction.
pub fn safe_text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if is_harmful(c) || marks > MARKS_MAX {
            safe.push_str(&code(c));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// The same for several lines of our own: their ends stay.
pub fn safe_lines(text: &str) -> String {
    text.split('\n')
        .map(safe_text)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The same for JSON, which means what it meant before: only in texts there can such characters
/// stand, and there they may be written as `\u202e`. JSON itself asks that of the first 32 alone.
pub fn safe_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_harmful) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_harmful(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// One event of a log, with its own line end: it stays one line, whatever it quotes.
pub fn safe_event(event: &str) -> String {
    let (event, end) = match event.strip_suffix('\n') {
        Some(event) => (event, "\n"),
        None => (event, ""),
    };
    safe_text(event) + end
}

/// `<U+001B>`
pub fn code(c: char) -> String {
    format!("<U+{:04X}>", u32::from(c))
}

/// Whether a terminal would obey the character, or a reader not see it.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}'             // a hyphen and a joiner that are not seen
                | '\u{115f}' | '\u{1160}'    // fillers, which are letters without a picture
                | '\u{3164}' | '\u{ffa0}'
                | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'    // choices among Mongolian shapes
                | '\u{200b}' | '\u{feff}'    // spaces without width
                | '\u{2028}' | '\u{2029}'    // ends of line and paragraph
                | '\u{202a}'..='\u{202e}'    // embeddings and overrides
                | '\u{2060}'..='\u{206f}'    // joiners, operators, isolates, old switches
                | '\u{2800}'                 // Braille without dots
                | '\u{fe00}'..='\u{fe0d}'    // choices among shapes; emoji need the last two
                | '\u{fff0}'..='\u{fffb}'    // annotations between the lines, and what may come
                | '\u{1d173}'..='\u{1d17a}'  // beams and slurs of music
                | '\u{e0000}'..='\u{e0fff}'  // tags, and choices among shapes
        )
        || u32::from(c) & 0xfffe == 0xfffe // never characters
}

/// Marks that stand above, below or through a letter, in the blocks that every script may use.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_and_not_done() {
        assert_eq!(
            safe_text("a\u{1b}[2Jb\r\n\tc\u{7f}\u{9b}"),
            "a<U+001B>[2Jb<U+000D><U+000A><U+0009>c<U+007F><U+009B>"
        );
    }

    #[test]
    fn what_turns_a_sentence_round_is_shown() {
        assert_eq!(
            safe_text("ad\u{202e}mit\u{2066}x\u{2069}"),
            "ad<U+202E>mit<U+2066>x<U+2069>"
        );
    }

    #[test]
    fn what_has_no_picture_is_shown() {
        for c in [
            '\u{200b}',
            '\u{2060}',
            '\u{3164}',
            '\u{ad}',
            '\u{fe01}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{2800}',
        ] {
            assert_eq!(safe_text(&format!("a{c}b")), format!("a{}b", code(c)));
        }
    }

    #[test]
    fn marks_do_not_grow_into_other_lines() {
        let heap = format!("a{}b", "\u{301}".repeat(30));
        let shown = safe_text(&heap);
        assert_eq!(shown.matches('\u{301}').count(), MARKS_MAX);
        assert_eq!(shown.matches("<U+0301>").count(), 30 - MARKS_MAX);
    }

    #[test]
    fn names_in_every_script_stay_as_they_are() {
        for name in [
            "Côte d'Ivoire",
            "Việt Nam, e\u{302}\u{301}",
            "الشرطة",
            "می\u{200c}خواهم",
            "भारत",
            "警察",
            "👩\u{200d}✈\u{fe0f}",
            "שָׁלוֹם",
        ] {
            assert_eq!(safe_text(name), name);
        }
    }

    #[test]
    fn json_means_what_it_meant_and_shows_nothing_harmful() {
        let json = "{\"a\":\"\u{202e}x\u{9b}\u{7f}\u{e0041}\u{2028}\"}\n";
        let safe = safe_json(json);
        let expected = "{\"a\":\"\\u202ex\\u009b\\u007f\\udb40\\udc41\\u2028\"}\n";
        assert_eq!(safe, expected);
        assert!(matches!(safe_json("{\"a\":1}"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_event_of_a_log_stays_one_line() {
        let event = "WARN it failed: a\nERROR forged\u{1b}[0m\n";
        let safe = "WARN it failed: a<U+000A>ERROR forged<U+001B>[0m\n";
        assert_eq!(safe_event(event), safe);
    }
}

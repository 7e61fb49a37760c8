//! Text of strangers, made harmless for a terminal.

/// Makes what a terminal would obey, or a reader not see, visible as `<U+001B>`.
///
/// That is: control characters, line ends among them, so that a name cannot pretend to be a line of
/// ours; overrides and isolates of writing direction, which turn a sentence round; and characters
/// without a picture in which something could hide. What joins letters in Persian, Indic scripts
/// and emoji stays, and so do the harmless marks of direction.
pub(crate) fn safe_text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) {
            safe.push_str(&format!("<U+{:04X}>", u32::from(c)));
        } else {
            safe.push(c);
        }
    }
    safe
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{202a}'..='\u{202e}'          // embeddings and overrides
                | '\u{2066}'..='\u{2069}'    // isolates
                | '\u{2028}' | '\u{2029}'    // ends of line and paragraph
                | '\u{200b}' | '\u{feff}'    // spaces without width
                | '\u{fff9}'..='\u{fffb}'    // annotations between the lines
                | '\u{e0000}'..='\u{e007f}'  // tags
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
        assert_eq!(safe_text("a\u{200b}\u{e0041}"), "a<U+200B><U+E0041>");
    }

    #[test]
    fn names_in_every_script_stay_as_they_are() {
        for name in [
            "Côte d'Ivoire",
            "الشرطة",
            "می\u{200c}خواهم",
            "警察",
            "👩\u{200d}✈️",
        ] {
            assert_eq!(safe_text(name), name);
        }
    }
}

//! Text of strangers, and what may not come of it.

use maille_common::safe_text::is_harmful;

/// Begins a line of its own wherever a text is not made harmless.
pub(crate) const FORGED: &str = "FORGED";

/// Clears the screen, turns what follows round, hides something, and goes on in another line; 29
/// bytes, which fit into every field.
pub(crate) const HOSTILE: &str = "\u{1b}[2J\u{9b}1m\u{202e}\u{2066}\u{200b}\r\nFORGED\t\u{7f}";

/// Looks at every character of what was shown, and at the beginning of every line.
pub(crate) fn harmless(words: &[&str], shown: &str) {
    for line in shown.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let bad = line.chars().find(|c| is_harmful(*c));
        assert_eq!(bad, None, "maille {words:?} escapes in {line:?}");
        let forged = line.trim_start().starts_with(FORGED);
        assert!(!forged, "maille {words:?} says a line of a stranger's");
    }
}

//! Codes that one person reads out, or writes into a letter, and another types.

use std::fmt::Display;

/// Whether somebody typed this code: its digits and letters in their order, large or small, with
/// spaces and dashes between them wherever they like. Word processors make long dashes of short
/// ones.
pub fn is_typed_code(code: &impl Display, typed: &str) -> bool {
    let typed = digits(typed);
    !typed.is_empty() && typed == digits(&code.to_string())
}

fn digits(text: &str) -> String {
    let between = |c: char| c.is_whitespace() || is_dash(c);
    let digits = text.chars().filter(|c| !between(*c));
    digits.map(|c| c.to_ascii_lowercase()).collect()
}

/// The hyphens and dashes of Unicode's general punctuation, and the sign of minus.
const fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::is_typed_code;

    #[test]
    fn a_code_is_the_same_however_it_is_spaced_and_whatever_the_size_of_its_letters() {
        for typed in [
            "0a1b-2c3d-4e5f",
            "0A1B 2C3D 4E5F",
            "0a1b2c3d4e5f",
            " 0a1b\u{2013}2c3d\u{2014}4e5f\r\n",
            "0a1b\u{a0}2c3d\t4e\u{2212}5f",
        ] {
            assert!(is_typed_code(&"0a1b-2c3d-4e5f", typed), "{typed:?}");
        }
    }

    #[test]
    fn another_code_a_part_of_it_or_nothing_is_not_the_code() {
        for typed in [
            "",
            " - ",
            "0a1b-2c3d-4e5e",
            "0a1b-2c3d-4e5",
            "0a1b-2c3d-4e5f-0",
            "0a1b.2c3d.4e5f",
            "0a1b-2c3d-4e5f\u{200b}",
            "\u{ff10}a1b-2c3d-4e5f",
        ] {
            assert!(!is_typed_code(&"0a1b-2c3d-4e5f", typed), "{typed:?}");
        }
        assert!(!is_typed_code(&"", ""), "no code is typed by nobody");
    }
}

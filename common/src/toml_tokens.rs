//! How many tokens a TOML text may have: looked at before anybody makes a tree of it.
//!
//! A reader of TOML takes up to 140 bytes of memory for each bracket, comma, word and break, and
//! for a table with a single entry 1.4 KiB, however few bytes of text they are. What a file holds
//! is known, so that one with many times more of them is refused while it is still a text.

use thiserror::Error;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// So many tokens is a brace or a dot worth, which may begin a table.
const TABLE_TOKENS: usize = 9;

/// So many is a bracket worth, of which tables of a list have two.
const BRACKET_TOKENS: usize = 5;

/// A text has more tokens than any file of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "it has over {tokens_max} brackets, commas, words and breaks, more than any file of its kind"
)]
pub struct TooManyTokens {
    /// The most such a file has.
    pub tokens_max: usize,
}

/// Refuses a text of more than so many tokens, spaces and comments included; one that may begin a
/// table counts for several. Takes no memory, and reads no further than it has to;
/// whether the text is TOML is not looked at.
///
/// # Errors
/// [`TooManyTokens`], as a clause for the sentence of whoever names the file.
pub fn check_tokens(text: &str, tokens_max: usize) -> Result<(), TooManyTokens> {
    let mut left = tokens_max;
    for token in Source::new(text).lex() {
        let worth = match token.kind() {
            TokenKind::Eof => 0,
            TokenKind::LeftCurlyBracket | TokenKind::Dot => TABLE_TOKENS,
            TokenKind::LeftSquareBracket => BRACKET_TOKENS,
            _ => 1,
        };
        left = left
            .checked_sub(worth)
            .ok_or(TooManyTokens { tokens_max })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_commas_words_spaces_and_breaks_are_counted_and_a_text_is_one() {
        for (text, tokens) in [
            ("", 0),
            ("a = 1\n", 6),
            ("[[a]]", 5 + 8),
            ("a=[1,[],{}]", 11 + 4 + 4 + 8),
            ("a.b = 1.5", 9 + 16),
            ("a='[[[,,,]]]' # [[[,,,]]]", 5),
            ("a=\"\"\"\n[[[\n,,,\"\"\"", 3),
            ("]]]]", 4),
            ("\"never ended", 1),
        ] {
            assert_eq!(check_tokens(text, tokens), Ok(()), "{text}");
            if let Some(fewer) = tokens.checked_sub(1) {
                let error = check_tokens(text, fewer).unwrap_err();
                assert_eq!(error.tokens_max, fewer, "{text}");
            }
        }
    }
}

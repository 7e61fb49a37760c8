//! A text in one of several languages.

use crate::codec::{Decode, Encode, Text};

/// A text for people and the language it is in.
///
/// Names and subjects come as several of these; a reader is shown the one closest to the languages
/// they read, and the first otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct LocalText {
    /// The language and script, as a BCP 47 tag: `fr`, `zh-Hant`. Not judged by the protocol.
    pub language: Text<35>,
    /// The text.
    pub text: Text<256>,
}

impl LocalText {
    /// The text in the first of these languages there is, else the first text.
    ///
    /// A language `fr` finds `fr-CA` as well; letters compare without their case (RFC 4647, basic
    /// filtering).
    pub fn best<'a>(texts: &'a [Self], languages: &[&str]) -> Option<&'a str> {
        languages
            .iter()
            .find_map(|wanted| texts.iter().find(|text| speaks(&text.language, wanted)))
            .or(texts.first())
            .map(|found| found.text.as_str())
    }
}

/// Whether a language tag is the wanted one or a variety of it.
fn speaks(language: &str, wanted: &str) -> bool {
    let (tag, wanted) = (language.as_bytes(), wanted.as_bytes());
    tag.len() >= wanted.len()
        && tag[..wanted.len()].eq_ignore_ascii_case(wanted)
        && tag.get(wanted.len()).is_none_or(|&next| next == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_gets_the_first_language_there_is() {
        let texts = [("fr-CA", "Alerte"), ("es", "Alerta")].map(|(language, text)| LocalText {
            language: Text::new(language).unwrap(),
            text: Text::new(text).unwrap(),
        });
        assert_eq!(LocalText::best(&texts, &["ar", "ES"]), Some("Alerta"));
        assert_eq!(LocalText::best(&texts, &["fr"]), Some("Alerte"));
        assert_eq!(LocalText::best(&texts, &["f", "ar"]), Some("Alerte"));
        assert_eq!(LocalText::best(&[], &["fr"]), None);
    }
}

//! From the bytes of a file to its text (XML 1.0, section 4.3.3 and appendix F).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::error::{CapError, shortened};

/// An XML declaration stands at the very beginning; longer ones say nothing more.
const DECLARATION_BYTES_MAX: usize = 512;

/// Decodes a file by its byte order mark, its first bytes, or what its declaration says.
///
/// Nothing is replaced: bytes that are no text of the encoding refuse the whole. Where mark and
/// declaration differ, a reader could choose, and two readers could read two messages; so that is
/// refused as well.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, CapError> {
    let (found, mark_len) = found_encoding(bytes);
    let bytes = &bytes[mark_len..];
    let Some(found) = found else {
        let start = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
        let declared = declared_encoding(&String::from_utf8_lossy(start)).map(str::to_owned);
        return text(bytes, by_name(declared.as_deref())?);
    };
    let text = text(bytes, found)?;
    match declared_encoding(&text) {
        Some(declared) if !agrees(declared, found) => Err(CapError::OtherEncoding {
            declared: shortened(declared),
            found: found.name(),
        }),
        _ => Ok(text),
    }
}

/// What the first bytes prove by themselves, and the length of the byte order mark.
fn found_encoding(bytes: &[u8]) -> (Option<&'static Encoding>, usize) {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => (Some(UTF_8), 3),
        [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
        [b'<', 0, ..] => (Some(UTF_16LE), 0),
        [0, b'<', ..] => (Some(UTF_16BE), 0),
        _ => (None, 0),
    }
}

/// The encoding that a declaration names, for a file that begins like ASCII.
fn by_name(declared: Option<&str>) -> Result<&'static Encoding, CapError> {
    let Some(name) = declared else {
        return Ok(UTF_8);
    };
    match Encoding::for_label_no_replacement(name.as_bytes()) {
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
            Err(CapError::OtherEncoding {
                declared: shortened(name),
                found: "ASCII",
            })
        }
        Some(encoding) => Ok(encoding),
        None => Err(CapError::UnknownEncoding {
            name: shortened(name),
        }),
    }
}

/// Whether a declaration fits what the bytes prove. `UTF-16` alone leaves the byte order open.
fn agrees(declared: &str, found: &'static Encoding) -> bool {
    let named = Encoding::for_label(declared.as_bytes());
    let open = named == Some(UTF_16LE) && !declared.eq_ignore_ascii_case("utf-16le");
    named == Some(found) || (open && found == UTF_16BE)
}

fn text<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Result<Cow<'a, str>, CapError> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or(CapError::NotText {
            encoding: encoding.name(),
        })
}

/// The encoding in `<?xml version="1.0" encoding="..."?>`, if the text begins so.
fn declared_encoding(text: &str) -> Option<&str> {
    let (declaration, _) = text.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split_once(quote).map(|(name, _)| name)
}

//! Annotated hex: one field a line, and what it is behind a `#`.

use std::fmt::{Debug, Write};

use maille_common::codec::{Bytes, Encode, Exact, List, SortedList, Text, encode};

/// Bytes on one line.
const LINE_BYTES: usize = 32;

/// A value as annotated hex, field by field.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Page {
    /// One field. A long one runs over several lines; the first has the comment.
    pub(crate) fn line(&mut self, comment: &str, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if bytes.is_empty() {
            writeln!(self.text, "# {comment}: empty").unwrap();
        }
        for (at, chunk) in bytes.chunks(LINE_BYTES).enumerate() {
            let hex = maille_common::codec::to_hex(chunk);
            match at {
                0 => writeln!(self.text, "{hex} # {comment}").unwrap(),
                _ => writeln!(self.text, "{hex}").unwrap(),
            }
        }
    }

    /// The variant of a choice.
    pub(crate) fn choice(&mut self, path: &str, number: u32, name: &str) {
        self.line(
            &format!("{path}: choice {number}, {name}"),
            &number.to_le_bytes(),
        );
    }
}

/// The bytes that a page says.
pub(crate) fn read(text: &str) -> Vec<u8> {
    let digits: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// A value that can say its fields.
pub(crate) trait Annotate {
    fn annotate(&self, page: &mut Page, path: &str);
}

/// A field whose value is shown beside its name.
pub(crate) fn shown(value: &(impl Encode + Debug), page: &mut Page, path: &str) {
    page.line(&format!("{path}: {value:?}"), &encode(value));
}

/// A field whose bytes say all there is.
pub(crate) fn plain(value: &impl Encode, page: &mut Page, path: &str) {
    page.line(path, &encode(value));
}

fn items<T: Annotate>(items: &[T], page: &mut Page, path: &str) {
    let count = u32::try_from(items.len()).unwrap();
    page.line(&format!("{path}: {count} items"), &count.to_le_bytes());
    for (at, item) in items.iter().enumerate() {
        item.annotate(page, &format!("{path}[{at}]"));
    }
}

impl<T: Annotate, const MAX: usize> Annotate for List<T, MAX> {
    fn annotate(&self, page: &mut Page, path: &str) {
        items(self, page, path);
    }
}

impl<T: Annotate, const MAX: usize> Annotate for SortedList<T, MAX> {
    fn annotate(&self, page: &mut Page, path: &str) {
        items(self, page, path);
    }
}

impl<T: Annotate, const MAX: usize> Annotate for Exact<T, MAX> {
    fn annotate(&self, page: &mut Page, path: &str) {
        let length = u32::try_from(self.bytes().len()).unwrap();
        page.line(&format!("{path}: {length} bytes"), &length.to_le_bytes());
        self.value().annotate(page, path);
    }
}

impl<T: Annotate> Annotate for Option<T> {
    fn annotate(&self, page: &mut Page, path: &str) {
        match self {
            None => page.line(&format!("{path}: none"), &[0]),
            Some(value) => {
                page.line(&format!("{path}: some"), &[1]);
                value.annotate(page, path);
            }
        }
    }
}

impl<T: Annotate> Annotate for Box<T> {
    fn annotate(&self, page: &mut Page, path: &str) {
        self.as_ref().annotate(page, path);
    }
}

impl<const MAX: usize> Annotate for Text<MAX> {
    fn annotate(&self, page: &mut Page, path: &str) {
        page.line(&format!("{path}: {:?}", self.as_str()), &encode(self));
    }
}

impl<const MAX: usize> Annotate for Bytes<MAX> {
    fn annotate(&self, page: &mut Page, path: &str) {
        let length = u32::try_from(self.len()).unwrap();
        page.line(&format!("{path}: {length} bytes"), &length.to_le_bytes());
        page.line(path, self);
    }
}

impl<const N: usize> Annotate for [u8; N] {
    fn annotate(&self, page: &mut Page, path: &str) {
        page.line(path, self);
    }
}

impl Annotate for (u32, u32) {
    fn annotate(&self, page: &mut Page, path: &str) {
        self.0.annotate(page, &format!("{path}.from"));
        self.1.annotate(page, &format!("{path}.to"));
    }
}

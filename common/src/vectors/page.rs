//! Annotated hex: one field a line, and what it is behind a `#`.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write};

use crate::address::DeviceId;
use crate::codec::{Bytes, Encode, Exact, List, SortedList, Text, encode, to_hex};
use crate::terms::Release;

/// Bytes on one line.
const LINE_BYTES: usize = 32;

/// A value as annotated hex, field by field.
#[derive(Debug, Default)]
pub struct Page {
    pub(super) text: String,
    pub(super) bytes: Vec<u8>,
    pub(super) choices: BTreeSet<(&'static str, &'static str)>,
}

impl Page {
    /// One field. A long one runs over several lines; the first has the comment.
    pub fn line(&mut self, comment: &str, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if bytes.is_empty() {
            self.write(format_args!("# {comment}: empty"));
        }
        for (at, chunk) in bytes.chunks(LINE_BYTES).enumerate() {
            let hex = to_hex(chunk);
            match at {
                0 => self.write(format_args!("{hex} # {comment}")),
                _ => self.write(format_args!("{hex}")),
            }
        }
    }

    /// The variant of a choice.
    pub fn choice<C: Choice>(&mut self, path: &str, number: u32, variant: &'static str) {
        self.choices.insert((C::NAME, variant));
        self.line(
            &format!("{path}: choice {number}, {variant}"),
            &number.to_le_bytes(),
        );
    }

    /// Bytes that no type describes, as parts with names and widths; together they are all of them.
    pub fn parts(&mut self, path: &str, bytes: &[u8], parts: &[(&str, usize)]) {
        let mut rest = bytes;
        for (part, width) in parts {
            let (now, later) = rest
                .split_at_checked(*width)
                .unwrap_or_else(|| panic!("{path}: no room for {part}"));
            self.line(&format!("{path}.{part}"), now);
            rest = later;
        }
        assert!(rest.is_empty(), "{path}: {} bytes more", rest.len());
    }

    /// All bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn write(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("writing to memory does not fail");
    }
}

/// The bytes that a page says.
pub(super) fn read(text: &str) -> Vec<u8> {
    let digits: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .collect();
    let byte = |at: usize| {
        let pair = digits.get(at..at + 2).unwrap_or_default();
        u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("`{pair}` is not a byte"))
    };
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// A value that can say its fields.
pub trait Annotate {
    /// Adds the lines of this value, which stands at `path`.
    fn annotate(&self, page: &mut Page, path: &str);
}

/// An enum of the codec, each variant of which has its own bytes.
pub trait Choice {
    /// Its name.
    const NAME: &'static str;
    /// The names of its variants.
    const VARIANTS: &'static [&'static str];
}

/// A field whose value is shown beside its name.
pub(super) fn shown(value: &(impl Encode + Debug), page: &mut Page, path: &str) {
    page.line(&format!("{path}: {value:?}"), &encode(value));
}

/// A field whose bytes say all there is.
pub(super) fn plain(value: &impl Encode, page: &mut Page, path: &str) {
    page.line(path, &encode(value));
}

fn length_of(items: usize) -> u32 {
    u32::try_from(items).expect("lengths of the codec fit into 32 bits")
}

/// A list: how many, and each.
pub(super) fn items<T: Annotate>(items: &[T], page: &mut Page, path: &str) {
    let count = length_of(items.len());
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
        let length = length_of(self.bytes().len());
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
        let length = length_of(self.len());
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

impl Annotate for (DeviceId, u16, Release, u8) {
    fn annotate(&self, page: &mut Page, path: &str) {
        self.0.annotate(page, &format!("{path}.device"));
        self.1.annotate(page, &format!("{path}.recipient"));
        self.2.annotate(page, &format!("{path}.release"));
        self.3.annotate(page, &format!("{path}.step"));
    }
}

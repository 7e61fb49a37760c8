//! The bytes that betray a word, and the search for many of them at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::WORD_BYTES_MIN;

/// From here on, letters of both cases may be mixed. Each letter then has two chances in 256:
/// 2^21 / 2^56 is 1 in 30 billion for one word, and 1 in 8 million for the four thousand of the
/// attachment, if all their bytes were letters; most are digits.
const ANY_CASE_BYTES_MIN: usize = 8;

/// As much of a pattern as finds it in the index; no pattern is shorter.
const PREFIX: usize = 4;

/// Bytes that betray a word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    bytes: Vec<u8>,
    /// Whether ASCII letters may stand in either case; they are in lower case here.
    any_case: bool,
}

/// All patterns by the four bytes they begin with, and whether any begins with two bytes, so that
/// most places are passed over with one look.
pub(super) struct Index<'a> {
    patterns: HashMap<[u8; PREFIX], Vec<(Pattern, &'a str)>>,
    starts: Vec<bool>,
}

impl Pattern {
    fn new(bytes: &[u8], any_case: bool) -> Self {
        let bytes = if any_case {
            bytes.to_ascii_lowercase()
        } else {
            bytes.to_vec()
        };
        Self { bytes, any_case }
    }

    fn stands_at(&self, bytes: &[u8]) -> bool {
        bytes.get(..self.bytes.len()).is_some_and(|here| {
            if self.any_case {
                here.eq_ignore_ascii_case(&self.bytes)
            } else {
                here == self.bytes
            }
        })
    }

    /// That it stands at one place of random bytes.
    pub(super) fn chance(&self) -> f64 {
        let one = |byte: &u8| match self.any_case && byte.is_ascii_alphabetic() {
            true => 2.0 / 256.0,
            false => 1.0 / 256.0,
        };
        self.bytes.iter().map(one).product()
    }
}

impl<'a> Index<'a> {
    pub(super) fn of(words: &'a BTreeMap<String, BTreeSet<String>>) -> Self {
        let mut index = Self {
            patterns: HashMap::new(),
            starts: vec![false; 1 << 16],
        };
        for (word, as_written) in words {
            for pattern in patterns_of(as_written) {
                let prefix = prefix_of(&pattern.bytes).expect("a pattern has six bytes or more");
                index.starts[start_of(prefix)] = true;
                let known = index.patterns.entry(prefix).or_default();
                known.push((pattern, word));
            }
        }
        index
    }

    pub(super) fn search(&self, bytes: &[u8], found: &mut BTreeSet<String>) {
        for at in 0..bytes.len() {
            let Some(prefix) = prefix_of(&bytes[at..]) else {
                return;
            };
            if !self.starts[start_of(prefix)] {
                continue;
            }
            for (pattern, word) in self.patterns.get(&prefix).into_iter().flatten() {
                if pattern.stands_at(&bytes[at..]) {
                    found.insert((*word).to_owned());
                }
            }
        }
    }
}

/// Every way to spell a word, in UTF-8 and in UTF-16 of either order. In some scripts a spelling is
/// shorter than another; one that is too short would be found by chance.
pub(super) fn patterns_of(as_written: &BTreeSet<String>) -> BTreeSet<Pattern> {
    let mut patterns = BTreeSet::new();
    for written in as_written {
        let (lower, upper) = (written.to_lowercase(), written.to_uppercase());
        let mut rest = lower.chars();
        let first = rest.next().into_iter().flat_map(char::to_uppercase);
        let capital: String = first.chain(rest).collect();
        let spellings = [written, &lower, &upper, &capital];
        for spelling in spellings
            .into_iter()
            .filter(|it| it.len() >= WORD_BYTES_MIN)
        {
            let any_case = spelling.len() >= ANY_CASE_BYTES_MIN;
            let wide = spelling.encode_utf16();
            let (little, big): (Vec<_>, Vec<_>) = wide
                .map(|unit| (unit.to_le_bytes(), unit.to_be_bytes()))
                .unzip();
            for bytes in [spelling.as_bytes(), &little.concat(), &big.concat()] {
                patterns.insert(Pattern::new(bytes, any_case));
            }
        }
    }
    patterns
}

fn prefix_of(bytes: &[u8]) -> Option<[u8; PREFIX]> {
    let prefix: &[u8; PREFIX] = bytes.first_chunk()?;
    Some(prefix.map(|byte| byte.to_ascii_lowercase()))
}

fn start_of([first, second, ..]: [u8; PREFIX]) -> usize {
    usize::from(u16::from_be_bytes([first, second]))
}

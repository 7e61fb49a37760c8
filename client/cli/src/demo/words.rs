//! Words, and the search for them in whatever others hold.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::Path;

/// Shorter words stand in any few megabytes of sealed bytes by chance: at six letters the chance
/// is one in ten thousand for a hundred words in ten megabytes, at eight less than one in a hundred
/// million.
const LETTERS_MIN: usize = 8;

/// Words to search for, in lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words(BTreeSet<Vec<u8>>);

/// The words by their first two bytes, so that most places are passed over with one look.
struct Index<'a>(HashMap<[u8; 2], Vec<&'a [u8]>>, Vec<bool>);

impl Words {
    /// Takes the words of a text: runs of letters, in any script, long enough to be no chance.
    pub(crate) fn add(&mut self, text: &str) {
        let words = text.split(|letter: char| !letter.is_alphanumeric());
        let long = words.filter(|word| word.len() >= LETTERS_MIN);
        self.0
            .extend(long.map(|word| word.to_ascii_lowercase().into_bytes()));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The words that are not among others.
    pub(crate) fn without(&self, others: &BTreeSet<Vec<u8>>) -> Self {
        Self(self.0.difference(others).cloned().collect())
    }

    /// The words that stand in these bytes.
    pub(crate) fn found_in<'a>(
        &self,
        places: impl IntoIterator<Item = &'a [u8]>,
    ) -> BTreeSet<Vec<u8>> {
        let index = Index::of(self);
        let mut found = BTreeSet::new();
        for bytes in places {
            index.search(bytes, &mut found);
        }
        found
    }

    /// The words that stand in a folder, in files of any depth.
    ///
    /// Names of files, and files called `log`, hold what a program says in its own words; they are
    /// told apart from what it stores.
    pub(crate) fn found_below(&self, folder: &Path, log: &str) -> io::Result<Found> {
        let index = Index::of(self);
        let mut found = Found::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let (kind, name) = (entry.file_type()?, entry.file_name());
                index.search(name.as_encoded_bytes(), &mut found.said);
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let bytes = fs::read(entry.path())?;
                    let place = if name == log {
                        &mut found.said
                    } else {
                        &mut found.stored
                    };
                    index.search(&bytes, place);
                    found.files += 1;
                    found.bytes += bytes.len();
                }
            }
        }
        Ok(found)
    }
}

/// What a search of a folder found, and how much it looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Words in what is stored.
    pub(crate) stored: BTreeSet<Vec<u8>>,
    /// Words in the log and in names of files.
    pub(crate) said: BTreeSet<Vec<u8>>,
    /// Files.
    pub(crate) files: usize,
    /// Bytes in them.
    pub(crate) bytes: usize,
}

impl<'a> Index<'a> {
    fn of(words: &'a Words) -> Self {
        let mut by_start: HashMap<[u8; 2], Vec<&[u8]>> = HashMap::new();
        let mut starts = vec![false; 1 << 16];
        for word in &words.0 {
            let start = [word[0], word[1]];
            starts[usize::from(u16::from_be_bytes(start))] = true;
            by_start.entry(start).or_default().push(word);
        }
        Self(by_start, starts)
    }

    fn search(&self, bytes: &[u8], found: &mut BTreeSet<Vec<u8>>) {
        for (at, pair) in bytes.windows(2).enumerate() {
            let start = [pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase()];
            if !self.1[usize::from(u16::from_be_bytes(start))] {
                continue;
            }
            for word in self.0.get(&start).into_iter().flatten() {
                let here = bytes[at..].get(..word.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(word)) {
                    found.insert(word.to_vec());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        let mut words = Words::default();
        words.add(text);
        words
    }

    #[test]
    fn a_word_is_found_in_any_case_and_within_other_letters() {
        let words = words("Ransomware at the hospital, تحذير عاجل");
        assert_eq!(words.len(), 4);
        let found = words.found_in([&b"xxRANSOMWAREyy"[..], "z\u{0}تحذير".as_bytes()]);
        assert_eq!(found.len(), 2);
        assert!(words.found_in([&b"ransom ware hospita"[..]]).is_empty());
        assert_eq!(words.without(&found).len(), 2);
    }

    #[test]
    fn a_word_in_a_file_of_a_folder_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/file"), b"\0\xffHospital\0").unwrap();
        fs::write(folder.path().join("its.log"), "ambulance").unwrap();
        let words = words("hospital ambulance");
        let found = words.found_below(folder.path(), "its.log").unwrap();
        assert_eq!((found.stored.len(), found.said.len()), (1, 1));
        assert_eq!((found.files, found.bytes), (2, 20));
    }
}

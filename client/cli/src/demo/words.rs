//! Words, and the search for them in whatever others hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

mod patterns;

use patterns::{Index, patterns_of};

/// The shortest word, in bytes, that is searched for by itself. Shorter ones stand in sealed bytes
/// by chance.
///
/// A spelling of n bytes stands at one place of random bytes with a chance of 1 in 256^n. Folder
/// and capture of a demonstration have together about 2 MiB = 2^21 places, and a word has three
/// spellings: 3 * 2^21 / 2^40 is 1 in 175,000 runs for one word of five bytes, and 1 in 10,000 for
/// the eighteen of the built-in alert. With six bytes it is 3 * 2^21 / 2^48 = 1 in 45 million for
/// one, and 1 in 4 million for its ten; everything longer adds a hundredth to that. The timeline
/// shows what it is for the alert that was sent.
const WORD_BYTES_MIN: usize = 6;

/// The shortest run of a short word and its neighbours, as they stand in the text. There are more
/// runs than words of six bytes, so they are a byte longer: 3 * 2^21 / 2^56 for each of a hundred
/// is 1 in 100 million runs.
const RUN_BYTES_MIN: usize = 7;

/// Words to search for, and runs of words where one is too short: in lower case, with the ways in
/// which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Words(BTreeMap<String, BTreeSet<String>>);

impl Words {
    /// The bytes of the shortest word that is searched for by itself.
    pub(crate) const ALONE: usize = WORD_BYTES_MIN;

    /// Takes every word of a text: runs of letters and digits, in any script. A short one is taken
    /// with its neighbours, so that the text is covered whole; a text of less than six bytes has
    /// nothing to search for.
    pub(crate) fn add(&mut self, text: &str) {
        let words = words_of(text);
        for (place, word) in words.iter().enumerate() {
            let searched = if word.len() >= WORD_BYTES_MIN {
                word.clone()
            } else {
                run_around(&words, place)
            };
            let as_written = &text[searched];
            let lower = as_written.to_lowercase();
            if lower.len() >= WORD_BYTES_MIN {
                let spellings = self.0.entry(lower).or_default();
                spellings.insert(as_written.to_owned());
            }
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many words there are that are searched for by themselves.
    pub(crate) fn words(&self) -> usize {
        self.0.keys().filter(|it| is_word(it)).count()
    }

    /// How many runs of short words and their neighbours there are.
    pub(crate) fn runs(&self) -> usize {
        self.len() - self.words()
    }

    /// Those that are not among others.
    pub(crate) fn without(&self, others: &BTreeSet<String>) -> Self {
        self.chosen(|it| !others.contains(it))
    }

    /// Those that are among others.
    pub(crate) fn among(&self, others: &BTreeSet<String>) -> Self {
        self.chosen(|it| others.contains(it))
    }

    fn chosen(&self, choose: impl Fn(&String) -> bool) -> Self {
        let chosen = self.0.iter().filter(|(it, _)| choose(it));
        Self(
            chosen
                .map(|(it, as_written)| (it.clone(), as_written.clone()))
                .collect(),
        )
    }

    /// How many of them are to be expected by chance in so many random bytes; far below one, it is
    /// the probability of a false alarm.
    pub(crate) fn chance_in(&self, bytes: usize) -> f64 {
        let places = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
        let all = self.0.values().flat_map(patterns_of);
        places * all.map(|pattern| pattern.chance()).sum::<f64>()
    }

    /// Every one of them, hidden between copies of other bytes, for a search to find.
    pub(crate) fn hidden_in(&self, bytes: &[u8]) -> Vec<u8> {
        let before = &bytes[..bytes.len().min(16)];
        let hidden = self.0.keys().map(|word| [before, word.as_bytes()].concat());
        hidden.collect::<Vec<_>>().concat()
    }

    /// Those that stand in these bytes.
    pub(crate) fn found_in<'a>(
        &self,
        places: impl IntoIterator<Item = &'a [u8]>,
    ) -> BTreeSet<String> {
        let index = Index::of(&self.0);
        let mut found = BTreeSet::new();
        for bytes in places {
            index.search(bytes, &mut found);
        }
        found
    }

    /// Those that stand in a folder, in files of any depth.
    ///
    /// Names of files, and files called `log`, hold what a program says in its own words; they are
    /// told apart from what it stores.
    pub(crate) fn found_below(&self, folder: &Path, log: &str) -> io::Result<Found> {
        let index = Index::of(&self.0);
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
    pub(crate) stored: BTreeSet<String>,
    /// Words in the log and in names of files.
    pub(crate) said: BTreeSet<String>,
    /// Files.
    pub(crate) files: usize,
    /// Bytes in them.
    pub(crate) bytes: usize,
}

/// Where the words of a text stand.
fn words_of(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, letter) in text.char_indices().filter(|(_, it)| it.is_alphanumeric()) {
        let end = at + letter.len_utf8();
        match words.last_mut() {
            Some(word) if word.end == at => word.end = end,
            _ => words.push(at..end),
        }
    }
    words
}

/// The word at `place` with as many of the next ones as it needs, and of those before it if the
/// text ends too soon.
fn run_around(words: &[Range<usize>], place: usize) -> Range<usize> {
    let mut run = words[place].clone();
    let after = &words[place + 1..];
    let before = words[..place].iter().rev();
    for word in after {
        if run.len() >= RUN_BYTES_MIN {
            break;
        }
        run.end = word.end;
    }
    for word in before {
        if run.len() >= RUN_BYTES_MIN {
            break;
        }
        run.start = word.start;
    }
    run
}

fn is_word(text: &str) -> bool {
    text.chars().all(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        let mut words = Words::default();
        words.add(text);
        words
    }

    fn found(text: &str, bytes: impl AsRef<[u8]>) -> Vec<String> {
        let found = words(text).found_in([bytes.as_ref()]);
        found.into_iter().collect()
    }

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_long_word_is_found_in_any_case_and_within_other_letters() {
        let all = "Ransomware at the hospital, تحذير عاجل";
        assert_eq!(found(all, "xxRANSOMwareYY"), ["ransomware"]);
        assert_eq!(found(all, "z\u{0}تحذير"), ["تحذير"]);
        assert!(found(all, "ransom ware hospita").is_empty());
        assert_eq!(found("dérobés", "DÉROBÉS"), ["dérobés"]);
    }

    #[test]
    fn a_word_of_six_letters_is_found_as_people_write_it() {
        for written in ["before", "Before", "BEFORE"] {
            assert_eq!(found("Before", format!("\u{1}{written}\u{2}")), ["before"]);
        }
        assert_eq!(found("msgTyp", "<msgTyp>"), ["msgtyp"]);
        assert!(found("before", "beFoRe").is_empty(), "chance would do this");
        assert!(found("ıııı", "IIII").is_empty(), "and this");
        assert!(words("\u{212a}\u{212a}").0.is_empty(), "two letters k");
    }

    #[test]
    fn words_are_found_in_utf_16_of_either_order() {
        for text in ["passport", "before", "été 23"] {
            let wide = utf_16(&text.to_uppercase(), u16::to_le_bytes);
            assert_eq!(found(text, wide), [text]);
            let wide = utf_16(text, u16::to_be_bytes);
            assert_eq!(found(text, [&[1], &wide[..]].concat()), [text]);
        }
    }

    #[test]
    fn a_short_word_is_found_with_its_neighbours() {
        let text = "Two on a night ferry";
        assert_eq!(words(text).words(), 0);
        assert_eq!(found(text, "(TWO ON A) (a night) (night ferry)").len(), 3);
        assert_eq!(found("<language>en</language>", "en</language").len(), 2);
        assert_eq!(found("until 23", "until 23"), ["until 23"], "at the end");
        assert!(found(text, "two, on, a, night, ferry").is_empty());
        assert!(words("a b c").0.is_empty(), "five bytes are nothing");
    }

    #[test]
    fn every_word_of_a_text_is_searched_for_and_found_where_it_is_hidden() {
        let text = "Deux voyageurs munis de faux passeports, attendus le 23 à minuit: été.";
        let all = words(text);
        let in_lower_case = text.to_lowercase();
        for word in words_of(&in_lower_case) {
            let word = &in_lower_case[word];
            assert!(
                all.0.keys().any(|searched| searched.contains(word)),
                "{word}"
            );
        }
        let sealed = [0xe3, 0x91, 0x07, 0x7c, 0xd0];
        let hidden = all.hidden_in(&sealed);
        assert_eq!(all.found_in([&hidden[..]]).len(), all.len());
        assert!(all.found_in([&sealed[..], b""]).is_empty());
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
        assert_eq!(words.without(&found.stored), words.among(&found.said));
    }

    #[test]
    fn a_chance_is_counted_as_the_constants_say() {
        let one = |text: &str| words(text).chance_in(1 << 21);
        let places = f64::from(1 << 21);
        for (text, chance) in [
            ("before", 3.0 * places / 256f64.powi(6)),
            ("a night", 3.0 * places / 256f64.powi(7)),
            ("passport", places / 128f64.powi(8)),
        ] {
            let found = one(text) / chance;
            assert!((found - 1.0).abs() < 1e-3, "{text}: {found}");
        }
    }
}

//! A Rust file, split into code and comments, with what only tests compile set apart.

use std::collections::BTreeSet;

use crate::repository::TextFile;
use crate::words::{braces, places};

/// A Rust file of the repository.
///
/// The parts have the length of the text, with spaces for what belongs elsewhere, so that an offset
/// into one is an offset into all.
#[derive(Debug)]
pub(crate) struct RustSource {
    /// Its path from the root.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    /// The code, without comments and without the letters of strings.
    pub(crate) code: String,
    /// The code that the product is made of: the above, without what only tests compile.
    pub(crate) product: String,
    /// The code that only tests compile.
    pub(crate) tests: String,
    /// The comments, without their slashes.
    pub(crate) comments: String,
}

impl RustSource {
    /// Splits every Rust file among `files`.
    pub(crate) fn all(files: &[TextFile]) -> Vec<Self> {
        let rust = || files.iter().filter(|file| file.extension() == "rs");
        let mut sources: Vec<_> = rust()
            .map(|file| Self::new(&file.path, &file.text))
            .collect();
        let test_modules: BTreeSet<String> = sources
            .iter()
            .flat_map(|source| test_modules(&source.path, &source.code))
            .collect();
        for source in &mut sources {
            if is_test_file(&source.path, &test_modules) {
                source.tests = source.code.clone();
                source.product = blank(&source.code);
            }
        }
        sources
    }

    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let (product, tests) = split_tests(&code);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            product,
            tests,
            comments,
        }
    }

    /// Whether the file is, or lies under, one of `places`; a folder ends with `/`.
    pub(crate) fn lies_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| {
            self.path == *place || (place.ends_with('/') && self.path.starts_with(place))
        })
    }

    /// The strings and characters that the product has, as they are written, each with its offset.
    pub(crate) fn literals(&self) -> impl Iterator<Item = (usize, &str)> {
        self.product.match_indices('"').filter_map(|(at, _)| {
            let rest = self.text.get(at..)?;
            let (_, len) = token(rest, rest.chars().next()?, false);
            Some((at, &rest[..len]))
        })
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// Whether cargo compiles the file for tests alone.
fn is_test_file(path: &str, test_modules: &BTreeSet<String>) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders
        .split('/')
        .any(|folder| folder == "tests" || folder == "benches")
        || path.ends_with("/tests.rs")
        || test_modules
            .iter()
            .any(|module| path == format!("{module}.rs") || path.starts_with(&format!("{module}/")))
}

/// The modules in files of their own that a file declares for tests alone, as paths without `.rs`.
fn test_modules(path: &str, code: &str) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let inside = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    };
    test_items(code)
        .into_iter()
        .filter_map(|(start, end)| {
            let item = code[start..end].trim_end().strip_suffix(';')?;
            let (_, module) = item.rsplit_once("mod ")?;
            Some(format!("{inside}/{}", module.trim()))
        })
        .collect()
}

/// Product and tests of one file's code.
fn split_tests(code: &str) -> (String, String) {
    let mut product = code.to_owned();
    let mut tests = blank(code);
    for (start, end) in test_items(code) {
        product.replace_range(start..end, &blank(&code[start..end]));
        tests.replace_range(start..end, &code[start..end]);
    }
    (product, tests)
}

/// Start and end of each item under `#[cfg(test)]`, or `any` or `all` of test and other conditions.
fn test_items(code: &str) -> Vec<(usize, usize)> {
    places(code, "#[cfg(")
        .into_iter()
        .filter_map(|start| {
            let closing = start + code[start..].find(']')? + 1;
            let condition = &code[start..closing];
            if places(condition, "test").is_empty() || condition.contains("not(test") {
                return None;
            }
            let body = closing + code[closing..].find(['{', ';'])?;
            Some((start, body + braces(&code[body..]).len()))
        })
        .collect()
}

/// As many spaces as the text has bytes; its lines stay.
fn blank(text: &str) -> String {
    let space = |byte| if byte == b'\n' { '\n' } else { ' ' };
    text.bytes().map(space).collect()
}

/// Code and comments of a file.
fn split(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::new(), String::new());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let (kind, len) = token(rest, letter, code.ends_with(|c: char| c.is_alphanumeric()));
        let (taken, after) = rest.split_at(len);
        match kind {
            Token::Code => {
                code.push_str(taken);
                comments.push_str(&blank(taken));
            }
            Token::Comment => {
                let words = taken.trim_start_matches(['/', '!', '*']);
                comments.push_str(&blank(&taken[..len - words.len()]));
                comments.push_str(words);
                code.push_str(&blank(taken));
            }
            Token::Literal => {
                code.push('"');
                code.push_str(&blank(&taken[1..]));
                comments.push_str(&blank(taken));
            }
        }
        rest = after;
    }
    (code, comments)
}

/// What a piece of a file is.
enum Token {
    Code,
    Comment,
    Literal,
}

/// Kind and length of what `rest` begins with.
fn token(rest: &str, letter: char, after_letter: bool) -> (Token, usize) {
    let end = |mark: &str| rest.find(mark).map_or(rest.len(), |at| at + mark.len());
    match letter {
        '/' if rest.starts_with("//") => (Token::Comment, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (Token::Comment, end("*/")),
        '"' => (Token::Literal, quoted_len(rest)),
        'r' if !after_letter && rest[1..].trim_start_matches('#').starts_with('"') => {
            let hashes = rest[1..].len() - rest[1..].trim_start_matches('#').len();
            let closing = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            let len = rest[body..].find(&closing);
            (
                Token::Literal,
                len.map_or(rest.len(), |len| body + len + closing.len()),
            )
        }
        '\'' if rest.starts_with("'\\") => {
            let len = rest[3..].find('\'').map_or(rest.len(), |at| at + 4);
            (Token::Literal, len)
        }
        '\'' => match rest[1..].char_indices().nth(1) {
            Some((at, '\'')) => (Token::Literal, at + 2),
            _ => (Token::Code, 1),
        },
        other => (Token::Code, other.len_utf8()),
    }
}

/// The length of a quoted string with its quotes.
fn quoted_len(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

#[test]
fn comments_strings_and_tests_are_told_from_code() {
    let text = concat!(
        "/// A word: rand.\nfn a<'a>(x: &'a str) -> char { '\"' } // sled\n",
        "const B: &str = \"quinn \\\" \"; const C: &str = r#\"tokio \" \"#;\n",
        "#[cfg(test)]\nmod tests { fn d() { sleep() } }\nfn e() {}\n",
        "#[cfg(test)]\nmod vectors;\n",
    );
    let source = RustSource::new("common/src/crypto.rs", text);
    for part in [
        &source.code,
        &source.product,
        &source.tests,
        &source.comments,
    ] {
        assert_eq!(part.len(), text.len());
    }
    for hidden in ["rand", "sled", "quinn", "tokio"] {
        assert!(!source.code.contains(hidden), "{hidden}");
    }
    assert!(source.comments.contains("A word: rand."));
    assert!(!source.product.contains("sleep") && source.tests.contains("sleep()"));
    assert!(source.product.contains("fn e() {}"));
    let literals: Vec<_> = source.literals().map(|(_, literal)| literal).collect();
    assert_eq!(literals, ["'\"'", "\"quinn \\\" \"", "r#\"tokio \" \"#"]);
    assert_eq!(
        test_modules(&source.path, &source.code),
        ["common/src/crypto/vectors"]
    );
}

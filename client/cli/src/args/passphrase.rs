//! Passphrases: from a file, or typed without being shown.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use maille_client::home::Passphrase;
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint, home};

/// Longest passphrase file in bytes.
const BYTES_MAX: u64 = 4096;

/// A passphrase that is known already: from the file, or asked for.
pub(crate) fn ask(file: Option<&Path>, whose: &str) -> Result<Passphrase, Fault> {
    match file {
        Some(file) => read_file(file),
        None => prompt(&home::PassphraseOf { whose: &whose }).map(Passphrase::new),
    }
}

/// A new passphrase: from the file, or asked for twice.
pub(crate) fn ask_new(file: Option<&Path>, whose: &str) -> Result<Passphrase, Fault> {
    if let Some(file) = file {
        return read_file(file);
    }
    let first = Zeroizing::new(prompt(&home::NewPassphraseOf { whose: &whose })?);
    let second = Zeroizing::new(prompt(&home::OnceMore)?);
    if first != second {
        let sentence = fault::PassphrasesDiffer;
        return Err(Fault::new(Exit::Input, "passphrases-differ", sentence));
    }
    Ok(Passphrase::new(first.as_str()))
}

/// The first line of a file.
fn read_file(path: &Path) -> Result<Passphrase, Fault> {
    let refuse = |why: &dyn Display| {
        let path = &path.display();
        let sentence = fault::PassphraseFileUnreadable { path, why };
        Fault::new(Exit::Input, "passphrase-file", sentence).with_hint(hint::CheckPassphrasePath)
    };
    // Room for all of it from the start, so that no copy stays behind when the text grows.
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let file = File::open(path).map_err(|error| refuse(&error))?;
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| refuse(&error))?;
    let line = text.lines().next().filter(|line| !line.is_empty());
    line.map(Passphrase::new)
        .ok_or_else(|| refuse(&fault::FirstLineEmpty))
}

fn prompt(question: &dyn Display) -> Result<String, Fault> {
    rpassword::prompt_password(format!("{question} ")).map_err(|error| {
        let sentence = fault::PassphraseNeeded { error: &error };
        Fault::new(Exit::Access, "passphrase-needed", sentence).with_hint(hint::UseTerminal)
    })
}

//! Passphrases: from a file, or typed without being shown.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use maille_client::home::Passphrase;
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::fault::Fault;

/// Longest passphrase file in bytes.
const BYTES_MAX: u64 = 4096;

/// A passphrase that is known already: from the file, or asked for.
pub(crate) fn ask(file: Option<&Path>, whose: &str) -> Result<Passphrase, Fault> {
    match file {
        Some(file) => read_file(file),
        None => prompt(&format!("Passphrase of {whose}: ")).map(Passphrase::new),
    }
}

/// A new passphrase: from the file, or asked for twice.
pub(crate) fn ask_new(file: Option<&Path>, whose: &str) -> Result<Passphrase, Fault> {
    if let Some(file) = file {
        return read_file(file);
    }
    let first = Zeroizing::new(prompt(&format!("New passphrase of {whose}: "))?);
    let second = Zeroizing::new(prompt("Once more: ")?);
    if first != second {
        return Err(Fault::new(
            Exit::Input,
            "passphrases-differ",
            "The two passphrases differ.",
        ));
    }
    Ok(Passphrase::new(first.as_str()))
}

/// The first line of a file.
fn read_file(path: &Path) -> Result<Passphrase, Fault> {
    let refuse = |why: String| {
        let sentence = format!(
            "The passphrase file {} cannot be read: {why}.",
            path.display()
        );
        Fault::new(Exit::Input, "passphrase-file", sentence)
            .with_hint("Check the path given with the passphrase flag.")
    };
    // Room for all of it from the start, so that no copy stays behind when the text grows.
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| refuse(error.to_string()))?;
    let line = text.lines().next().filter(|line| !line.is_empty());
    line.map(Passphrase::new)
        .ok_or_else(|| refuse("its first line is empty".to_owned()))
}

fn prompt(question: &str) -> Result<String, Fault> {
    rpassword::prompt_password(question).map_err(|error| {
        let sentence = format!("A passphrase is needed, and nobody can be asked: {error}.");
        Fault::new(Exit::Access, "passphrase-needed", sentence)
            .with_hint("Run the command at a terminal, or give --passphrase-file FILE.")
    })
}

//! `officer.toml` of a home: who is on duty. Not secret, and it opens nothing.
//!
//! It is kept in the home and read for each act, so that every command and the agent know the same
//! officer, also after a restart.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint};

/// The officer on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnDuty {
    /// The name, as in the home.
    pub(crate) officer: String,
    /// Since when.
    pub(crate) since: String,
}

/// Reads who is on duty; none if nobody is.
pub(crate) fn read(home: &Path) -> Result<Option<OnDuty>, Fault> {
    let path = path(home);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| io(&path, &error))?,
    };
    toml::from_str(&text).map(Some).map_err(|_| {
        let path = &path.display();
        let sentence = fault::NoOfficerNamed { path };
        Fault::new(Exit::Input, "on-duty-form", sentence).with_hint(hint::SignInAgain)
    })
}

/// An officer goes on duty, in the place of whoever was.
pub(super) fn begin(home: &Path, officer: String) -> Result<OnDuty, Fault> {
    let since = now().to_string();
    let on_duty = OnDuty { officer, since };
    write(home, &on_duty)?;
    Ok(on_duty)
}

/// Whoever is on duty goes off it.
pub(super) fn end(home: &Path) -> Result<OnDuty, Fault> {
    let was = read(home)?.ok_or_else(nobody)?;
    let path = path(home);
    match fs::remove_file(&path) {
        // Somebody else was quicker.
        Err(error) if error.kind() == ErrorKind::NotFound => Err(nobody()),
        ended => ended.map(|()| was).map_err(|error| io(&path, &error)),
    }
}

/// An officer goes off duty who has no way in any more; whoever else is on duty stays.
pub(super) fn end_of(home: &Path, officer: &str) -> Result<(), Fault> {
    match read(home)? {
        Some(on_duty) if on_duty.officer == officer => end(home).map(drop),
        _ => Ok(()),
    }
}

/// Writes who is on duty, whole or not at all.
fn write(home: &Path, on_duty: &OnDuty) -> Result<(), Fault> {
    let path = path(home);
    let fresh = path.with_extension("toml.new");
    let text = toml::to_string(on_duty).expect("two texts are always TOML");
    let written = fs::File::create(&fresh)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .and_then(|()| fs::rename(&fresh, &path));
    written.map_err(|error| io(&path, &error))
}

fn nobody() -> Fault {
    Fault::new(Exit::Input, "nobody-on-duty", fault::NobodyOnDuty).with_hint(hint::CheckHome)
}

fn path(home: &Path) -> PathBuf {
    home.join("officer.toml")
}

fn io(path: &Path, error: &std::io::Error) -> Fault {
    let path = &path.display();
    let sentence = fault::OnDutyUnusable { path, error };
    Fault::new(Exit::World, "on-duty-io", sentence).with_hint(hint::CheckHomeAndDisk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_its_pinned_bytes_and_is_read_back() {
        let home = tempfile::tempdir().unwrap();
        let on_duty = OnDuty {
            officer: "A. Diallo".to_owned(),
            since: "2026-11-18T19:06:40.000Z".to_owned(),
        };
        write(home.path(), &on_duty).unwrap();
        let pinned = "officer = \"A. Diallo\"\nsince = \"2026-11-18T19:06:40.000Z\"\n";
        assert_eq!(fs::read_to_string(path(home.path())).unwrap(), pinned);
        assert_eq!(read(home.path()).unwrap(), Some(on_duty));
    }
}

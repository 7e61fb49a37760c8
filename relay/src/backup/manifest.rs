//! `manifest.toml`: what a backup holds. It is written last; a folder without it is no backup.

use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::lines;
use crate::copying::{Measured, sha256};
use crate::folder::{create_file, read_bounded};

/// The name of the file.
const NAME: &str = "manifest.toml";
/// The format read and written here.
const VERSION: u16 = 1;
/// Room for a million attachments.
const BYTES_MAX: usize = 512 * 1024 * 1024;
/// Stands before the hash of everything behind its line.
const HEAD: &str = "# sha256 of the lines below: ";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The format of the backup, 1.
    pub version: u16,
    /// The version of the program that made it.
    pub program: String,
    /// When it was begun (RFC 3339).
    pub made: String,
    /// The relay.
    pub relay: String,
    /// The network.
    pub network: String,
    /// The life of the store it was made of, in hexadecimal.
    pub incarnation: String,
    /// The last commit in it.
    pub commit: u64,
    /// Whether the private keys are in it.
    pub keys: bool,
    /// Attachments that went while it was made, with the alerts that named them.
    pub gone: Vec<String>,
    /// Every other file.
    pub files: Vec<ManifestFile>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Where it is in the backup, with `/` between its parts.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Why a folder is not taken for a backup.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// There is none, or it cannot be read.
    #[error("{} cannot be read, so this is no whole backup: {source}.", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not as it was written.
    #[error("{} is damaged: {why}.", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another version of this program wrote it.
    #[error("{} has version {version}; this program reads version {VERSION}.", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
}

impl Manifest {
    /// The version that is written.
    pub(super) const VERSION: u16 = VERSION;

    /// Writes the manifest into a backup that is whole but for it.
    pub(super) fn write(&self, backup: &Path) -> io::Result<()> {
        let body = toml::to_string(self).map_err(io::Error::other)?;
        let head = Self::head_of(body.as_bytes());
        create_file(&backup.join(NAME), (head + &body).as_bytes())
    }

    /// The first line, which proves the others.
    fn head_of(body: &[u8]) -> String {
        format!("{HEAD}{}\n", sha256(body))
    }

    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn read(backup: &Path) -> Result<Self, ManifestError> {
        let path = backup.join(NAME);
        let bytes = read_bounded(&path, BYTES_MAX);
        let bytes = bytes.map_err(|source| ManifestError::Read {
            path: path.clone(),
            source,
        })?;
        Self::parse(&path, bytes)
    }

    /// Reads its bytes; `path` names it in errors.
    fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, ManifestError> {
        let damaged = |why: &str| ManifestError::Damaged {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let text = String::from_utf8(bytes).map_err(|_| damaged("it is no text"))?;
        let (head, body) = text
            .split_once('\n')
            .ok_or_else(|| damaged("it has no lines"))?;
        if head.strip_prefix(HEAD) != Some(&sha256(body.as_bytes())) {
            return Err(damaged("its first line does not fit the others"));
        }
        Self::parse_body(path, body)
    }

    /// Reads everything behind the first line, which fits it.
    pub(crate) fn parse_body(path: &Path, body: &str) -> Result<Self, ManifestError> {
        let damaged = |why| ManifestError::Damaged {
            path: path.to_owned(),
            why,
        };
        let version = lines::version_of(body).map_err(damaged)?;
        if version != VERSION {
            return Err(ManifestError::Version {
                path: path.to_owned(),
                version,
            });
        }
        let manifest = lines::read(body).map_err(damaged)?;
        match manifest.files.iter().find(|file| !is_inside(&file.path)) {
            Some(file) => Err(damaged(format!(
                "it names `{}`, outside the backup",
                file.path
            ))),
            None => Ok(manifest),
        }
    }

    /// Adds a file.
    pub(super) fn add(&mut self, path: &str, Measured { bytes, sha256 }: Measured) {
        let path = path.to_owned();
        self.files.push(ManifestFile {
            path,
            bytes,
            sha256,
        });
    }

    /// The bytes of all files.
    pub fn bytes(&self) -> u64 {
        let bytes = self.files.iter().map(|file| file.bytes);
        // A manifest that somebody wrote may say anything.
        bytes.fold(0, u64::saturating_add)
    }
}

impl ManifestFile {
    /// Whether a file that was measured is this one.
    pub(crate) fn is(&self, measured: &Measured) -> bool {
        self.bytes == measured.bytes && self.sha256 == measured.sha256
    }
}

/// Whether a path stays below the folder it is joined to.
fn is_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(path: &str) -> Manifest {
        let mut manifest = Manifest {
            version: VERSION,
            program: "0".to_owned(),
            made: "2026-11-23T19:45:47.000Z".to_owned(),
            relay: "north".to_owned(),
            network: "dialogue".to_owned(),
            incarnation: "00".to_owned(),
            commit: 7,
            keys: false,
            gone: Vec::new(),
            files: Vec::new(),
        };
        let (bytes, sha256) = (3, sha256(b"abc"));
        manifest.add(path, Measured { bytes, sha256 });
        manifest
    }

    #[test]
    fn whatever_a_manifest_lists_comes_back() {
        let hash = |letter: &str| letter.repeat(64);
        let awkward = "it's \"here\"\n[[files]]\\";
        for (gone, network) in [(0, "dialogue"), (1, awkward), (3, "\u{1b}[2J = [")] {
            let mut manifest = manifest("roster/it's \"one\".part");
            manifest.network = network.to_owned();
            manifest.gone = ["a", "0", "f"][..gone]
                .iter()
                .map(|one| hash(one))
                .collect();
            manifest.add(
                "attachments/b",
                Measured {
                    bytes: 0,
                    sha256: hash("b"),
                },
            );
            let at = tempfile::tempdir().unwrap();
            manifest.write(at.path()).unwrap();
            assert_eq!(Manifest::read(at.path()).unwrap(), manifest);
        }
    }

    #[test]
    fn a_manifest_with_lists_of_another_form_is_refused() {
        let changes: &[(&str, &str)] = &[
            ("gone = []", "gone = [\"aa\"]"),
            ("gone = []", "gone = [7]"),
            ("gone = []", "went = []"),
            ("gone = []", "gone = []\nmore = 1"),
            ("bytes = 3", "bytes = -3"),
            ("bytes = 3", "bytes = 3\nmore = 1"),
            ("sha256 = \"ba", "sha256 = \"BA"),
            ("sha256 = \"ba", "sha256 = \"a"),
        ];
        for (from, to) in changes {
            let read = read_changed(|text| {
                let body = text.split_once('\n').unwrap().1;
                let changed = body.replace(from, to);
                assert_ne!(changed, body, "{from}");
                Manifest::head_of(changed.as_bytes()) + &changed
            });
            assert!(matches!(read, Err(ManifestError::Damaged { .. })), "{to}");
        }
    }

    fn read_changed(change: impl Fn(String) -> String) -> Result<Manifest, ManifestError> {
        let at = tempfile::tempdir().unwrap();
        manifest("roster/a.part").write(at.path()).unwrap();
        let path = at.path().join(NAME);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, change(text)).unwrap();
        Manifest::read(at.path())
    }

    #[test]
    fn a_manifest_comes_back_and_a_changed_one_is_refused() {
        assert_eq!(
            read_changed(|text| text).unwrap(),
            manifest("roster/a.part")
        );
        let changed = read_changed(|text| text.replace("commit = 7", "commit = 8"));
        assert!(matches!(changed, Err(ManifestError::Damaged { .. })));
        let cut = read_changed(|text| text[..text.len() / 2].to_owned());
        assert!(matches!(cut, Err(ManifestError::Damaged { .. })));
        let newer = read_changed(|text| {
            let body = text
                .split_once('\n')
                .unwrap()
                .1
                .replace("version = 1", "version = 2");
            format!("{HEAD}{}\n{body}", sha256(body.as_bytes()))
        });
        assert!(matches!(
            newer,
            Err(ManifestError::Version { version: 2, .. })
        ));
    }

    #[test]
    fn a_manifest_that_leads_outside_its_backup_is_refused() {
        for path in ["../relay.toml", "/etc/passwd", "a/../../b", "", "."] {
            let at = tempfile::tempdir().unwrap();
            manifest(path).write(at.path()).unwrap();
            assert!(Manifest::read(at.path()).is_err(), "{path:?}");
        }
    }
}

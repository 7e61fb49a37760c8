//! The folder of a network, and the names in it.

use std::io;
use std::path::{Path, PathBuf};

use maille_client::authority::RosterFolder;
use maille_common::address::{ContactAddress, Name};

use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::fault;

/// The folder of a network.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    root: PathBuf,
}

impl Site {
    /// Names the folder; nothing is made.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The anchor and the signed documents.
    pub(crate) fn roster(&self) -> RosterFolder {
        RosterFolder::at(self.root.join("roster"))
    }

    /// The key file of one holder of the authority. Secret, and in the clear.
    pub(crate) fn holder_key(&self, organisation: &Name) -> PathBuf {
        self.root
            .join("authority")
            .join(format!("{organisation}.key"))
    }

    /// The relay's folder.
    pub(crate) fn relay(&self) -> PathBuf {
        self.root.join("relay")
    }

    /// The home of a contact's device: `homes/interpol-duty`.
    pub(crate) fn home(&self, contact: &ContactAddress) -> PathBuf {
        self.root.join("homes").join(file_stem(contact))
    }

    /// What can be checked without us.
    pub(crate) fn proof(&self) -> PathBuf {
        self.root.join("proof")
    }
}

/// An address as the stem of a file name.
pub(crate) fn file_stem(contact: &ContactAddress) -> String {
    contact.as_str().replace('/', "-")
}

/// A file or folder of a network cannot be read or written.
pub(crate) fn file_fault(path: &Path, error: &io::Error) -> Fault {
    let path = &path.display();
    let sentence = fault::FileUnusable { path, error };
    Fault::new(Exit::World, "file-io", sentence)
}

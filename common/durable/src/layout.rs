//! The names in a store's folder.

use std::path::{Path, PathBuf};

/// The folder of one store.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Held by the process that serves the store.
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The segments of the log.
    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// The sorted runs, which hold what is before the first segment.
    pub(crate) fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// Of the previous format: the live records up to the first segment.
    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// sled's folder.
    pub(crate) fn index(&self) -> PathBuf {
        self.root.join("index")
    }

    /// Whether the index may be trusted.
    pub(crate) fn marker(&self) -> PathBuf {
        self.root.join("index.state")
    }

    /// Space kept for receipts.
    pub(crate) fn ballast(&self) -> PathBuf {
        self.root.join("ballast")
    }
}

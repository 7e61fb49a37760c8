//! A disk of which one call fails.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use maille_durable::{Disk, LocalDisk, Output};

/// One call fails, and what comes after it succeeds, as on Linux.
#[derive(Clone)]
pub(crate) struct Faulty {
    shared: Arc<Shared>,
}

struct Shared {
    calls: AtomicU64,
    fails_at: u64,
    /// The call that failed was a write or a sync of the log.
    log_failed: AtomicBool,
    error: i32,
    /// Which calls count: all, or those about files whose path says so.
    of: fn(&Path) -> bool,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty at {}", self.shared.fails_at)
    }
}

impl Faulty {
    /// The call of this number, of those about such paths, fails with the number of an error.
    pub(crate) fn new(fails_at: u64, error: i32, of: fn(&Path) -> bool) -> Self {
        let calls = AtomicU64::new(0);
        Self {
            shared: Arc::new(Shared {
                calls,
                fails_at,
                log_failed: AtomicBool::new(false),
                error,
                of,
            }),
        }
    }

    /// The disk as a store takes it.
    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::SeqCst)
    }

    /// Whether the call has failed by now.
    pub(crate) fn has_failed(&self) -> bool {
        self.calls() > self.shared.fails_at
    }

    /// Whether it was a write or a sync of the log.
    pub(crate) fn log_failed(&self) -> bool {
        self.shared.log_failed.load(Ordering::SeqCst)
    }

    fn call(&self, path: &Path) -> io::Result<()> {
        if !(self.shared.of)(path) {
            return Ok(());
        }
        if self.shared.calls.fetch_add(1, Ordering::SeqCst) == self.shared.fails_at {
            let of_log = path.extension().is_some_and(|extension| extension == "log");
            self.shared.log_failed.store(of_log, Ordering::SeqCst);
            return Err(io::Error::from_raw_os_error(self.shared.error));
        }
        Ok(())
    }

    fn output(&self, path: &Path, output: Box<dyn Output>) -> Box<dyn Output> {
        Box::new(FaultyOutput {
            disk: self.clone(),
            path: path.into(),
            output,
        })
    }
}

impl Disk for Faulty {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call(path)?;
        LocalDisk.create_folder(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        self.call(path)?;
        let output = LocalDisk.create(path)?;
        Ok(self.output(path, output))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        self.call(path)?;
        let output = LocalDisk.append(path)?;
        Ok(self.output(path, output))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(to)?;
        LocalDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(path)?;
        LocalDisk.remove(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call(path)
    }

    fn available_bytes(&self, _path: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

struct FaultyOutput {
    disk: Faulty,
    path: Box<Path>,
    output: Box<dyn Output>,
}

impl Output for FaultyOutput {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.disk.call(&self.path) {
            // What a failed write has written by then is unknown: here, half.
            self.output.write_all(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.output.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        // That it does not reach the disk is all the same to a machine that goes on.
        self.disk.call(&self.path)
    }
}

//! Where the parts are repeated, and how large their world is.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::crowd::Crowd;

/// How many devices are planned.
const DEVICES: usize = 100_000;

/// Where stores are made, and how large a roster is; it is founded when it is first asked for.
#[derive(Debug)]
pub struct Place {
    pub(super) dir: PathBuf,
    devices: usize,
    crowd: OnceLock<Crowd>,
}

impl Place {
    /// Stores where temporary files are, and a roster of 100,000 devices.
    pub fn usual() -> Self {
        Self::of(std::env::temp_dir(), DEVICES)
    }

    pub(super) fn of(dir: PathBuf, devices: usize) -> Self {
        Self {
            dir,
            devices,
            crowd: OnceLock::new(),
        }
    }

    pub(super) fn crowd(&self) -> &Crowd {
        self.crowd.get_or_init(|| Crowd::of(self.devices))
    }
}

//! Waiting for a home that another process holds: commands without an agent come one at a time.

#[cfg(unix)]
use std::path::Path;
use std::time::Duration;

#[cfg(unix)]
use maille_client::home::is_held;

/// How often somebody looks whether the home is free.
const LOOK: Duration = Duration::from_millis(50);

/// How long somebody waits who was not told how long: longer than a command takes that finds no
/// relay.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(15);

/// What is left of somebody's patience.
#[derive(Debug)]
pub(super) struct Turn {
    left: Duration,
}

impl Turn {
    /// Waits at most so long.
    pub(super) fn within(patience: Duration) -> Self {
        Self { left: patience }
    }

    /// Waits a moment; `false` when patience is at an end.
    pub(super) async fn comes(&mut self) -> bool {
        if self.left.is_zero() {
            return false;
        }
        tokio::time::sleep(LOOK.min(self.left)).await;
        self.left = self.left.saturating_sub(LOOK);
        true
    }

    /// Waits a moment if somebody holds the home, and there is patience left; `true` when it is
    /// worth another look.
    #[cfg(unix)]
    pub(super) async fn comes_at(&mut self, home: &Path) -> bool {
        is_held(home) && self.comes().await
    }
}

#[cfg(unix)]
impl Default for Turn {
    fn default() -> Self {
        Self::within(PATIENCE)
    }
}

//! What happened in a run, line by line: to be read, and to be compared with another run.

use std::fmt::Display;

/// The lines of a run, where somebody asked for them.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    /// A trace that keeps its lines, or none.
    pub(crate) fn new(kept: bool) -> Self {
        Self {
            lines: kept.then(Vec::new),
        }
    }

    /// Adds a line at a moment of virtual time.
    pub(crate) fn line<T: Display>(&mut self, now: u64, says: impl FnOnce() -> T) {
        if let Some(lines) = &mut self.lines {
            let (seconds, ms) = (now / 1_000, now % 1_000);
            let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
            let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
            let at = format!("{days}d {hours:02}:{minutes:02}:{seconds:02}.{ms:03}");
            lines.push(format!("{at} {}", says()));
        }
    }

    /// The lines.
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

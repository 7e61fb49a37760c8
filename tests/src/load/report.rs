//! The lines that the tool prints, and whether they are good.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::crash::rig::{merge, print, say};

/// What was printed so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    broken: bool,
}

impl Report {
    /// Prints one figure. The names are those of the comparison with peers.
    pub(super) fn line(&mut self, figure: &str, measured: Value) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut line = json!({
            "peer": "maille",
            "figure": figure,
            "tls": true,
            "optimised": !cfg!(debug_assertions),
            "unix": since.as_secs(),
            "load_average": crate::flood::load_average(),
        });
        for bad in ["lost", "errors"] {
            let count = measured[bad].as_u64().unwrap_or(0);
            if count > 0 {
                say(format_args!("BROKEN: {figure}: {bad}: {count}"));
                self.broken = true;
            }
        }
        merge(&mut line, measured);
        print(&line);
    }

    /// Whether something was lost, or went wrong that should not have.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }
}

//! What all links of one listener or dialer have in common.

use crate::limits::Limits;
use crate::tally::Tally;

/// Budgets and deadlines, and what is counted.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) limits: Limits,
    pub(crate) tally: Tally,
}

impl Common {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            tally: Tally::default(),
        }
    }
}

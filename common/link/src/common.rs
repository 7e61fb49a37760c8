//! What all links of one listener or dialer have in common.

use crate::limits::Limits;
use crate::memory::Memory;
use crate::tally::Tally;

/// Budgets and deadlines, and what is counted.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) limits: Limits,
    pub(crate) tally: Tally,
    /// Room for the messages of all peers together.
    pub(crate) memory: Memory,
}

impl Common {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            memory: Memory::of_all(&limits),
            limits,
            tally: Tally::default(),
        }
    }
}

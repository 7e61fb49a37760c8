//! One input: whether it panics, how long it takes, how much memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::mutator::spoiled;
use super::target::Target;

/// What a parser may take beside what its input lets it, in bytes.
const MEMORY_FREE: usize = 1 << 20;

/// How long one input may take. Real ones take microseconds, the longest milliseconds; the rest is
/// for a machine that does something else meanwhile.
pub(super) const TIME_MAX: Duration = Duration::from_secs(2);

/// A counter of what is allocated, which the program that probes has put in the allocator's place.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// What is allocated now.
    pub current: fn() -> usize,
    /// The most that was allocated since it was last reset.
    pub peak: fn() -> usize,
    /// Lets the peak begin anew.
    pub reset_peak: fn(),
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Finding {
    /// The parser panicked.
    #[error("it panicked")]
    Panicked,
    /// It took too long.
    #[error("it took {milliseconds} ms")]
    Slow {
        /// How long.
        milliseconds: u128,
    },
    /// It took too much memory.
    #[error("it took {taken} bytes of memory for {input}")]
    Memory {
        /// How much.
        taken: usize,
        /// The length of the input.
        input: usize,
    },
}

/// A target that is being probed, from its seeds, by a seed.
#[derive(Debug)]
pub struct Probe {
    target: Target,
    seeds: Vec<Vec<u8>>,
    seed: u64,
    memory: Memory,
    /// The most memory that one input took beyond what its own length lets it.
    pub memory_beyond: usize,
    /// How many inputs were taken for what they should be.
    pub read: u64,
}

impl Probe {
    /// Begins with the target's seeds.
    pub fn new(target: &Target, seed: u64, memory: Memory) -> Self {
        let seeds = target.seeds().into_iter().map(|(_, bytes)| bytes);
        Self {
            target: *target,
            seeds: seeds.collect(),
            seed,
            memory,
            memory_beyond: 0,
            read: 0,
        }
    }

    /// The input of this number.
    pub fn input(&self, number: u64) -> Vec<u8> {
        let mut input = spoiled(&self.seeds, self.seed, number);
        input.truncate(self.target.bytes_max);
        input
    }

    /// Gives the parser the input of this number.
    pub fn run(&mut self, number: u64) -> Result<(), Finding> {
        let input = self.input(number);
        self.give(&input)
    }

    /// Gives the parser every seed as it is.
    pub fn run_seeds(&mut self) -> Result<(), Finding> {
        let seeds = self.seeds.clone();
        seeds.iter().try_for_each(|seed| self.give(seed))
    }

    /// Gives the parser these bytes.
    pub fn give(&mut self, input: &[u8]) -> Result<(), Finding> {
        (self.memory.reset_peak)();
        let before = (self.memory.current)();
        let begun = Instant::now();
        let read = catch_unwind(AssertUnwindSafe(|| (self.target.read)(input)));
        let took = begun.elapsed();
        let taken = (self.memory.peak)().saturating_sub(before);
        self.read += u64::from(read.map_err(|_| Finding::Panicked)?);
        if took > TIME_MAX {
            let milliseconds = took.as_millis();
            return Err(Finding::Slow { milliseconds });
        }
        let beyond = taken.saturating_sub(self.target.memory_times * input.len());
        self.memory_beyond = self.memory_beyond.max(beyond);
        match beyond > MEMORY_FREE {
            true => Err(Finding::Memory {
                taken,
                input: input.len(),
            }),
            false => Ok(()),
        }
    }
}

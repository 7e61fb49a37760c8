//! Fuzzing by a seed. docs/reliability.md says how to run it, and what it asserts.

use std::process::ExitCode;

use maille_tests::fuzz::Memory;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    maille_tests::fuzz::main(Memory {
        current: || ALLOCATED.current_usage(),
        peak: || ALLOCATED.peak_usage(),
        reset_peak: || ALLOCATED.reset_peak_usage(),
    })
}

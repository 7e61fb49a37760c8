//! The load tool. docs/performance.md says how to repeat each figure.

use std::process::ExitCode;

fn main() -> ExitCode {
    maille_tests::load::main()
}

//! Small parts beside bare primitives. docs/performance.md says how to run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    maille_tests::micro::ratios::main()
}

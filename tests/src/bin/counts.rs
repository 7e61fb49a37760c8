//! Instructions of small parts. docs/performance.md says how to run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    maille_tests::micro::counts::main()
}

//! Takes the checks of the protocol out of the tests, one by one. docs/checks.md says what for.

use std::process::ExitCode;

fn main() -> ExitCode {
    maille_tests::checks::main()
}

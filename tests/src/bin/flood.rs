//! The flood rig. docs/reliability.md says how to run it, and what it asserts.

use std::process::ExitCode;

fn main() -> ExitCode {
    maille_tests::flood::main()
}

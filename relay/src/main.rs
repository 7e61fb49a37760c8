//! The binary `maille-relay`.

use std::process::ExitCode;

fn main() -> ExitCode {
    maille_relay::command::main()
}

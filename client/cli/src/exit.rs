//! Exit codes, by the kind of fault: what a script has to do next.

use std::process::ExitCode;

/// Why a command did not do what was asked. Success is 0; clap exits with 2 for wrong arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Arguments that do not go together. Mend the command.
    Usage = 2,
    /// A file or value that is missing, in the way or malformed. Mend the input.
    Input = 3,
    /// Something does not prove what it should: a signature, a code, a roster. Find out why.
    Refused = 4,
    /// A wrong passphrase, an unknown officer, a home that is in use or open to others.
    Access = 5,
    /// The machine failed: disk, memory, permissions.
    World = 6,
    /// Others have to act first: signatures are missing, a device is not admitted yet.
    Waiting = 7,
    /// Somebody was asked, and did not say yes.
    Declined = 8,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

//! Exit codes, by the kind of fault: what a script has to do next.

use std::process::ExitCode;

/// Why a command did not do what was asked. Success is 0; clap exits with 2 for wrong arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// An export does not prove what it says. It is worth nothing as it is.
    Unproven = 1,
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
    /// An alert stands safely in the outbox, and no relay has it for some recipient yet. Telephone.
    NotSent = 9,
    /// What was waited for did not come: time is up, or it ended another way.
    Late = 10,
}

impl Exit {
    /// Every kind of fault.
    #[cfg(unix)]
    const ALL: [Self; 10] = [
        Self::Unproven,
        Self::Usage,
        Self::Input,
        Self::Refused,
        Self::Access,
        Self::World,
        Self::Waiting,
        Self::Declined,
        Self::NotSent,
        Self::Late,
    ];

    /// The code, as a program is told it.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this code; what an agent of another version says is the machine's failure.
    #[cfg(unix)]
    pub(crate) fn from_code(code: u8) -> Self {
        let known = Self::ALL.into_iter().find(|exit| exit.code() == code);
        known.unwrap_or(Self::World)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

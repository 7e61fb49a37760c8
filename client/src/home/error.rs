//! How a home says no.

use std::fmt;
use std::io;
use std::path::PathBuf;

use maille_common::time::Timestamp;
use thiserror::Error;

use super::passphrase::Passphrase;

/// Why a home was not made, opened or changed. Each sentence names the thing and the next step.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HomeError {
    /// Something is in the place of a new home.
    #[error(
        "{} is not an empty folder, and a home is never made over anything; choose another \
         path.",
        .path.display()
    )]
    AlreadyThere {
        /// The path.
        path: PathBuf,
    },
    /// The folder holds no home.
    #[error(
        "{} is not a home: it has no home.toml; check the path, or make a home there.",
        .path.display()
    )]
    NotAHome {
        /// The folder.
        path: PathBuf,
    },
    /// The home was made by another version of this program.
    #[error(
        "{} has format {found}, and this program reads format {reads}; open it with the version \
         of Maille that made it.", .path.display()
    )]
    OtherVersion {
        /// The file that says so.
        path: PathBuf,
        /// The format found.
        found: i64,
        /// The format this program reads.
        reads: i64,
    },
    /// One process holds a home, and another one does.
    #[error(
        "The home {} is open in {}; end that process, or speak to it over its local socket.",
        .path.display(), Process(*.pid)
    )]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The process that holds it, where it can be read.
        pid: Option<u32>,
    },
    /// A file of the home is not there.
    #[error(
        "{} is missing; restore it from a backup, or make a new home and have the new device \
         admitted.",
        .path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file does not hold what it must.
    #[error("{} is damaged: {why}; restore it from a backup, or make a new home.", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as a clause.
        why: String,
    },
    /// A file that is not secret was changed since the home was made.
    #[error(
        "{} differs from what was sealed when the home was made; somebody changed it: find out \
         who, and restore it.", .path.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
    },
    /// Others on this machine can reach what is secret.
    #[error(
        "{} has mode {mode:03o}, so other users can reach it; set mode {wanted:03o} with chmod, \
         and if others had access, make a new home.", .path.display()
    )]
    TooOpen {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they must be.
        wanted: u32,
    },
    /// The passphrase does not open this officer's slot.
    #[error("The passphrase of {officer} is wrong; try again, or sign in as another officer.")]
    WrongPassphrase {
        /// The officer.
        officer: String,
    },
    /// Nobody of that name was ever added.
    #[error(
        "There is no officer {officer} in this home; check the spelling, or have an officer of \
         this home add {officer}."
    )]
    NoSuchOfficer {
        /// The name asked for.
        officer: String,
    },
    /// The officer was removed.
    #[error(
        "{officer} was removed from this home on {removed}; another officer can add {officer} \
         again."
    )]
    OfficerRemoved {
        /// The officer.
        officer: String,
        /// When.
        removed: Timestamp,
    },
    /// An officer of that name has a slot already.
    #[error(
        "{officer} is an officer of this home already; change the passphrase instead, or choose \
         another name."
    )]
    OfficerExists {
        /// The officer.
        officer: String,
    },
    /// Without this slot nobody could open the home again.
    #[error(
        "{officer} is the last way into this home and is not removed; add another officer first."
    )]
    LastOfficer {
        /// The officer.
        officer: String,
    },
    /// The home has as many slots as it may.
    #[error("A home has at most {max} officers, removed ones included; make a new home.")]
    TooManyOfficers {
        /// The limit.
        max: usize,
    },
    /// A name is empty, too long or not printable.
    #[error(
        "An officer's name has 1 to {max} bytes and no control characters; choose another name."
    )]
    BadName {
        /// The limit in bytes.
        max: usize,
    },
    /// A new passphrase could be guessed.
    #[error(
        "A passphrase has at least {} characters; choose a longer one, for example five words.",
        Passphrase::CHARS_MIN
    )]
    PassphraseTooShort,
    /// The home has no machine key.
    #[error(
        "The home {} has no machine key; open it with the name and passphrase of an officer.",
        .path.display()
    )]
    NoMachineKey {
        /// The folder.
        path: PathBuf,
    },
    /// Stretching a passphrase takes more memory than there is.
    #[error(
        "The passphrase needs {memory_kib} KiB of memory to be checked; free some, and try again."
    )]
    NoMemory {
        /// What was asked of the system.
        memory_kib: u32,
    },
    /// One person alone cannot change whom a home trusts.
    #[error("Two different officers have to vouch for another anchor; have a second one come.")]
    TwoOfficersNeeded,
    /// The new anchor is of another network.
    #[error(
        "The new anchor is of the network `{theirs}`, and this home of `{ours}`; make a new home \
         for another network."
    )]
    OtherNetwork {
        /// The network of the home.
        ours: String,
        /// The network of the anchor.
        theirs: String,
    },
    /// Nothing would change.
    #[error("The home trusts this anchor already; take its roster with `maille device join`.")]
    SameAnchor,
    /// The device would be nobody under the new anchor.
    #[error(
        "The roster of the new anchor does not let this device act; have it admitted there first."
    )]
    NotInNewRoster,
    /// The world failed.
    #[error("{} cannot be {doing}: {source}; mend that, and try again.", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done with it, as a participle.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl HomeError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyThere { .. } => "home-already-there",
            Self::NotAHome { .. } => "not-a-home",
            Self::OtherVersion { .. } => "home-other-version",
            Self::Locked { .. } => "home-locked",
            Self::Missing { .. } => "home-file-missing",
            Self::Corrupt { .. } => "home-file-corrupt",
            Self::Altered { .. } => "home-file-altered",
            Self::TooOpen { .. } => "home-too-open",
            Self::WrongPassphrase { .. } => "wrong-passphrase",
            Self::NoSuchOfficer { .. } => "no-such-officer",
            Self::OfficerRemoved { .. } => "officer-removed",
            Self::OfficerExists { .. } => "officer-exists",
            Self::LastOfficer { .. } => "last-officer",
            Self::TooManyOfficers { .. } => "too-many-officers",
            Self::BadName { .. } => "bad-officer-name",
            Self::PassphraseTooShort => "passphrase-too-short",
            Self::NoMachineKey { .. } => "no-machine-key",
            Self::NoMemory { .. } => "no-memory",
            Self::TwoOfficersNeeded => "two-officers-needed",
            Self::OtherNetwork { .. } => "other-network",
            Self::SameAnchor => "same-anchor",
            Self::NotInNewRoster => "device-not-in-new-roster",
            Self::Io { .. } => "home-io",
        }
    }
}

/// Names the process that holds a lock.
struct Process(Option<u32>);

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}

//! How a command fails: a full sentence, a separate hint that names the flag, and an exit code.

use std::borrow::Cow;
use std::fmt::Display;
use std::io;

use maille_client::archive::{ArchiveKeyError, ArchiveOpenError};
use maille_client::authority::{
    AdmitError, FileError, FoundError, KeyFileError, PlanError, PlanFileError, ProposalError,
    PublicKeyFileError, RenewError, RosterFolderError, SuspendError,
};
use maille_client::home::HomeError;

use crate::exit::Exit;
use crate::safe_text::safe_text;
use crate::sentence::{fault, hint};

mod of_desk;

/// The code of results that nobody reads any more.
const OUTPUT_CLOSED: &str = "output-closed";

/// A failure, as people and machines are told of it.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The kind.
    pub(crate) exit: Exit,
    /// Stable, for machines.
    pub(crate) code: Cow<'static, str>,
    /// What happened.
    pub(crate) sentence: String,
    /// What to do, naming the flag.
    pub(crate) hint: Option<String>,
}

impl Fault {
    /// A fault without a hint.
    pub(crate) fn new(
        exit: Exit,
        code: impl Into<Cow<'static, str>>,
        sentence: impl Display,
    ) -> Self {
        // Errors quote what they refuse, and that may be a stranger's.
        let (code, sentence) = (code.into(), safe_text(&sentence.to_string()));
        Self {
            exit,
            code,
            sentence,
            hint: None,
        }
    }

    /// The same with a hint, unless it has one.
    pub(crate) fn with_hint(mut self, hint: impl Display) -> Self {
        self.hint.get_or_insert_with(|| hint.to_string());
        self
    }

    /// A result could not be printed.
    pub(crate) fn of_write(error: &io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::BrokenPipe => OUTPUT_CLOSED,
            _ => "output",
        };
        Self::new(Exit::World, code, fault::OutputUnwritable { error })
    }

    /// Whether whoever read the results has read enough, as `head` has: the exit code says that not
    /// all was read, and there is nothing to be told to people.
    pub(crate) fn is_enough_read(&self) -> bool {
        self.code == OUTPUT_CLOSED
    }
}

/// Adds a hint to whatever failed.
pub(crate) trait Hint<T> {
    /// The value, or the fault with this hint.
    fn hint(self, hint: impl Display) -> Result<T, Fault>;
}

impl<T, E: Into<Fault>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl Display) -> Result<T, Fault> {
        self.map_err(|error| error.into().with_hint(hint))
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        Self::new(exit_of_file(&error), error.code(), error)
    }
}

impl From<KeyFileError> for Fault {
    fn from(error: KeyFileError) -> Self {
        let exit = match &error {
            KeyFileError::File(file) => exit_of_file(file),
            KeyFileError::PassphraseNeeded | KeyFileError::WrongPassphrase => Exit::Access,
            KeyFileError::NoMemory { .. } => Exit::World,
            _ => Exit::Input,
        };
        Self::new(exit, error.code(), error)
    }
}

impl From<ArchiveKeyError> for Fault {
    fn from(error: ArchiveKeyError) -> Self {
        let exit = match &error {
            ArchiveKeyError::File(file) => exit_of_file(file),
            ArchiveKeyError::PassphraseNeeded | ArchiveKeyError::WrongPassphrase => Exit::Access,
            ArchiveKeyError::NoMemory { .. } => Exit::World,
            _ => Exit::Input,
        };
        Self::new(exit, error.code(), error)
    }
}

impl From<ArchiveOpenError> for Fault {
    fn from(error: ArchiveOpenError) -> Self {
        let exit = match &error {
            ArchiveOpenError::Folder(_) => Exit::World,
            ArchiveOpenError::Empty(_) => Exit::Input,
            ArchiveOpenError::OtherKey { .. } => Exit::Refused,
        };
        Self::new(exit, error.code(), error)
    }
}

impl From<PublicKeyFileError> for Fault {
    fn from(error: PublicKeyFileError) -> Self {
        let exit = match &error {
            PublicKeyFileError::File(file) => exit_of_file(file),
            _ => Exit::Input,
        };
        Self::new(exit, error.code(), error)
    }
}

impl From<RosterFolderError> for Fault {
    fn from(error: RosterFolderError) -> Self {
        let exit = match &error {
            RosterFolderError::File(file) => exit_of_file(file),
            RosterFolderError::Refused(_) => Exit::Refused,
            _ => Exit::Input,
        };
        Self::new(exit, error.code(), error)
    }
}

impl From<ProposalError> for Fault {
    fn from(error: ProposalError) -> Self {
        let exit = match &error {
            ProposalError::File(file) => exit_of_file(file),
            ProposalError::TooFew { .. } => Exit::Waiting,
            ProposalError::TooLong(_) => Exit::Input,
            _ => Exit::Refused,
        };
        let hint: Option<&dyn Display> = match &error {
            ProposalError::TooFew { .. } => Some(&hint::PassProposalOn),
            ProposalError::DoesNotFollow { .. } => Some(&hint::UpdateRoster),
            ProposalError::UnknownOrganisation { .. } => Some(&hint::PublishOrganisation),
            ProposalError::OverlapOver { .. } => Some(&hint::ProposeAnew),
            _ => None,
        };
        hinted(Self::new(exit, error.code(), error), hint)
    }
}

impl From<PlanFileError> for Fault {
    fn from(error: PlanFileError) -> Self {
        let exit = match &error {
            PlanFileError::File(file) => exit_of_file(file),
            PlanFileError::Form { .. } => Exit::Input,
            _ => Exit::Refused,
        };
        Self::new(exit, error.code(), error)
    }
}

impl From<PlanError> for Fault {
    fn from(error: PlanError) -> Self {
        Self::new(Exit::Input, error.code(), error)
    }
}

impl From<FoundError> for Fault {
    fn from(error: FoundError) -> Self {
        Self::new(Exit::Input, error.code(), error)
    }
}

impl From<AdmitError> for Fault {
    fn from(error: AdmitError) -> Self {
        let (exit, hint): (_, Option<&dyn Display>) = match &error {
            AdmitError::WrongCode => (Exit::Refused, Some(&hint::TelephoneForCode)),
            AdmitError::Request(_) | AdmitError::Document(_) => (Exit::Refused, None),
            AdmitError::UnknownContact { .. } => (Exit::Input, Some(&hint::DescribeContact)),
            _ => (Exit::Input, None),
        };
        hinted(Self::new(exit, error.code(), error), hint)
    }
}

impl From<RenewError> for Fault {
    fn from(error: RenewError) -> Self {
        match error {
            RenewError::Annex(error) => error.into(),
            error => Self::new(Exit::Input, error.code(), error),
        }
    }
}

impl From<SuspendError> for Fault {
    fn from(error: SuspendError) -> Self {
        let exit = match &error {
            SuspendError::Refused(_) => Exit::Refused,
            _ => Exit::Input,
        };
        Self::new(exit, error.code(), error)
    }
}

impl From<HomeError> for Fault {
    fn from(error: HomeError) -> Self {
        let exit = match &error {
            HomeError::WrongPassphrase { .. }
            | HomeError::NoSuchOfficer { .. }
            | HomeError::OfficerRemoved { .. }
            | HomeError::NoMachineKey { .. }
            | HomeError::TooOpen { .. }
            | HomeError::Locked { .. } => Exit::Access,
            HomeError::TwoOfficersNeeded => Exit::Access,
            HomeError::Altered { .. }
            | HomeError::OtherNetwork { .. }
            | HomeError::SameAnchor
            | HomeError::NotInNewRoster => Exit::Refused,
            HomeError::Io { .. } | HomeError::NoMemory { .. } => Exit::World,
            _ => Exit::Input,
        };
        let hint: Option<&dyn Display> = match &error {
            HomeError::Locked { .. } => Some(&hint::HomeInUse),
            _ => None,
        };
        hinted(Self::new(exit, error.code(), error), hint)
    }
}

/// The fault with a hint, where there is one.
fn hinted(fault: Fault, hint: Option<&dyn Display>) -> Fault {
    match hint {
        Some(hint) => fault.with_hint(hint),
        None => fault,
    }
}

fn exit_of_file(error: &FileError) -> Exit {
    match error {
        FileError::Io { .. } => Exit::World,
        FileError::TooOpen { .. } => Exit::Access,
        _ => Exit::Input,
    }
}

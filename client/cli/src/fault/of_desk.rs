//! The faults of a desk, by kind.

use std::fmt::Display;
use std::io::ErrorKind;

#[cfg(unix)]
use maille_client::DeskFailure;
use maille_client::attachments::SealFileError;
use maille_client::cap::CapError;
use maille_client::core::{
    ActError, ExportError as Refused, ExtendError, ReconcileError as NotCompared,
    SendError as OrderError, StepError,
};
use maille_client::{
    AddError, AnswerError, ArchiveError, AttachmentError, DeskError, DrillError, ExportError,
    LookupError, OfficerError, OpenError, PreviewError, QueryError, RecipientError, ReconcileError,
    RosterChangeError, SendError, WaitError,
};

use super::{Fault, hinted};
use crate::exit::Exit;
#[cfg(unix)]
use crate::sentence::fault::DeskFailed;
use crate::sentence::hint;

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        let exit = match error {
            OpenError::Home(home) => return home.into(),
            OpenError::Settings(_) => Exit::Input,
            OpenError::Roster(_) | OpenError::NotLoopback { .. } => Exit::Refused,
            _ => Exit::World,
        };
        let hint: Option<&dyn Display> = match &error {
            OpenError::Roster(_) => Some(&hint::JoinRoster),
            _ => None,
        };
        hinted(fault(exit, error.code(), &error), hint)
    }
}

impl From<OfficerError> for Fault {
    fn from(error: OfficerError) -> Self {
        match error {
            OfficerError::Home(error) => error.into(),
            OfficerError::Desk(error) => error.into(),
        }
    }
}

impl From<RosterChangeError> for Fault {
    fn from(error: RosterChangeError) -> Self {
        let exit = match error {
            RosterChangeError::Desk(error) => return error.into(),
            RosterChangeError::Keep(_) => Exit::World,
            RosterChangeError::Incomplete | RosterChangeError::Refused(_) => Exit::Refused,
        };
        fault(exit, error.code(), &error)
    }
}

impl From<DeskError> for Fault {
    fn from(error: DeskError) -> Self {
        let hint = match &error {
            DeskError::Step(step) => disk_hint(step),
            DeskError::Closed => None,
        };
        hinted(fault(Exit::World, error.code(), &error), hint)
    }
}

#[cfg(unix)]
impl From<DeskFailure> for Fault {
    fn from(failure: DeskFailure) -> Self {
        let sentence = DeskFailed { error: &failure };
        Self::new(Exit::World, failure.code(), sentence).with_hint(hint::MendDisk)
    }
}

impl From<RecipientError> for Fault {
    fn from(error: RecipientError) -> Self {
        let fault = fault(Exit::Input, error.code(), &error);
        fault.with_hint(hint::ListContacts)
    }
}

impl From<PreviewError> for Fault {
    fn from(error: PreviewError) -> Self {
        SendError::from(error).into()
    }
}

impl From<SendError> for Fault {
    fn from(error: SendError) -> Self {
        let (exit, hint): (_, Option<&dyn Display>) = match error {
            SendError::Recipients(error) => return error.into(),
            SendError::Desk(error) => return error.into(),
            SendError::Attachment(error) => return error.into(),
            SendError::Refused(error) => return error.into(),
            SendError::Draft(_) => (Exit::Input, Some(&hint::CheckWords)),
            SendError::ListIsFixed => (Exit::Input, Some(&hint::LeaveOutTo)),
            SendError::UnknownAlert(_) => (Exit::Input, Some(&hint::FindIds)),
        };
        hinted(fault(exit, error.code(), &error), hint)
    }
}

impl From<DrillError> for Fault {
    fn from(error: DrillError) -> Self {
        let (exit, hint): (_, Option<&dyn Display>) = match error {
            DrillError::Recipients(error) => return error.into(),
            DrillError::Send(error) => return error.into(),
            DrillError::TooManySelectors(_) => (Exit::Input, Some(&hint::ListContacts)),
            DrillError::NobodyLeft { .. } => (Exit::Refused, Some(&hint::ListContacts)),
        };
        hinted(fault(exit, error.code(), &error), hint)
    }
}

impl From<OrderError> for Fault {
    fn from(error: OrderError) -> Self {
        let (exit, hint): (_, Option<&dyn Display>) = match &error {
            OrderError::NotDesignated { .. }
            | OrderError::KeysEnded { .. }
            | OrderError::Recipient { .. }
            | OrderError::NoRule { .. }
            | OrderError::TwoPersons { .. } => (Exit::Refused, None),
            OrderError::NotYours { .. } => (Exit::Refused, Some(&hint::ReplyInstead)),
            OrderError::ReferenceReused { .. } => (Exit::Refused, Some(&hint::OtherReference)),
            OrderError::TooLarge { .. } => (Exit::Input, Some(&hint::AttachFile)),
            OrderError::Step(step) => (Exit::World, disk_hint(step)),
            _ => (Exit::Input, None),
        };
        hinted(fault(exit, error.code(), &error), hint)
    }
}

impl From<AddError> for Fault {
    fn from(error: AddError) -> Self {
        let error = match error {
            AddError::Recipients(error) => return error.into(),
            AddError::Desk(error) => return error.into(),
            AddError::Refused(ExtendError::Refused(error)) => return error.into(),
            AddError::Refused(error) => error,
        };
        let (exit, hint): (_, &dyn Display) = match &error {
            ExtendError::NotYours { .. } => (Exit::Refused, &hint::ReplyInstead),
            ExtendError::Ended(_) => (Exit::Refused, &hint::SendAnew),
            ExtendError::Purged(_) => (Exit::Input, &hint::SendAnew),
            ExtendError::Unknown(_) => (Exit::Input, &hint::FindIds),
            _ => (Exit::Input, &hint::SeeWhoOwes),
        };
        fault(exit, error.code(), &error).with_hint(hint)
    }
}

impl From<SealFileError> for Fault {
    fn from(error: SealFileError) -> Self {
        let (exit, hint): (_, &dyn Display) = match &error {
            SealFileError::Write { source, .. } if source.kind() == ErrorKind::StorageFull => {
                (Exit::World, &hint::NoRoom)
            }
            SealFileError::Write { .. } => (Exit::World, &hint::CheckAttach),
            _ => (Exit::Input, &hint::CheckAttach),
        };
        hinted(fault(exit, error.code(), &error), Some(hint))
    }
}

impl From<CapError> for Fault {
    fn from(error: CapError) -> Self {
        let fault = fault(Exit::Input, error.code(), &error);
        fault.with_hint(hint::CheckCap)
    }
}

impl From<AnswerError> for Fault {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Desk(error) => error.into(),
            AnswerError::Refused(error) => {
                let (exit, hint): (_, Option<&dyn Display>) = match &error {
                    ActError::OfficerOnly => (Exit::Access, Some(&hint::GoOnDuty)),
                    ActError::Step(step) => (Exit::World, disk_hint(step)),
                    _ => (Exit::Input, None),
                };
                hinted(fault(exit, error.code(), &error), hint)
            }
        }
    }
}

impl From<QueryError> for Fault {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Desk(error) => error.into(),
            other => fault(Exit::Input, other.code(), &other),
        }
    }
}

impl From<ExportError> for Fault {
    fn from(error: ExportError) -> Self {
        let (exit, hint): (_, Option<&dyn Display>) = match error {
            ExportError::Desk(error) => return error.into(),
            ExportError::Roster(_) => (Exit::World, None),
            ExportError::Refused(Refused::Step(ref step)) => (Exit::World, disk_hint(step)),
            ExportError::Refused(Refused::NotProven { .. }) => (Exit::Refused, None),
            ExportError::Refused(Refused::NotADrill(_)) => (Exit::Input, Some(&hint::FindIds)),
            ExportError::Refused(_) => (Exit::Input, None),
        };
        hinted(fault(exit, error.code(), &error), hint)
    }
}

impl From<ArchiveError> for Fault {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Desk(error) => error.into(),
            _ => fault(Exit::Input, error.code(), &error),
        }
    }
}

impl From<ReconcileError> for Fault {
    fn from(error: ReconcileError) -> Self {
        let (exit, hint): (_, Option<&dyn Display>) = match error {
            ReconcileError::Desk(error) => return error.into(),
            ReconcileError::Refused(NotCompared::Step(ref step)) => (Exit::World, disk_hint(step)),
            ReconcileError::Refused(_) => (Exit::Input, Some(&hint::ListContacts)),
        };
        hinted(fault(exit, error.code(), &error), hint)
    }
}

impl From<LookupError> for Fault {
    fn from(error: LookupError) -> Self {
        let hint: &dyn Display = match error {
            LookupError::Desk(error) => return error.into(),
            LookupError::Ambiguous { .. } => &hint::TypeMore,
            LookupError::NotAnId(_) | LookupError::Unknown { .. } => &hint::FindIds,
        };
        fault(Exit::Input, error.code(), &error).with_hint(hint)
    }
}

impl From<AttachmentError> for Fault {
    fn from(error: AttachmentError) -> Self {
        let (exit, hint): (_, Option<&dyn Display>) = match error {
            AttachmentError::Desk(error) => return error.into(),
            AttachmentError::NotWhole(_) => (Exit::Waiting, Some(&hint::AttachmentComes)),
            AttachmentError::Digest => (Exit::Refused, None),
            AttachmentError::NoAlert(_) | AttachmentError::NoSuch { .. } => (Exit::Input, None),
            AttachmentError::Write { .. } => (Exit::World, Some(&hint::CheckSave)),
            _ => (Exit::World, None),
        };
        hinted(fault(exit, error.code(), &error), hint)
    }
}

impl From<WaitError> for Fault {
    fn from(error: WaitError) -> Self {
        let exit = match error {
            WaitError::Desk(error) => return error.into(),
            WaitError::Unknown(_) => Exit::Input,
            WaitError::Timeout { .. } | WaitError::Ended { .. } => Exit::Late,
        };
        let fault = fault(exit, error.code(), &error);
        fault.with_hint(hint::TrackAlert)
    }
}

/// What to do about a full disk, and about a broken one.
fn disk_hint(step: &StepError) -> Option<&'static dyn Display> {
    if step.is_disk_full() {
        Some(&hint::NoRoom)
    } else if step.is_fatal() {
        Some(&hint::MendDisk)
    } else {
        None
    }
}

/// A fault whose words become a full sentence: some errors are made to stand inside another.
fn fault(
    exit: Exit,
    code: impl Into<std::borrow::Cow<'static, str>>,
    words: &impl Display,
) -> Fault {
    let words = words.to_string();
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>());
    let mut sentence = first.unwrap_or_default() + letters.as_str();
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    Fault::new(exit, code, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_the_machines_failure_and_says_what_to_do() {
        let full = SealFileError::Write {
            path: "plan.pdf".into(),
            source: ErrorKind::StorageFull.into(),
        };
        let fault = Fault::from(full);
        assert_eq!((fault.exit, &*fault.code), (Exit::World, "disk-full"));
        assert!(fault.hint.unwrap().contains("make room"));
    }
}

//! Why an export is refused.

use thiserror::Error;

use crate::address::DeviceId;
use crate::codec::DecodeError;
use crate::envelope::{RevealFault, SignedFault};
use crate::evidence::{AcceptedFault, ReceiptFault};
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::limits;
use crate::roster::RosterError;

/// Why an export proves nothing. One fault refuses the whole file: whoever made it made all of it.
#[derive(Debug, Error)]
pub enum ExportFault {
    /// X1: it is another kind of file.
    #[error("The file is not an export of Maille.")]
    NotAnExport,
    /// X1: another version.
    #[error("The export has version {0}, and this program reads version 1.")]
    Version(u16),
    /// X1: it is longer than an export may be.
    #[error("The export has {0} bytes, and {max} are the most.", max = limits::EXPORT_BYTES_MAX)]
    TooLong(usize),
    /// X1: bytes were changed, lost or added.
    #[error("The export was altered or cut: its hash does not hold.")]
    Altered,
    /// X1: its bytes are not of their form.
    #[error("The export is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// X1: the pieces are not in their one order.
    #[error("The pieces of the export are out of order, or one stands there twice.")]
    Order,
    /// X2: its documents do not prove a roster from this anchor.
    #[error("The roster in the export is not proven by this anchor: {0}")]
    Roster(Box<RosterError>),
    /// X2: they prove another roster than the one named.
    #[error("The export names roster {named}, and its documents prove roster {found}.")]
    OtherRoster {
        /// The hash that is named.
        named: Hash,
        /// The hash of what the documents prove.
        found: Hash,
    },
    /// X2: a roster that nothing was judged by, or too many of them.
    #[error("The export brings roster {0}, which nothing in it names.")]
    IdleRoster(Hash),
    /// X2: more documents or rosters than an export may have.
    #[error("The export brings more rosters or documents than an export may have.")]
    TooManyRosters,
    /// X3: the device that is said to have made the file did not.
    #[error("The export is not signed by device {0}, which is said to have made it.")]
    Exporter(DeviceId),
    /// X4: the alert itself is missing.
    #[error("The export has no envelope of alert {}, which it is about.", .0.prefix())]
    NoEnvelope(AlertId),
    /// X4: an envelope that is neither the alert, nor an addendum to it, nor a cancel of it.
    #[error("The export has envelope {}, which is not about its alert.", .0.prefix())]
    OtherEnvelope(AlertId),
    /// X4: an envelope is not believed.
    #[error("Envelope {} is not believed: {fault}.", .id.prefix())]
    Envelope {
        /// Which one.
        id: AlertId,
        /// The check that failed.
        fault: SignedFault,
    },
    /// X5: a statement about another alert, or for a contact that the alert was not sent to.
    #[error("The statement {0} is not about this alert and its recipients.")]
    OtherStatement(Hash),
    /// X5: a receipt or an expiry is not believed.
    #[error("The receipt {hash} is not believed: {fault}.")]
    Receipt {
        /// Which one.
        hash: Hash,
        /// The check that failed.
        fault: ReceiptFault,
    },
    /// X5: an expiry is not believed.
    #[error("The expiry {hash} is not believed: {fault}.")]
    Expiry {
        /// Which one.
        hash: Hash,
        /// The check that failed.
        fault: ReceiptFault,
    },
    /// X5: a relay's statement is not believed.
    #[error("The relay's statement {hash} is not believed: {fault}.")]
    Relay {
        /// Which one.
        hash: Hash,
        /// The check that failed.
        fault: AcceptedFault,
    },
    /// X6: the note beside a receipt is another one than the receipt names.
    #[error("The note beside receipt {0} is not the one that the receipt names.")]
    Note(Hash),
    /// X6: the officer who is said to have acted is not the one of the receipt.
    #[error("The officer named for receipt {0} is not the one who acted.")]
    Officer(Hash),
    /// X7: key and body are not those of the alert.
    #[error("The content that the export reveals is not the alert's: {0}.")]
    Content(#[from] RevealFault),
    /// X7: two contents are revealed.
    #[error("The export reveals the content twice.")]
    ContentTwice,
}

impl ExportFault {
    /// The number of the check in PROTOCOL.
    pub fn check(&self) -> &'static str {
        match self {
            Self::NotAnExport
            | Self::Version(_)
            | Self::TooLong(_)
            | Self::Altered
            | Self::Malformed(_)
            | Self::Order => "X1",
            Self::Roster(_)
            | Self::OtherRoster { .. }
            | Self::IdleRoster(_)
            | Self::TooManyRosters => "X2",
            Self::Exporter(_) => "X3",
            Self::NoEnvelope(_) | Self::OtherEnvelope(_) | Self::Envelope { .. } => "X4",
            Self::OtherStatement(_)
            | Self::Receipt { .. }
            | Self::Expiry { .. }
            | Self::Relay { .. } => "X5",
            Self::Note(_) | Self::Officer(_) => "X6",
            Self::Content(_) | Self::ContentTwice => "X7",
        }
    }

    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnExport => "not-an-export",
            Self::Version(_) => "export-version",
            Self::TooLong(_) => "export-too-long",
            Self::Altered => "export-altered",
            Self::Malformed(_) | Self::Order => "export-malformed",
            Self::Roster(_)
            | Self::OtherRoster { .. }
            | Self::IdleRoster(_)
            | Self::TooManyRosters => "export-roster",
            Self::Exporter(_) => "export-signature",
            Self::NoEnvelope(_) | Self::OtherEnvelope(_) | Self::Envelope { .. } => {
                "export-envelope"
            }
            Self::OtherStatement(_)
            | Self::Receipt { .. }
            | Self::Expiry { .. }
            | Self::Relay { .. } => "export-statement",
            Self::Note(_) | Self::Officer(_) => "export-officer",
            Self::Content(_) | Self::ContentTwice => "export-content",
        }
    }
}

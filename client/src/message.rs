//! What somebody wants to send.

use maille_common::content::{Alert, AlertDraft, DraftError, Wording};
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Kind, Status, Urgency};
use maille_common::time::Span;

use crate::attachments::FileToAttach;

/// A message: an alert, reply, update or cancel, before it is sealed.
///
/// What is not said is taken from the network's defaults, or from the alert it is about.
///
/// ```
/// use maille_client::Message;
/// use maille_common::content::Alert;
/// use maille_common::terms::{Tlp, Urgency};
///
/// let words = Alert::draft(("en", "Ransomware at a hospital"))
///     .tlp(Tlp::Amber)
///     .text(("en", "Please look for the sender named in the event."));
/// let message = Message::new(words)
///     .to("afripol/tn/cyber")
///     .to("@night-desks")
///     .urgency(Urgency::Immediate)
///     .reference("case-2026-1183");
/// # let _ = message;
/// ```
#[derive(Debug)]
#[must_use = "a message goes nowhere until it is sent"]
pub struct Message {
    pub(crate) to: Vec<String>,
    pub(crate) content: AlertDraft,
    pub(crate) files: Vec<FileToAttach>,
    pub(crate) status: Option<Status>,
    pub(crate) urgency: Option<Urgency>,
    pub(crate) ack_within: Option<Span>,
    pub(crate) expires_after: Option<Span>,
    pub(crate) ack_rule: AckRule,
    pub(crate) reference: Option<String>,
    pub(crate) about: Option<About>,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) kind: Kind,
    pub(crate) alert: AlertId,
}

impl Message {
    /// A message of these words.
    pub fn new(content: AlertDraft) -> Self {
        Self {
            to: Vec::new(),
            content,
            files: Vec::new(),
            status: None,
            urgency: None,
            ack_within: None,
            expires_after: None,
            ack_rule: AckRule::Each,
            reference: None,
            about: None,
        }
    }

    /// A message of a subject and a text in one language.
    pub fn text(subject: impl Into<Wording>, text: impl Into<Wording>) -> Self {
        Self::new(Alert::draft(subject).text(text))
    }

    /// Adds a recipient: an address, a pattern, or the `@name` of a list.
    pub fn to(mut self, recipient: impl Into<String>) -> Self {
        self.to.push(recipient.into());
        self
    }

    /// Adds several recipients.
    pub fn to_all<T: Into<String>>(mut self, recipients: impl IntoIterator<Item = T>) -> Self {
        self.to.extend(recipients.into_iter().map(Into::into));
        self
    }

    /// Attaches a file. It is read and sealed when the message is sent.
    pub fn attach(mut self, file: FileToAttach) -> Self {
        self.files.push(file);
        self
    }

    /// Real, a drill, or a test. Real, unless it is about something that is not.
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// How soon somebody has to act. Expected, unless it is about something else.
    pub fn urgency(mut self, urgency: Urgency) -> Self {
        self.urgency = Some(urgency);
        self
    }

    /// Without an acknowledgement after this it is overdue. Else the network's default.
    pub fn ack_within(mut self, span: Span) -> Self {
        self.ack_within = Some(span);
        self
    }

    /// After this the obligation ends as expired. Else the network's default.
    pub fn expires_after(mut self, span: Span) -> Self {
        self.expires_after = Some(span);
        self
    }

    /// Whose acknowledgement ends the obligations; each recipient's own, unless said.
    pub fn ack_rule(mut self, rule: AckRule) -> Self {
        self.ack_rule = rule;
        self
    }

    /// The caller's own name for it: sending the same again under it gives the same alert.
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Says more, or better, about an alert of this contact, to everybody who holds it.
    pub fn update_of(self, alert: AlertId) -> Self {
        self.about(Kind::Update, alert)
    }

    /// Takes an alert of this contact back, from everybody who holds it.
    pub fn cancel_of(self, alert: AlertId) -> Self {
        self.about(Kind::Cancel, alert)
    }

    /// What it does.
    pub(crate) fn kind(&self) -> Kind {
        self.about.map_or(Kind::Alert, |about| about.kind)
    }

    /// Makes it about an alert.
    pub(crate) fn about(mut self, kind: Kind, alert: AlertId) -> Self {
        self.about = Some(About { kind, alert });
        self
    }

    /// Takes the attachments, sealed by now, into the words.
    pub(crate) fn build(
        content: AlertDraft,
        attachments: Vec<maille_common::content::AttachmentDraft>,
    ) -> Result<(Alert, Vec<maille_common::blob::BlobRef>), DraftError> {
        let content = attachments
            .into_iter()
            .fold(content, AlertDraft::attachment);
        let blobs = content.blobs();
        Ok((content.build()?, blobs))
    }
}

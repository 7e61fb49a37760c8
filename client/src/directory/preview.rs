//! What people see before they send: who gets it, what time it is there, who stands in, by when.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::local_text::LocalText;
use maille_common::roster::{Contact, Designation, Roster};
use maille_common::terms::Urgency;
use maille_common::time::{Span, Timestamp};

use super::hours::{LocalMoment, local_moment, on_duty};
use crate::core::{Desk, StepError};

/// What a message would do if it were sent now. Nothing is sent or kept.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Who would get it, by address.
    pub recipients: Vec<PreviewedRecipient>,
    /// How long each has to acknowledge.
    pub ack_within: Span,
    /// After how long each obligation ends as expired.
    pub expires_after: Span,
    /// By when it has to be acknowledged, if it were sent now.
    pub ack_due: Timestamp,
    /// When it would expire.
    pub expires: Timestamp,
}

/// One recipient of a preview.
#[derive(Debug, Clone)]
pub struct PreviewedRecipient {
    /// The contact.
    pub address: ContactAddress,
    /// Its names.
    pub names: Vec<LocalText>,
    /// Whether it is designated now; anything else refuses the message.
    pub designation: Designation,
    /// Whether a rule lets this desk write to it.
    pub allowed: bool,
    /// Whether the rule asks for a second device's signature.
    pub two_persons: bool,
    /// The moment there; none where its time zone is not known on this machine.
    pub local: Option<LocalMoment>,
    /// Whether somebody is on duty; none where the moment is not known.
    pub on_duty: Option<bool>,
    /// Who is asked when it does not answer, in order.
    pub deputies: Vec<DeputyShown>,
    /// Its devices.
    pub devices: Vec<DeviceShown>,
    /// Its telephones, for when nothing else works.
    pub telephones: Vec<String>,
}

/// A deputy of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeputyShown {
    /// The deputy.
    pub contact: ContactAddress,
    /// When it is asked, counted from the sending: the principal's time and the steps before it.
    pub after: Span,
}

/// A device of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceShown {
    /// The device.
    pub device: DeviceId,
    /// What its people call it.
    pub label: String,
    /// Its sealing keys are known here. Without, it follows by addendum.
    pub keyed: bool,
}

impl Preview {
    /// Whether it can be sent as it is.
    pub fn is_sendable(&self) -> bool {
        let fine = |recipient: &PreviewedRecipient| {
            recipient.designation == Designation::Valid
                && recipient.allowed
                && !recipient.two_persons
        };
        self.recipients.iter().all(fine)
    }
}

impl PreviewedRecipient {
    /// Whether it can be reached now: one of its devices is keyed.
    pub fn is_reachable(&self) -> bool {
        self.devices.iter().any(|device| device.keyed)
    }
}

/// The terms of a message that a preview needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) urgency: Urgency,
    pub(crate) ack_within: Span,
    pub(crate) expires_after: Span,
    /// Replies may also go against the direction of a rule (PROTOCOL E6).
    pub(crate) is_reply: bool,
}

/// Says what a message to these contacts would do.
pub(crate) fn preview(
    desk: &Desk,
    recipients: &[ContactAddress],
    terms: Terms,
    now: Timestamp,
) -> Result<Preview, StepError> {
    let roster = desk.roster();
    let me = &desk.identity().contact;
    let mut shown = Vec::new();
    for address in recipients {
        let mut recipient = of_roster(roster, me, address, terms, now);
        for device in &mut recipient.devices {
            device.keyed = desk.is_keyed(&device.device)?;
        }
        shown.push(recipient);
    }
    Ok(Preview {
        recipients: shown,
        ack_within: terms.ack_within,
        expires_after: terms.expires_after,
        ack_due: now + terms.ack_within,
        expires: now + terms.expires_after,
    })
}

/// What the roster alone says; no device is known to be keyed yet.
pub(super) fn of_roster(
    roster: &Roster,
    me: &ContactAddress,
    address: &ContactAddress,
    terms: Terms,
    now: Timestamp,
) -> PreviewedRecipient {
    let allowed = roster.rule_allows(me, address).is_some()
        || (terms.is_reply && roster.rule_allows(address, me).is_some());
    let mut shown = PreviewedRecipient {
        address: address.clone(),
        names: Vec::new(),
        designation: roster.designated(address, now),
        allowed,
        two_persons: roster.two_persons_required(me, address, terms.urgency),
        local: None,
        on_duty: None,
        deputies: Vec::new(),
        devices: Vec::new(),
        telephones: Vec::new(),
    };
    if let Some(entry) = roster.contact(address) {
        describe(&mut shown, entry.contact, terms, now);
    }
    shown
}

fn describe(shown: &mut PreviewedRecipient, contact: &Contact, terms: Terms, now: Timestamp) {
    shown.names = contact.names.to_vec();
    shown.local = local_moment(contact, now);
    shown.on_duty = shown.local.as_ref().map(|moment| on_duty(contact, moment));
    shown.telephones = contact
        .telephones
        .iter()
        .map(|number| number.as_str().to_owned())
        .collect();
    let mut after = terms.ack_within;
    for deputy in &contact.deputies {
        after = Span::from_ms(after.ms().saturating_add(deputy.after.ms()));
        shown.deputies.push(DeputyShown {
            contact: deputy.contact.clone(),
            after,
        });
    }
    let device = |device: &maille_common::roster::Device| DeviceShown {
        device: device.id,
        label: device.label.as_str().to_owned(),
        keyed: false,
    };
    shown.devices = contact.devices.iter().map(device).collect();
}

//! Events and incidents: one vector for each kind.

use maille_common::codec::encode;
use maille_common::evidence::ObligationState;
use maille_common::roster::{Designation, EndStage, Ends};
use maille_common::terms::{AcceptReason, GapEnd, NoticeKind, Numbered, Reason, Status};
use maille_common::vectors::{Annotate, Page};

use super::*;
use crate::core::ledger::CodedState;
use crate::core::reconcile::RoundEnd;

annotate_fields! {
    Event { time, status, kind }
    Incident { time, alert, kind }
}

annotate_choices! {
    EventKind {
        0 Sent { alert }
        1 Answered { alert, relay, recipient, reason }
        2 Arrived { alert, kind, from }
        3 Receipt { alert, recipient, stage, reason }
        4 State { alert, recipient, state }
        5 Overdue { alert, recipient, uncertain }
        6 Notice { alert, recipient, kind }
        7 Acted { alert, stage }
        8 Incident { number }
        9 NewIncarnation { relay }
        10 Roster { number }
        11 AskedAsDeputy { alert, principal }
        12 Unanswered { alert, recipient }
        13 Silent { device, contact, since }
        14 HeardAgain { device, contact }
        15 ActedElsewhere { alert, recipient, contact, device, stage }
        16 ExpiredUnseen { alert, from, recipient, accepted }
        17 Reconciled { device, contact, end }
        18 GapFilled { alert, device, contact }
        19 GapEnded { alert, device, contact, end }
        20 SentAgain { alert, device, contact }
        21 Archive { failing }
        22 Ends { what, at, stage }
        23 Keys { trouble, since }
    }
    IncidentKind {
        0 Delivery { relay, check, fault }
        1 Returned { from, fault }
        2 RelayStatement { relay }
        3 Receipt { check }
        4 ReceiptsMissing { device, from, to }
        5 Fork { device }
        6 AlertsMissing { device, from, to }
        7 RosterUnknown { relay }
        8 Roster { fault }
        9 Bundle { device }
        10 RolledBack
        11 WebhookGone { name }
        12 Apart { contact, device, day, count, alerts }
        13 AlertLost { device, number, end }
        14 AlertsForgotten { device, from, to }
        15 AskedUnknown { device, from, to }
        16 ForkTold { device, of, number, by }
        17 Excluded { designation, subject, document, hash, at, signers, reason }
        18 NotAdmitted { relay, authority }
    }
}

impl Annotate for RoundEnd {
    fn annotate(&self, page: &mut Page, path: &str) {
        page.line(&format!("{path}: {self}"), &encode(self));
    }
}

impl Annotate for CodedState {
    fn annotate(&self, page: &mut Page, path: &str) {
        page.line(&format!("{path}: {:?}", self.state()), &encode(self));
    }
}

pub(super) fn events(vectors: &mut Vectors) {
    let (alert, number) = (ALERT, 258);
    let answered = EventKind::Answered {
        alert,
        relay: lyon(),
        recipient: cyber(),
        reason: AcceptReason::MailboxFull,
    };
    let arrived = EventKind::Arrived {
        alert,
        kind: Kind::Update,
        from: cyber(),
    };
    let receipt = EventKind::Receipt {
        alert,
        recipient: cyber(),
        stage: Stage::Refused,
        reason: Reason::NotOurs,
    };
    let state = EventKind::State {
        alert,
        recipient: cyber(),
        state: CodedState::from(ObligationState::Acknowledged),
    };
    let overdue = EventKind::Overdue {
        alert,
        recipient: cyber(),
        uncertain: true,
    };
    let notice = EventKind::Notice {
        alert,
        recipient: cyber(),
        kind: NoticeKind::Tombstone,
    };
    let acted = EventKind::Acted {
        alert,
        stage: Stage::Acknowledged,
    };
    let asked = EventKind::AskedAsDeputy {
        alert,
        principal: cyber(),
    };
    let unanswered = EventKind::Unanswered {
        alert,
        recipient: cyber(),
    };
    let (device, contact) = (DEVICE, cyber());
    let silent = EventKind::Silent {
        device,
        contact,
        since: NOW,
    };
    let contact = cyber();
    let again = EventKind::HeardAgain { device, contact };
    let elsewhere = EventKind::ActedElsewhere {
        alert,
        recipient: cyber(),
        contact: cyber(),
        device: DEVICE,
        stage: Stage::Read,
    };
    let unseen = EventKind::ExpiredUnseen {
        alert,
        from: cyber(),
        recipient: cyber(),
        accepted: NOW,
    };
    let (contact, end) = (cyber(), RoundEnd::Mended);
    let reconciled = EventKind::Reconciled {
        device,
        contact,
        end,
    };
    let contact = cyber();
    let filled = EventKind::GapFilled {
        alert,
        device,
        contact,
    };
    let ended = EventKind::GapEnded {
        alert,
        device,
        contact: cyber(),
        end: GapEnd::Acknowledged,
    };
    let contact = cyber();
    let sent_again = EventKind::SentAgain {
        alert,
        device,
        contact,
    };
    let ends = EventKind::Ends {
        what: Ends::Device(cyber(), DEVICE),
        at: NOW,
        stage: EndStage::Week,
    };
    let keys = EventKind::Keys {
        trouble: KeysTrouble::Waiting,
        since: NOW,
    };
    for (name, kind) in [
        ("event-0-sent", EventKind::Sent { alert }),
        ("event-1-answered", answered),
        ("event-2-arrived", arrived),
        ("event-3-receipt", receipt),
        ("event-4-state", state),
        ("event-5-overdue", overdue),
        ("event-6-notice", notice),
        ("event-7-acted", acted),
        ("event-8-incident", EventKind::Incident { number }),
        (
            "event-9-new-incarnation",
            EventKind::NewIncarnation { relay: lyon() },
        ),
        ("event-10-roster", EventKind::Roster { number }),
        ("event-11-asked-as-deputy", asked),
        ("event-12-unanswered", unanswered),
        ("event-13-silent", silent),
        ("event-14-heard-again", again),
        ("event-15-acted-elsewhere", elsewhere),
        ("event-16-expired-unseen", unseen),
        ("event-17-reconciled", reconciled),
        ("event-18-gap-filled", filled),
        ("event-19-gap-ended", ended),
        ("event-20-sent-again", sent_again),
        ("event-21-archive", EventKind::Archive { failing: true }),
        ("event-22-ends", ends),
        ("event-23-keys", keys),
    ] {
        let (time, status) = (NOW, Status::Exercise);
        vectors.record(name, &Event { time, status, kind });
    }
}

pub(super) fn incidents(vectors: &mut Vectors) {
    let (relay, device) = (lyon(), DEVICE);
    let (from, to) = (4, 6);
    let fault = Text::new("The wrap does not open.").unwrap();
    let check = Text::new("E13").unwrap();
    let delivery = IncidentKind::Delivery {
        relay: lyon(),
        check: check.clone(),
        fault: fault.clone(),
    };
    let returned = IncidentKind::Returned {
        from: cyber(),
        fault: fault.clone(),
    };
    let name = Text::new("case-register").unwrap();
    let gone = IncidentKind::WebhookGone { name };
    let apart = IncidentKind::Apart {
        contact: cyber(),
        device,
        day: 20_000,
        count: 1,
        alerts: List::new([reconciliations::apart_alert()]).unwrap(),
    };
    let lost = IncidentKind::AlertLost {
        device,
        number: 4,
        end: GapEnd::Expired,
    };
    let told = IncidentKind::ForkTold {
        device,
        of: Numbered::Receipts,
        number: 4,
        by: cyber(),
    };
    let excluded = IncidentKind::Excluded {
        designation: Designation::Suspended,
        subject: Text::new("contact `interpol/fr/cyber`").unwrap(),
        document: Text::new("the suspension of contact `interpol/fr/cyber`").unwrap(),
        hash: Hash::from_bytes([0xc2; 32]),
        at: NOW,
        signers: Text::new("key 1a2b3c4d of `interpol`, General Secretariat").unwrap(),
        reason: Text::new("Stolen at the airport.").unwrap(),
    };
    let not_admitted = IncidentKind::NotAdmitted {
        relay: lyon(),
        authority: 7,
    };
    for (name, kind) in [
        ("incident-0-delivery", delivery),
        ("incident-1-returned", returned),
        (
            "incident-2-relay-statement",
            IncidentKind::RelayStatement { relay },
        ),
        ("incident-3-receipt", IncidentKind::Receipt { check }),
        (
            "incident-4-receipts-missing",
            IncidentKind::ReceiptsMissing { device, from, to },
        ),
        ("incident-5-fork", IncidentKind::Fork { device }),
        (
            "incident-6-alerts-missing",
            IncidentKind::AlertsMissing { device, from, to },
        ),
        (
            "incident-7-roster-unknown",
            IncidentKind::RosterUnknown { relay: lyon() },
        ),
        ("incident-8-roster", IncidentKind::Roster { fault }),
        ("incident-9-bundle", IncidentKind::Bundle { device }),
        ("incident-10-rolled-back", IncidentKind::RolledBack),
        ("incident-11-webhook-gone", gone),
        ("incident-12-apart", apart),
        ("incident-13-alert-lost", lost),
        (
            "incident-14-alerts-forgotten",
            IncidentKind::AlertsForgotten { device, from, to },
        ),
        (
            "incident-15-asked-unknown",
            IncidentKind::AskedUnknown { device, from, to },
        ),
        ("incident-16-fork-told", told),
        ("incident-17-excluded", excluded),
        ("incident-18-not-admitted", not_admitted),
    ] {
        let alert = match &kind {
            IncidentKind::Returned { .. }
            | IncidentKind::Fork { .. }
            | IncidentKind::AlertLost { .. } => Some(ALERT),
            _ => None,
        };
        let time = NOW;
        vectors.record(name, &Incident { time, alert, kind });
    }
}

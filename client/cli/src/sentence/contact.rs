//! Contacts, before somebody writes to them.

sentences! {
    "contact":
    ValidUntil { end: text };
    NoRule;
    HourUnknown;
    OnDuty;
    OffDuty;
    DutyUnknown;
    NoTelephone;
    Telephones { numbers: text };
    There { hour: text, duty: text, telephones: text };
    Designated { designation: text };
    Deputy { contact: text, after: text };
    DevicesKeyed { keyed: text, count: count };
    Drilled { sent: text, stage: text, reached: text };
    DrillUnanswered { sent: text, reached: text };
    NeverReached { sent: text };
}

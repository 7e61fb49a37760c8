//! What two desks hold of the alerts between them.

sentences! {
    "reconcile":
    Device { contact: text, device: text, end: text };
    Day { day: text, sent: text, received_there: text, received: text, sent_there: text };
    Exchanged { given: text, taken: text };
    SentAgain { alerts: text };
    SentAgainThere { alerts: text };
    Apart { alert: text, differs: text, state: text };
}

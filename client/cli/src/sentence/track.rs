//! The story of an alert that was sent.

sentences! {
    "track":
    Head { urgency: text, kind: text, status: text, sent: text };
    Reference { reference: text };
    Recipient { contact: text, state: text, due: text, ends: text };
    RecipientOverdue { contact: text, state: text, due: text, ends: text };
    AddedBy { addendum: text };
    Copy;
    DevicesFollow { count: count };
    Proof { hash: text };
    Step { step: text };
    StepOf { step: text, contact: text };
    For { contact: text };
    Clocks;
    Uncertain;
    OfficerUnnamed;
    ByRelay { name: text };
    ByDevice { contact: text, device: text };
    ByOwnDevice { device: text };
    Suggests { contact: text };
    Repeats { alert: text };
}

//! What must not happen and did.

sentences! {
    "incident":
    Delivery { relay: text, check: text, fault: text };
    Returned { from: text, fault: text };
    RelayStatement { relay: text };
    Receipt { check: text };
    ReceiptsMissing { device: text, from: text, to: text };
    Fork { device: text };
    AlertsMissing { device: text, from: text, to: text };
    RosterUnknown { relay: text };
    Roster { fault: text };
    Bundle { device: text };
    RolledBack;
    WebhookGone { name: text };
    Apart { contact: text, device: text, count: count, alerts: text };
    AlertApart { alert: text, differs: text, state: text };
    AlertLost { device: text, number: text, end: text };
    AlertsForgotten { device: text, from: text, to: text };
    AskedUnknown { device: text, from: text, to: text };
    Excluded {
        designation: text, subject: text, document: text, hash: text, at: text, signers: text,
    };
    ExcludedForReason {
        designation: text, subject: text, document: text, hash: text, at: text, signers: text,
        reason: text,
    };
    ExcludedNeverIn { designation: text };
    NotAdmitted { relay: text, authority: text };
    ForkTold { device: text, of: text, number: text, by: text };
}

//! Alerts on their way out.

sentences! {
    "send":
    CapKind { kind: text };
    To { contact: text };
    Deadlines { due: text, within: text, ends: text, after: text };
    AnswerAsked { within: text };
    Note { note: text };
    Sent { contact: text, relays: text };
    MoreDevicesFollow { count: count };
    Already;
    LeftOut { contact: text };
    Asked { deputy: text, recipient: text };
    NotSent { contact: text, why: text };
    Next { who: text, when: text, telephones: text };
    ByAgent;
    ByNext;
    NextAttempt { time: text };
    WhenKeysAppear;
    NoTelephone;
    Telephone { numbers: text };
    NoSealingKey;
    RefusedByRelay { name: text, reason: text };
    RelayFailed { name: text, failure: text };
    RelaySilent { name: text };
    NoRelay { organisation: text };
    Accepted { alert: text, contacts: text };
    Delivered { alert: text, contacts: text };
    Acknowledged { alert: text, contacts: text };
}

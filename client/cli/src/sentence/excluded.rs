//! Why a desk may not act any more, and what stays readable there.

sentences! {
    "excluded":
    Removed { subject: text, document: text, hash: text, issued: text, signers: text };
    Ended { subject: text, end: text, document: text, hash: text, issued: text, signers: text };
    Suspended { document: text, hash: text, issued: text, signers: text, reason: text };
    NeverIn;
    NotAdmitted { relays: text, authority: text, annex: text, organisation: text };
    NothingPasses;
    NothingGoes;
    Readable;
    ReadableFor { count: count };
    AskOrganisation { organisation: text };
    AskAuthority;
    AskForRoster { organisation: text };
}

//! What an export proves.

sentences! {
    "verify":
    Proven { network: text, number: text, roster: text };
    ExportedBy { contact: text, device: text, time: text };
    Id { id: text };
    From { contact: text, device: text };
    SecondSigner { device: text };
    Deadlines { within: text, after: text };
    Sealed { bytes: text, hash: text };
    Revealed { bytes: text, hash: text };
    Attachment { id: text, bytes: text };
    Addendum { id: text, device: text, time: text };
    Cancel { id: text, device: text, time: text };
    Addressed { device: text };
    AddressedAfter { device: text, step: text };
    OthersUnknown;
    ByDeputy { contact: text, device: text };
    BySender { device: text };
    Noted;
    LaterRoster;
    NotCounted;
    Copies;
    Part { number: text, what: text, media_type: text, bytes: text, sha256: text };
    Limits;
}

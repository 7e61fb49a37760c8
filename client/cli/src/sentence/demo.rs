//! The demonstration: each step, and what proves it.

sentences! {
    "demo":
    Everything { folder: text };
    Ok;
    NotVerified;
    Verified { verified: text, count: count };
    CheckWithOpenssl;
    GoOnByHand;
    Receipt { hash: text, device: text, contact: text, key: text };
    Network {
        threshold: text,
        count: count,
        holders: text,
        sender: text,
        present: text,
        away: text,
        observer: text,
    };
    RosterProved { hash: text };
    RelayServes { name: text };
    RelayProcess { process: text, address: text, incarnation: text };
    DesksOpen { sender: text, present: text, away: text };
    SealingKeys { bundle: text };
    Sent { alert: text, sender: text };
    SentId { id: text };
    Accepted;
    AcceptedFor { hash: text, contact: text, key: text };
    AcceptedProofs { proofs: text };
    RelayKilled;
    ProcessEnded { process: text, status: text };
    RelayBack;
    RelayProcessAgain { process: text, address: text, incarnation: text };
    SentAgain;
    OneInOutbox { id: text };
    Delivered { recipient: text };
    FlippedBit { byte: text, of: text, recipient: text };
    FlippedBitProof { incident: text, recipient: text, check: text, fault: text, sender: text };
    TurnedBack { recipient: text };
    TurnedBackProof { receipt: text };
    Once { present: text, away: text };
    OnceProof;
    PayloadSame { present: text, away: text };
    PayloadKept { bytes: count };
    AttachmentWhole { bytes: count };
    Acknowledged { recipient: text, sender: text };
    Refused { recipient: text, reason: text, suggested: text, sender: text };
    NoRule { observer: text, recipient: text };
    NoRuleProof { refusal: text };
    ForgedRefused { observer: text };
    ForgedProof { hash: text, reason: text };
    UnknownDevice { recipient: text };
    UnknownDeviceProof { refusal: text };
    MovedReceipt { recipient: text, other: text };
    MovedReceiptProof { moved: text, reworded: text };
    HandCheck { folder: text };
    HandCheckProof { receipt: text };
    NoWordInFolder;
    FolderSearched {
        words: count,
        letters: count,
        runs: count,
        public: count,
        files: count,
        bytes: count,
        chance: text,
    };
    NoWordOnWire;
    WireSearched {
        words: count,
        letters: count,
        runs: count,
        datagrams: count,
        bytes: count,
        chance: text,
    };
}

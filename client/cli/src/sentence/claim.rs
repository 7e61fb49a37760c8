//! What the demonstration claims, and verifies.

sentences! {
    "claim":
    NotSo { claim: text };
    DidNotCome { what: text, seconds: text };
    AReceipt { contact: text };
    TheAlertAt { contact: text };
    TheAlertAtBareConnection;
    TheAttachment;
    NotOpen { contact: text };
    RelayNotReached { contact: text };
    NoDevice { contact: text };
    PartsAreSigned;
    AlertIsNew;
    EveryDeviceHasWrap;
    AcceptedFor { contact: text };
    AcceptedForBoth;
    RelayRuns;
    RelayKilled { status: text };
    RelayHadAddress;
    RelayOnItsPort;
    StoreIsTheSame;
    SenderKnowsStore;
    SameReferenceSameAlert;
    OneInOutbox;
    OneInInbox { contact: text, found: text };
    Arrivals { contact: text, count: count };
    HasPayload { contact: text };
    PayloadIsFile { contact: text };
    AttachmentIsFile { contact: text };
    ReceiptIsSigned;
    NoteReachedSender;
    NoteIsWritten;
    ObligationIs { contact: text, state: text };
    RefusalSuggests;
    VerifiesUnchanged;
    FlippedBitNoticed;
    BodyCheckRefuses { refusal: text };
    ObserverOutboxEmpty;
    WasRefused { alert: text };
    RelayAnswersForEach;
    RelayAnswers;
    RefusedForNoRule { reason: text };
    KeyIsCurrent;
    NotAdmitted { answer: text };
    WasAcknowledged;
    MovedReceiptRefused;
    ReceiptChecksRefuse;
    RelayGreets { answer: text };
    BatchOfOne;
    WordsNotPublic;
    NoWordStored;
    NoWordLogged;
    AlertPassedRecorder;
    NoWordInDatagram;
    SearchFinds;
}

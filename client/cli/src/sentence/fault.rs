//! What failed.

sentences! {
    "fault":
    OutputUnwritable { error: text };
    NotYes;
    NoHome;
    NoThreads { error: text };
    #[cfg(unix)]
    DeskFailed { error: text };
    #[cfg(unix)]
    NotOnDuty { officer: text };
    #[cfg(unix)]
    AgentSilent { socket: text, error: text };
    #[cfg(unix)]
    NoSocket { path: text, error: text };
    #[cfg(unix)]
    NoSuchQuestion { name: text };
    #[cfg(unix)]
    QuestionMalformed { name: text, error: text };
    #[cfg(unix)]
    QuestionUnreadable { error: text };
    #[cfg(unix)]
    AnswerUnwritable { error: text };
    PassphrasesDiffer;
    PassphraseFileUnreadable { path: text, why: text };
    FirstLineEmpty;
    PassphraseNeeded { error: text };
    NoAuthorityPartYet { path: text };
    FolderNotEmpty { path: text };
    FileUnusable { path: text, error: text };
    #[cfg(not(unix))]
    NoAgentHere;
    #[cfg(unix)]
    SignalsUnheard { error: text };
    NotLoopback { address: text };
    ReaderName { limit: text };
    PrivateKeyAsPublic;
    OtherAnchor;
    WrongAnchorCode;
    StaysApart { contact: text };
    NotCompared { contact: text };
    WrongArchiveCode;
    ArchiveFaulty { count: count };
    NoAuthorityPart { path: text };
    DeviceOfOthers;
    DeviceNotDesignated { designation: text };
    NoOfficerNamed { path: text };
    OnDutyUnusable { path: text, error: text };
    NobodyOnDuty;
    DutyUnchanged { error: text };
    ReasonMisplaced { flag: text, reason: text };
    RepeatedUnnamed;
    AnswerNotBase64 { error: text };
    NoSuchPart { count: count, asked: text };
    PartIsAttachment { part: text };
    FolderUnusable { path: text, error: text };
    NotSent { alert: text, count: count };
    NothingToSay;
    AlreadyCancelled { alert: text, short: text };
    BodyUnreadable { error: text };
    AlsoMalformed { given: text };
    HandlingMalformed { given: text };
    CapStatus { status: text };
    PayloadTooLarge { path: text };
    NotAFile;
    #[cfg(unix)]
    NotExecutable;
    #[cfg(unix)]
    WritableByAll;
    #[cfg(unix)]
    HookProgram { path: text, why: text };
    #[cfg(unix)]
    Webhook { name: text, why: text };
    #[cfg(unix)]
    WebhookName;
    #[cfg(unix)]
    WebhookTwice;
    #[cfg(unix)]
    WebhookUrl;
    #[cfg(unix)]
    WebhookPlain;
    #[cfg(unix)]
    WebhookUnjudged;
    #[cfg(unix)]
    WebhookJudged;
    #[cfg(unix)]
    WebhookEvent { event: text };
    #[cfg(unix)]
    WebhookSecret { path: text, why: text };
    #[cfg(unix)]
    ReadableByOthers;
    #[cfg(unix)]
    SecretForm;
    #[cfg(unix)]
    TooLong;
    #[cfg(unix)]
    ReaderOfAgent { reader: text };
    FileUnreadable { path: text, why: text };
    NoSubject;
    NoContact { text: text, error: text };
    RelayProcess { error: text };
    RelaySilent;
    RelayNotStopped { status: text };
    StepsNotVerified;
    ExportInTheWay { path: text };
    ExportRefused { check: text, fault: text };
}

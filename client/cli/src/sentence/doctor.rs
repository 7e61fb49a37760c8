//! What keeps alerts from going and coming.

sentences! {
    "doctor":
    NotWell { count: count };
    Good;
    Look;
    Bad;
    Do { remedy: text };
    Store;
    StoreOpens { epoch: text };
    Key;
    KeyValid { contact: text };
    KeyNot { designation: text };
    Roster;
    RosterFound { number: text, issued: text };
    RosterForked { number: text, issued: text, forks: count };
    RosterStale { number: text, issued: text, renewed: text };
    Relay { name: text };
    HomeRelay { name: text };
    RelayReached { since: text };
    RelayIdle;
    RelaySilent;
    Clock { name: text };
    ClockOff { offset_ms: text };
    Duty;
    OnDuty { officer: text };
    NobodyOnDuty;
    Outbox;
    NobodyLacks;
    DevicesLack { count: count, first: text };
    Archive { folder: text };
    ArchiveWritten { records: count };
    ArchiveBehind { count: count };
    ArchiveLeftOut { count: count };
    ArchiveFails { since: text, why: text };
    ArchiveNoFolder;
    ArchiveReadOnly;
    Folder { path: text };
    NoFolder;
    FolderOpen { mode: text };
    FolderClosed;
    Disk;
    DiskFree { mib: text };
}

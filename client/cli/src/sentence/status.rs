//! How a desk stands.

sentences! {
    "status":
    Head { contact: text, network: text, held: text, officer: text };
    AgentHolds;
    NoAgent;
    NobodyOnDuty;
    Alerts { unanswered: count, open: count };
    Overdue { count: count };
    Roster { number: text, issued: text, renew_by: text };
    KeysSince { since: text };
    KeysUntil { since: text, until: text };
    KeysOfOthers;
    KeysOffered { offered: text };
    Stale;
    Forked;
    Silent { contact: text, device: text, since: text };
    WaitsForKeys { alert: text, recipient: text, device: text, since: text };
    Relay { name: text, connection: text };
    HomeRelay { name: text, connection: text };
    Clock { offset_ms: text };
    LastError { time: text, words: text };
    RosterFault { fault: text, since: text };
    ReceiptsWait;
    Program { name: text, target: text };
    Webhook { name: text, target: text };
    AllTold;
    Behind { count: count };
    GivenUp { count: count };
    WantsNoMore;
    ArchiveFails;
}

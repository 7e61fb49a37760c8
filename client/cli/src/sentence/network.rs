//! Networks that are made to read and to run.

sentences! {
    "network":
    PlanHead;
    Network;
    Roster;
    Part;
    PartIssued { number: text, issued: text };
    RenewBy;
    Reach;
    Authority;
    KeysNeeded { threshold: text, count: count };
    Rules;
    MaySend { from: text, to: text };
    List { name: text, patterns: text };
    Relay;
    RelayAt { name: text, operator: text, addresses: text };
    Transport;
    Signing;
    Contact;
    Telephone;
    Device;
    FirstSubject;
    FirstBody;
    Anchor;
}

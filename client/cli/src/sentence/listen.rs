//! What happens at a desk.

sentences! {
    "listen":
    From { contact: text };
    For { contact: text };
    AtRelay { name: text };
    Since { time: text };
    Accepted { time: text };
    AskAgain;
    Uncertain;
    RenewalWaits;
    KeysOfOthers;
}

//! Devices on their way into a network, and out of one.

sentences! {
    "device":
    Joined { contact: text, network: text, designation: text };
    SendRequest { request: text };
    Offers { contact: text, device: text, label: text, offered: text };
    RenewalWaits { contact: text, device: text, count: count };
    OlderKeysVouch { contact: text, device: text };
    NothingOffered;
    RenewalsLeft { count: count };
    RelayNotAsked { relay: text };
    TakeUpRenewals { file: text };
    SuspendAtOnce { subject: text };
    CopyToRelays;
    ReanchorChanges;
    TrustThis;
    Reanchored { code: text };
    WipeForGood { contact: text, device: text, label: text };
    Wiped { contact: text, device: text, label: text, keys: count, files: count };
    LeftInPlace { path: text };
    WipeCannotPromise;
    AfterWipe { device: text };
}

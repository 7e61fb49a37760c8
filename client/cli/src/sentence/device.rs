//! Devices on their way into a network, and out of one.

sentences! {
    "device":
    Joined { contact: text, network: text, designation: text };
    SendRequest { request: text };
    SuspendAtOnce { subject: text };
    CopyToRelays;
}

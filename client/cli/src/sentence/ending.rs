//! What ends soon, and who can do something about it.

sentences! {
    "ending":
    Authority { when: text };
    Annex { organisation: text, when: text };
    Contact { contact: text, when: text, organisation: text };
    Device { contact: text, device: text, when: text, organisation: text };
    SealingKeys { contact: text, device: text, when: text };
    EndsIn { at: text, count: count };
    Ended { at: text };
}

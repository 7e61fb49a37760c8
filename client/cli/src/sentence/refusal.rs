//! Who does not take an alert, and why.

sentences! {
    "refusal":
    ByRelay { by: text, reason: text };
    ByDevice { by: text, reason: text };
    ByOfficer { by: text, reason: text };
}

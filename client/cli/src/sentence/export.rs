//! An alert leaves as evidence.

sentences! {
    "export":
    Written { path: text, bytes: text };
    Reveals;
    Discloses;
}

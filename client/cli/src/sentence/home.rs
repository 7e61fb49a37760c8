//! Homes, and what opens them.

sentences! {
    "home":
    PassphraseOf { whose: text };
    NewPassphraseOf { whose: text };
    OnceMore;
}

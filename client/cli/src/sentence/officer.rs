//! Who may open a home, and who is on duty.

sentences! {
    "officer":
    Added { officer: text };
    OnDuty { officer: text };
    OffDuty { officer: text };
    PassphraseChanged { officer: text };
    Removed { officer: text };
}

//! Ceremonies of the key holders.

sentences! {
    "authority":
    NothingToSign;
    NothingToRenew;
    NoProposal;
    NextSteps { anchor: text, proposal: text, threshold: text };
    HoursForm;
    DeputyForm;
    AnchorCode { code: text };
    KeepKey { private: text, holder: text, public: text };
    Changes { document: text };
    NothingChanges;
    Signatures { document: text, signed: text, threshold: text };
    Signed;
    NotYet;
    UnknownHolder;
    Published { roster: text };
    SignThis;
    PassphraseChanged { holder: text };
}

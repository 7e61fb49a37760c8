//! What one officer leaves to the next.

sentences! {
    "handover":
    Head { contact: text, time: text };
    OnDutySince { officer: text, since: text };
    OnDuty { officer: text };
    NobodyOnDuty;
    Open;
    NothingOpen;
    Left { count: count };
    Promised;
    NothingPromised;
    PromisesLeft { count: count };
    From { contact: text, received: text };
    FallsDue { until: text };
    NothingFallsDue;
    SignIn;
    Hands;
}

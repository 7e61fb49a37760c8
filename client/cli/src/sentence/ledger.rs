//! What is open, and what happens next.

sentences! {
    "ledger":
    Open { total: count, overdue: count, officer: text };
    Head { urgency: text, kind: text, subject: text };
    WeOwe { contact: text, due: text, since: text, stage: text };
    WeOweOverdue { contact: text, due: text, since: text, stage: text };
    TheyOwe { contact: text, due: text, since: text, stage: text };
    TheyOweOverdue { contact: text, due: text, since: text, stage: text };
    WeOweAnswer { contact: text, due: text, since: text };
    WeOweAnswerOverdue { contact: text, due: text, since: text };
    TheyOweAnswer { contact: text, due: text, since: text };
    TheyOweAnswerOverdue { contact: text, due: text, since: text };
    OnlyAProgram { contact: text, since: text };
    InPlaceOf { contact: text };
    NotDelivered;
    Call { contact: text, numbers: text };
    CallIn { contact: text, numbers: text, languages: text };
    NoTelephone { contact: text };
    Taken { stage: text, who: text, time: text };
    TakenAt { stage: text, who: text, contact: text, device: text, time: text };
    NoName;
    Next { time: text, what: text };
    NothingComes;
    BecomesOverdue { contact: text };
    BecomesUnanswered { contact: text };
    AsksDeputy { contact: text, principal: text, step: text };
    Ends { contact: text };
    NeedsWrap { device: text };
    More { count: count, skip: text };
}

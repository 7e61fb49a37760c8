//! Words of the trade that come as values.

sentences! {
    "term":
    Kind { word: text };
    Status { word: text };
    Urgency { word: text };
    Stage { word: text };
    State { word: text };
    Next { word: text };
    Reason { word: text };
    Notice { word: text };
    Standing { word: text };
    Designation { word: text };
    Event { word: text };
    Severity { word: text };
    Certainty { word: text };
    Category { word: text };
    Response { word: text };
    PartRole { word: text };
    Connection { word: text };
    Moment { word: text };
    Reach { word: text };
    Outcome { word: text };
    Unreachable { word: text };
    Actor { word: text };
    Differs { word: text };
    RoundEnd { word: text };
    RosterFault { word: text };
}

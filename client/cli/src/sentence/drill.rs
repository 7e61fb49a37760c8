//! Drills, and whom they reached.

sentences! {
    "drill":
    Begun { count: count };
    NotSentYet { count: count };
    LeftOut { contact: text, why: text };
    ShowIt { short: text };
    Head { status: text, count: count, sent: text };
    Clocks;
    Reached { count: count };
    Acknowledged { count: count };
    ByDeputy { count: count };
    Delivered { count: count };
    Refused { count: count };
    Silent { count: count };
    Returned { count: count };
    Unreachable { count: count };
    DeliveredAfter { after: text };
    AcknowledgedAfter { after: text };
    Before;
    RefusedByRelay { reason: text };
    ByDevice { device: text, actor: text };
    ByDeputyOf { contact: text, device: text, step: text, actor: text };
    StepsAsked { count: count };
    Call { numbers: text };
    CallIn { numbers: text, languages: text };
    NoTelephone;
}

//! Alerts as they are listed, read and answered.

sentences! {
    "alert":
    System;
    Answered { short: text, stage: text, who: text, receipt: text };
    AnsweredAgain { short: text, stage: text, who: text, receipt: text };
    NoteLeft;
    Purged;
    Listed { urgency: text, kind: text, from: text, subject: text };
    ListedReceived { received: text, stage: text, due: text };
    Overdue;
    PossiblySeen;
    ExpiredUnseen { from: text, accepted: text, relay: text };
    AsDeputy { contacts: text };
    AttachmentsMissing { count: count };
    AttachmentsLeft { count: count };
    Updated { by: text, time: text, short: text };
    Cancelled { by: text, time: text, short: text };
    AboutAlert { short: text };
    NothingWaits;
    MoreHidden { count: count };
    NotActual { status: text };
    Exercises;
    ExercisesWait { count: count };
    ClaimsActual;
    ExerciseAboutActual;
    Subject;
    From;
    To;
    Written;
    Tlp;
    Handling;
    About;
    Judged;
    Evaluation;
    Categories;
    Responses;
    Events;
    Since;
    AlsoKnownAs;
    Incidents;
    SignedBy;
    Where;
    AnswerWithin;
    Received { received: text, stage: text, due: text };
    ReceivedPossiblySeen { received: text, stage: text, due: text };
    ReadBy { officer: text };
    OnItsWay;
    Part { number: text, what: text, media_type: text, bytes: text, how: text };
    NoAttachments;
    Saved { path: text, bytes: text };
}

//! What failed.

sentences! {
    "fault":
    OutputUnwritable { error: text };
    NotYes;
    NoHome;
    NoThreads { error: text };
    NotOnDuty { officer: text };
    AgentSilent { socket: text, error: text };
    NoSocket { path: text, error: text };
    NoSuchQuestion { name: text };
    QuestionMalformed { name: text, error: text };
    QuestionUnreadable { error: text };
    AnswerUnwritable { error: text };
    PassphrasesDiffer;
    PassphraseFileUnreadable { path: text, why: text };
    FirstLineEmpty;
    PassphraseNeeded { error: text };
    NoAuthorityPartYet { path: text };
}

//! The agent that holds a home.

sentences! {
    "agent":
    #[cfg(unix)]
    Ready { contact: text, socket: text };
    #[cfg(unix)]
    Stopped;
    #[cfg(unix)]
    ProgramNotStarted { error: text };
    #[cfg(unix)]
    ProgramExit { code: text };
    #[cfg(unix)]
    ProgramKilled { signal: text };
    #[cfg(unix)]
    ProgramLate { seconds: count };
    #[cfg(unix)]
    WebhookRefused { status: text };
    #[cfg(unix)]
    WebhookUnreached { error: text };
    #[cfg(unix)]
    WebhookLate { seconds: count };
}

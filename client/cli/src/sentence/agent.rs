//! The agent that holds a home.

sentences! {
    "agent":
    #[cfg(unix)]
    Ready { contact: text, socket: text };
    #[cfg(unix)]
    Stopped;
}

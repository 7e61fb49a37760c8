//! A question, and what answers it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Desk;
use crate::fault::Fault;

/// A question to a desk. It reads and writes as JSON, and so does its answer: both are the stable
/// shapes of `docs/commands.md`.
pub(crate) trait Ask: Serialize + DeserializeOwned + Send {
    /// Its name on the socket.
    #[cfg_attr(
        not(unix),
        allow(dead_code, reason = "where there is no socket nobody asks by name")
    )]
    const NAME: &'static str;
    /// Where the desk was opened for this question: relays are waited for before it is answered.
    const COLLECTS: bool = false;
    /// Where the desk was opened for this question: relays are waited for after it was answered, so
    /// that they hear of it.
    const BRINGS: bool = false;
    /// Where the desk was opened for this question: the attachments of what arrived are waited for
    /// after it was answered, so that they are here when the command has ended.
    const FETCHES: bool = false;
    /// What answers it.
    type Answer: Serialize + DeserializeOwned + Send;

    /// Answers it.
    fn answer(self, desk: &Desk) -> impl Future<Output = Result<Self::Answer, Fault>> + Send;
}

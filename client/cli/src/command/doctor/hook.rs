//! Whether what the agent tells programs and webhooks comes through.

use super::finding::Finding;
use crate::command::status::Hook;
use crate::sentence::hint;

/// A program that failed once is run again; whoever wants no more is told nothing.
pub(super) fn finding(hook: &Hook) -> Finding {
    let (what, found) = (hook.what(), hook.standing());
    if hook.ended {
        return Finding::bad(what, found, hint::AskForWebhook);
    }
    match hook.given_up > 0 || hook.last_error.is_some() {
        true => Finding::warning(what, found, hint::MendHook),
        false => Finding::good(what, found),
    }
}

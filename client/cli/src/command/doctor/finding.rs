//! One thing that was looked at.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::safe_text::safe_text;

/// What was looked at, found, and is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Finding {
    what: String,
    verdict: Verdict,
    found: String,
    /// What to do; `null` where all is well.
    #[serde(rename = "do")]
    remedy: Option<String>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// All is well.
    Good,
    /// It works, and should be looked at.
    Warning,
    /// Alerts do not go or come.
    Bad,
}

impl Finding {
    /// All is well.
    pub(super) fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            verdict: Verdict::Good,
            found: found.into(),
            remedy: None,
        }
    }

    /// It works, and should be looked at.
    pub(super) fn warning(what: impl Into<String>, found: impl Into<String>, remedy: &str) -> Self {
        let remedy = Some(remedy.to_owned());
        Self {
            what: what.into(),
            verdict: Verdict::Warning,
            found: found.into(),
            remedy,
        }
    }

    /// Alerts do not go or come.
    pub(super) fn bad(what: impl Into<String>, found: impl Into<String>, remedy: &str) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::warning(what, found, remedy)
        }
    }

    /// Something failed, and says itself what to do.
    pub(super) fn of_fault(what: &str, fault: &Fault) -> Self {
        let remedy = fault
            .hint
            .as_deref()
            .unwrap_or("Mend what the sentence names.");
        Self::bad(what, fault.sentence.clone(), remedy)
    }

    pub(super) const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// For people: a line, and another for what to do.
    pub(super) fn text(&self) -> String {
        let mark = match self.verdict {
            Verdict::Good => "good",
            Verdict::Warning => "look",
            Verdict::Bad => "BAD ",
        };
        let mut text = format!(
            "{mark}  {}: {}",
            safe_text(&self.what),
            safe_text(&self.found)
        );
        if let Some(remedy) = &self.remedy {
            text += &format!("\n      do: {}", safe_text(remedy));
        }
        text
    }
}

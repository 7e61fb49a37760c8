//! One thing that was looked at.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::safe_text::safe_text;
use crate::sentence::{doctor, hint};

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
    pub(super) fn good(what: impl Display, found: impl Display) -> Self {
        Self {
            what: what.to_string(),
            verdict: Verdict::Good,
            found: found.to_string(),
            remedy: None,
        }
    }

    /// It works, and should be looked at.
    pub(super) fn warning(what: impl Display, found: impl Display, remedy: impl Display) -> Self {
        Self {
            what: what.to_string(),
            verdict: Verdict::Warning,
            found: found.to_string(),
            remedy: Some(remedy.to_string()),
        }
    }

    /// Alerts do not go or come.
    pub(super) fn bad(what: impl Display, found: impl Display, remedy: impl Display) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::warning(what, found, remedy)
        }
    }

    /// Something failed, and says itself what to do.
    pub(super) fn of_fault(what: impl Display, fault: &Fault) -> Self {
        let remedy: &dyn Display = match &fault.hint {
            Some(hint) => hint,
            None => &hint::MendIt,
        };
        Self::bad(what, &fault.sentence, remedy)
    }

    pub(super) const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// For people: a line, and another for what to do.
    pub(super) fn text(&self) -> String {
        let mark: &dyn Display = match self.verdict {
            Verdict::Good => &doctor::Good,
            Verdict::Warning => &doctor::Look,
            Verdict::Bad => &doctor::Bad,
        };
        let mut text = format!(
            "{mark:4}  {}: {}",
            safe_text(&self.what),
            safe_text(&self.found)
        );
        if let Some(remedy) = &self.remedy {
            let remedy = &safe_text(remedy);
            text += &format!("\n      {}", doctor::Do { remedy });
        }
        text
    }
}

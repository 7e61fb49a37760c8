//! From patterns and lists to the contacts they mean.

use std::collections::BTreeSet;
use std::slice;

use thiserror::Error;

use super::Roster;
use crate::address::ContactAddress;
use crate::pattern::{Pattern, Selector};

impl Roster {
    /// The contacts that patterns and named lists mean, by address, each once.
    ///
    /// Every single pattern has to match somebody: a recipient who was misspelt must not be missed
    /// in silence. Of a named list one pattern that matches is enough. Contacts that are suspended
    /// or not designated now are among the answer; sending to them is refused with that reason.
    pub fn expand(&self, selectors: &[Selector]) -> Result<Vec<ContactAddress>, ExpandError> {
        let mut found = BTreeSet::new();
        for selector in selectors {
            let patterns = match selector {
                Selector::Pattern(pattern) => slice::from_ref(pattern),
                Selector::List(name) => self
                    .index
                    .lists
                    .get(name)
                    .ok_or_else(|| ExpandError::UnknownList { name: name.clone() })?,
            };
            let matched = self.matched_by(patterns);
            if matched.is_empty() {
                return Err(ExpandError::NobodyMatches {
                    selector: selector.to_string(),
                });
            }
            found.extend(matched);
        }
        Ok(found.into_iter().cloned().collect())
    }

    fn matched_by(&self, patterns: &[Pattern]) -> BTreeSet<&ContactAddress> {
        let mut matched = BTreeSet::new();
        for pattern in patterns {
            for entry in self.contacts() {
                let address = &entry.contact.address;
                if pattern.matches(address, entry.organisation.standing) {
                    matched.insert(address);
                }
            }
        }
        matched
    }
}

/// Why recipients could not be found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExpandError {
    /// The roster has no such list.
    #[error("The roster has no list `@{name}`. Its authority can add one, or tell its name.")]
    UnknownList {
        /// The name, without the `@`.
        name: String,
    },
    /// No contact is meant.
    #[error(
        "`{selector}` matches no contact of the roster. Check its spelling; an observer is matched \
         only by a pattern that begins with its name."
    )]
    NobodyMatches {
        /// The pattern or list.
        selector: String,
    },
}

impl ExpandError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownList { .. } => "unknown-list",
            Self::NobodyMatches { .. } => "nobody-matches",
        }
    }
}

//! What did not fit: nothing is shortened without being named (I10).

use std::fmt;

/// Something of a CAP file that has no full place in an alert. The whole stands in the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// A text was shortened, and ends in `…`.
    Shortened {
        /// The field of the alert, in words.
        field: &'static str,
        /// The most bytes of UTF-8 it has.
        limit: usize,
        /// How many the text had.
        found: usize,
    },
    /// Items of a list were left out, the last ones.
    LeftOut {
        /// The list of the alert, in words.
        field: &'static str,
        /// How many were.
        items: usize,
    },
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shortened {
                field,
                limit,
                found,
            } => {
                write!(
                    f,
                    "The {field} was shortened from {found} to {limit} bytes; "
                )
            }
            Self::LeftOut { field, items } => write!(f, "{items} of the {field} were left out; "),
        }?;
        f.write_str("the whole stands in the CAP file.")
    }
}

/// Fits values into their fields, and keeps what was cut.
#[derive(Debug, Default)]
pub(super) struct Fitting {
    pub(super) cuts: Vec<Cut>,
}

impl Fitting {
    /// The text, shortened to so many bytes.
    pub(super) fn text(&mut self, field: &'static str, limit: usize, text: &str) -> String {
        const ELLIPSIS: &str = "…";
        let found = text.len();
        if found <= limit {
            return text.to_owned();
        }
        self.cuts.push(Cut::Shortened {
            field,
            limit,
            found,
        });
        let end = text.floor_char_boundary(limit.saturating_sub(ELLIPSIS.len()));
        text[..end].to_owned() + ELLIPSIS
    }

    /// The first items, without those that do not fit: a name or code cut short would be another.
    pub(super) fn items<T>(
        &mut self,
        field: &'static str,
        limit: usize,
        mut items: Vec<T>,
        fits: impl Fn(&T) -> bool,
    ) -> Vec<T> {
        let found = items.len();
        items.retain(fits);
        items.truncate(limit);
        if items.len() < found {
            self.cuts.push(Cut::LeftOut {
                field,
                items: found - items.len(),
            });
        }
        items
    }
}

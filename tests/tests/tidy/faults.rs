//! What a rule found wrong, gathered so that one run shows everything.

/// The faults found by one rule.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    /// Notes one fault at a line, counted from 1.
    pub(crate) fn at(&mut self, path: &str, line: usize, what: &str) {
        self.0.push(format!("{path}:{line}: {what}"));
    }

    /// Notes one fault of a whole file or folder.
    pub(crate) fn of(&mut self, path: &str, what: &str) {
        self.0.push(format!("{path}: {what}"));
    }

    /// Fails with the rule and every fault, if there is one.
    #[track_caller]
    pub(crate) fn none(self, rule: &str) {
        assert!(self.0.is_empty(), "{rule}\n  {}\n", self.0.join("\n  "));
    }
}

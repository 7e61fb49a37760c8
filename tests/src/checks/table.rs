//! Which test notices that a check is gone: the table of `docs/checks.md`.

use std::collections::BTreeSet;

use maille_common::check::Check;

/// What the document says.
#[derive(Debug)]
pub struct Table {
    /// The rows, in the order of the document. A check may have several.
    pub rows: Vec<Row>,
}

/// A check, and a test that fails without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The check.
    pub check: Check,
    /// The package of the test.
    pub package: String,
    /// Its program: `lib`, or the name under `tests`.
    pub target: String,
    /// Its path within the program.
    pub test: String,
}

impl Table {
    /// The document, as the sources have it.
    pub fn of_sources() -> Self {
        Self::read(include_str!("../../../docs/checks.md"))
    }

    /// Reads the rows ``| E4 | `package` | `target` | `test` |``; other lines are words for people.
    ///
    /// # Panics
    /// Where a row names a check that there is not.
    pub fn read(text: &str) -> Self {
        let rows = text.lines().filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let ["", number, package, target, test, ""] = cells[..] else {
                return None;
            };
            let code = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned());
            let (package, target, test) = (code(package)?, code(target)?, code(test)?);
            let named = Check::ALL.iter().find(|check| check.as_str() == number);
            let check = *named.unwrap_or_else(|| panic!("there is no check {number}: {line}"));
            Some(Row {
                check,
                package,
                target,
                test,
            })
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// The checks that no test is named for.
    pub fn unnoticed(&self) -> Vec<Check> {
        let noticed: BTreeSet<Check> = self.rows.iter().map(|row| row.check).collect();
        let all = Check::ALL.iter().copied();
        all.filter(|check| !noticed.contains(check)).collect()
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.package, self.target, self.test)
    }
}

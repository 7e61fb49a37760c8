//! Tables for spreadsheets: RFC 4180, nothing in a cell is a formula, and nothing is hidden.
//!
//! A spreadsheet takes a cell that begins with one of `= + - @` for a formula, and what a stranger
//! wrote would be run. Such a cell gets an apostrophe in front, as OWASP recommends (CSV
//! injection); a tab or a line end before it is not one any more; and every cell stands in
//! quotation marks, so that no separator begins another one. What strangers wrote is shown as
//! everywhere else ([`safe_text`]): a line end within a cell would begin another one for whoever
//! reads line by line.

use crate::safe_text::safe_text;

/// What makes a spreadsheet take a cell for a formula; the wide forms too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// One row, with its end of line.
pub(crate) fn row(cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let cells = cells.into_iter().map(|text| cell(text.as_ref()));
    let mut row = cells.collect::<Vec<_>>().join(",");
    row.push_str("\r\n");
    row
}

fn cell(text: &str) -> String {
    let text = safe_text(text);
    let guard = match text.starts_with(FORMULA) {
        true => "'",
        false => "",
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safe_text::is_harmful;

    #[test]
    fn no_cell_begins_a_formula() {
        for start in FORMULA {
            let row = row([format!("{start}cmd|' /C calc'!A0")]);
            assert!(row.starts_with("\"'"), "{row}");
        }
        let tab = row(["\t=1"]);
        assert_eq!(tab, "\"<U+0009>=1\"\r\n");
        assert_eq!(row(["a=b", "1-2"]), "\"a=b\",\"1-2\"\r\n");
    }

    #[test]
    fn quotation_marks_separators_and_line_ends_stay_within_their_cell() {
        let cells = ["say \"=1\"", "a,b;c", "two\r\n=lines", ""];
        let expected = "\"say \"\"=1\"\"\",\"a,b;c\",\"two<U+000D><U+000A>=lines\",\"\"\r\n";
        assert_eq!(row(cells), expected);
    }

    #[test]
    fn every_naughty_string_stays_in_its_cell_and_none_is_a_formula() {
        let list = include_str!("../tests/shared/naughty/blns.json");
        let strings: Vec<String> = serde_json::from_str(list).unwrap();
        assert_eq!(strings.len(), 515);
        for string in strings {
            let row = row([&string, "next"]);
            let cell = row.strip_suffix("\",\"next\"\r\n").unwrap();
            let cell = cell.strip_prefix('"').unwrap();
            assert!(!cell.starts_with(FORMULA), "{row}");
            assert!(!cell.chars().any(is_harmful), "{row}");
            assert!(!cell.replace("\"\"", "").contains('"'), "{row}");
            let plain = safe_text(&string);
            let written = cell
                .strip_prefix('\'')
                .filter(|_| plain.starts_with(FORMULA));
            assert_eq!(written.unwrap_or(cell).replace("\"\"", "\""), plain);
        }
    }
}

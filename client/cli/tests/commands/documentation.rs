//! `docs/commands.md` is a transcript: each of its examples runs here, in one shell, in order.
use std::fs;

use crate::console::{Console, repository};
use crate::transcript::{fits, run, steps};

#[test]
fn every_example_of_the_page_prints_what_the_page_says() {
    let page = fs::read_to_string(repository().join("docs/commands.md")).unwrap();
    let steps = steps(&page);
    assert!(steps.len() > 20, "the page has {} examples", steps.len());
    let console = Console::new();
    let printed = run(&console, &steps);
    for (step, printed) in steps.iter().zip(&printed) {
        let lines: Vec<&str> = printed.lines().collect();
        let fits = lines.len() == step.printed.len()
            && lines
                .iter()
                .zip(&step.printed)
                .all(|(line, expected)| fits(line, expected));
        assert!(
            fits,
            "$ {}\n--- the page\n{}\n--- printed\n{printed}",
            step.command,
            step.printed.join("\n")
        );
    }
}

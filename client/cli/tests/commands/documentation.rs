//! `docs/commands.md` and `docs/ceremonies.md` are transcripts: each of their examples runs here,
//! in one shell for each page, in order, and they name no command that does not run.

use std::fs;

use crate::console::{Console, repository};
use crate::transcript::{Block, Page, Step, fits, run};

fn page(name: &str) -> Page {
    Page::parse(&fs::read_to_string(repository().join("docs").join(name)).unwrap())
}

#[test]
fn every_example_of_the_page_prints_what_the_page_says() {
    holds("commands.md");
}

/// What people who are not engineers go by is as it is written there.
#[test]
fn every_ceremony_goes_as_its_page_says() {
    holds("ceremonies.md");
}

fn holds(name: &str) {
    let steps = page(name).steps();
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

#[test]
fn no_command_stands_on_the_page_that_nobody_runs() {
    for name in ["commands.md", "ceremonies.md"] {
        let faults = unrun(&page(name));
        assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
    }
}

/// A rule that finds nothing proves nothing: it finds what it is for.
#[test]
fn a_command_that_nobody_runs_is_noticed() {
    let found = |text: &str| unrun(&Page::parse(text)).join("\n");
    let run = "```console\n$ maille inbox --all\nNothing.\n```\n";
    assert_eq!(found(run), "");
    assert_eq!(
        found(&format!(
            "{run}See `maille\ninbox` and `maille inbox --all`."
        )),
        ""
    );
    assert_eq!(found("```json\n{ alert,\n  id }\n```"), "");
    for (text, fault) in [
        ("```\nmaille inbox\n```", "maille inbox"),
        ("```sh\ncurl http://maille/v1/status\n```", "curl"),
        ("```json\n{}\nmaille inbox\n```", "maille inbox"),
        ("```console\nmaille inbox\n```", "maille inbox"),
        ("```console\n$ true\n```\n```\nmaille inbox", "maille inbox"),
        ("  ```\n  maille inbox\n  ```", "maille inbox"),
        ("~~~\nmaille inbox\n~~~", "~~~"),
        ("Thus:\n\n    maille inbox", "maille inbox"),
        ("See `maille track ID`.", "maille track ID"),
        (
            "```console\n$ maille inbox\n```\n`maille inbox --all`",
            "--all",
        ),
    ] {
        assert!(found(text).contains(fault), "{text}: {}", found(text));
    }
}

#[test]
fn every_command_there_is_runs_on_a_page() {
    let mut steps = page("commands.md").steps();
    steps.extend(page("ceremonies.md").steps());
    let commands = commands();
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.split(' ').collect();
        assert!(runs(&steps, &words, &[]), "`maille {command}` runs nowhere");
    }
}

/// What stands on a page like a command and is not run.
fn unrun(page: &Page) -> Vec<String> {
    let steps = if page.blocks.iter().all(begins_with_a_command) {
        page.steps()
    } else {
        Vec::new()
    };
    let blocks = page.blocks.iter().filter(|block| !is_run_or_shape(block));
    let blocks =
        blocks.map(|block| format!("a block that is not run:\n{}", block.lines.join("\n")));
    // A block of Markdown may also be indented, or stand between other fences.
    let hidden = page.words.iter().filter(|line| {
        line.starts_with("    ") || line.starts_with('\t') || line.trim_start().starts_with("~~~")
    });
    let hidden = hidden.map(|line| format!("a block of another form: {line}"));
    let named = named(&page.words.join(" ")).into_iter();
    let named = named.filter(|command| {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let is_word = |word: &&&str| word.chars().all(|letter| letter.is_ascii_lowercase());
        let subcommand: Vec<&str> = words.iter().take_while(is_word).copied().collect();
        let flag = |word: &&str| word.trim_matches(['[', ']']).starts_with("--");
        let flags: Vec<&str> = words.into_iter().filter(flag).collect();
        !runs(&steps, &subcommand, &flags)
    });
    let named = named.map(|command| format!("a command that is not run: {command}"));
    blocks.chain(hidden).chain(named).collect()
}

/// A block is run, or shows a shape in JSON, whose lines begin with a brace or are indented.
fn is_run_or_shape(block: &Block) -> bool {
    match block.kind.as_str() {
        "console" => begins_with_a_command(block),
        "json" => block
            .lines
            .iter()
            .all(|line| line.starts_with(['{', '}', ' '])),
        _ => false,
    }
}

fn begins_with_a_command(block: &Block) -> bool {
    block.kind != "console"
        || block
            .lines
            .first()
            .is_some_and(|line| line.starts_with("$ "))
}

/// Commands of ours that the words of a page name, between backticks.
fn named(words: &str) -> Vec<String> {
    let spans = words.split('`').skip(1).step_by(2);
    spans
        .filter(|span| span.starts_with("maille "))
        .map(str::to_owned)
        .collect()
}

/// Whether an example runs this command, and examples use each of its flags.
fn runs(steps: &[Step], command: &[&str], flags: &[&str]) -> bool {
    let calls: Vec<Vec<&str>> = steps.iter().flat_map(Step::invocations).collect();
    let of_it: Vec<&Vec<&str>> = calls
        .iter()
        .filter(|call| call.starts_with(command))
        .collect();
    let is_used = |flag: &&str| {
        let flag = flag.trim_matches(['[', ']']);
        of_it.iter().any(|call| call.contains(&flag))
    };
    !of_it.is_empty() && flags.iter().all(is_used)
}

/// Every command that has none below it, from the help that people see.
fn commands() -> Vec<String> {
    let help = include_str!("../help.txt");
    let pages = help.split("$ maille ").skip(1);
    let leaves = pages.filter(|page| !page.contains("\nCommands:"));
    let name = |page: &str| page.split(" --help").next().unwrap().to_owned();
    leaves.map(name).collect()
}

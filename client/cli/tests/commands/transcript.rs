//! A page that is a transcript: commands of one shell, and what they print.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::console::Console;

/// Separates what the commands print.
const MARK: &str = "=====";

/// Longer than a whole page takes on a slow machine; a command that waits for ever fails the test.
const DEADLINE: Duration = Duration::from_secs(300);

/// A page: its blocks, and its words outside them.
pub(crate) struct Page {
    pub(crate) blocks: Vec<Block>,
    pub(crate) words: Vec<String>,
}

/// What stands between two fences.
pub(crate) struct Block {
    /// What the fence says it is: `console` is run.
    pub(crate) kind: String,
    pub(crate) lines: Vec<String>,
}

/// One command of the page and what it prints.
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) printed: Vec<String>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let (mut blocks, mut words) = (Vec::new(), Vec::new());
        let mut open: Option<Block> = None;
        for line in text.lines() {
            let fence = line.trim_start().strip_prefix("```");
            match (fence, &mut open) {
                (Some(""), Some(_)) => blocks.extend(open.take()),
                (_, Some(block)) => block.lines.push(line.to_owned()),
                (Some(kind), None) => {
                    let (kind, lines) = (kind.to_owned(), Vec::new());
                    open = Some(Block { kind, lines });
                }
                (None, None) => words.push(line.to_owned()),
            }
        }
        // A fence that nobody closed hides what stands behind it, so it is a block as well.
        blocks.extend(open);
        Self { blocks, words }
    }

    /// The examples: blocks marked `console`, commands after `$ `, which go on after `\` and to the
    /// end of a text that begins with `<<END`.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let examples = self.blocks.iter().filter(|block| block.kind == "console");
        let mut goes_on = false;
        for line in examples.flat_map(|block| &block.lines) {
            if let Some(command) = line.strip_prefix("$ ") {
                let (command, printed) = (command.to_owned(), Vec::new());
                steps.push(Step { command, printed });
            } else if goes_on {
                let command = &mut steps.last_mut().unwrap().command;
                command.push('\n');
                command.push_str(line);
            } else {
                steps.last_mut().unwrap().printed.push(line.to_owned());
                continue;
            }
            let command = &steps.last().unwrap().command;
            let in_text = command.contains("<<END") && line != "END";
            goes_on = in_text || line.ends_with('\\');
        }
        steps
    }
}

impl Step {
    /// What the command has `maille` do, word by word, without what every command takes.
    pub(crate) fn invocations(&self) -> Vec<Vec<&str>> {
        let words: Vec<&str> = self.command.split_whitespace().collect();
        let calls = words.iter().enumerate();
        calls
            .filter(|(_, word)| matches!(**word, "maille" | "code=$(maille"))
            .map(|(at, _)| {
                let mut rest = words[at + 1..].iter();
                let mut left = Vec::new();
                while let Some(word) = rest.next() {
                    match *word {
                        "--home" => drop(rest.next()),
                        "--json" => {}
                        "|" | ">" | "&" => break,
                        word => left.push(word.trim_end_matches(';')),
                    }
                }
                left
            })
            .collect()
    }
}

/// Runs all of them in one shell.
pub(crate) fn run(console: &Console, steps: &[Step]) -> Vec<String> {
    // What still runs in the background when the shell ends would go on for ever.
    let mut script = String::from("exec 2>&1\ntrap 'kill $(jobs -p) 2> /dev/null' EXIT\n");
    for step in steps {
        script += &format!(
            "{}\nended=$?; [ $ended = 0 ] || echo \"[exit $ended]\"\necho {MARK}\n",
            step.command
        );
    }
    console.write("script", &script);
    let text = output(console);
    let mut printed: Vec<String> = text
        .split(&format!("{MARK}\n"))
        .map(str::to_owned)
        .collect();
    printed.pop();
    assert_eq!(printed.len(), steps.len(), "the shell ended early:\n{text}");
    printed
}

/// What the shell and all that it starts print.
fn output(console: &Console) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_maille")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash")
        .arg("script")
        .env("PATH", path)
        .env_remove("MAILLE_HOME")
        // Also what a page leaves behind when it ends early goes with the folder.
        .env("TMPDIR", console.path(""))
        .current_dir(console.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut stdout = shell.stdout.take().unwrap();
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        // Whoever gave up waiting for it has its own words for that.
        let _ = done.send(text);
    });
    let text = ended.recv_timeout(DEADLINE).unwrap_or_else(|_| {
        let group = format!("-{}", shell.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
        assert!(killed.unwrap().success());
        panic!(
            "a command does not end; before it:\n{}",
            ended.recv().unwrap()
        );
    });
    shell.wait().unwrap();
    text
}

/// Whether a line is the expected one, in which `…` stands for any text.
pub(crate) fn fits(line: &str, expected: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, inner)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in inner {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

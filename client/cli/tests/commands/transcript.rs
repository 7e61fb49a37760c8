//! A page that is a transcript: commands of one shell, and what they print.

use std::path::Path;
use std::process::Command;

use crate::console::Console;

/// Separates what the commands print.
const MARK: &str = "=====";

/// One command of the page and what it prints.
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) printed: Vec<String>,
}

/// The examples: blocks marked `console`, commands after `$ `, which go on after `\` and to the end
/// of a text that begins with `<<END`.
pub(crate) fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let blocks = page
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let mut goes_on = false;
    for line in blocks.flat_map(str::lines) {
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

/// Runs all of them in one shell.
pub(crate) fn run(console: &Console, steps: &[Step]) -> Vec<String> {
    let mut script = String::from("exec 2>&1\n");
    for step in steps {
        script += &format!(
            "{}\nended=$?; [ $ended = 0 ] || echo \"[exit $ended]\"\necho {MARK}\n",
            step.command
        );
    }
    console.write("script", &script);
    let binary = Path::new(env!("CARGO_BIN_EXE_maille")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .arg("script")
        .env("PATH", path)
        .env_remove("MAILLE_HOME")
        .current_dir(console.path(""))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut printed: Vec<String> = text
        .split(&format!("{MARK}\n"))
        .map(str::to_owned)
        .collect();
    printed.pop();
    assert_eq!(printed.len(), steps.len(), "the shell ended early:\n{text}");
    printed
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

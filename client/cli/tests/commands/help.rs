//! The help of every command, as people see it: `tests/help.txt`.
//!
//! After a change on purpose, write the file anew with `MAILLE_WRITE_HELP=1 cargo test -p maille`.

use std::fs;
use std::path::Path;

use crate::console::Console;

#[test]
fn the_help_of_every_command_is_as_reviewed() {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/help.txt"));
    let console = Console::new();
    let mut all = String::new();
    help(&console, &mut Vec::new(), &mut all);
    if std::env::var_os("MAILLE_WRITE_HELP").is_some() {
        fs::write(file, &all).unwrap();
    }
    let reviewed = fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    assert!(all == reviewed, "the help changed; it is now:\n{all}");
}

/// The help of a command, then that of the commands it lists.
fn help(console: &Console, words: &mut Vec<String>, all: &mut String) {
    let mut line: Vec<&str> = words.iter().map(String::as_str).collect();
    line.push("--help");
    let answer = console.maille(&line);
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{line:?}");
    // Windows has its own name for the binary.
    let text = answer.stdout.replace("maille.exe", "maille");
    *all += &format!("$ maille {}\n{text}\n", line.join(" "));
    let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1);
    for command in commands.take_while(|line| !line.is_empty()) {
        let name = command.split_whitespace().next().unwrap();
        if name != "help" && command.starts_with("  ") && !command.starts_with("   ") {
            words.push(name.to_owned());
            help(console, words, all);
            words.pop();
        }
    }
}

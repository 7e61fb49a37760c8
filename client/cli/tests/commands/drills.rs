//! The pages that show a drill over fifty contacts and an alert that escalates twice: their
//! examples run here against a relay and desks of this process, the commands as the real binary.

use std::fs;

use maille_common::time::Span;

use crate::console::{Console, repository};
use crate::fleet::{Fleet, Post, Staff};
use crate::transcript::{Page, Step, fits, run};

/// How long after the step before a deputy is asked.
const AFTER: Span = Span::from_ms(1_000);

/// The national bureaus that the drill reaches: their countries.
const BUREAUS: [&str; 46] = [
    "ao", "ar", "au", "bd", "bf", "bi", "bj", "br", "bw", "ca", "cd", "ch", "ci", "cl", "cm", "co",
    "cv", "de", "dj", "dz", "eg", "es", "et", "fr", "ga", "gh", "gm", "gn", "in", "it", "jo", "jp",
    "lr", "ly", "ma", "mg", "ml", "mr", "mu", "mw", "mx", "my", "mz", "na", "ne", "ug",
];

/// Runs a page in a shell where the agents of some homes run already, and compares.
fn holds(page: &str, agents: &[&str], posts: &[Post]) {
    let steps = Page::parse(&fs::read_to_string(repository().join(page)).unwrap()).steps();
    assert!(steps.len() > 5, "{page} has {} examples", steps.len());
    let console = Console::new();
    let _fleet = Fleet::at(&console.path(""), posts);
    let mut all: Vec<Step> = agents.iter().map(|home| agent(home)).collect();
    let before = all.len();
    all.extend(steps);
    let printed = run(&console, &all);
    let shown = all.iter().zip(&printed).skip(before);
    let unlike = shown.filter(|(step, printed)| {
        let lines: Vec<&str> = printed.lines().collect();
        let mut pairs = lines.iter().zip(&step.printed);
        lines.len() != step.printed.len() || !pairs.all(|(line, expected)| fits(line, expected))
    });
    let unlike: Vec<String> = unlike
        .map(|(step, printed)| {
            let expected = step.printed.join("\n");
            format!(
                "$ {}\n--- {page}\n{expected}\n--- printed\n{printed}",
                step.command
            )
        })
        .collect();
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
}

/// An agent that answers when the step ends.
fn agent(home: &str) -> Step {
    let command = format!(
        "mkfifo {home}.told; maille --home {home} agent > {home}.told & exec 4< {home}.told; \
         head -1 <&4"
    );
    Step {
        command,
        printed: Vec::new(),
    }
}

/// Fifty contacts and one whose designation has ended. Kenya and Tanzania are closed, and Uganda
/// is the second deputy of Kenya.
#[test]
fn a_drill_over_fifty_contacts_of_which_some_are_silent_is_as_the_page_shows() {
    let bureau = |country: &str, staff| Post::new(format!("interpol/{country}/duty"), staff);
    let mut posts = vec![bureau("gs", Staff::Commands("A. Diallo"))];
    posts.extend(BUREAUS.map(|country| bureau(country, Staff::Present)));
    posts.push(Post {
        telephone: Some("+254 20 000 000"),
        deputies: vec![("interpol/tz/duty", AFTER), ("interpol/ug/duty", AFTER)],
        ..bureau("ke", Staff::Away)
    });
    posts.push(Post {
        telephone: Some("+255 22 000 000"),
        ..bureau("tz", Staff::Away)
    });
    posts.push(bureau("zm", Staff::Never));
    posts.push(bureau("zw", Staff::NoDevice));
    posts.push(bureau("xx", Staff::Ended));
    holds("docs/drills.md", &["gs"], &posts);
}

/// Tunis does not acknowledge, nor does its first deputy; the second does.
#[test]
fn an_alert_that_escalates_twice_is_as_the_page_shows() {
    let mut posts = vec![
        Post::new("interpol/lyon/duty", Staff::Commands("A. Diallo")),
        Post::new("afripol/algiers/duty", Staff::Away),
        Post::new("afripol/rabat/duty", Staff::Commands("N. Alaoui")),
    ];
    posts.push(Post {
        telephone: Some("+216 71 000 000"),
        deputies: vec![
            ("afripol/algiers/duty", AFTER),
            ("afripol/rabat/duty", AFTER),
        ],
        ..Post::new("afripol/tunis/duty", Staff::Away)
    });
    holds("docs/duty.md", &["lyon", "rabat"], &posts);
}

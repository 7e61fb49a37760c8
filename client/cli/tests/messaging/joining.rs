//! A newer roster is taken into a home, whether an agent holds it or not.

use std::fs;
use std::path::{Path, PathBuf};

use maille_client::authority::RosterFolder;
use maille_client::home::format_anchor;
use serde_json::Value;

use crate::desk::Desk;
use crate::world::World;

/// The flags of `device join`.
fn join<'a>(roster: &'a Path, anchor: &'a Path) -> [&'a str; 6] {
    let (roster, anchor) = (roster.to_str().unwrap(), anchor.to_str().unwrap());
    ["device", "join", "--roster", roster, "--anchor", anchor]
}

fn number(desk: &Desk) -> Value {
    desk.json(&["status"])["roster"]["number"].clone()
}

/// It failed with `home-locked` while an agent ran.
#[test]
fn an_agent_takes_a_newer_roster_into_use_at_once_and_an_older_one_changes_nothing() {
    let world = World::new().introduced();
    let [known, newer] = world.rosters();
    let anchor = world.path("anchor.toml");
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let agent = tunis.agent();
    let before = number(&tunis).as_u64().unwrap();
    let joined = tunis.json(&join(&newer, &anchor));
    assert_eq!(joined["authority"], before + 1);
    assert_eq!(joined["designation"], "valid");
    assert_eq!(number(&tunis), before + 1);
    let older = tunis.json(&join(&known, &anchor));
    assert_eq!(older["authority"], before);
    assert_eq!(number(&tunis), before + 1);
    // It is kept in the home, and handed on to the relay, from which others have it.
    assert_eq!(agent.terminate(), 0);
    assert_eq!(number(&tunis), before + 1);
    lyon.until("test", |event| event["event"] == "roster");
    assert_eq!(number(&lyon), before + 1);
}

#[test]
fn join_says_the_same_of_a_roster_whether_an_agent_runs_or_not() {
    let world = World::new().introduced();
    let [known, _] = world.rosters();
    let tunis = world.tunis();
    let anchor = world.path("anchor.toml");
    let refusals = refusals(&world, &known, &anchor);
    let all = || {
        let refused = refusals
            .iter()
            .map(|(roster, anchor, exit, code)| tunis.refused(&join(roster, anchor), *exit, code));
        refused.collect::<Vec<_>>()
    };
    let (joined, refused) = (tunis.json(&join(&known, &anchor)), all());
    let _agent = tunis.agent();
    assert_eq!(tunis.json(&join(&known, &anchor)), joined);
    assert_eq!(all(), refused);
}

/// What is not taken: roster, anchor, exit code and fault.
fn refusals(
    world: &World,
    known: &Path,
    anchor: &Path,
) -> Vec<(PathBuf, PathBuf, i32, &'static str)> {
    let (known, anchor) = (known.to_owned(), anchor.to_owned());
    let mut of_others = RosterFolder::read_anchor(&anchor).unwrap();
    of_others.network = maille_common::codec::Text::new("another").unwrap();
    let others = world.write("others.toml", format_anchor(&of_others));
    let none = world.path("none");
    let empty = world.path("empty");
    fs::create_dir(&empty).unwrap();
    let damaged = world.path("damaged");
    fs::create_dir(&damaged).unwrap();
    fs::write(damaged.join("a.part"), "no document").unwrap();
    vec![
        (known.clone(), others, 4, "other-anchor"),
        (known, none, 3, "file-missing"),
        (empty, anchor.clone(), 3, "no-roster"),
        (damaged, anchor.clone(), 3, "file-damaged"),
        (world.usurped(), anchor, 4, "device-of-others"),
    ]
}

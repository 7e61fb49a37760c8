//! Who gets in, and who does not any more.

use super::*;

#[test]
fn a_wrong_passphrase_opens_nothing_and_names_the_officer() {
    let world = World::new();
    drop(world.create());
    let wrong = NewOfficer {
        passphrase: &world.boris,
        ..world.amina()
    };
    let refused = world.open_as(wrong).unwrap_err();
    assert_eq!(refused.code(), "wrong-passphrase");
    assert!(refused.to_string().contains("amina"));
    assert_eq!(code(world.open_as(world.boris())), "no-such-officer");
    assert_eq!(code(world.open_by_machine()), "no-machine-key");
}

#[test]
fn a_key_that_somebody_put_into_an_open_home_vouches_for_nobody() {
    let world = World::new();
    let home = world.create();
    assert_eq!(code(home.check_machine_key()), "no-machine-key");
    files::create(
        &world.file("machine.key"),
        format!("{}\n", "7".repeat(64)).as_bytes(),
    )
    .unwrap();
    assert_eq!(code(home.check_machine_key()), "home-file-corrupt");
}

#[test]
fn a_removed_officer_cannot_open() {
    let world = World::new();
    let mut home = world.create();
    home.add_officer(world.boris(), NOW, &mut OsRandomness::new())
        .unwrap();
    drop(home);
    let mut home = world.open_as(world.boris()).unwrap();
    home.remove_officer("amina", NOW).unwrap();
    assert_eq!(
        code(home.check_officer("amina", &world.amina)),
        "officer-removed"
    );
    drop(home);
    assert_eq!(code(world.open_as(world.amina())), "officer-removed");
    let home = world.open_as(world.boris()).unwrap();
    let officers: Vec<_> = home
        .officers()
        .map(|o| (o.name.as_str(), o.removed))
        .collect();
    assert_eq!(officers, [("amina", Some(NOW)), ("boris", None)]);
}

#[test]
fn a_removed_officer_can_be_added_again() {
    let world = World::new();
    let mut home = world.create();
    home.add_officer(world.boris(), NOW, &mut OsRandomness::new())
        .unwrap();
    home.remove_officer("amina", NOW).unwrap();
    home.add_officer(world.amina(), NOW, &mut OsRandomness::new())
        .unwrap();
    drop(home);
    assert_eq!(code(world.open_as(world.amina())), "ok");
}

#[test]
fn the_last_way_in_is_never_removed() {
    let world = World::new();
    let mut home = world.create();
    assert_eq!(code(home.remove_officer("amina", NOW)), "last-officer");
    assert_eq!(code(home.remove_officer("boris", NOW)), "no-such-officer");
    home.add_officer(world.boris(), NOW, &mut OsRandomness::new())
        .unwrap();
    home.remove_officer("amina", NOW).unwrap();
    assert_eq!(code(home.remove_officer("amina", NOW)), "officer-removed");
    assert_eq!(code(home.remove_officer("boris", NOW)), "last-officer");
    drop(home);
    assert_eq!(code(world.open_as(world.boris())), "ok");
}

#[test]
fn a_changed_passphrase_keeps_the_identity() {
    let world = World::new();
    let mut home = world.create();
    let made = identity(&home);
    let changed = NewOfficer {
        passphrase: &world.boris,
        ..world.amina()
    };
    let randomness = &mut OsRandomness::new();
    assert_eq!(
        code(home.change_passphrase(changed, &world.boris, randomness)),
        "wrong-passphrase"
    );
    home.change_passphrase(changed, &world.amina, randomness)
        .unwrap();
    drop(home);
    assert_eq!(code(world.open_as(world.amina())), "wrong-passphrase");
    assert_eq!(identity(&world.open_as(changed).unwrap()), made);
}

#[test]
fn names_and_passphrases_of_officers_are_judged_before_anything_is_written() {
    let world = World::new();
    let short = Passphrase::new("elevenchars");
    let bad = NewOfficer {
        passphrase: &short,
        ..world.amina()
    };
    assert_eq!(
        code(world.create_with(Protection::Officer(bad))),
        "passphrase-too-short"
    );
    assert!(!world.path().exists());
    let mut home = world.create();
    let long = "n".repeat(65);
    for name in ["", "two\nlines", " outer", &long] {
        let bad = NewOfficer {
            name,
            ..world.boris()
        };
        assert_eq!(
            code(home.add_officer(bad, NOW, &mut OsRandomness::new())),
            "bad-officer-name"
        );
    }
    let twice = home.add_officer(world.amina(), NOW, &mut OsRandomness::new());
    assert_eq!(code(twice), "officer-exists");
}

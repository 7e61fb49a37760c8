//! Trusting another anchor takes two officers, and survives a power cut at any step.

use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::Roster;

use super::*;
use crate::authority::{
    ContactPlan, DevicePlan, NetworkPlan, OrganisationPlan, Proposal, PublicKeyFile, found,
};
use crate::roster_store::RosterStore;

/// A network of one holder, with the home's device in it or without.
fn network(home: &Home, name: &str, seed: u8, with_device: bool) -> Roster {
    let key = SigningKey::from_seed([seed; 32]);
    let holder = PublicKeyFile {
        organisation: "interpol".parse().unwrap(),
        holder: "a holder".to_owned(),
        key: key.verifying_key(),
    };
    let mut plan = NetworkPlan::of_holders(name, 1, &[holder]);
    let mut contact = ContactPlan::new(home.contact().clone());
    let request = home.device_request(NOW);
    contact.devices = Some(match with_device {
        true => vec![DevicePlan::Request(Box::new(request))],
        false => Vec::new(),
    });
    plan.organisations[0] = OrganisationPlan {
        contacts: Some(vec![contact]),
        ..OrganisationPlan::new("interpol".parse().unwrap())
    };
    let founding = found(&plan, NOW).unwrap();
    let anchor = founding.anchor;
    let publish = |proposal: Proposal, roster: Option<&Roster>| {
        let signed = proposal.sign(&key, &anchor, roster).unwrap();
        signed.publish(&anchor, roster).unwrap()
    };
    let first = publish(founding.proposal, None);
    let mut roster = Roster::found(anchor.clone(), &first).unwrap();
    let draft = plan.build(Some(&roster), NOW).unwrap();
    for proposal in draft.proposals().unwrap() {
        let documents = publish(proposal, Some(&roster));
        roster.apply(&documents).unwrap();
    }
    roster
}

/// A home of two officers.
fn home(world: &World) -> Home {
    let mut home = world.create();
    home.add_officer(world.boris(), NOW, &mut OsRandomness::new())
        .unwrap();
    let old = network(&home, home.network(), 50, true);
    RosterStore::of_home(&world.path())
        .keep(&old.documents())
        .unwrap();
    home
}

fn letter<'a>(world: &'a World, roster: &'a Roster) -> Reanchoring<'a> {
    Reanchoring {
        roster,
        letter: "2026-1183",
        officers: [("amina", &world.amina), ("boris", &world.boris)],
    }
}

fn open(world: &World) -> Home {
    let unlock = Unlock::Officer {
        name: "boris",
        passphrase: &world.boris,
    };
    Home::open(&world.path(), unlock).unwrap()
}

#[test]
fn two_officers_let_a_home_trust_another_anchor_and_what_was_before_is_kept() {
    let world = World::new();
    let home = home(&world);
    let (old, signing) = (home.anchor().clone(), home.signing_key().verifying_key());
    let roster = network(&home, home.network(), 60, true);
    home.reanchor(&letter(&world, &roster), NOW, &mut OsRandomness::new())
        .unwrap();
    let home = open(&world);
    assert_eq!(home.anchor(), roster.anchor());
    assert_eq!(home.signing_key().verifying_key(), signing);
    let found = RosterStore::of_home(home.path()).found(home.anchor().clone());
    assert_eq!(found.unwrap(), roster);
    let code = roster.anchor().code().to_string();
    let before = home
        .path()
        .join(format!("before-{}", code[..9].replace('-', "")));
    let kept = fs::read_to_string(before.join("anchor")).unwrap();
    assert_eq!(parse_anchor(&kept).unwrap(), old);
    assert!(before.join("roster").is_dir());
    let text = fs::read_to_string(before.join("letter.toml")).unwrap();
    for expected in ["2026-1183", "amina", "boris", &code] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn one_officer_alone_or_a_wrong_passphrase_changes_no_anchor() {
    let world = World::new();
    let home = home(&world);
    let roster = network(&home, home.network(), 60, true);
    let good = letter(&world, &roster);
    drop(home);
    for (officers, code) in [
        ([("amina", &world.amina); 2], "two-officers-needed"),
        (
            [("amina", &world.amina), ("boris", &world.amina)],
            "wrong-passphrase",
        ),
        (
            [("amina", &world.amina), ("chi", &world.boris)],
            "no-such-officer",
        ),
    ] {
        let new = Reanchoring { officers, ..good };
        let refused = open(&world).reanchor(&new, NOW, &mut OsRandomness::new());
        assert_eq!(refused.unwrap_err().code(), code);
    }
    assert_ne!(open(&world).anchor(), roster.anchor());
}

#[test]
fn a_roster_of_another_network_or_without_this_device_is_not_taken() {
    let world = World::new();
    let home = home(&world);
    let name = home.network().to_owned();
    let refused = [
        (network(&home, "elsewhere", 60, false), "other-network"),
        (network(&home, &name, 60, false), "device-not-in-new-roster"),
    ];
    drop(home);
    for (roster, code) in refused {
        let new = letter(&world, &roster);
        let refused = open(&world).reanchor(&new, NOW, &mut OsRandomness::new());
        assert_eq!(refused.unwrap_err().code(), code);
    }
}

/// Before the identity is replaced the home is the old one; from there on it is the new one.
#[test]
fn a_power_cut_leaves_the_old_anchor_or_the_new_one() {
    let world = World::new();
    let home = home(&world);
    let old = home.anchor().clone();
    let identity = fs::read(world.path().join("identity.sealed")).unwrap();
    let roster = network(&home, home.network(), 60, true);
    home.reanchor(&letter(&world, &roster), NOW, &mut OsRandomness::new())
        .unwrap();
    let code = roster.anchor().code().to_string();
    let before = world
        .path()
        .join(format!("before-{}", code[..9].replace('-', "")));
    let next = world.path().join("reanchor.next");
    let moved = |from: PathBuf, to: PathBuf| fs::rename(from, to).unwrap();
    // Cut before the last move, then before the one before it.
    fs::create_dir(&next).unwrap();
    moved(world.path().join("anchor"), next.join("anchor"));
    assert_eq!(open(&world).anchor(), roster.anchor());
    assert!(!next.exists());
    fs::create_dir(&next).unwrap();
    for name in ["anchor", "roster"] {
        moved(world.path().join(name), next.join(name));
        moved(before.join(name), world.path().join(name));
    }
    assert_eq!(open(&world).anchor(), roster.anchor());
    let found = RosterStore::of_home(&world.path()).found(roster.anchor().clone());
    assert_eq!(found.unwrap(), roster);
    // Cut before the identity was replaced: nothing of it counts.
    fs::create_dir(&next).unwrap();
    for name in ["anchor", "roster"] {
        moved(world.path().join(name), next.join(name));
        moved(before.join(name), world.path().join(name));
    }
    fs::write(world.path().join("identity.sealed"), identity).unwrap();
    assert_eq!(open(&world).anchor(), &old);
}

//! Every kind of warning, by a proposal that brings it about.

mod age;
mod rules;

use std::collections::BTreeMap;

use maille_common::address::DeviceId;
use maille_common::codec::{SortedList, Text};
use maille_common::roster::{AuthorityPart, Subject};
use maille_common::terms::{Reach, Standing, Urgency};
use maille_common::time::{Span, Timestamp};

use crate::authority::tests::{NOW, World, holder, key};
use crate::authority::{
    ContactPlan, DeadlinePlan, DeputyPlan, DevicePlan, Effect, KeyPairPlan, NetworkPlan,
    OrganisationPlan, Proposal, RelayKeysPlan, RelayPlan, RulePlan, Warning, suspend,
};

/// Members `a`, `b`, `c` with a key each, two of them needed; an observer; two contacts of `a` and
/// one of `b`; two relays.
fn plan() -> NetworkPlan {
    let holders = [holder("a", 1), holder("b", 2), holder("c", 3)];
    let mut plan = NetworkPlan::of_holders("test", 2, &holders);
    plan.relays = vec![relay("one", 50), relay("two", 60)];
    for organisation in &mut plan.organisations {
        organisation.home_relays = vec!["one".parse().unwrap()];
    }
    let mut desk = contact("a/x", 100);
    desk.deputies = vec![DeputyPlan {
        contact: "a/y".parse().unwrap(),
        after: Span::from_minutes(10),
    }];
    plan.organisations[0].contacts = Some(vec![desk, contact("a/y", 110)]);
    plan.organisations[1].contacts = Some(vec![contact("b/x", 120)]);
    plan.organisations[1].annex_keys = vec![key(8).verifying_key(), key(9).verifying_key()];
    plan.organisations[1].annex_threshold = 2;
    plan.organisations.push(OrganisationPlan {
        standing: Standing::Observer,
        home_relays: vec!["one".parse().unwrap()],
        ..OrganisationPlan::new("ngo".parse().unwrap())
    });
    plan.rules = vec![RulePlan {
        two_persons: vec![Urgency::Immediate],
        ..RulePlan::new("**", "**")
    }];
    plan
}

fn relay(name: &str, seed: u8) -> RelayPlan {
    RelayPlan {
        name: name.parse().unwrap(),
        organisation: "a".parse().unwrap(),
        addresses: vec![format!("{name}.example:443")],
        keys: vec![RelayKeysPlan {
            transport: key(seed).verifying_key(),
            signing: key(seed + 1).verifying_key(),
        }],
    }
}

fn contact(address: &str, seed: u8) -> ContactPlan {
    let keys = vec![pair(seed)];
    let label = "desk".to_owned();
    let id = DeviceId::from_bytes([seed; 16]);
    ContactPlan {
        devices: Some(vec![DevicePlan::Keys { id, label, keys }]),
        ..ContactPlan::new(address.parse().unwrap())
    }
}

fn pair(seed: u8) -> KeyPairPlan {
    KeyPairPlan {
        transport: key(seed).verifying_key(),
        signing: key(seed + 1).verifying_key(),
        valid_from: None,
        valid_to: None,
    }
}

/// A network as planned, but for what is changed before.
fn world(change: impl FnOnce(&mut NetworkPlan)) -> World {
    let mut plan = plan();
    change(&mut plan);
    let whole = plan.clone();
    // Annexes are signed by their own keys, which are not those of the authority.
    plan.organisations[1].annex_keys.clear();
    let mut world = World::of(plan);
    world.plan = whole;
    world.apply(NOW, &[1, 2]);
    world
}

/// What all proposals warn of that lead from a network as planned to another.
fn warned(change: impl FnOnce(&mut NetworkPlan)) -> Vec<Warning> {
    warned_in(&world(|_| ()), change)
}

fn warned_in(world: &World, change: impl FnOnce(&mut NetworkPlan)) -> Vec<Warning> {
    let mut plan = world.plan.clone();
    change(&mut plan);
    let draft = plan.build(Some(&world.roster), NOW).unwrap();
    let proposals = draft.proposals().unwrap();
    let warned = proposals
        .iter()
        .flat_map(|proposal| proposal.warnings(Some(&world.roster), NOW));
    warned.collect()
}

fn contacts(plan: &mut NetworkPlan, at: usize) -> &mut Vec<ContactPlan> {
    plan.organisations[at].contacts.as_mut().unwrap()
}

/// Whether just these codes are there, and the sentence of the first begins like this.
#[track_caller]
fn says(warned: &[Warning], effect: Effect, codes: &[&str], sentence: &str) {
    let found: Vec<&str> = warned.iter().map(|warning| warning.code).collect();
    assert_eq!(found, codes, "{warned:#?}");
    assert_eq!(warned[0].effect, effect);
    assert!(warned[0].text.starts_with(sentence), "{}", warned[0].text);
}

#[test]
fn what_hurts_nobody_warns_of_nothing() {
    assert_eq!(warned(|_| ()), []);
    let harmless = warned(|plan| {
        contacts(plan, 0)[0].role = "duty desk".to_owned();
        plan.relays.push(relay("three", 70));
        plan.organisations[0]
            .home_relays
            .push("three".parse().unwrap());
        plan.rules[0].two_persons.push(Urgency::Expected);
    });
    assert_eq!(harmless, []);
}

#[test]
fn an_organisation_that_leaves_is_cut_off_and_with_it_the_step_of_its_deputies() {
    let with_deputy = world(|plan| {
        contacts(plan, 0)[1].deputies = vec![DeputyPlan {
            contact: "b/x".parse().unwrap(),
            after: Span::from_minutes(10),
        }];
    });
    let gone = warned_in(&with_deputy, |plan| {
        plan.keys.remove(1);
        plan.organisations.remove(1);
    });
    let codes = ["no-spare-key", "organisation-removed", "deputy-unknown"];
    says(
        &gone,
        Effect::LockedOut,
        &codes,
        "All 2 authority keys have to sign",
    );
    assert_eq!(
        gone[1].text,
        "`b` and all its contacts and devices are cut off."
    );
    assert!(
        gone[2].text.starts_with("`b/x` is a deputy of `a/y`"),
        "{gone:?}"
    );
}

#[test]
fn a_contact_that_is_removed_is_cut_off() {
    let gone = warned(|plan| drop(contacts(plan, 1).remove(0)));
    says(
        &gone,
        Effect::CutOff,
        &["contact-removed"],
        "`b/x` and its devices are cut off.",
    );
}

#[test]
fn the_term_of_a_contact_is_told_by_how_near_it_is() {
    let ends = |at: Timestamp| warned(|plan| contacts(plan, 1)[0].valid_to = Some(at));
    let yesterday = Timestamp::from_unix_ms(NOW.unix_ms() - Span::from_days(1).ms());
    let past = ends(yesterday);
    says(
        &past,
        Effect::CutOff,
        &["contact-ended"],
        "`b/x` is cut off at once",
    );
    let soon = ends(NOW + Span::from_days(5));
    says(
        &soon,
        Effect::CutOff,
        &["contact-ends"],
        "`b/x` is cut off at ",
    );
    assert!(soon[0].text.ends_with(", in 5 days."), "{soon:?}");
    let later = warned(|plan| contacts(plan, 1)[0].valid_from = Some(NOW + Span::from_days(2)));
    says(
        &later,
        Effect::CutOff,
        &["contact-not-yet"],
        "`b/x` is cut off until ",
    );
}

#[test]
fn a_contact_without_its_last_device_or_last_keys_is_cut_off() {
    let gone = warned(|plan| contacts(plan, 1)[0].devices = Some(vec![]));
    says(
        &gone,
        Effect::CutOff,
        &["no-device", "device-removed"],
        "`b/x` has no device with keys",
    );
    let of_device = |plan: &mut NetworkPlan, change: fn(&mut KeyPairPlan)| {
        let devices = contacts(plan, 1)[0].devices.as_mut().unwrap();
        let DevicePlan::Keys { keys, .. } = &mut devices[0] else {
            panic!("the plan names devices by keys");
        };
        change(&mut keys[0]);
    };
    let ended = warned(|plan| of_device(plan, |pair| pair.valid_to = Some(NOW)));
    says(
        &ended,
        Effect::CutOff,
        &["no-device"],
        "`b/x` has no device with keys",
    );
    let ends = warned(|plan| {
        of_device(plan, |pair| pair.valid_to = Some(NOW + Span::from_days(9)));
    });
    says(
        &ends,
        Effect::CutOff,
        &["keys-end"],
        "The last keys of `b/x` end at ",
    );
    let replaced = warned(|plan| of_device(plan, |keys| *keys = pair(200)));
    says(
        &replaced,
        Effect::CutOff,
        &["device-keys-replaced"],
        "No key of the device ",
    );
    let added = warned(|plan| contacts(plan, 1).push(ContactPlan::new("b/y".parse().unwrap())));
    says(
        &added,
        Effect::CutOff,
        &["no-device"],
        "`b/y` has no device with keys",
    );
}

#[test]
fn deputies_that_go_are_told() {
    let none = warned(|plan| contacts(plan, 0)[0].deputies.clear());
    says(
        &none,
        Effect::CutOff,
        &["no-deputy"],
        "`a/x` has no deputy left",
    );
    let unknown = warned(|plan| {
        contacts(plan, 0)[0].deputies[0].contact = "a/z".parse().unwrap();
    });
    says(
        &unknown,
        Effect::CutOff,
        &["deputy-unknown"],
        "`a/z` is a deputy of `a/x`",
    );
    let removed = warned(|plan| drop(contacts(plan, 0).remove(1)));
    let codes = ["contact-removed", "deputy-unknown"];
    says(
        &removed,
        Effect::CutOff,
        &codes,
        "`a/y` and its devices are cut off.",
    );
}

#[test]
fn a_program_that_may_answer_and_names_that_travel_are_told() {
    let program = warned(|plan| contacts(plan, 0)[0].system_acknowledges = true);
    let code = ["program-stops-escalation"];
    says(
        &program,
        Effect::Weakened,
        &code,
        "At `a/x`, a program may stop escalations",
    );
    let names = warned(|plan| plan.organisations[0].officer_names = Some(true));
    says(
        &names,
        Effect::Weakened,
        &["officer-names-travel"],
        "The names of officers of `a`",
    );
}

#[test]
fn relays_that_nobody_finds_again_are_told() {
    let homeless = warned(|plan| plan.organisations[0].home_relays.clear());
    says(
        &homeless,
        Effect::CutOff,
        &["no-home-relay"],
        "`a` has no home relay",
    );
    let other = warned(|plan| plan.organisations[0].home_relays = vec!["two".parse().unwrap()]);
    says(
        &other,
        Effect::CutOff,
        &["home-relays-moved"],
        "No home relay of `a` stays",
    );
    let beside = warned(|plan| {
        plan.organisations[0]
            .home_relays
            .insert(0, "two".parse().unwrap());
    });
    assert_eq!(beside, []);
    let rekeyed = warned(|plan| {
        plan.relays[1] = RelayPlan {
            addresses: plan.relays[1].addresses.clone(),
            ..relay("two", 80)
        }
    });
    says(
        &rekeyed,
        Effect::CutOff,
        &["relay-keys-replaced"],
        "All keys of the relay `two`",
    );
}

#[test]
fn thresholds_that_can_only_just_be_met_or_by_one_alone_are_told() {
    let all = warned(|plan| plan.threshold = 3);
    says(
        &all,
        Effect::LockedOut,
        &["no-spare-key"],
        "All 3 authority keys have to sign",
    );
    let one = warned(|plan| plan.threshold = 1);
    let codes = ["one-holder-decides", "fewer-holders"];
    says(
        &one,
        Effect::Weakened,
        &codes,
        "Each key holder alone decides",
    );
}

/// What somebody else's proposal says is not what this program would have drafted.
#[test]
fn a_part_that_nobody_will_accept_says_so() {
    let world = world(|_| ());
    let warned = |alter: &dyn Fn(&mut AuthorityPart)| {
        let mut part = world.roster.authority().clone();
        alter(&mut part);
        let proposal = Proposal::of_authority(part).unwrap();
        proposal.warnings(Some(&world.roster), NOW)
    };
    let keys = warned(&|part| part.threshold = 4);
    let sentence = "The authority is locked out: 4 signatures are asked for, and there are 3 keys";
    says(&keys, Effect::LockedOut, &["too-few-keys"], sentence);
    let annex = warned(&|part| {
        let mut organisations = part.organisations.to_vec();
        organisations[1].annex_keys = SortedList::new([key(90).verifying_key()]).unwrap();
        organisations[1].annex_threshold = 2;
        part.organisations = SortedList::new(organisations).unwrap();
    });
    let sentence = "`b` is locked out of its annex: 2 signatures are asked for, and there are 1";
    says(
        &annex[1..],
        Effect::LockedOut,
        &["too-few-annex-keys"],
        sentence,
    );
    let renamed = warned(&|part| part.network = Text::new("elsewhere").unwrap());
    let sentence = "The name of the network changes, so nobody will accept";
    says(&renamed, Effect::CutOff, &["network-renamed"], sentence);
}

#[test]
fn keys_that_never_signed_and_that_the_next_part_needs_are_named() {
    let new_keys = |count: usize| {
        warned(move |plan| {
            for (at, held) in plan.keys.iter_mut().enumerate().take(count) {
                held.key = key(30 + u8::try_from(at).unwrap()).verifying_key();
            }
        })
    };
    assert_eq!(new_keys(1), []);
    let two = new_keys(2);
    says(
        &two,
        Effect::LockedOut,
        &["unproven-keys"],
        "The next part needs 2 signatures, and 1 ",
    );
    assert!(two[0].text.contains(" of `a`"), "{two:?}");
}

#[test]
fn a_part_that_is_soon_stale_is_told() {
    let soon = warned(|plan| {
        plan.renew_after = Span::from_days(20);
        plan.reach = Reach::Loopback;
    });
    let codes = ["short-lived", "reach-loopback"];
    says(&soon, Effect::LockedOut, &codes, "This part is stale from ");
    let example = world(|plan| plan.reach = Reach::Loopback);
    let everywhere = warned_in(&example, |plan| plan.reach = Reach::Anywhere);
    says(
        &everywhere,
        Effect::Weakened,
        &["reach-anywhere"],
        "An example becomes a network",
    );
}

#[test]
fn signers_of_annexes_that_change_are_told() {
    let fewer = warned(|plan| plan.organisations[1].annex_threshold = 1);
    says(
        &fewer,
        Effect::Weakened,
        &["fewer-annex-signatures"],
        "Fewer signatures make an annex",
    );
    let none = warned(|plan| plan.organisations[1].annex_keys.clear());
    says(
        &none,
        Effect::Weakened,
        &["annex-keys-gone"],
        "`b` loses its annex keys",
    );
    let replaced = warned(|plan| {
        plan.organisations[1].annex_keys = vec![key(40).verifying_key(), key(41).verifying_key()];
    });
    says(
        &replaced,
        Effect::LockedOut,
        &["annex-keys-replaced"],
        "None of the keys that sign",
    );
}

#[test]
fn annexes_that_fall_out_of_force_with_their_signers_are_told() {
    let mut world = world(|_| ());
    world.plan.organisations[1].annex_threshold = 1;
    let draft = world.plan.build(Some(&world.roster), NOW).unwrap();
    let mut part = draft.authority.unwrap();
    let mut organisations = part.organisations.into_vec();
    organisations[1].pin = None;
    part.organisations = SortedList::new(organisations).unwrap();
    let proposal = Proposal::of_authority(part).unwrap();
    let warned = proposal.warnings(Some(&world.roster), NOW);
    let codes = ["annex-not-pinned", "fewer-annex-signatures"];
    says(
        &warned,
        Effect::CutOff,
        &codes,
        "The signers of `b`'s annexes change",
    );
}

#[test]
fn a_suspension_that_an_annex_no_longer_lists_as_lifted_comes_back() {
    let mut world = world(|_| ());
    let subject = Subject::Contact("b/x".parse().unwrap());
    let documents = suspend(&world.roster, subject, "lost", &key(8), NOW).unwrap();
    world.roster.apply(&documents).unwrap();
    world.plan.organisations[1].lifted = vec![documents.suspensions[0].hash()];
    world.apply(NOW, &[8, 9]);
    let mut annex = world.roster.annex(&"b".parse().unwrap()).unwrap().clone();
    annex.lifted = SortedList::empty();
    let proposal = Proposal::of_annex(annex).unwrap();
    let warned = proposal.warnings(Some(&world.roster), NOW);
    says(
        &warned,
        Effect::CutOff,
        &["suspension-returns"],
        "The suspension ",
    );
}

#[test]
fn deputies_that_are_asked_later_are_told() {
    let later = warned(|plan| {
        let deadlines = DeadlinePlan {
            ack_within: Span::from_hours(1),
            ..DeadlinePlan::usual(Urgency::Immediate)
        };
        plan.defaults = BTreeMap::from([(Urgency::Immediate, deadlines)]);
    });
    says(
        &later,
        Effect::Weakened,
        &["escalates-later"],
        "At urgency `immediate`, deputies",
    );
}

#[test]
fn whoever_is_no_longer_suspended_is_told() {
    let mut world = world(|_| ());
    let subject = Subject::Contact("a/x".parse().unwrap());
    let documents = suspend(&world.roster, subject, "lost", &key(2), NOW).unwrap();
    world.roster.apply(&documents).unwrap();
    let hash = documents.suspensions[0].hash();
    let lifted = warned_in(&world, |plan| plan.lifted = vec![hash]);
    says(
        &lifted,
        Effect::Weakened,
        &["suspension-lifted"],
        "The suspension of ",
    );
}

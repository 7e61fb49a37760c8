//! Proposals that have lain: what is lost by it, and when nobody publishes them any more.

use maille_common::roster::SignedRenewal;

use super::*;
use crate::authority::{OVERLAP, renew};

const WEEK: Span = Span::from_days(7);
const MOMENT: Span = Span::from_ms(1);

/// What a proposal loses so long after it was made, and whether it is published then.
fn after(world: &World, proposal: &Proposal, age: Span) -> (Vec<Warning>, Option<&'static str>) {
    let now = NOW + age;
    let over = proposal.overlaps_last(Some(&world.roster), now);
    let code = over.err().map(|error| error.code());
    (proposal.age_warnings(Some(&world.roster), now), code)
}

fn proposals(world: &World, change: impl FnOnce(&mut NetworkPlan)) -> Vec<Proposal> {
    let mut plan = world.plan.clone();
    change(&mut plan);
    let draft = plan.build(Some(&world.roster), NOW).unwrap();
    draft.proposals().unwrap()
}

/// The annex that renews the keys of the device of `a/x`, and of that of `a/y` as well.
fn renewal(world: &World, both: bool) -> Proposal {
    let offered = |contact, device, seed| {
        SignedRenewal::sign(world.request(contact, device, seed), &key(device + 1))
    };
    let mut renewals = vec![offered("a/x", 100, 200)];
    renewals.extend(both.then(|| offered("a/y", 110, 210)));
    let annex = renew(&world.roster, &renewals, OVERLAP, NOW);
    Proposal::of_annex(annex.unwrap().annex).unwrap()
}

#[test]
fn a_proposal_that_is_older_than_a_week_says_how_old_it_is_and_what_to_do() {
    let world = world(|_| ());
    let harmless = &proposals(&world, |plan| {
        contacts(plan, 0)[0].role = "duty desk".to_owned();
    })[0];
    assert_eq!(after(&world, harmless, WEEK), (Vec::new(), None));
    let (warned, over) = after(&world, harmless, WEEK + MOMENT);
    says(
        &warned,
        Effect::CutOff,
        &["proposal-old"],
        "This proposal was made 7 days ago",
    );
    assert!(
        warned[0]
            .text
            .contains("of the 365 days for which it is good, 357 days are left")
    );
    assert!(warned[0].text.ends_with("Propose it anew."));
    assert_eq!(over, None);
    // Among what is read before it is signed.
    let read = harmless.warnings(Some(&world.roster), NOW + WEEK + MOMENT);
    assert_eq!(read, warned);
    // Nor is it ever refused for its age alone.
    let (warned, over) = after(&world, harmless, Span::from_days(400));
    assert!(
        warned[0].text.contains("none is left"),
        "{}",
        warned[0].text
    );
    assert_eq!(over, None);
}

#[test]
fn what_is_left_of_the_overlap_of_devices_is_said_and_where_none_is_nobody_publishes() {
    let world = world(|_| ());
    let one = renewal(&world, false);
    assert_eq!(after(&world, &one, WEEK), (Vec::new(), None));
    let codes = ["proposal-old", "device-overlap-shortened"];
    let (warned, over) = after(&world, &one, Span::from_days(54));
    says(
        &warned,
        Effect::CutOff,
        &codes,
        "This proposal was made 54 days ago",
    );
    let text = &warned[1].text;
    assert!(
        text.starts_with("Of the 63 days for which the old keys of the device"),
        "{text}"
    );
    assert!(
        text.contains("`a/x` still count beside the next ones, 9 days are left"),
        "{text}"
    );
    assert_eq!(over, None);
    let (_, over) = after(&world, &one, OVERLAP - MOMENT);
    assert_eq!(over, None);
    let (warned, over) = after(&world, &one, OVERLAP);
    assert!(
        warned[1].text.contains("none is left"),
        "{}",
        warned[1].text
    );
    assert_eq!(over, Some("proposal-overlap-over"));
    let both = renewal(&world, true);
    let (warned, _) = after(&world, &both, Span::from_days(54));
    let text = &warned[1].text;
    assert!(
        text.contains(", and of one more device, still count"),
        "{text}"
    );
}

/// What the roster has already is no matter of this proposal.
#[test]
fn an_overlap_that_began_with_an_earlier_annex_is_not_lost_by_a_later_one() {
    let mut world = world(|_| ());
    let renewed = renewal(&world, false);
    world.publish(renewed, &[1, 2]);
    let harmless = &proposals(&world, |plan| {
        contacts(plan, 0)[0].role = "duty desk".to_owned();
        // The description of before had the old keys alone.
        contacts(plan, 0)[0].devices = None;
    })[0];
    let (warned, over) = after(&world, harmless, OVERLAP);
    says(
        &warned,
        Effect::CutOff,
        &["proposal-old"],
        "This proposal was made 63 days ago",
    );
    assert_eq!(over, None);
}

#[test]
fn what_is_left_of_the_overlap_of_a_relay_is_said_and_where_none_is_nobody_publishes() {
    let world = world(|_| ());
    let announced = &proposals(&world, |plan| {
        plan.relays[0].keys.insert(0, relay("one", 55).keys[0]);
    })[0];
    let codes = ["proposal-old", "relay-overlap-shortened"];
    let (warned, over) = after(&world, announced, Span::from_days(62));
    says(
        &warned,
        Effect::CutOff,
        &codes,
        "This proposal was made 62 days ago",
    );
    assert_eq!(
        warned[1].text,
        "Of the 63 days for which the relay `one` goes on with its present keys, so that every \
         desk hears of the next ones, one day is left."
    );
    assert_eq!(over, None);
    let (_, over) = after(&world, announced, OVERLAP);
    assert_eq!(over, Some("proposal-overlap-over"));
    let other = &proposals(&world, |plan| plan.relays.push(relay("three", 70)))[0];
    let (warned, over) = after(&world, other, OVERLAP);
    says(&warned, Effect::CutOff, &["proposal-old"], "");
    assert_eq!(over, None);
}

#[test]
fn a_removal_that_has_lain_dates_back_and_says_so() {
    let codes = ["proposal-old", "removal-dated-back"];
    let removes = |change: fn(&mut NetworkPlan), gone: &str| {
        let world = world(|_| ());
        let proposals = proposals(&world, change);
        let all = proposals
            .iter()
            .map(|proposal| after(&world, proposal, WEEK + MOMENT).0);
        let warned = all.into_iter().find(|warned| warned.len() == 2).unwrap();
        says(&warned, Effect::CutOff, &codes, "");
        assert!(warned[1].text.starts_with(gone), "{}", warned[1].text);
    };
    removes(
        |plan| drop(plan.organisations.pop()),
        "The organisation `ngo` counts",
    );
    removes(
        |plan| drop(contacts(plan, 1).pop()),
        "`b/x` counts as removed since",
    );
    removes(
        |plan| contacts(plan, 1)[0].devices = Some(Vec::new()),
        "The device 78787878 of `b/x` counts",
    );
    removes(
        |plan| contacts(plan, 0)[0].deputies.clear(),
        "`a/y`, as a deputy of `a/x`, counts",
    );
}

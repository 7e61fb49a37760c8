//! What becomes of rules, the lists they name, and the observers they take in.

use maille_common::terms::Standing;

use super::{says, warned, warned_in, world};
use crate::authority::{Effect, OrganisationPlan, RulePlan};

#[test]
fn rules_that_go_are_told_by_the_contacts_whom_they_leave_alone() {
    let none = warned(|plan| plan.rules.clear());
    let codes = ["left-alone", "pairs-cut-off"];
    says(
        &none,
        Effect::CutOff,
        &codes,
        "No rule lets anybody exchange with `a/x` and 2 more.",
    );
    assert_eq!(
        none[1].text,
        "`a/x` can no longer send to `a/y`, and 5 more pairs of contacts likewise."
    );
    let one_way = warned(|plan| plan.rules[0].from = "a/**".to_owned());
    let codes = ["may-write-to-nobody", "pairs-cut-off"];
    says(
        &one_way,
        Effect::CutOff,
        &codes,
        "No rule lets `b/x` write to anybody.",
    );
    let unwritten = warned(|plan| plan.rules[0].to = "a/**".to_owned());
    let codes = ["nobody-may-write", "pairs-cut-off"];
    says(
        &unwritten,
        Effect::CutOff,
        &codes,
        "No rule lets anybody write to `b/x`.",
    );
}

#[test]
fn a_rule_that_another_covers_goes_without_cutting_off_anybody() {
    let covered = world(|plan| plan.rules.push(RulePlan::new("a/**", "b/**")));
    let gone = warned_in(&covered, |plan| drop(plan.rules.remove(1)));
    let sentence = "`a/**` can no longer send to `b/**`, unless another rule allows it.";
    says(&gone, Effect::CutOff, &["rule-removed"], sentence);
}

#[test]
fn a_rule_that_is_widened_or_asks_for_one_person_less_is_told() {
    let narrow = world(|plan| plan.rules[0].from = "a/**".to_owned());
    let wider = warned_in(&narrow, |plan| plan.rules[0].from = "**".to_owned());
    let codes = ["pairs-opened", "rule-removed"];
    says(
        &wider,
        Effect::Weakened,
        &codes,
        "`b/x` may send from now on to `a/x`",
    );
    let alone = warned(|plan| plan.rules[0].two_persons.clear());
    let sentence = "`a/x` may send by one person alone at urgency `immediate` to `a/y`";
    says(&alone, Effect::Weakened, &["one-person-suffices"], sentence);
    // No contact stands behind this rule yet.
    let early = world(|plan| {
        plan.rules[0].to = "c/**".to_owned();
    });
    let alone = warned_in(&early, |plan| plan.rules[0].two_persons.clear());
    says(
        &alone,
        Effect::Weakened,
        &["one-person-suffices"],
        "From `**` to `c/**`, one person",
    );
}

/// The rule stays as it is written; the list it names does not.
#[test]
fn a_list_that_a_rule_names_counts_as_the_rule_itself() {
    let listed = world(|plan| {
        let patterns = vec!["a/**".to_owned(), "b/**".to_owned()];
        plan.lists.insert("all".to_owned(), patterns);
        plan.rules = vec![RulePlan::new("@all", "@all")];
    });
    let shorter = warned_in(&listed, |plan| {
        plan.lists.get_mut("all").unwrap().remove(1);
    });
    let codes = ["left-alone", "pairs-cut-off"];
    says(
        &shorter,
        Effect::CutOff,
        &codes,
        "No rule lets anybody exchange with `b/x`.",
    );
}

#[test]
fn observers_are_told_when_they_come_and_when_a_rule_takes_them_in() {
    let admitted = warned(|plan| {
        plan.organisations.push(OrganisationPlan {
            standing: Standing::Observer,
            ..OrganisationPlan::new("press".parse().unwrap())
        });
        plan.rules.push(RulePlan::new("ngo/**", "a/**"));
    });
    let codes = ["observer-admitted", "no-home-relay", "observer-reached"];
    says(
        &admitted,
        Effect::Weakened,
        &codes,
        "The observer `press` is admitted.",
    );
    let member = warned(|plan| plan.organisations[3].standing = Standing::Member);
    says(
        &member,
        Effect::Weakened,
        &["becomes-member"],
        "`ngo` becomes a member",
    );
    let lonely = world(|plan| plan.organisations[3].standing = Standing::Member);
    let observer = warned_in(&lonely, |plan| {
        plan.organisations[3].standing = Standing::Observer;
    });
    says(
        &observer,
        Effect::CutOff,
        &["becomes-observer"],
        "`ngo` becomes an observer",
    );
}

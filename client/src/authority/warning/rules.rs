//! Who may send to whom, before and after: by every pair of contacts, and by the rules as they are
//! written where no contact stands behind them yet.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::ContactAddress;
use maille_common::pattern::{Pattern, Selector};
use maille_common::roster::{AuthorityPart, Rule};
use maille_common::terms::{Standing, Urgency};

use super::{Warnings, and_others};
use crate::authority::network::Network;

pub(super) fn judge(found: &mut Warnings, before: Option<&Network<'_>>, after: &Network<'_>) {
    if let Some(before) = before {
        let pairs = Pairs::compare(before, after);
        pairs.tell(found);
        removed(found, before.part, after.part, &pairs);
    }
    let known = before.map_or(&[][..], |network| &network.part.rules);
    for rule in &after.part.rules {
        let same = |old: &&Rule| (&old.from, &old.to) == (&rule.from, &rule.to);
        if !known.iter().any(|old| same(&old)) {
            observer_reached(found, rule, after.part);
        }
    }
}

/// A rule with its patterns parsed and its lists written out.
struct Sides<'a> {
    from: Vec<Pattern>,
    to: Vec<Pattern>,
    two_persons: &'a [Urgency],
}

fn sides(part: &AuthorityPart) -> Vec<Sides<'_>> {
    let patterns = |side: &str| -> Vec<Pattern> {
        match side.parse() {
            Ok(Selector::Pattern(pattern)) => vec![pattern],
            Ok(Selector::List(name)) => {
                let list = part.lists.iter().find(|list| *list.name == *name);
                let patterns = list.into_iter().flat_map(|list| &list.patterns);
                patterns.filter_map(|text| text.parse().ok()).collect()
            }
            // A part with such a side is refused (PROTOCOL R5).
            Err(_) => Vec::new(),
        }
    };
    let rules = part.rules.iter().map(|rule| Sides {
        from: patterns(&rule.from),
        to: patterns(&rule.to),
        two_persons: &rule.two_persons,
    });
    rules.collect()
}

/// The rules that name a contact as sender, and as recipient.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    sends: BTreeSet<usize>,
    receives: BTreeSet<usize>,
}

impl Place {
    fn of(address: &ContactAddress, standing: Standing, rules: &[Sides<'_>]) -> Self {
        let named = |patterns: &[Pattern]| {
            let mut all = patterns.iter();
            all.any(|pattern| pattern.matches(address, standing))
        };
        let numbered = || rules.iter().enumerate();
        let sends = numbered().filter(|(_, rule)| named(&rule.from));
        let receives = numbered().filter(|(_, rule)| named(&rule.to));
        Self {
            sends: sends.map(|(at, _)| at).collect(),
            receives: receives.map(|(at, _)| at).collect(),
        }
    }

    /// The rules by which this one may send to that one.
    fn rules_to(&self, other: &Self) -> BTreeSet<usize> {
        self.sends.intersection(&other.receives).copied().collect()
    }
}

/// Pairs of contacts of which the same becomes true, and one of them.
#[derive(Debug, Default)]
struct Found<'a> {
    count: usize,
    example: Option<(&'a ContactAddress, &'a ContactAddress)>,
}

impl<'a> Found<'a> {
    fn add(&mut self, senders: &[&'a ContactAddress], recipients: &[&'a ContactAddress]) {
        let pairs = senders.iter().flat_map(|from| {
            let others = recipients.iter().filter(move |to| from != *to);
            others.map(move |to| (*from, *to))
        });
        self.example = self.example.or_else(|| pairs.clone().next());
        self.count += pairs.count();
    }

    /// `` `a` … to `b` ``, and how many more.
    fn text(&self, does: &str) -> Option<String> {
        let (from, to) = self.example?;
        let more = match self.count - 1 {
            0 => String::new(),
            1 => ", and one more pair of contacts likewise".to_owned(),
            more => format!(", and {more} more pairs of contacts likewise"),
        };
        Some(format!("`{from}` {does} `{to}`{more}."))
    }
}

/// What becomes of the pairs of contacts that both networks have.
#[derive(Debug, Default)]
struct Pairs<'a> {
    cut_off: Found<'a>,
    opened: Found<'a>,
    /// Where one person suffices from now on.
    relaxed: BTreeMap<Urgency, Found<'a>>,
    /// Contacts that exchanged with somebody, and are left with nobody.
    left_alone: Vec<&'a ContactAddress>,
    /// Contacts that others wrote to, and to which nobody may write any more.
    unwritten: Vec<&'a ContactAddress>,
    /// Contacts that wrote to others, and may write to nobody any more.
    silenced: Vec<&'a ContactAddress>,
}

/// Contacts that the rules of both networks treat alike.
struct Class<'a> {
    before: Place,
    after: Place,
    contacts: Vec<&'a ContactAddress>,
}

impl<'a> Pairs<'a> {
    /// Contacts are taken together where the same rules name them: a thousand are a few classes.
    fn compare(before: &Network<'a>, after: &Network<'a>) -> Self {
        let mut pairs = Self::default();
        if same_rules(before.part, after.part) {
            return pairs;
        }
        let (old, new) = (sides(before.part), sides(after.part));
        let classes = classes(before, after, &old, &new);
        let mut exchanges = vec![(Exchange::default(), Exchange::default()); classes.len()];
        for (one, from) in classes.iter().enumerate() {
            for (other, to) in classes.iter().enumerate() {
                if one == other && from.contacts.len() == 1 {
                    continue;
                }
                let was = from.before.rules_to(&to.before);
                let is = from.after.rules_to(&to.after);
                let (senders, recipients) = (&from.contacts, &to.contacts);
                match (was.is_empty(), is.is_empty()) {
                    (false, true) => pairs.cut_off.add(senders, recipients),
                    (true, false) => pairs.opened.add(senders, recipients),
                    (false, false) => {
                        let asked = asked(&old, &was);
                        for urgency in asked.difference(&self::asked(&new, &is)) {
                            let relaxed = pairs.relaxed.entry(*urgency).or_default();
                            relaxed.add(senders, recipients);
                        }
                    }
                    (true, true) => {}
                }
                exchanges[one].0.sends |= !was.is_empty();
                exchanges[one].1.sends |= !is.is_empty();
                exchanges[other].0.receives |= !was.is_empty();
                exchanges[other].1.receives |= !is.is_empty();
            }
        }
        for (class, (was, is)) in classes.iter().zip(exchanges) {
            let contacts = class.contacts.iter().copied();
            if (was.sends || was.receives) && !(is.sends || is.receives) {
                pairs.left_alone.extend(contacts);
            } else if was.receives && !is.receives {
                pairs.unwritten.extend(contacts);
            } else if was.sends && !is.sends {
                pairs.silenced.extend(contacts);
            }
        }
        pairs
    }

    fn tell(&self, found: &mut Warnings) {
        let and_others = |contacts: &[&ContactAddress]| {
            let first = contacts.first()?;
            Some(and_others(first, contacts.len()))
        };
        if let Some(who) = and_others(&self.left_alone) {
            let text = format!("No rule lets anybody exchange with {who}.");
            found.cut_off("left-alone", text);
        }
        if let Some(who) = and_others(&self.unwritten) {
            found.cut_off(
                "nobody-may-write",
                format!("No rule lets anybody write to {who}."),
            );
        }
        if let Some(who) = and_others(&self.silenced) {
            let text = format!("No rule lets {who} write to anybody.");
            found.cut_off("may-write-to-nobody", text);
        }
        if let Some(text) = self.cut_off.text("can no longer send to") {
            found.cut_off("pairs-cut-off", text);
        }
        if let Some(text) = self.opened.text("may send from now on to") {
            found.weakened("pairs-opened", text);
        }
        for (urgency, pairs) in &self.relaxed {
            let does = format!("may send by one person alone at urgency `{urgency}` to");
            if let Some(text) = pairs.text(&does) {
                found.weakened("one-person-suffices", text);
            }
        }
    }
}

/// Whether a contact has anybody to send to, and to receive from.
#[derive(Debug, Clone, Copy, Default)]
struct Exchange {
    sends: bool,
    receives: bool,
}

/// Whether nothing changes of what decides who may send to whom.
fn same_rules(old: &AuthorityPart, new: &AuthorityPart) -> bool {
    let standings = |part: &AuthorityPart| -> Vec<_> {
        let all = part.organisations.iter();
        all.map(|found| (found.name.clone(), found.standing))
            .collect()
    };
    old.rules == new.rules && old.lists == new.lists && standings(old) == standings(new)
}

fn classes<'a>(
    before: &Network<'a>,
    after: &Network<'a>,
    old: &[Sides<'_>],
    new: &[Sides<'_>],
) -> Vec<Class<'a>> {
    let mut classes: BTreeMap<(Place, Place), Vec<&ContactAddress>> = BTreeMap::new();
    for contact in before.contacts() {
        let address = &contact.address;
        if after.contact(address).is_none() {
            continue;
        }
        if let Some((was, is)) = before.standing(address).zip(after.standing(address)) {
            let places = (Place::of(address, was, old), Place::of(address, is, new));
            classes.entry(places).or_default().push(address);
        }
    }
    let classes = classes
        .into_iter()
        .map(|((before, after), contacts)| Class {
            before,
            after,
            contacts,
        });
    classes.collect()
}

/// The urgencies for which these rules ask for two persons: one that asks is enough.
fn asked(rules: &[Sides<'_>], at: &BTreeSet<usize>) -> BTreeSet<Urgency> {
    let asked = at.iter().flat_map(|&at| rules[at].two_persons);
    asked.copied().collect()
}

/// Rules that are gone or ask for less, where no pair of contacts showed it already.
fn removed(found: &mut Warnings, old: &AuthorityPart, new: &AuthorityPart, pairs: &Pairs<'_>) {
    for rule in &old.rules {
        let (from, to) = (&rule.from, &rule.to);
        let mut rules = new.rules.iter();
        let Some(kept) = rules.find(|kept| (&kept.from, &kept.to) == (from, to)) else {
            if pairs.cut_off.count == 0 {
                found.cut_off(
                    "rule-removed",
                    format!(
                        "`{from}` can no longer send to `{to}`, unless another rule allows it."
                    ),
                );
            }
            continue;
        };
        for urgency in &rule.two_persons {
            if !kept.two_persons.has(urgency) && !pairs.relaxed.contains_key(urgency) {
                found.weakened(
                    "one-person-suffices",
                    format!(
                        "From `{from}` to `{to}`, one person alone may send at urgency \
                         `{urgency}` from now on, unless another rule asks for two."
                    ),
                );
            }
        }
    }
}

/// A rule that lets an observer in, by name.
fn observer_reached(found: &mut Warnings, rule: &Rule, part: &AuthorityPart) {
    for side in [&rule.from, &rule.to] {
        let first = side.split('/').next().unwrap_or_default();
        let observer = part.organisations.iter().any(|organisation| {
            organisation.standing == Standing::Observer && organisation.name.as_str() == first
        });
        if observer {
            found.weakened(
                "observer-reached",
                format!(
                    "The rule `{}` → `{}` takes in the observer `{first}`.",
                    rule.from, rule.to
                ),
            );
        }
    }
}

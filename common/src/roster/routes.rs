//! Questions about rules: who may send to whom, and how.

use super::index::ParsedRule;
use super::{Roster, Rule, UrgencyDefault};
use crate::address::ContactAddress;
use crate::pattern::Pattern;
use crate::terms::{Standing, Urgency};

impl Roster {
    /// The first rule that lets one contact send to another. None: refused (I9).
    ///
    /// Only this direction is looked at; a reply may go the other way along a rule.
    pub fn rule_allows(&self, from: &ContactAddress, to: &ContactAddress) -> Option<&Rule> {
        self.rules_between(from, to).next()
    }

    /// Whether a rule from one contact to another asks for a second person's signature at this
    /// urgency. Where several rules match, one that asks is enough: a wide rule does not undo what
    /// a narrow one asks for.
    pub fn two_persons_required(
        &self,
        from: &ContactAddress,
        to: &ContactAddress,
        urgency: Urgency,
    ) -> bool {
        self.rules_between(from, to)
            .any(|rule| rule.two_persons.has(&urgency))
    }

    /// The deadlines of alerts of this urgency, where the sender names none.
    pub fn defaults(&self, urgency: Urgency) -> &UrgencyDefault {
        let mut defaults = self.authority().defaults.iter();
        defaults
            .find(|default| default.urgency == urgency)
            .expect("a part has defaults for every urgency (PROTOCOL R5)")
    }

    fn rules_between<'r, 'a>(
        &'r self,
        from: &'a ContactAddress,
        to: &'a ContactAddress,
    ) -> impl Iterator<Item = &'r Rule> + use<'r, 'a> {
        let standings = self.standing(from).zip(self.standing(to));
        let rules = self.index.rules_from.get(&from.organisation());
        let candidates = rules.map_or(&[][..], Vec::as_slice);
        candidates.iter().filter_map(move |&at| {
            let (sender, recipient) = standings?;
            let ParsedRule {
                from: left,
                to: right,
            } = &self.index.rules[at];
            let allows = any(left, from, sender) && any(right, to, recipient);
            allows.then(|| &self.authority().rules[at])
        })
    }
}

fn any(patterns: &[Pattern], address: &ContactAddress, standing: Standing) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern.matches(address, standing))
}

//! The difference between two authority parts.

use super::{Difference, Pair, joined, local, pairs};
use crate::crypto::ed25519::VerifyingKey;
use crate::roster::{AuthorityKey, AuthorityPart, NamedList, Organisation, Relay, Rule};
use crate::terms::{Reach, Standing};

pub(super) fn difference(old: Option<&AuthorityPart>, new: &AuthorityPart) -> Difference {
    let mut found = Difference::default();
    match old {
        Some(old) => fields(&mut found, old, new),
        None => found.add(format!(
            "network `{}`, {} signatures",
            new.network, new.threshold
        )),
    }
    fn slice<'a, T>(
        old: Option<&'a AuthorityPart>,
        list: impl Fn(&'a AuthorityPart) -> &'a [T],
    ) -> &'a [T] {
        old.map_or(&[], list)
    }
    keys(&mut found, slice(old, |part| &part.keys), new);
    for (_, pair) in pairs(
        slice(old, |part| &part.organisations),
        &new.organisations,
        |organisation| &organisation.name,
    ) {
        organisation(&mut found, &pair);
    }
    for (_, pair) in pairs(slice(old, |part| &part.relays), &new.relays, |relay| {
        &relay.name
    }) {
        relay(&mut found, &pair);
    }
    for (name, pair) in pairs(slice(old, |part| &part.lists), &new.lists, |list| {
        &*list.name
    }) {
        list(&mut found, name, &pair);
    }
    rules(&mut found, slice(old, |part| &part.rules), new);
    let lifted = slice(old, |part| &part.lifted);
    for hash in new.lifted.iter().filter(|hash| !lifted.contains(hash)) {
        found.add(format!("lifted suspension {}", hash.short()));
    }
    found
}

fn fields(found: &mut Difference, old: &AuthorityPart, new: &AuthorityPart) {
    found.field(
        "signatures needed",
        &old.threshold,
        &new.threshold,
        u8::to_string,
    );
    found.field("reach", &old.reach, &new.reach, Reach::to_string);
    for (old, new) in old.defaults.iter().zip(&new.defaults) {
        let name = format!("deadlines of `{}`", new.urgency);
        found.field(&name, old, new, |default| {
            format!("{} and {}", default.ack_within, default.expires_after)
        });
    }
}

fn keys(found: &mut Difference, old: &[AuthorityKey], new: &AuthorityPart) {
    for (key, pair) in pairs(old, &new.keys, |key| key.key) {
        let show = |held: &AuthorityKey| {
            format!(
                "authority key {} of `{}`, {}",
                key.short(),
                held.organisation,
                held.holder
            )
        };
        match (pair.old, pair.new) {
            (None, Some(new)) => found.add(show(new)),
            (Some(old), None) => found.remove(show(old)),
            (Some(old), Some(new)) => found.field("holder", old, new, show),
            (None, None) => {}
        }
    }
}

fn organisation(found: &mut Difference, pair: &Pair<'_, Organisation>) {
    match (pair.old, pair.new) {
        (None, Some(new)) => {
            let (standing, name) = (new.standing, &new.name);
            found.add(format!(
                "organisation `{name}`, {standing}: {}",
                local(&new.names)
            ));
        }
        (Some(old), None) => {
            found.remove(format!("organisation `{}`", old.name));
        }
        (Some(old), Some(new)) => organisation_fields(found, old, new),
        (None, None) => {}
    }
}

fn organisation_fields(found: &mut Difference, old: &Organisation, new: &Organisation) {
    let name = format!("organisation `{}`", new.name);
    let short = |key: &VerifyingKey| key.short();
    found.field(
        &format!("{name}, standing"),
        &old.standing,
        &new.standing,
        Standing::to_string,
    );
    found.field(&format!("{name}, names"), &old.names, &new.names, |names| {
        local(names)
    });
    found.field(
        &format!("{name}, home relays"),
        &old.home_relays,
        &new.home_relays,
        |relays| joined(relays, ToString::to_string),
    );
    let threshold = format!("{name}, annex signatures needed");
    found.field(
        &threshold,
        &old.annex_threshold,
        &new.annex_threshold,
        u8::to_string,
    );
    found.set(
        &format!("{name}, annex key"),
        &old.annex_keys,
        &new.annex_keys,
        short,
    );
    found.field(
        &format!("{name}, pinned annex"),
        &old.pin,
        &new.pin,
        |pin| {
            pin.map_or("none".to_owned(), |pin| {
                format!("{} ({})", pin.number, pin.hash.short())
            })
        },
    );
}

fn relay(found: &mut Difference, pair: &Pair<'_, Relay>) {
    let show = |relay: &Relay| {
        let addresses = joined(&relay.addresses, ToString::to_string);
        format!(
            "relay `{}` of `{}` at {addresses}",
            relay.name, relay.organisation
        )
    };
    match (pair.old, pair.new) {
        (None, Some(new)) => found.add(show(new)),
        (Some(old), None) => found.remove(show(old)),
        (Some(old), Some(new)) => {
            let name = format!("relay `{}`", new.name);
            let operator = format!("{name}, operator");
            found.field(
                &operator,
                &old.organisation,
                &new.organisation,
                ToString::to_string,
            );
            found.field(
                &format!("{name}, addresses"),
                &old.addresses,
                &new.addresses,
                |list| joined(list, ToString::to_string),
            );
            found.set(&format!("{name}, keys"), &old.keys, &new.keys, |keys| {
                format!("{} and {}", keys.transport.short(), keys.signing.short())
            });
        }
        (None, None) => {}
    }
}

fn list(found: &mut Difference, name: &str, pair: &Pair<'_, NamedList>) {
    let patterns = |list: Option<&NamedList>| list.map_or(vec![], |list| list.patterns.to_vec());
    let (old, new) = (patterns(pair.old), patterns(pair.new));
    match (pair.old, pair.new) {
        (None, _) => found.add(format!("list `@{name}`")),
        (_, None) => found.remove(format!("list `@{name}`")),
        _ => {}
    }
    found.set(&format!("list `@{name}`, pattern"), &old, &new, |pattern| {
        format!("`{pattern}`")
    });
}

fn rules(found: &mut Difference, old: &[Rule], new: &AuthorityPart) {
    let show = |rule: &Rule| match rule.two_persons.is_empty() {
        true => format!("rule `{}` → `{}`", rule.from, rule.to),
        false => {
            let urgencies = joined(&rule.two_persons, ToString::to_string);
            format!(
                "rule `{}` → `{}`, two persons for {urgencies}",
                rule.from, rule.to
            )
        }
    };
    for (_, pair) in pairs(old, &new.rules, |rule| (&*rule.from, &*rule.to)) {
        match (pair.old, pair.new) {
            (None, Some(rule)) => {
                found.add(show(rule));
            }
            (Some(rule), None) => {
                found.remove(show(rule));
            }
            (Some(old), Some(new)) => {
                found.field("rule", old, new, show);
            }
            (None, None) => {}
        }
    }
}

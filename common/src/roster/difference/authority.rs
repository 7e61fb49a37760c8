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
    locked_out(&mut found, new);
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
    if new.threshold < old.threshold {
        found.warn(format!(
            "Fewer key holders have to agree from now on: {} instead of {}.",
            new.threshold, old.threshold
        ));
    }
    if new.network != old.network {
        found.warn("The name of the network changes, so nobody will accept this part.");
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

/// Thresholds that cannot be met, or only just.
fn locked_out(found: &mut Difference, new: &AuthorityPart) {
    let (threshold, keys) = (usize::from(new.threshold), new.keys.len());
    if threshold > keys || threshold == 0 {
        found.warn(format!(
            "The authority is locked out: {threshold} signatures are asked for, and there are \
             {keys} keys. Nobody will accept this part."
        ));
    } else if threshold == keys {
        found.warn(format!(
            "All {keys} authority keys have to sign the next part: if one is lost, no part can \
             ever follow this one."
        ));
    }
    for organisation in &new.organisations {
        let keys = organisation.annex_keys.len();
        let threshold = usize::from(organisation.annex_threshold);
        if keys > 0 && (threshold > keys || threshold == 0) {
            found.warn(format!(
                "`{}` is locked out of its annex: {threshold} signatures are asked for, and there \
                 are {keys} keys. Nobody will accept this part.",
                organisation.name
            ));
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
            if standing == Standing::Observer {
                found.warn(format!("The observer `{name}` is admitted."));
            }
            no_home(found, new);
        }
        (Some(old), None) => {
            found.remove(format!("organisation `{}`", old.name));
            found.warn(format!(
                "`{}` and all its contacts and devices are cut off.",
                old.name
            ));
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
    if old.standing != new.standing {
        found.warn(match new.standing {
            Standing::Observer => format!(
                "`{}` becomes an observer: rules with wildcards no longer reach it.",
                new.name
            ),
            Standing::Member => format!(
                "`{}` becomes a member: rules with wildcards reach it from now on.",
                new.name
            ),
        });
    }
    if !old.home_relays.is_empty() {
        no_home(found, new);
    }
    annex_signers(found, old, new);
}

/// Signers of annexes that change.
fn annex_signers(found: &mut Difference, old: &Organisation, new: &Organisation) {
    let signers = |of: &Organisation| (of.annex_threshold, of.annex_keys.clone());
    if signers(old) == signers(new) {
        return;
    }
    let name = &new.name;
    if old.pin == new.pin {
        found.warn(format!(
            "The signers of `{name}`'s annexes change, and the pinned annex does not: annexes \
             after the pin that the new rule does not cover fall out of force. Pin the newest one."
        ));
    }
    if new.annex_keys.is_empty() {
        found.warn(format!(
            "`{name}` loses its annex keys: the authority signs its annexes."
        ));
    } else if !old.annex_keys.is_empty() && new.annex_threshold < old.annex_threshold {
        found.warn(format!(
            "Fewer signatures make an annex of `{name}`: {} instead of {}.",
            new.annex_threshold, old.annex_threshold
        ));
    }
}

fn no_home(found: &mut Difference, organisation: &Organisation) {
    if organisation.home_relays.is_empty() {
        found.warn(format!(
            "`{}` has no home relay: nobody can send to it.",
            organisation.name
        ));
    }
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
            if !old.keys.iter().any(|keys| new.keys.contains(keys)) {
                found.warn(format!(
                    "All keys of the relay `{}` change at once: until it runs with the new ones, \
                     nobody can connect to it.",
                    new.name
                ));
            }
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
    for ((from, to), pair) in pairs(old, &new.rules, |rule| (&*rule.from, &*rule.to)) {
        match (pair.old, pair.new) {
            (None, Some(rule)) => {
                found.add(show(rule));
                observer_reached(found, rule, new);
            }
            (Some(rule), None) => {
                found.remove(show(rule));
                found.warn(format!(
                    "`{from}` can no longer send to `{to}`, unless another rule allows it."
                ));
            }
            (Some(old), Some(new)) => {
                found.field("rule", old, new, show);
                let dropped = old
                    .two_persons
                    .iter()
                    .filter(|urgency| !new.two_persons.has(urgency));
                for urgency in dropped {
                    found.warn(format!(
                        "From `{from}` to `{to}`, one person alone may send at urgency `{urgency}` \
                         from now on."
                    ));
                }
            }
            (None, None) => {}
        }
    }
}

/// A rule that lets an observer in, by name.
fn observer_reached(found: &mut Difference, rule: &Rule, part: &AuthorityPart) {
    for side in [&rule.from, &rule.to] {
        let first = side.split('/').next().unwrap_or_default();
        let observer = part.organisations.iter().any(|organisation| {
            organisation.standing == Standing::Observer && organisation.name.as_str() == first
        });
        if observer {
            found.warn(format!(
                "The rule `{}` → `{}` takes in the observer `{first}`.",
                rule.from, rule.to
            ));
        }
    }
}

//! Organisations and relays: who leaves, whose signers change, where nobody can be met.

use maille_common::address::Name;
use maille_common::roster::{AuthorityPart, Organisation, Relay};
use maille_common::terms::Standing;

use super::Warnings;
use crate::authority::network::Network;

pub(super) fn judge(found: &mut Warnings, before: Option<&Network<'_>>, after: &Network<'_>) {
    let (old, new) = (before.map(|network| network.part), after.part);
    for organisation in old.iter().flat_map(|part| &part.organisations) {
        let name = &organisation.name;
        if new.organisation(name).is_none() {
            found.cut_off(
                "organisation-removed",
                format!("`{name}` and all its contacts and devices are cut off."),
            );
        }
    }
    for organisation in &new.organisations {
        let known = old.and_then(|part| part.organisation(&organisation.name));
        match known {
            Some(old) => changed(found, old, organisation, after),
            None => admitted(found, organisation),
        }
        annex_threshold(found, organisation);
        if let Some((part, known)) = old.zip(known) {
            moved(found, part, known, new, organisation);
        }
    }
    for relay in old.iter().flat_map(|part| &part.relays) {
        if let Some(new) = new.relay(&relay.name) {
            relay_changed(found, relay, new);
        }
    }
}

fn admitted(found: &mut Warnings, new: &Organisation) {
    if let Some(pin) = new.pin {
        found.weakened(
            "organisation-returns",
            format!(
                "`{}` comes back with its annex {} as that was: the contacts and devices in it \
                 count again until a later annex is published.",
                new.name, pin.number
            ),
        );
    }
    if new.standing == Standing::Observer {
        found.weakened(
            "observer-admitted",
            format!("The observer `{}` is admitted.", new.name),
        );
    }
    no_home(found, new);
}

fn no_home(found: &mut Warnings, organisation: &Organisation) {
    if organisation.home_relays.is_empty() {
        found.cut_off(
            "no-home-relay",
            format!(
                "`{}` has no home relay: nobody can send to it.",
                organisation.name
            ),
        );
    }
}

fn changed(found: &mut Warnings, old: &Organisation, new: &Organisation, after: &Network<'_>) {
    let name = &new.name;
    match (old.standing, new.standing) {
        (Standing::Member, Standing::Observer) => found.cut_off(
            "becomes-observer",
            format!("`{name}` becomes an observer: rules with wildcards no longer reach it."),
        ),
        (Standing::Observer, Standing::Member) => found.weakened(
            "becomes-member",
            format!("`{name}` becomes a member: rules with wildcards reach it from now on."),
        ),
        _ => {}
    }
    if !old.home_relays.is_empty() {
        no_home(found, new);
    }
    let signers = |of: &Organisation| (of.annex_threshold, of.annex_keys.clone());
    if signers(old) != signers(new) {
        let newest = after.annex(name).map_or(0, |annex| annex.number);
        unpinned(found, new, newest);
        annex_signers(found, old, new);
    }
}

/// PROTOCOL R7: annexes beyond the pin are judged again, by the new signers.
fn unpinned(found: &mut Warnings, new: &Organisation, newest: u64) {
    let name = &new.name;
    if new.pin.map_or(0, |pin| pin.number) < newest {
        found.cut_off(
            "annex-not-pinned",
            format!(
                "The signers of `{name}`'s annexes change, and its newest annex is not pinned: \
                 annexes after the pin that the new rule does not cover fall out of force."
            ),
        );
    }
}

/// Signers of annexes that change.
fn annex_signers(found: &mut Warnings, old: &Organisation, new: &Organisation) {
    let name = &new.name;
    if new.annex_keys.is_empty() {
        found.weakened(
            "annex-keys-gone",
            format!("`{name}` loses its annex keys: the authority signs its annexes."),
        );
    } else if !old.annex_keys.is_empty() {
        if new.annex_threshold < old.annex_threshold {
            found.weakened(
                "fewer-annex-signatures",
                format!(
                    "Fewer signatures make an annex of `{name}`: {} instead of {}.",
                    new.annex_threshold, old.annex_threshold
                ),
            );
        }
        if !new.annex_keys.iter().any(|key| old.annex_keys.has(key)) {
            found.locked_out(
                "annex-keys-replaced",
                format!(
                    "None of the keys that sign annexes of `{name}` stays: telephone it and \
                     compare the new ones."
                ),
            );
        }
    }
}

fn annex_threshold(found: &mut Warnings, organisation: &Organisation) {
    let keys = organisation.annex_keys.len();
    let threshold = usize::from(organisation.annex_threshold);
    if keys > 0 && (threshold > keys || threshold == 0) {
        found.locked_out(
            "too-few-annex-keys",
            format!(
                "`{}` is locked out of its annex: {threshold} signatures are asked for, and there \
                 are {keys} keys. Nobody will accept this part.",
                organisation.name
            ),
        );
    }
}

/// A desk that was away learns where to go from the relays it knows, and from others.
fn moved(
    found: &mut Warnings,
    old_part: &AuthorityPart,
    old: &Organisation,
    new_part: &AuthorityPart,
    new: &Organisation,
) {
    let meets = |name: &Name| {
        let (before, after) = (old_part.relay(name), new_part.relay(name));
        before.zip(after).is_some_and(|(before, after)| {
            let same = |address| before.addresses.contains(address);
            after.addresses.iter().any(same)
        })
    };
    let moved = !old.home_relays.is_empty()
        && !new.home_relays.is_empty()
        && !new
            .home_relays
            .iter()
            .any(|name| old.home_relays.contains(name) && meets(name));
    if moved {
        found.cut_off(
            "home-relays-moved",
            format!(
                "No home relay of `{}` stays where it was: a desk of it that is away now does not \
                 find its way back by itself. Let the old one run beside the new for a while.",
                new.name
            ),
        );
    }
}

fn relay_changed(found: &mut Warnings, old: &Relay, new: &Relay) {
    if !old.keys.iter().any(|keys| new.keys.contains(keys)) {
        found.cut_off(
            "relay-keys-replaced",
            format!(
                "All keys of the relay `{}` change at once: until it runs with the new ones, \
                 nobody can connect to it.",
                new.name
            ),
        );
    }
}

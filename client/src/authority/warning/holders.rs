//! The authority itself: its keys, its threshold, its time, and what holds for everybody.

use std::collections::BTreeSet;

use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::roster::AuthorityPart;
use maille_common::terms::Reach;
use maille_common::time::{Span, Timestamp};

use super::Warnings;
use crate::authority::network::Network;

/// Shorter than this, nobody gets the next part signed in time.
const SHORT: Span = Span::from_days(30);

pub(super) fn judge(
    found: &mut Warnings,
    before: Option<&Network<'_>>,
    after: &Network<'_>,
    now: Timestamp,
) {
    let new = after.part;
    threshold(found, new);
    if new.renew_by <= now + SHORT {
        found.locked_out(
            "short-lived",
            format!(
                "This part is stale from {} on: the next one has to be signed before.",
                new.renew_by
            ),
        );
    }
    if let Some(before) = before {
        changed(found, before.part, new);
    }
}

/// Thresholds that cannot be met, or only just, or by one alone.
fn threshold(found: &mut Warnings, new: &AuthorityPart) {
    let (threshold, keys) = (usize::from(new.threshold), new.keys.len());
    if threshold > keys || threshold == 0 {
        found.locked_out(
            "too-few-keys",
            format!(
                "The authority is locked out: {threshold} signatures are asked for, and there are \
                 {keys} keys. Nobody will accept this part."
            ),
        );
    } else if threshold == keys {
        found.locked_out(
            "no-spare-key",
            format!(
                "All {keys} authority keys have to sign the next part: if one is lost, no part \
                 can ever follow this one."
            ),
        );
    }
    if threshold == 1 && keys > 0 {
        found.weakened(
            "one-holder-decides",
            "Each key holder alone decides about the whole network from now on.",
        );
    }
}

fn changed(found: &mut Warnings, old: &AuthorityPart, new: &AuthorityPart) {
    if new.threshold < old.threshold {
        found.weakened(
            "fewer-holders",
            format!(
                "Fewer key holders have to agree from now on: {} instead of {}.",
                new.threshold, old.threshold
            ),
        );
    }
    unproven_keys(found, old, new);
    if new.network != old.network {
        found.cut_off(
            "network-renamed",
            "The name of the network changes, so nobody will accept this part.",
        );
    }
    match (old.reach, new.reach) {
        (Reach::Anywhere, Reach::Loopback) => found.cut_off(
            "reach-loopback",
            "The network is an example from now on: no relay or desk serves it beyond its own \
             machine.",
        ),
        (Reach::Loopback, Reach::Anywhere) => found.weakened(
            "reach-anywhere",
            "An example becomes a network that is served anywhere, with the keys of the example.",
        ),
        _ => {}
    }
    for (old, new) in old.defaults.iter().zip(&new.defaults) {
        if new.ack_within > old.ack_within {
            found.weakened(
                "escalates-later",
                format!(
                    "At urgency `{}`, deputies are asked after {} from now on, instead of {}.",
                    new.urgency, new.ack_within, old.ack_within
                ),
            );
        }
    }
}

/// Where the keys that stay do not suffice, the next part hangs on keys that never signed.
fn unproven_keys(found: &mut Warnings, old: &AuthorityPart, new: &AuthorityPart) {
    let keys = |part: &AuthorityPart| -> BTreeSet<VerifyingKey> {
        part.keys.iter().map(|held| held.key).collect()
    };
    let (before, after) = (keys(old), keys(new));
    let stay = after.intersection(&before).count();
    let threshold = usize::from(new.threshold);
    if stay < threshold && after != before {
        let keys = new.keys.iter().filter(|held| !before.contains(&held.key));
        let names: Vec<String> = keys
            .map(|held| format!("{} of `{}`", held.key.short(), held.organisation))
            .collect();
        found.locked_out(
            "unproven-keys",
            format!(
                "The next part needs {threshold} signatures, and {stay} of the keys that sign \
                 this one stay: without the new keys nothing can follow. Telephone their holders \
                 and compare: {}.",
                names.join(", ")
            ),
        );
    }
}

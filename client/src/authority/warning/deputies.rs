//! Who is asked in another's place, and whether that step asks anybody.

use maille_common::address::ContactAddress;
use maille_common::roster::Contact;

use super::Warnings;
use crate::authority::network::Network;

pub(super) fn judge(found: &mut Warnings, before: Option<&Network<'_>>, after: &Network<'_>) {
    for contact in after.contacts() {
        let old = before.and_then(|network| network.contact(&contact.address));
        let address = &contact.address;
        if contact.deputies.is_empty() && old.is_some_and(|old| !old.deputies.is_empty()) {
            found.cut_off(
                "no-deputy",
                format!("`{address}` has no deputy left: nobody is asked in its place."),
            );
        }
        for deputy in gone(contact, after) {
            let was_there = before.is_none_or(|network| network.contact(deputy).is_some());
            let is_named_anew = !old.is_some_and(|old| names(old, deputy));
            if was_there || is_named_anew {
                found.cut_off(
                    "deputy-unknown",
                    format!(
                        "`{deputy}` is a deputy of `{address}` and stands in no annex: that step \
                         asks nobody."
                    ),
                );
            }
        }
    }
}

fn gone<'a>(
    contact: &'a Contact,
    network: &'a Network<'_>,
) -> impl Iterator<Item = &'a ContactAddress> {
    let deputies = contact.deputies.iter().map(|deputy| &deputy.contact);
    deputies.filter(|deputy| network.contact(deputy).is_none())
}

fn names(contact: &Contact, deputy: &ContactAddress) -> bool {
    contact
        .deputies
        .iter()
        .any(|named| named.contact == *deputy)
}

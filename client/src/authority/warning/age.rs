//! Proposals that have lain for long: what they say counts from the day on which they were made.

use maille_common::limits;
use maille_common::roster::{AuthorityPart, Roster};
use maille_common::time::{Span, Timestamp};

use super::{Effect, Warning, Warnings};
use crate::authority::network::Network;
use crate::authority::overlap::{KeysOf, Overlap};
use crate::authority::proposal::Proposal;

/// A proposal that is older is warned of.
const OLD: Span = Span::from_days(7);

impl Proposal {
    /// What is lost by the time for which it has lain, where that is more than a week.
    pub fn age_warnings(&self, roster: Option<&Roster>, now: Timestamp) -> Vec<Warning> {
        let mut found = Warnings::default();
        let issued = self.issued();
        let age = now.since(issued);
        if age <= OLD {
            return found.list;
        }
        let good = match self {
            Self::Authority(signed) => signed.part.renew_by,
            Self::Annex(signed) => signed.annex.renew_by,
        };
        found.cut_off(
            "proposal-old",
            format!(
                "This proposal was made {} ago, and what it says counts from then: of the {} for \
                 which it is good, {}. Propose it anew.",
                days(age),
                days(good.since(issued)),
                left(good.since(now)),
            ),
        );
        found.overlaps(self.overlaps(roster), now);
        if let Some(gone) = roster.and_then(|roster| self.first_removed(roster)) {
            let end = issued + Span::from_ms(limits::DISMISSED_MS);
            found.cut_off(
                "removal-dated-back",
                format!(
                    "{gone} counts as removed since {issued}: what has been answered there about \
                     alerts from after {end} ends nobody's waiting any more, wherever that answer \
                     was not judged yet. Propose it anew."
                ),
            );
        }
        found.list
    }

    /// Something that it removes, at the beginning of a sentence.
    fn first_removed(&self, roster: &Roster) -> Option<String> {
        let after = Network::after(self, Some(roster))?;
        let part: &AuthorityPart = roster.authority();
        let mut organisations = part.organisations.iter();
        if let Some(gone) = organisations.find(|known| {
            let name = &known.name;
            after.part.organisation(name).is_none()
        }) {
            return Some(format!("The organisation `{}`", gone.name));
        }
        for entry in roster.contacts() {
            let address = &entry.contact.address;
            let Some(kept) = after.contact(address) else {
                return Some(format!("`{address}`"));
            };
            let stays = |id| kept.devices.iter().any(|device| device.id == id);
            let mut devices = entry.contact.devices.iter();
            if let Some(gone) = devices.find(|device| !stays(device.id)) {
                return Some(format!("The device {} of `{address}`", gone.id.short()));
            }
            let names = |contact| kept.deputies.iter().any(|deputy| deputy.contact == contact);
            let mut deputies = entry.contact.deputies.iter();
            if let Some(gone) = deputies.find(|deputy| !names(deputy.contact.clone())) {
                return Some(format!("`{}`, as a deputy of `{address}`,", gone.contact));
            }
        }
        None
    }
}

impl Warnings {
    /// One sentence for the devices, of the one that has least left, and one for each relay.
    fn overlaps(&mut self, overlaps: Vec<Overlap>, now: Timestamp) {
        let is_device = |overlap: &Overlap| matches!(overlap.whose, KeysOf::Device(..));
        let (devices, relays): (Vec<_>, Vec<_>) = overlaps.into_iter().partition(is_device);
        let others = match devices.len() {
            0 | 1 => String::new(),
            2 => ", and of one more device,".to_owned(),
            count => format!(", and of {} more devices,", count - 1),
        };
        if let Some(first) = devices.into_iter().min_by_key(|overlap| overlap.until) {
            let text = format!(
                "Of the {} for which the old keys of {}{others} still count beside the next ones, \
                 {}: a desk that comes back later is cut off.",
                days(first.until.since(first.from)),
                first.whose,
                left(first.left(now)),
            );
            self.push(Effect::CutOff, "device-overlap-shortened", text);
        }
        for overlap in relays {
            let text = format!(
                "Of the {} for which {} goes on with its present keys, so that every desk hears of \
                 the next ones, {}.",
                days(overlap.until.since(overlap.from)),
                overlap.whose,
                left(overlap.left(now)),
            );
            self.push(Effect::CutOff, "relay-overlap-shortened", text);
        }
    }
}

/// Whole days, of which there is at least one.
fn days(span: Span) -> String {
    match span.ms() / limits::DAY_MS {
        0 => "day that has begun".to_owned(),
        1 => "one day".to_owned(),
        days => format!("{days} days"),
    }
}

fn left(span: Span) -> String {
    match span.ms() / limits::DAY_MS {
        0 if span == Span::ZERO => "none is left".to_owned(),
        0 => "less than one day is left".to_owned(),
        1 => "one day is left".to_owned(),
        days => format!("{days} days are left"),
    }
}

//! A plan becomes the documents that lead from the roster in force to it.

use maille_common::address::{ContactAddress, Name};
use maille_common::codec::{List, ListError, SortedList, Text, TooLong};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::local_text::LocalText;
use maille_common::roster::{
    Annex, AuthorityKey, AuthorityPart, NamedList, Organisation, Relay, RelayKeys, RequestError,
    Roster, RosterError, Rule, UrgencyDefault, Version,
};
use maille_common::terms::Urgency;
use maille_common::time::{Span, Timestamp};
use thiserror::Error;

use super::plan::{DeadlinePlan, HolderPlan, NetworkPlan, OrganisationPlan, RelayPlan, RulePlan};
use super::proposal::Proposal;

/// The documents that change, unsigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The next authority part; none if nothing of it changes.
    pub authority: Option<AuthorityPart>,
    /// The next annex of each organisation that the plan changes.
    pub annexes: Vec<Annex>,
}

impl Draft {
    /// Whether the roster in force is as the plan says.
    pub fn is_empty(&self) -> bool {
        self.authority.is_none() && self.annexes.is_empty()
    }

    /// One proposal for each document, the authority's first: it has to be published before annexes
    /// of organisations that it brings.
    pub fn proposals(self) -> Result<Vec<Proposal>, TooLong> {
        let authority = self.authority.into_iter().map(Proposal::of_authority);
        let annexes = self.annexes.into_iter().map(Proposal::of_annex);
        authority.chain(annexes).collect()
    }
}

impl NetworkPlan {
    /// The documents that lead from the roster in force, or from nothing, to this plan.
    ///
    /// They are checked as far as a document can be by itself; signatures and chains are judged
    /// when they are published. Each new authority part pins the annexes in force.
    pub fn build(&self, previous: Option<&Roster>, now: Timestamp) -> Result<Draft, PlanError> {
        if let Some(roster) = previous
            && *roster.authority().network != *self.network
        {
            return Err(PlanError::Network {
                planned: self.network.clone(),
                network: roster.authority().network.to_string(),
            });
        }
        let next = self.authority_part(previous, now)?;
        next.check()?;
        let authority = match previous.map(Roster::authority) {
            Some(old) if self.says_the_same(old, &next, now) => None,
            _ => Some(next),
        };
        let mut annexes = Vec::new();
        for organisation in &self.organisations {
            annexes.extend(self.annex(organisation, previous, now)?);
        }
        Ok(Draft { authority, annexes })
    }

    fn authority_part(
        &self,
        previous: Option<&Roster>,
        now: Timestamp,
    ) -> Result<AuthorityPart, PlanError> {
        let head = previous.map(|roster| roster.heads().authority);
        let lifted = previous.map_or(&[][..], |roster| &roster.authority().lifted);
        let organisation = |planned: &OrganisationPlan| {
            planned.build(previous.and_then(|roster| roster.newest_annex(&planned.name)))
        };
        let lists = self
            .lists
            .iter()
            .map(|(name, patterns)| named_list(name, patterns));
        Ok(AuthorityPart {
            version: Version::ONE,
            network: text("network", &self.network)?,
            reach: self.reach,
            number: head.map_or(1, |head| head.number.saturating_add(1)),
            previous: head.map_or(Hash::ZERO, |head| head.hash),
            issued: now,
            renew_by: now + self.renew_after,
            threshold: self.threshold,
            keys: sorted("key", self.keys.iter().map(HolderPlan::build))?,
            organisations: sorted("organisation", self.organisations.iter().map(organisation))?,
            relays: sorted("relay", self.relays.iter().map(RelayPlan::build))?,
            lists: sorted("lists", lists)?,
            defaults: list(
                "defaults",
                Urgency::ALL
                    .iter()
                    .map(|&urgency| Ok(self.default(urgency))),
            )?,
            rules: list("rule", self.rules.iter().map(RulePlan::build))?,
            lifted: union("lifted", lifted, &self.lifted)?,
            extensions: previous.map_or_else(Extensions::empty, |roster| {
                roster.authority().extensions.clone()
            }),
        })
    }

    fn default(&self, urgency: Urgency) -> UrgencyDefault {
        let deadlines = self.defaults.get(&urgency).copied();
        let deadlines = deadlines.unwrap_or(DeadlinePlan::usual(urgency));
        UrgencyDefault {
            urgency,
            ack_within: deadlines.ack_within,
            expires_after: deadlines.expires_after,
        }
    }

    /// Whether a new part would only count on, be dated and pin. A part that is near its end is
    /// renewed, though it says nothing new.
    fn says_the_same(&self, old: &AuthorityPart, next: &AuthorityPart, now: Timestamp) -> bool {
        let unpinned = |part: &AuthorityPart| {
            let organisations = part.organisations.iter().map(|organisation| Organisation {
                pin: None,
                ..organisation.clone()
            });
            organisations.collect::<Vec<_>>()
        };
        let dated = AuthorityPart {
            number: old.number,
            previous: old.previous,
            issued: old.issued,
            renew_by: old.renew_by,
            organisations: old.organisations.clone(),
            ..next.clone()
        };
        dated == *old
            && unpinned(old) == unpinned(next)
            && !is_due(old.renew_by, self.renew_after, now)
    }
}

impl HolderPlan {
    fn build(&self) -> Result<AuthorityKey, PlanError> {
        Ok(AuthorityKey {
            key: self.key,
            organisation: self.organisation.clone(),
            holder: text("holder of a key", &self.holder)?,
        })
    }
}

impl OrganisationPlan {
    fn build(&self, pin: Option<maille_common::roster::Head>) -> Result<Organisation, PlanError> {
        let keys = self.annex_keys.iter().map(|key| Ok(*key));
        Ok(Organisation {
            name: self.name.clone(),
            standing: self.standing,
            names: local_texts("names of an organisation", &self.names)?,
            home_relays: list(
                "home_relays",
                self.home_relays.iter().map(|name| Ok(name.clone())),
            )?,
            annex_threshold: self.annex_threshold,
            annex_keys: sorted::<VerifyingKey, 8>("annex_keys", keys)?,
            pin,
        })
    }
}

impl RelayPlan {
    fn build(&self) -> Result<Relay, PlanError> {
        let addresses = self
            .addresses
            .iter()
            .map(|address| text("address of a relay", address));
        let keys = self.keys.iter().map(|keys| {
            Ok(RelayKeys {
                transport: keys.transport,
                signing: keys.signing,
            })
        });
        Ok(Relay {
            name: self.name.clone(),
            organisation: self.organisation.clone(),
            addresses: list("addresses of a relay", addresses)?,
            keys: list("keys of a relay", keys)?,
        })
    }
}

impl RulePlan {
    fn build(&self) -> Result<Rule, PlanError> {
        Ok(Rule {
            from: text("from of a rule", &self.from)?,
            to: text("to of a rule", &self.to)?,
            two_persons: sorted(
                "two_persons of a rule",
                self.two_persons.iter().map(|&word| Ok(word)),
            )?,
        })
    }
}

fn named_list(name: &str, patterns: &[String]) -> Result<NamedList, PlanError> {
    let patterns = patterns
        .iter()
        .map(|pattern| text("pattern of a list", pattern));
    Ok(NamedList {
        name: text("name of a list", name)?,
        patterns: list("patterns of a list", patterns)?,
    })
}

/// Whether a document has less than half of its time left.
pub(super) fn is_due(renew_by: Timestamp, renew_after: Span, now: Timestamp) -> bool {
    now + Span::from_ms(renew_after.ms() / 2) >= renew_by
}

/// A text within its limit.
pub(super) fn text<const MAX: usize>(place: &str, text: &str) -> Result<Text<MAX>, PlanError> {
    Text::new(text).map_err(|source| PlanError::TooLong {
        place: place.to_owned(),
        source,
    })
}

/// Texts by language.
pub(super) fn local_texts<const MAX: usize>(
    place: &str,
    texts: &std::collections::BTreeMap<String, String>,
) -> Result<SortedList<LocalText, MAX>, PlanError> {
    let texts = texts.iter().map(|(language, name)| {
        Ok(LocalText {
            language: text(place, language)?,
            text: text(place, name)?,
        })
    });
    sorted(place, texts)
}

/// A list within its limit.
pub(super) fn list<T, const MAX: usize>(
    place: &str,
    items: impl Iterator<Item = Result<T, PlanError>>,
) -> Result<List<T, MAX>, PlanError> {
    let items: Vec<T> = items.collect::<Result<_, _>>()?;
    List::new(items).map_err(|source| PlanError::TooLong {
        place: place.to_owned(),
        source,
    })
}

/// A list in the order of the wire.
pub(super) fn sorted<T: Ord, const MAX: usize>(
    place: &str,
    items: impl Iterator<Item = Result<T, PlanError>>,
) -> Result<SortedList<T, MAX>, PlanError> {
    let mut items: Vec<T> = items.collect::<Result<_, _>>()?;
    items.sort_unstable();
    SortedList::new(items).map_err(|source| PlanError::List {
        place: place.to_owned(),
        source,
    })
}

/// Two sets of hashes as one.
pub(super) fn union<const MAX: usize>(
    place: &str,
    old: &[Hash],
    new: &[Hash],
) -> Result<SortedList<Hash, MAX>, PlanError> {
    let all: std::collections::BTreeSet<Hash> = old.iter().chain(new).copied().collect();
    sorted(place, all.into_iter().map(Ok))
}

/// Why a plan is not one of a network.
#[derive(Debug, Error)]
pub enum PlanError {
    /// It is for another network.
    #[error(
        "The description is of the network `{planned}`, and the roster of `{network}`. Check \
         which roster is used."
    )]
    Network {
        /// The network of the plan.
        planned: String,
        /// The network of the roster.
        network: String,
    },
    /// A text or list is over its limit.
    #[error("In the description of the network, {place} is too long. {source}")]
    TooLong {
        /// Where.
        place: String,
        /// The limit.
        source: TooLong,
    },
    /// A list is too long or has something twice.
    #[error("In the description of the network, {place} is refused. {source}")]
    List {
        /// Where.
        place: String,
        /// What is wrong.
        source: ListError,
    },
    /// The request of a device does not verify.
    #[error("The request of a device of `{contact}` is refused. {source}")]
    Request {
        /// The contact it stands under.
        contact: ContactAddress,
        /// What is wrong.
        source: RequestError,
    },
    /// A request stands under another contact than it asks for.
    #[error("A request for `{asked}` stands under `{contact}`. Move it there.")]
    OtherContact {
        /// The contact it stands under.
        contact: ContactAddress,
        /// The contact it asks for.
        asked: ContactAddress,
    },
    /// A request is named as a file and was not read.
    #[error("The request of a device of `{contact}` was not read. Read the plan from its file.")]
    Unread {
        /// The contact.
        contact: ContactAddress,
    },
    /// The plan speaks of contacts of an organisation in another one's annex.
    #[error("`{contact}` stands under `{organisation}` and does not begin with its name. Move it.")]
    ForeignContact {
        /// The organisation.
        organisation: Name,
        /// The contact.
        contact: ContactAddress,
    },
    /// A document would not be accepted by anybody.
    #[error(transparent)]
    Document(#[from] RosterError),
}

impl PlanError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Network { .. } => "plan-network",
            Self::TooLong { .. } => "plan-too-long",
            Self::List { .. } => "plan-list",
            Self::Request { source, .. } => source.code(),
            Self::OtherContact { .. } => "plan-request-contact",
            Self::Unread { .. } => "plan-request-unread",
            Self::ForeignContact { .. } => "plan-foreign-contact",
            Self::Document(_) => "plan-document",
        }
    }
}

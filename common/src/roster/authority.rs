//! The authority part of the roster: who takes part, by which relays, under which rules.

use super::{Head, RosterError, Version, authority_check};
use crate::address::Name;
use crate::codec::{Decode, Encode, List, SortedList, Text};
use crate::crypto::ed25519::VerifyingKey;
use crate::extension::Extensions;
use crate::hash::Hash;
use crate::limits;
use crate::local_text::LocalText;
use crate::terms::{Reach, Standing, Urgency};
use crate::time::{Span, Timestamp};

/// One version of what the whole network agreed on, chained to the one before.
///
/// The fields of lists are checked on decoding; names that must be defined, thresholds and patterns
/// when the part enters a [`Roster`](super::Roster).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AuthorityPart {
    /// The version of this structure.
    pub version: Version,
    /// The name of the network, as in the anchor.
    pub network: Text<64>,
    /// Whether the network may be run beyond one machine.
    pub reach: Reach,
    /// The place in the chain, from 1.
    pub number: u64,
    /// The hash of the part before; zero for part 1.
    pub previous: Hash,
    /// When it was written.
    pub issued: Timestamp,
    /// Past this it is shown as stale. Nothing is refused for it (I8).
    pub renew_by: Timestamp,
    /// How many of the keys have to sign the next part.
    pub threshold: u8,
    /// The keys that sign the next part, each held by another organisation.
    pub keys: SortedList<AuthorityKey, 16>,
    /// The organisations of the network.
    pub organisations: SortedList<Organisation, { limits::ORGANISATIONS_MAX }>,
    /// The relays of the network.
    pub relays: SortedList<Relay, 64>,
    /// Lists of patterns that rules and senders use by name.
    pub lists: SortedList<NamedList, 256>,
    /// Deadlines where the sender names none, one per urgency, in order of code.
    pub defaults: List<UrgencyDefault, 5>,
    /// Who may send to whom. What no rule allows is refused (I9).
    pub rules: List<Rule, 1024>,
    /// Suspensions that are over. Once listed in any part, a suspension is over for ever.
    pub lifted: SortedList<Hash, 1024>,
    /// Room for later versions.
    pub extensions: Extensions,
}

impl AuthorityPart {
    /// Checks everything about the part that needs no other document (PROTOCOL R1, R4, R5, R8).
    ///
    /// A roster does so itself; this is for whoever writes a part, before it goes round for
    /// signatures.
    pub fn check(&self) -> Result<(), RosterError> {
        authority_check::check_authority(self, &self.network)
    }

    /// The organisation of this name.
    pub fn organisation(&self, name: &Name) -> Option<&Organisation> {
        let found = self
            .organisations
            .binary_search_by(|entry| entry.name.cmp(name));
        found.ok().map(|at| &self.organisations[at])
    }

    /// The relay of this name.
    pub fn relay(&self, name: &Name) -> Option<&Relay> {
        let found = self.relays.binary_search_by(|entry| entry.name.cmp(name));
        found.ok().map(|at| &self.relays[at])
    }
}

/// One key of the authority.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct AuthorityKey {
    /// The key.
    pub key: VerifyingKey,
    /// The member that holds it.
    pub organisation: Name,
    /// The office or person who keeps it, for the telephone.
    pub holder: Text<128>,
}

/// One organisation of the network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Organisation {
    /// Its name, with which its contacts' addresses begin.
    pub name: Name,
    /// Member or observer.
    pub standing: Standing,
    /// Its names for people.
    pub names: SortedList<LocalText, 16>,
    /// The relays where its devices collect, the preferred one first.
    pub home_relays: List<Name, 4>,
    /// How many of the annex keys have to sign an annex. Without meaning where there is no key.
    pub annex_threshold: u8,
    /// The organisation's own keys for its annex. None: the authority signs it.
    pub annex_keys: SortedList<VerifyingKey, 8>,
    /// The annex that the authority has seen, from which newer ones follow.
    pub pin: Option<Head>,
}

/// One relay.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Relay {
    /// Its name.
    pub name: Name,
    /// The organisation that operates it.
    pub organisation: Name,
    /// Where it listens, as `host:port`, the preferred one first.
    pub addresses: List<Text<255>, 8>,
    /// Its keys, the newest first; two while they overlap.
    pub keys: List<RelayKeys, 2>,
}

/// The two keys of one life of a relay.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct RelayKeys {
    /// Proves the relay in the TLS handshake.
    pub transport: VerifyingKey,
    /// Signs what the relay states.
    pub signing: VerifyingKey,
}

/// A list of patterns with a name, used as `@name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct NamedList {
    /// The name, without the `@`.
    pub name: Text<64>,
    /// The patterns, as text.
    pub patterns: List<Text<128>, 64>,
}

/// Deadlines of alerts of one urgency, where the sender names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct UrgencyDefault {
    /// The urgency.
    pub urgency: Urgency,
    /// How long until deputies are asked.
    pub ack_within: Span,
    /// How long until the obligation ends as expired.
    pub expires_after: Span,
}

/// Allows contacts to send to contacts, and everything about these alerts both ways.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Rule {
    /// Who may send: a pattern or `@list`.
    pub from: Text<128>,
    /// To whom: a pattern or `@list`.
    pub to: Text<128>,
    /// The urgencies for which a second person has to sign as well.
    pub two_persons: SortedList<Urgency, 5>,
}

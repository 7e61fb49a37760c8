//! A network as people describe it: what `apply` reads, and what tests and examples write in code.

use std::collections::BTreeMap;
use std::path::PathBuf;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::hash::Hash;
use maille_common::roster::{DutyHours, SignedRequest};
use maille_common::terms::{Reach, Standing, Urgency};
use maille_common::time::{Span, Timestamp};
use serde::Deserialize;

use super::plan_file::{DeviceForm, text};
use super::public_key_file::PublicKeyFile;

/// A whole network. [`build`](Self::build) makes the documents that lead to it.
///
/// ```
/// use maille_client::authority::{NetworkPlan, RulePlan, parse_plan};
/// # let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
/// let plan: NetworkPlan = parse_plan(&format!(r#"
///     network = "dialogue"
///     threshold = 1
///
///     [[key]]
///     key = "{key}"
///     organisation = "interpol"
///     holder = "General Secretariat"
///
///     [[organisation]]
///     name = "interpol"
///     names = {{ en = "INTERPOL" }}
///
///     [[rule]]
///     from = "**"
///     to = "**"
/// "#))?;
/// assert_eq!(plan.rules, [RulePlan::new("**", "**")]);
/// # Ok::<(), maille_client::authority::PlanFileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkPlan {
    /// The name of the network, as in the anchor.
    pub network: String,
    /// Whether it may be run beyond one machine.
    #[serde(default = "anywhere", deserialize_with = "text::one")]
    pub reach: Reach,
    /// How long the documents are fresh. One with less than half of it left is renewed.
    #[serde(default = "a_year", deserialize_with = "text::one")]
    pub renew_after: Span,
    /// How many of the keys have to sign the next part.
    pub threshold: u8,
    /// The keys of the authority.
    #[serde(default, rename = "key")]
    pub keys: Vec<HolderPlan>,
    /// The organisations.
    #[serde(default, rename = "organisation")]
    pub organisations: Vec<OrganisationPlan>,
    /// The relays.
    #[serde(default, rename = "relay")]
    pub relays: Vec<RelayPlan>,
    /// Named lists of patterns.
    #[serde(default)]
    pub lists: BTreeMap<String, Vec<String>>,
    /// Deadlines of urgencies; [`DeadlinePlan::usual`] for those that are not named.
    #[serde(default, deserialize_with = "text::keys")]
    pub defaults: BTreeMap<Urgency, DeadlinePlan>,
    /// Who may send to whom.
    #[serde(default, rename = "rule")]
    pub rules: Vec<RulePlan>,
    /// Suspensions the authority lifts, beside those it lifted before.
    #[serde(default, deserialize_with = "text::many")]
    pub lifted: Vec<Hash>,
}

impl NetworkPlan {
    /// The least network there is: its key holders' organisations as members, and nobody to write
    /// to.
    pub fn of_holders(network: &str, threshold: u8, holders: &[PublicKeyFile]) -> Self {
        let mut organisations: Vec<OrganisationPlan> = Vec::new();
        for holder in holders {
            if !organisations
                .iter()
                .any(|known| known.name == holder.organisation)
            {
                organisations.push(OrganisationPlan::new(holder.organisation.clone()));
            }
        }
        Self {
            network: network.to_owned(),
            reach: Reach::Anywhere,
            renew_after: a_year(),
            threshold,
            keys: holders.iter().map(HolderPlan::from).collect(),
            organisations,
            relays: Vec::new(),
            lists: BTreeMap::new(),
            defaults: BTreeMap::new(),
            rules: Vec::new(),
            lifted: Vec::new(),
        }
    }
}

/// One key of the authority and who holds it. A `.pub` file has just these lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolderPlan {
    /// The key.
    #[serde(deserialize_with = "text::one")]
    pub key: VerifyingKey,
    /// The member that holds it.
    #[serde(deserialize_with = "text::one")]
    pub organisation: Name,
    /// The office or person who keeps it.
    pub holder: String,
}

impl From<&PublicKeyFile> for HolderPlan {
    fn from(file: &PublicKeyFile) -> Self {
        Self {
            key: file.key,
            organisation: file.organisation.clone(),
            holder: file.holder.clone(),
        }
    }
}

/// One organisation, and its contacts where the plan speaks of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationPlan {
    /// Its name.
    #[serde(deserialize_with = "text::one")]
    pub name: Name,
    /// Member or observer.
    #[serde(default = "member", deserialize_with = "text::one")]
    pub standing: Standing,
    /// Its names by language.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// The relays where its devices collect, the preferred one first.
    #[serde(default, deserialize_with = "text::many")]
    pub home_relays: Vec<Name>,
    /// How many of its own keys sign its annex.
    #[serde(default = "one")]
    pub annex_threshold: u8,
    /// Its own keys. None: the authority signs its annex.
    #[serde(default, deserialize_with = "text::many")]
    pub annex_keys: Vec<VerifyingKey>,
    /// Whether its officers' names may travel in notes. Unchanged where it is not said, at first
    /// no.
    pub officer_names: Option<bool>,
    /// Its contacts, all of them. Not said: its annex is its own affair and stays as it is.
    #[serde(rename = "contact")]
    pub contacts: Option<Vec<ContactPlan>>,
    /// Suspensions it lifts, beside those it lifted before.
    #[serde(default, deserialize_with = "text::many")]
    pub lifted: Vec<Hash>,
}

impl OrganisationPlan {
    /// A member without contacts, relays or keys of its own.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            standing: Standing::Member,
            names: BTreeMap::new(),
            home_relays: Vec::new(),
            annex_threshold: 1,
            annex_keys: Vec::new(),
            officer_names: None,
            contacts: None,
            lifted: Vec::new(),
        }
    }
}

/// One designated contact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactPlan {
    /// The address.
    #[serde(deserialize_with = "text::one")]
    pub address: ContactAddress,
    /// Its names by language.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// What it is there for.
    #[serde(default)]
    pub role: String,
    /// The languages read there (BCP 47), the preferred one first.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The time zone of its hours (IANA).
    #[serde(default = "utc")]
    pub time_zone: String,
    /// When somebody is on duty, as `mon-fri 08:00-18:00`. None: day and night.
    #[serde(default, deserialize_with = "text::hours")]
    pub hours: Vec<DutyHours>,
    /// Telephone numbers, the preferred one first.
    #[serde(default)]
    pub telephones: Vec<String>,
    /// Who is asked, step by step, when it does not answer.
    #[serde(default)]
    pub deputies: Vec<DeputyPlan>,
    /// Whether an acknowledgement by a program stops an escalation.
    #[serde(default)]
    pub system_acknowledges: bool,
    /// From when it is designated. Not said: as it was, and for a new one from now.
    #[serde(default, deserialize_with = "text::maybe")]
    pub valid_from: Option<Timestamp>,
    /// Until when, if that is known.
    #[serde(default, deserialize_with = "text::maybe")]
    pub valid_to: Option<Timestamp>,
    /// Its devices, all of them. Not said: those it has stay, as `admit` put them there.
    #[serde(rename = "device")]
    pub devices: Option<Vec<DevicePlan>>,
}

impl ContactPlan {
    /// A contact that is there day and night, in UTC, with the devices it has.
    pub fn new(address: ContactAddress) -> Self {
        Self {
            address,
            names: BTreeMap::new(),
            role: String::new(),
            languages: Vec::new(),
            time_zone: utc(),
            hours: Vec::new(),
            telephones: Vec::new(),
            deputies: Vec::new(),
            system_acknowledges: false,
            valid_from: None,
            valid_to: None,
            devices: None,
        }
    }
}

/// A contact that is asked in another's place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeputyPlan {
    /// The contact.
    #[serde(deserialize_with = "text::one")]
    pub contact: ContactAddress,
    /// How long after the end of the step before.
    #[serde(deserialize_with = "text::one")]
    pub after: Span,
}

/// One device of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DeviceForm")]
pub enum DevicePlan {
    /// By its keys.
    Keys {
        /// Its id.
        id: DeviceId,
        /// What it is called on site.
        label: String,
        /// Its keys, the newest first.
        keys: Vec<KeyPairPlan>,
    },
    /// By its request. Whoever writes this in code has compared the code, or made the device.
    Request(Box<SignedRequest>),
    /// By the file of its request; [`read_plan`](super::read_plan) reads it and compares the code.
    File {
        /// The file, from the folder of the plan.
        request: PathBuf,
        /// The twelve digits, as read out by telephone.
        code: String,
    },
}

/// The two keys of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPairPlan {
    /// Proves the device in the TLS handshake.
    #[serde(deserialize_with = "text::one")]
    pub transport: VerifyingKey,
    /// Signs what the device says.
    #[serde(deserialize_with = "text::one")]
    pub signing: VerifyingKey,
    /// From when they are valid. Not said: as it was, and for new ones from now.
    #[serde(default, deserialize_with = "text::maybe")]
    pub valid_from: Option<Timestamp>,
    /// Until when, if that is known.
    #[serde(default, deserialize_with = "text::maybe")]
    pub valid_to: Option<Timestamp>,
}

/// One relay.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayPlan {
    /// Its name.
    #[serde(deserialize_with = "text::one")]
    pub name: Name,
    /// The organisation that operates it.
    #[serde(deserialize_with = "text::one")]
    pub organisation: Name,
    /// Where it listens, as `host:port`.
    pub addresses: Vec<String>,
    /// Its keys, the newest first; two while they overlap.
    pub keys: Vec<RelayKeysPlan>,
}

/// The two keys of one life of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayKeysPlan {
    /// Proves the relay in the TLS handshake.
    #[serde(deserialize_with = "text::one")]
    pub transport: VerifyingKey,
    /// Signs what the relay states.
    #[serde(deserialize_with = "text::one")]
    pub signing: VerifyingKey,
}

/// Deadlines of one urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlinePlan {
    /// How long until deputies are asked.
    #[serde(deserialize_with = "text::one")]
    pub ack_within: Span,
    /// How long until the obligation ends as expired.
    #[serde(deserialize_with = "text::one")]
    pub expires_after: Span,
}

impl DeadlinePlan {
    /// What holds where a plan says nothing: a quarter of an hour for what is immediate, an hour
    /// for what is expected, a day for the rest.
    pub const fn usual(urgency: Urgency) -> Self {
        let (ack_within, expires_after) = match urgency {
            Urgency::Immediate => (Span::from_minutes(15), Span::from_days(1)),
            Urgency::Expected => (Span::from_hours(1), Span::from_days(2)),
            _ => (Span::from_days(1), Span::from_days(7)),
        };
        Self {
            ack_within,
            expires_after,
        }
    }
}

/// Allows contacts to send to contacts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePlan {
    /// Who may send: a pattern or `@list`.
    pub from: String,
    /// To whom: a pattern or `@list`.
    pub to: String,
    /// The urgencies for which a second person has to sign as well.
    #[serde(default, deserialize_with = "text::many")]
    pub two_persons: Vec<Urgency>,
}

impl RulePlan {
    /// A rule for which one person suffices.
    pub fn new(from: &str, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            two_persons: Vec::new(),
        }
    }
}

fn anywhere() -> Reach {
    Reach::Anywhere
}

fn member() -> Standing {
    Standing::Member
}

fn a_year() -> Span {
    Span::from_days(365)
}

fn one() -> u8 {
    1
}

fn utc() -> String {
    "UTC".to_owned()
}

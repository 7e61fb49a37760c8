//! What an authority part has to be by itself (PROTOCOL R1, R4, R5, R8).

use std::collections::BTreeSet;

use super::signatures::check_threshold;
use super::{AuthorityPart, DocumentName, Organisation, RosterError};
use crate::address::{Name, name_fault, shortened};
use crate::check::Check;
use crate::extension::{Extensions, first_unknown_critical};
use crate::pattern::{Pattern, PatternError, PatternFault, Selector};
use crate::terms::{Standing, Urgency};

/// Checks everything about a part that needs no other document.
pub(super) fn check_authority(part: &AuthorityPart, network: &str) -> Result<(), RosterError> {
    let document = DocumentName::Authority(part.number);
    check_network(&document, &part.network, network)?;
    check_extensions(&document, &part.extensions)?;
    check_repetitions(part, &document)?;
    Check::R4.found(check_keys(part))?;
    Check::R5.found(check_names(part))?;
    Check::R8.found(check_relay_keys(part, &document))
}

/// The network is the anchor's.
pub(super) fn check_network(
    document: &DocumentName,
    found: &str,
    expected: &str,
) -> Result<(), RosterError> {
    if Check::R1.holds(found == expected) {
        return Ok(());
    }
    Err(RosterError::Network {
        document: document.clone(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    })
}

/// No critical extension is unknown, and no number stands twice (PROTOCOL section 2).
pub(super) fn check_extensions(
    document: &DocumentName,
    extensions: &Extensions,
) -> Result<(), RosterError> {
    if let Some(number) = first_unknown_critical(extensions)
        && Check::R1.stands()
    {
        return Err(RosterError::CriticalExtension {
            document: document.clone(),
            number,
        });
    }
    let numbers = extensions.iter().map(|extension| extension.number);
    refuse_repeated(document, "extension", numbers)
}

/// Refuses a list with two items of one name: the codec sees only that whole items ascend.
pub(super) fn refuse_repeated<T: Ord + ToString>(
    document: &DocumentName,
    kind: &str,
    items: impl Iterator<Item = T>,
) -> Result<(), RosterError> {
    let mut seen = BTreeSet::new();
    for item in items {
        let text = item.to_string();
        if Check::R1.refuses(!seen.insert(item)) {
            return Err(RosterError::Repeated {
                document: document.clone(),
                what: format!("the {kind} `{}`", shortened(&text)),
            });
        }
    }
    Ok(())
}

fn check_repetitions(part: &AuthorityPart, document: &DocumentName) -> Result<(), RosterError> {
    refuse_repeated(document, "key", part.keys.iter().map(|key| key.key))?;
    let organisations = part
        .organisations
        .iter()
        .map(|organisation| &organisation.name);
    refuse_repeated(document, "organisation", organisations)?;
    refuse_repeated(
        document,
        "relay",
        part.relays.iter().map(|relay| &relay.name),
    )?;
    refuse_repeated(
        document,
        "list",
        part.lists.iter().map(|list| list.name.as_str()),
    )?;
    for organisation in &part.organisations {
        let languages = organisation.names.iter().map(|name| name.language.as_str());
        refuse_repeated(document, "language of a name", languages)?;
    }
    Ok(())
}

/// R4: thresholds can be met; each key with another organisation, none with an observer.
fn check_keys(part: &AuthorityPart) -> Result<(), RosterError> {
    let number = part.number;
    let refuse_threshold = |fault| RosterError::Threshold {
        document: DocumentName::Authority(number),
        fault,
    };
    check_threshold(part.threshold, part.keys.len()).map_err(refuse_threshold)?;
    let mut holders = BTreeSet::new();
    for key in &part.keys {
        let organisation = defined(part, "a key of the authority", &key.organisation)?;
        if organisation.standing == Standing::Observer {
            return Err(RosterError::ObserverKey {
                number,
                organisation: key.organisation.clone(),
            });
        }
        if !holders.insert(&key.organisation) {
            return Err(RosterError::TwoKeysOfOne {
                number,
                organisation: key.organisation.clone(),
            });
        }
    }
    for organisation in &part.organisations {
        let keys = organisation.annex_keys.len();
        if keys > 0 {
            check_threshold(organisation.annex_threshold, keys).map_err(refuse_threshold)?;
        }
    }
    Ok(())
}

/// R5: every name used is defined, lists and rules parse, defaults are complete.
fn check_names(part: &AuthorityPart) -> Result<(), RosterError> {
    check_organisations(part)?;
    check_operators(part)?;
    check_lists(part)?;
    check_rules(part)?;
    check_defaults(part)
}

/// R5: every home relay is defined.
fn check_organisations(part: &AuthorityPart) -> Result<(), RosterError> {
    for organisation in &part.organisations {
        for relay in &organisation.home_relays {
            if !part.relays.iter().any(|defined| defined.name == *relay) {
                return Err(RosterError::Undefined {
                    number: part.number,
                    place: format!("organisation `{}`", organisation.name),
                    name: relay.to_string(),
                });
            }
        }
    }
    Ok(())
}

/// R5: every relay's operator is defined.
fn check_operators(part: &AuthorityPart) -> Result<(), RosterError> {
    for relay in &part.relays {
        let place = format!("relay `{}`", relay.name);
        defined(part, &place, &relay.organisation)?;
    }
    Ok(())
}

/// R8: every key of a relay has one place.
fn check_relay_keys(part: &AuthorityPart, document: &DocumentName) -> Result<(), RosterError> {
    let mut keys = BTreeSet::new();
    for relay in &part.relays {
        for key in relay
            .keys
            .iter()
            .flat_map(|keys| [keys.transport, keys.signing])
        {
            if !keys.insert(key) {
                return Err(RosterError::RepeatedKey {
                    document: document.clone(),
                    key,
                });
            }
        }
    }
    Ok(())
}

/// R5: every list has a name that `@` can name, and parses.
fn check_lists(part: &AuthorityPart) -> Result<(), RosterError> {
    for list in &part.lists {
        let place = format!("list `{}`", shortened(&list.name));
        let refuse = |source| RosterError::Selector {
            number: part.number,
            place: place.clone(),
            source,
        };
        if name_fault(&list.name).is_some() {
            let name = shortened(&list.name);
            return Err(refuse(PatternError {
                pattern: format!("@{name}"),
                fault: PatternFault::Segment(name),
            }));
        }
        for pattern in &list.patterns {
            pattern.parse::<Pattern>().map_err(refuse)?;
        }
    }
    Ok(())
}

/// R5: every rule parses and uses only defined lists.
fn check_rules(part: &AuthorityPart) -> Result<(), RosterError> {
    for (index, rule) in part.rules.iter().enumerate() {
        for side in [&rule.from, &rule.to] {
            let place = format!("rule {}", index + 1);
            let refuse = |source| RosterError::Selector {
                number: part.number,
                place: place.clone(),
                source,
            };
            if let Selector::List(name) = side.parse().map_err(refuse)?
                && !part.lists.iter().any(|list| list.name.as_str() == name)
            {
                return Err(RosterError::Undefined {
                    number: part.number,
                    place,
                    name: format!("@{name}"),
                });
            }
        }
    }
    Ok(())
}

/// R5: one default per urgency, in order of code.
fn check_defaults(part: &AuthorityPart) -> Result<(), RosterError> {
    let complete = part
        .defaults
        .iter()
        .map(|default| default.urgency)
        .eq(Urgency::ALL.iter().copied());
    if complete {
        Ok(())
    } else {
        Err(RosterError::Defaults {
            number: part.number,
        })
    }
}

fn defined<'a>(
    part: &'a AuthorityPart,
    place: &str,
    name: &Name,
) -> Result<&'a Organisation, RosterError> {
    part.organisation(name)
        .ok_or_else(|| RosterError::Undefined {
            number: part.number,
            place: place.to_owned(),
            name: name.to_string(),
        })
}

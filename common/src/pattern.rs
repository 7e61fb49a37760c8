//! Patterns that name many contacts at once (PROTOCOL section 2).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::address::{ContactAddress, Name, name_fault, shortened};
use crate::codec::{Text, coded_as};
use crate::limits;
use crate::terms::Standing;

/// A pattern of contact addresses: `interpol/*/cyber`, `europol/**`, `**`.
///
/// A segment is a name or `*`, which stands for any one segment; the last may be `**`, for one or
/// more segments. On the wire it is its text. Patterns that no address can match are refused, since
/// they are mistakes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    text: Text<{ limits::ADDRESS_BYTES_MAX }>,
}

impl Pattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Whether it names this contact, whose organisation has this standing.
    ///
    /// Members match segment by segment. An observer's contact is matched only where the first
    /// segment is the organisation's very name: nobody shares with an observer by a wildcard.
    pub fn matches(&self, address: &ContactAddress, standing: Standing) -> bool {
        let names_organisation = self.organisation() == address.segments().next();
        if standing == Standing::Observer && !names_organisation {
            return false;
        }
        let mut wanted = self.as_str().split('/');
        let mut given = address.segments();
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some("**"), Some(_)) => return true,
                (Some(want), Some(found)) if want == "*" || want == found => {}
                _ => return false,
            }
        }
    }

    /// The organisation it names in its first segment, or none if that is a wildcard.
    pub fn organisation(&self) -> Option<&str> {
        self.as_str()
            .split('/')
            .next()
            .filter(|first| !first.starts_with('*'))
    }

    /// Whether it can match a contact of this organisation.
    pub(crate) fn may_match(&self, organisation: &Name, standing: Standing) -> bool {
        match self.organisation() {
            Some(named) => named == organisation.as_str(),
            None => standing == Standing::Member,
        }
    }
}

impl From<&ContactAddress> for Pattern {
    /// The pattern that names this one contact.
    fn from(address: &ContactAddress) -> Self {
        let text = Text::new(address.as_str()).expect("an address is as short as a pattern");
        Self { text }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(pattern: &str) -> Result<Self, PatternError> {
        let refuse = |fault| PatternError {
            pattern: shortened(pattern),
            fault,
        };
        let text = Text::new(pattern).map_err(|_| refuse(PatternFault::TooLong))?;
        match pattern_fault(pattern) {
            None => Ok(Self { text }),
            Some(fault) => Err(refuse(fault)),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

coded_as!(
    Pattern as Text<{ limits::ADDRESS_BYTES_MAX }>,
    |pattern| &pattern.text,
    |text| match pattern_fault(&text) {
        None => Ok(Pattern { text }),
        Some(_) => Err("a pattern is not of names, `*` and a last `**`"),
    },
);

/// A text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{pattern}` is not a pattern of contacts: {fault}.")]
pub struct PatternError {
    /// What was given, shortened.
    pub pattern: String,
    /// What is wrong with it.
    pub fault: PatternFault,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternFault {
    /// It is longer than [`limits::ADDRESS_BYTES_MAX`].
    #[error("it is longer than {} bytes", limits::ADDRESS_BYTES_MAX)]
    TooLong,
    /// It has so many or few segments that no address can match it.
    #[error("no address has {0} segments; write `**` at the end for everything below")]
    MatchesNothing(usize),
    /// `**` stands before the end.
    #[error("`**` may only be the last segment")]
    DeepNotLast,
    /// A segment is neither a name nor a wildcard.
    #[error("the segment `{0}` is neither a name nor `*` nor `**`")]
    Segment(String),
}

fn pattern_fault(pattern: &str) -> Option<PatternFault> {
    let count = pattern.split('/').count();
    let last = count - 1;
    for (index, segment) in pattern.split('/').enumerate() {
        match segment {
            "*" => {}
            "**" if index == last => {}
            "**" => return Some(PatternFault::DeepNotLast),
            name if name_fault(name).is_none() && name.len() <= limits::NAME_BYTES_MAX => {}
            other => return Some(PatternFault::Segment(shortened(other))),
        }
    }
    let deep = pattern == "**" || pattern.ends_with("/**");
    let fits = count <= *limits::ADDRESS_SEGMENTS.end()
        && (deep || count >= *limits::ADDRESS_SEGMENTS.start());
    (!fits).then_some(PatternFault::MatchesNothing(count))
}

/// Who is meant: a pattern, or a named list of patterns, written `@name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// The contacts that a pattern matches.
    Pattern(Pattern),
    /// The contacts that any pattern of this list of the roster matches.
    List(String),
}

impl FromStr for Selector {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        match text.strip_prefix('@') {
            None => text.parse().map(Self::Pattern),
            Some(list) if name_fault(list).is_none() => Ok(Self::List(list.to_owned())),
            Some(list) => Err(PatternError {
                pattern: shortened(text),
                fault: PatternFault::Segment(shortened(list)),
            }),
        }
    }
}

impl From<&ContactAddress> for Selector {
    fn from(address: &ContactAddress) -> Self {
        Self::Pattern(address.into())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::List(list) => write!(f, "@{list}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{decode, encode};

    fn matches(pattern: &str, address: &str, standing: Standing) -> bool {
        let pattern: Pattern = pattern.parse().unwrap();
        pattern.matches(&address.parse().unwrap(), standing)
    }

    #[test]
    fn a_star_stands_for_one_segment_and_two_for_one_or_more() {
        for (pattern, address, expected) in [
            ("interpol/fr/cyber", "interpol/fr/cyber", true),
            ("interpol/*/cyber", "interpol/fr/cyber", true),
            ("interpol/*", "interpol/fr/cyber", false),
            ("interpol/**", "interpol/fr/cyber", true),
            ("interpol/**", "interpol/fr", true),
            ("interpol/fr/**", "interpol/fr", false),
            ("*/fr", "europol/fr", true),
            ("*/*", "europol/fr/a", false),
            ("*/**", "europol/fr/a", true),
            ("**", "europol/fr/a/b/c", true),
            ("inter/**", "interpol/fr", false),
        ] {
            let found = matches(pattern, address, Standing::Member);
            assert_eq!(found, expected, "{pattern} {address}");
        }
    }

    #[test]
    fn an_observer_is_matched_only_by_its_name() {
        for pattern in ["**", "*/fr", "*/**", "*/*"] {
            assert!(matches(pattern, "ngo/fr", Standing::Member), "{pattern}");
            assert!(!matches(pattern, "ngo/fr", Standing::Observer), "{pattern}");
        }
        for pattern in ["ngo/**", "ngo/*", "ngo/fr"] {
            assert!(matches(pattern, "ngo/fr", Standing::Observer), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_are_mistakes_are_refused() {
        for pattern in [
            "",
            "*",
            "interpol",
            "a/**/b",
            "**/a",
            "a//b",
            "a/",
            "/a",
            "a/b*",
            "a/***",
            "A/b",
            "a/b/c/d/e/f",
            "a/b/c/d/e/**",
        ] {
            assert!(pattern.parse::<Pattern>().is_err(), "{pattern}");
            let text = Text::<128>::new(pattern).unwrap();
            assert!(decode::<Pattern>(&encode(&text)).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_selector_is_a_pattern_or_a_list() {
        assert_eq!("@cyber".parse(), Ok(Selector::List("cyber".to_owned())));
        assert!(matches!("a/**".parse(), Ok(Selector::Pattern(_))));
        for text in ["@", "@-", "@@a", "@a b", "a"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }

    prop_compose! {
        fn addresses()(segments in prop::collection::vec("[ab]{1,2}", 2..=5)) -> ContactAddress {
            segments.join("/").parse().unwrap()
        }
    }

    proptest! {
        #[test]
        fn an_address_is_a_pattern_of_itself_alone(left in addresses(), right in addresses()) {
            for standing in [Standing::Member, Standing::Observer] {
                prop_assert_eq!(Pattern::from(&left).matches(&right, standing), left == right);
            }
        }

        #[test]
        fn replacing_segments_by_stars_keeps_the_match(address in addresses(), mask: u8) {
            let starred: Vec<_> = address
                .segments()
                .enumerate()
                .map(|(at, segment)| if mask >> at & 1 == 1 { "*" } else { segment })
                .collect();
            let pattern: Pattern = starred.join("/").parse().unwrap();
            prop_assert!(pattern.matches(&address, Standing::Member));
            prop_assert_eq!(pattern.matches(&address, Standing::Observer), mask & 1 == 0);
        }

        #[test]
        fn a_deep_end_matches_what_begins_alike(address in addresses(), keep in 1_usize..5) {
            let count = address.segments().count();
            let head: Vec<_> = address.segments().take(keep).collect();
            if keep < 5 {
                let pattern: Pattern = format!("{}/**", head.join("/")).parse().unwrap();
                prop_assert_eq!(pattern.matches(&address, Standing::Member), count > keep);
            }
        }

        #[test]
        fn what_an_observer_matches_a_member_matches(
            pattern in "[ab*]{1,2}(/[ab*]{1,2}){0,3}", address in addresses(),
        ) {
            if let Ok(pattern) = pattern.parse::<Pattern>() {
                let organisation = address.organisation();
                for standing in [Standing::Member, Standing::Observer] {
                    if pattern.matches(&address, standing) {
                        prop_assert!(pattern.matches(&address, Standing::Member));
                        prop_assert!(pattern.may_match(&organisation, standing));
                    }
                }
                prop_assert_eq!(decode(&encode(&pattern)), Ok(pattern));
            }
        }
    }
}

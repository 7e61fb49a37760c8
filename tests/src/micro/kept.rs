//! Counts of instructions that are kept in the repository, and what other counts say beside them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A count may differ by one part in so many, up or down: 5 %.
const PARTS: u64 = 20;

/// What `tests/counts.toml` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// With which compiler they were counted, as it names itself.
    pub(super) compiler: String,
    /// Instructions of one repetition, by workload.
    pub(super) counts: BTreeMap<String, u64>,
}

/// How a count differs from what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Difference {
    /// It takes more.
    #[error(
        "{workload}: {counted} instructions, {percent} % more than the {kept} that are kept. Find \
         what it does more, or keep the new count with --write and say in the commit what for."
    )]
    More {
        workload: String,
        counted: u64,
        kept: u64,
        percent: u64,
    },
    /// It takes fewer.
    #[error(
        "{workload}: {counted} instructions, {percent} % fewer than the {kept} that are kept. Keep \
         the better count with --write and commit it, so that nobody loses it again."
    )]
    Fewer {
        workload: String,
        counted: u64,
        kept: u64,
        percent: u64,
    },
    /// Nothing is kept of it.
    #[error("{workload}: {counted} instructions, and no count is kept. Keep it with --write.")]
    Missing { workload: String, counted: u64 },
    /// It is kept, and there is no such workload.
    #[error(
        "{workload}: a count is kept, and nothing of that name is counted. Drop it by --write."
    )]
    Unknown { workload: String },
}

impl Kept {
    /// Every difference that is more than 5 %, by workload.
    pub(super) fn differences(&self, counted: &BTreeMap<String, u64>) -> Vec<Difference> {
        let judged = counted.iter().filter_map(|(workload, counted)| {
            let (workload, counted) = (workload.clone(), *counted);
            match self.counts.get(&workload) {
                Some(kept) => judge(workload, counted, *kept),
                None => Some(Difference::Missing { workload, counted }),
            }
        });
        let unknown = self
            .counts
            .keys()
            .filter(|name| !counted.contains_key(*name));
        let unknown = unknown.cloned();
        judged
            .chain(unknown.map(|workload| Difference::Unknown { workload }))
            .collect()
    }
}

fn judge(workload: String, counted: u64, kept: u64) -> Option<Difference> {
    let apart = counted.abs_diff(kept);
    if apart.saturating_mul(PARTS) <= kept {
        return None;
    }
    let percent = apart.saturating_mul(100) / kept.max(1);
    Some(match counted > kept {
        true => Difference::More {
            workload,
            counted,
            kept,
            percent,
        },
        false => Difference::Fewer {
            workload,
            counted,
            kept,
            percent,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }

    fn differences(kept: &[(&str, u64)], counted: &[(&str, u64)]) -> Vec<Difference> {
        let kept = Kept {
            compiler: "rustc".to_owned(),
            counts: counts(kept),
        };
        kept.differences(&counts(counted))
    }

    #[test]
    fn a_count_within_5_percent_is_none_and_one_beyond_is_told_both_ways() {
        for same in [950, 1_000, 1_050] {
            assert_eq!(differences(&[("codec", 1_000)], &[("codec", same)]), []);
        }
        let more = differences(&[("codec", 1_000)], &[("codec", 1_051)]);
        assert_eq!(
            more[0].to_string(),
            "codec: 1051 instructions, 5 % more than the 1000 that are kept. Find what it does \
             more, or keep the new count with --write and say in the commit what for."
        );
        let fewer = differences(&[("codec", 1_000)], &[("codec", 800)]);
        assert_eq!(
            fewer[0].to_string(),
            "codec: 800 instructions, 20 % fewer than the 1000 that are kept. Keep the better \
             count with --write and commit it, so that nobody loses it again."
        );
        let from_none = differences(&[("codec", 0)], &[("codec", 3)]);
        assert!(matches!(from_none[..], [Difference::More { .. }]));
    }

    #[test]
    fn a_workload_of_which_nothing_is_kept_is_told() {
        let missing = Difference::Missing {
            workload: "roster".to_owned(),
            counted: 7,
        };
        let found = differences(&[("codec", 1)], &[("codec", 1), ("roster", 7)]);
        assert_eq!(found, [missing]);
    }

    #[test]
    fn a_count_that_is_kept_of_nothing_is_told() {
        let unknown = Difference::Unknown {
            workload: "ledgre".to_owned(),
        };
        let found = differences(&[("codec", 1), ("ledgre", 7)], &[("codec", 1)]);
        assert_eq!(found, [unknown]);
    }

    #[test]
    fn the_file_in_the_repository_keeps_every_workload_and_no_other() {
        let text = include_str!("../../counts.toml");
        let kept: Kept = toml::from_str(text).unwrap();
        let named: Vec<&str> = kept.counts.keys().map(String::as_str).collect();
        assert_eq!(named, super::super::counts::names());
    }
}

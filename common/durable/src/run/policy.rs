//! Which runs are merged: the decision alone.

/// How many times an older run the newer ones must outweigh before they are merged with it. Each
/// byte is then written about once for every fourfold growth of the store, and a store of n times
/// the first run has about 3 × log₄ n runs.
const RATIO: u64 = 3;

/// What a run weighs in the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) bytes: u64,
    pub(crate) puts: u64,
    pub(crate) deletes: u64,
}

/// Tells from which run on, oldest first, all are to be merged into one; `None` while it is well.
///
/// The oldest run for which one of two things holds: the newer ones together outweigh it, or they
/// delete half of what it may hold, so that space is not kept by what is gone.
pub(crate) fn merge_from(runs: &[Weight]) -> Option<usize> {
    (0..runs.len().saturating_sub(1)).find(|&at| {
        let (run, newer) = (runs[at], &runs[at + 1..]);
        let bytes: u64 = newer.iter().map(|run| run.bytes).sum();
        let deletes: u64 = newer.iter().map(|run| run.deletes).sum();
        bytes >= run.bytes.saturating_mul(RATIO) || (deletes > 0 && deletes * 2 >= run.puts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(bytes: u64) -> Weight {
        Weight {
            bytes,
            puts: bytes,
            deletes: 0,
        }
    }

    /// Adds runs of one size and merges as decided; returns the sizes and all that was written.
    fn grow(count: u64) -> (Vec<u64>, u64) {
        let (mut runs, mut written) = (Vec::new(), 0);
        for _ in 0..count {
            runs.push(run(1));
            written += 1;
            while let Some(from) = merge_from(&runs) {
                let bytes = runs.drain(from..).map(|run| run.bytes).sum();
                written += bytes;
                runs.push(run(bytes));
            }
        }
        (runs.iter().map(|run| run.bytes).collect(), written)
    }

    #[test]
    fn runs_stay_few_and_each_byte_is_written_a_few_times() {
        let (runs, written) = grow(1000);
        assert_eq!(runs.iter().sum::<u64>(), 1000);
        assert!(runs.len() <= 15, "{runs:?}");
        assert!(written <= 6000, "{written}");
    }

    #[test]
    fn deletions_of_half_an_old_run_merge_it() {
        let deletions = |deletes| Weight {
            bytes: deletes,
            puts: 0,
            deletes,
        };
        assert_eq!(merge_from(&[run(1000), deletions(499)]), None);
        assert_eq!(merge_from(&[run(1000), deletions(500)]), Some(0));
        assert_eq!(merge_from(&[deletions(500)]), None);
    }
}

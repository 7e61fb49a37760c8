//! How long things took.

use std::time::Duration;

use serde_json::{Value, json};

/// Durations, each kept: a million of them are 8 MB, and every percentile is exact.
#[derive(Debug, Clone, Default)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap()
    }

    /// Count, percentiles and the longest, in microseconds; null where there is none.
    pub(super) fn json(&self) -> Value {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let Some(longest) = sorted.last() else {
            return Value::Null;
        };
        json!({
            "n": sorted.len(),
            "p50_us": us(at(&sorted, 50)),
            "p90_us": us(at(&sorted, 90)),
            "p99_us": us(at(&sorted, 99)),
            "max_us": us(*longest),
        })
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(took: I) -> Self {
        Self(took.into_iter().collect())
    }
}

/// The smallest of sorted durations that so many of a hundred do not exceed.
fn at(sorted: &[Duration], hundredths: usize) -> Duration {
    let rank = (sorted.len() * hundredths).div_ceil(100);
    sorted[rank.max(1) - 1]
}

fn us(took: Duration) -> f64 {
    round(took.as_secs_f64() * 1e6, 1)
}

/// A number with so many places behind the point.
pub(super) fn round(number: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (number * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_smallest_that_so_many_of_a_hundred_do_not_exceed() {
        let took: Latencies = (1..=200).rev().map(Duration::from_micros).collect();
        let told = took.json();
        assert_eq!(told["n"], 200);
        assert_eq!(told["p50_us"], 100.0);
        assert_eq!(told["p90_us"], 180.0);
        assert_eq!(told["p99_us"], 198.0);
        assert_eq!(told["max_us"], 200.0);
    }

    #[test]
    fn of_a_single_one_everything_is_it_and_of_none_there_is_nothing() {
        let one: Latencies = [Duration::from_millis(2)].into_iter().collect();
        let told = one.json();
        assert_eq!(
            (&told["p50_us"], &told["max_us"]),
            (&told["p99_us"], &told["p50_us"])
        );
        assert_eq!(told["p50_us"], 2000.0);
        assert_eq!(Latencies::default().json(), Value::Null);
    }
}

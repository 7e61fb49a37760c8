//! Each part beside its primitive, in turns in one process: what it takes, and how many times more.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;

use super::figures::{FIGURES, Figure};
use super::{Place, Work};
use crate::crash::rig::{print, say};

/// Measures small parts beside the bare primitives under them.
///
/// One JSON line a figure goes to standard output. It exits with 0 unless `--check` finds a ratio
/// above its limit.
#[derive(Debug, Parser)]
#[command(name = "ratios", args_override_self = true)]
struct Cli {
    /// Fails where a ratio is above its limit.
    #[arg(long)]
    check: bool,
    /// Only figures whose names begin so.
    #[arg(long, default_value = "")]
    only: String,
    /// So often part and primitive take turns; the median counts.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Milliseconds of one turn, at the least.
    #[arg(long, default_value_t = 20)]
    turn_ms: u64,
    /// Devices of the roster.
    #[arg(long, default_value_t = 100_000)]
    devices: usize,
    /// The most devices that an envelope is sealed to.
    #[arg(long, default_value_t = 1_000)]
    seal_max: usize,
    /// On which disk stores are made.
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// What a part and its primitive took, in nanoseconds, and the ratio: medians of the rounds.
#[derive(Debug, PartialEq)]
struct Measured {
    ns: f64,
    bare_ns: f64,
    ratio: f64,
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let dir = cli.dir.clone().unwrap_or_else(std::env::temp_dir);
    let place = Place::of(dir, cli.devices);
    let mut over = false;
    for figure in FIGURES.iter().filter(|figure| cli.takes(figure)) {
        let measured = cli.measure(figure, &place);
        print(&json!({
            "figure": figure.name,
            "ns": measured.ns.round(),
            "bare": figure.bare_name,
            "bare_ns": measured.bare_ns.round(),
            "ratio": hundredths(measured.ratio),
            "limit": figure.limit,
            "optimised": !cfg!(debug_assertions),
        }));
        let fault = above(figure, measured.ratio).filter(|_| cli.check);
        if let Some(fault) = fault {
            say(format_args!("{fault}"));
            over = true;
        }
    }
    match over {
        false => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
    }
}

impl Cli {
    fn takes(&self, figure: &Figure) -> bool {
        let sealed_to = figure.name.strip_prefix("envelope-seal-");
        let devices: usize = sealed_to.map_or(0, |devices| devices.parse().unwrap());
        figure.name.starts_with(&self.only) && devices <= self.seal_max
    }

    fn measure(&self, figure: &Figure, place: &Place) -> Measured {
        let turn = Duration::from_millis(self.turn_ms);
        let mut part = Turns::of((figure.part)(place), turn);
        let mut bare = Turns::of((figure.bare)(place), turn);
        let each = divisor(figure.each);
        let rounds = (0..self.rounds).map(|round| {
            // Neither is always the first, for whom the caches are as the other left them.
            if round % 2 == 0 {
                (part.take() / each, bare.take())
            } else {
                let bare = bare.take();
                (part.take() / each, bare)
            }
        });
        Measured::of(&rounds.collect::<Vec<_>>())
    }
}

/// Something that is repeated often enough for a clock to tell how long it takes.
struct Turns<'a> {
    work: Work<'a>,
    times: u64,
}

impl<'a> Turns<'a> {
    /// Doubles the repetitions until they fill a turn, which warms caches as well.
    fn of(work: Work<'a>, turn: Duration) -> Self {
        let mut turns = Self { work, times: 1 };
        while turns.spend() < turn {
            turns.times *= 2;
        }
        turns
    }

    /// Nanoseconds of one repetition.
    fn take(&mut self) -> f64 {
        self.spend().as_secs_f64() * 1e9 / divisor(self.times)
    }

    fn spend(&mut self) -> Duration {
        let begun = Instant::now();
        for _ in 0..self.times {
            (self.work)();
        }
        begun.elapsed()
    }
}

impl Measured {
    fn of(rounds: &[(f64, f64)]) -> Self {
        Self {
            ns: median(rounds.iter().map(|(ns, _)| *ns)),
            bare_ns: median(rounds.iter().map(|(_, bare)| *bare)),
            // Of each round by itself: what disturbs the machine disturbs both.
            ratio: median(rounds.iter().map(|(ns, bare)| ns / bare)),
        }
    }
}

/// What to do about a ratio that is above its limit.
fn above(figure: &Figure, ratio: f64) -> Option<String> {
    let sentence = format!(
        "{} takes {} times as long as {}, and its limit is {}: find what made it slower; or, if \
         it has to be, give it another limit in tests/src/micro/figures.rs and say why.",
        figure.name,
        hundredths(ratio),
        figure.bare_name,
        figure.limit,
    );
    (ratio > figure.limit).then_some(sentence)
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// A count as what is divided by.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of repetitions are far below 2^52"
)]
fn divisor(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_those_of_each_round() {
        let rounds = [(10.0, 5.0), (90.0, 10.0), (12.0, 4.0)];
        let median = Measured {
            ns: 12.0,
            bare_ns: 5.0,
            ratio: 3.0,
        };
        assert_eq!(Measured::of(&rounds), median);
    }

    #[test]
    fn every_figure_has_a_name_of_its_own_and_a_limit() {
        let names: BTreeSet<&str> = FIGURES.iter().map(|figure| figure.name).collect();
        assert_eq!(names.len(), FIGURES.len());
        assert!(FIGURES.iter().all(|figure| figure.limit > 0.0));
    }

    #[test]
    fn what_is_above_its_limit_is_told_with_what_to_do_and_nothing_else_is() {
        let figure = &FIGURES[0];
        assert_eq!(above(figure, figure.limit), None);
        let told = above(figure, figure.limit + 7.0).unwrap();
        assert!(told.starts_with("envelope-seal-1 takes "), "{told}");
        assert!(told.contains("another limit in tests/src/micro/figures.rs"));
    }
}

//! What processes and the machine have used: processor time, memory, flushes of disks.

use std::fs;
use std::path::Path;

/// Ticks a second in which Linux tells processor time to programs, on every machine.
const TICKS: f64 = 100.0;

/// Processor time that a process has taken so far, its threads that ended included, in seconds.
/// It is told in ticks of 10 ms.
pub(super) fn cpu_seconds(process: u32) -> f64 {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).expect("a process that runs has its figures");
    // The name stands in parentheses and may hold anything; user and system time are fields 14, 15.
    let (_, fields) = text.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .map(|field| field.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS
}

/// Memory of a process that lies in the machine's, in KiB.
pub(super) fn resident_kib(process: u32) -> u64 {
    status(process, "VmRSS:")
}

/// The most it ever was, or was since [`forget_peak`], in KiB.
pub(super) fn peak_kib(process: u32) -> u64 {
    status(process, "VmHWM:")
}

/// Lets the most that a process held be counted from now on.
pub(super) fn forget_peak(process: u32) {
    fs::write(format!("/proc/{process}/clear_refs"), "5")
        .expect("a process of one's own may be told");
}

fn status(process: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.unwrap().parse().unwrap()
}

/// What the machine has done since it was started, everybody's work together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    /// Seconds in which a processor worked.
    pub(super) busy_s: f64,
    /// Seconds that a host kept from this machine.
    pub(super) steal_s: f64,
    /// Flushes of disks: one for each sync that reached a disk.
    pub(super) flushes: f64,
    /// Written, in MiB.
    pub(super) written_mib: f64,
}

impl Machine {
    /// Until now.
    pub(super) fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let fields = text.lines().next().unwrap_or_default().split_whitespace();
        let times: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
        let at = |field: usize| times.get(field).copied().unwrap_or(0.0) / TICKS;
        let (mut flushes, mut written_mib) = (0.0, 0.0);
        for line in fs::read_to_string("/proc/diskstats")
            .unwrap_or_default()
            .lines()
        {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let name = fields.get(2).copied().unwrap_or_default();
            // Whole disks alone: their partitions count the same again.
            if name.starts_with("loop") || !Path::new("/sys/block").join(name).exists() {
                continue;
            }
            let count = |field: usize| {
                let field = fields
                    .get(field)
                    .and_then(|field| field.parse::<f64>().ok());
                field.unwrap_or(0.0)
            };
            written_mib += count(9) / 2048.0;
            flushes += count(18);
        }
        Self {
            // User, nice, system, interrupts; waiting and idling is no work.
            busy_s: at(0) + at(1) + at(2) + at(5) + at(6),
            steal_s: at(7),
            flushes,
            written_mib,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_computes_is_told_to_have_used_the_processor_and_memory() {
        let me = std::process::id();
        let (before, machine) = (cpu_seconds(me), Machine::now());
        let mut sum = 0u64;
        while cpu_seconds(me) < before + 0.05 {
            sum = (0..100_000u64).fold(sum, u64::wrapping_add);
        }
        assert!(Machine::now().busy_s > machine.busy_s, "{sum}");
        assert!(resident_kib(me) > 100 && peak_kib(me) >= resident_kib(me) / 2);
    }
}

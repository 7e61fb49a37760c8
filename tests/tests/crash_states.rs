//! A short run of the rig's faults of the store. docs/reliability.md says what they assert.

use std::process::{Command, Output};

/// Runs the rig, which exits with 0 only if nothing was violated; its last line sums up.
fn crash(words: &str) -> String {
    let rig = env!("CARGO_BIN_EXE_crash");
    let ran: Output = Command::new(rig)
        .args(words.split(' '))
        .output()
        .expect("the rig can be run");
    let (lines, talk) = (
        String::from_utf8_lossy(&ran.stdout).into_owned(),
        String::from_utf8_lossy(&ran.stderr).into_owned(),
    );
    assert!(ran.status.success(), "{words}\n{lines}\n{talk}");
    lines.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn what_a_power_cut_leaves_opens_with_everything_acknowledged() {
    let summary = crash("replay --seed 3 --cycles 4 --cuts 60");
    assert!(summary.contains("\"violated\":0"), "{summary}");
}

#[test]
fn a_sync_that_is_left_out_is_noticed() {
    for mutation in ["no-group-sync", "no-runs-folder-sync", "acknowledged-early"] {
        let summary = crash(&format!("mutate --seed 3 --only {mutation}"));
        assert!(summary.contains("\"caught\":1"), "{mutation}: {summary}");
    }
}

#[test]
fn after_any_call_that_fails_nothing_is_promised_and_nothing_is_lost() {
    let summary = crash("eio --seed 3 --every 24 --of 200 --sampled 20 --processes 4");
    assert!(
        !summary.contains("\"failed\":0,\"stopped\":0,\"unreached\":0"),
        "{summary}"
    );
}

#[test]
fn a_flipped_bit_is_noticed_when_it_is_read() {
    let summary = crash("rot --seed 3 --cycles 2 --flips 80");
    assert!(summary.contains("set-aside-when-read"), "{summary}");
}

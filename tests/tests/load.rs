//! The load tool: each command of docs/performance.md, run small. These are tests of the tool: that
//! its lines can be read and that it loses nothing. How fast anything is they do not say.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::process::{Command, Stdio};

use serde_json::Value;

const BEGINNING: &str = "cargo run --release -p maille-tests --bin load -- ";

/// What makes a figure small. Of two values of one argument, the tool takes the later one.
const SMALL: &[(&str, &str)] = &[
    (
        "accept",
        "--count 12 --mailboxes 2 --in-flight 1,2 --bytes 300",
    ),
    ("e2e", "--pairs 2 --seconds 0.2"),
    ("e2e --half", "--count 8"),
    ("receipt", "--pairs 2 --seconds 0.2"),
    ("receipt --outstanding", "--outstanding 3 --count 9"),
    ("drain", "--count 30 --senders 2"),
    ("fanout", "--devices 4 --rounds 2"),
    ("idle", "--connections 6 --settle 0.1 --seconds 0.1"),
    ("attach", "--mib 9"),
    (
        "backlog",
        "--waiting 0,200 --count 4 --pairs 1 --seconds 0.2 --mailboxes 3 --rate 20",
    ),
    ("restart", "--waiting 40 --mailboxes 3"),
    (
        "urgent",
        "--pairs 1 --rate 20 --seconds 0.2 --bulk 60 --in-flight 2 --mailboxes 2",
    ),
    (
        "overload",
        "--count 20 --seconds 0.2 --conns 2 --mailboxes 2",
    ),
];

/// Every command of the page that begins so.
fn commands(figure: &str) -> Vec<&'static str> {
    let page = include_str!("../../docs/performance.md");
    let commands = page.lines().filter_map(|line| line.strip_prefix(BEGINNING));
    let of_figure = commands.filter(|command| command.split(' ').next() == Some(figure));
    of_figure.collect()
}

/// Runs each command of the page for a figure, small; every line that they print.
fn lines(figure: &str) -> Vec<Value> {
    let found = commands(figure);
    assert!(!found.is_empty(), "the page shows how to repeat {figure}");
    found.into_iter().flat_map(run).collect()
}

fn run(command: &str) -> Vec<Value> {
    let fits = |asked: &str| {
        asked
            .split(' ')
            .all(|word| command.split(' ').any(|it| it == word))
    };
    let small = SMALL.iter().filter(|(asked, _)| fits(asked));
    let small: Vec<&str> = small.flat_map(|(_, words)| words.split(' ')).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(command.split(' '))
        .args(small)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!lines.is_empty(), "{command} prints a line");
    for line in &lines {
        assert_eq!(line["peer"], "maille");
        assert_eq!(line["lost"], 0, "{line}");
    }
    lines
}

/// A number that is more than none.
fn positive(line: &Value, path: &str) {
    let number = line.pointer(path).and_then(Value::as_f64);
    assert!(
        number.is_some_and(|number| number > 0.0),
        "{path} of {line}"
    );
}

fn percentiles(line: &Value, path: &str) {
    for name in ["n", "p50_us", "p90_us", "p99_us", "max_us"] {
        positive(line, &format!("{path}/{name}"));
    }
}

/// What every figure tells of its processes.
fn usage(line: &Value) {
    positive(line, "/memory/server_rss_kib");
    positive(line, "/memory/client_rss_kib");
    positive(line, "/syncs/server_per_s");
    assert!(line["cpu"]["server_cpu_us_per_msg"].is_number(), "{line}");
    assert!(line["cpu"]["client_cpu_us_per_msg"].is_number(), "{line}");
}

#[test]
fn accept_tells_how_many_a_relay_accepts_with_sealing_and_ahead_of_it() {
    let lines = lines("accept");
    for line in &lines {
        usage(line);
        percentiles(line, "/accept");
        positive(line, "/msgs_per_s");
        assert_eq!(line["errors"], 0);
    }
    let ahead = |ahead: bool| lines.iter().filter(move |line| line["ahead"] == ahead);
    assert!(ahead(true).count() >= 2 && ahead(false).count() >= 2);
    for line in ahead(false) {
        positive(line, "/syncs/client_per_s");
    }
}

#[test]
fn e2e_tells_when_alerts_are_stored_at_their_recipients() {
    let lines = lines("e2e");
    for line in &lines {
        usage(line);
        percentiles(line, "/recv");
        percentiles(line, "/round");
        positive(line, "/syncs/client_per_s");
        assert_eq!(line["sent"], line["recv_n"]);
    }
    assert!(lines.iter().any(|line| line["capacity_per_s"].is_number()));
}

#[test]
fn receipt_tells_when_signed_receipts_are_back_and_how_many_come_at_most() {
    let lines = lines("receipt");
    for line in &lines {
        usage(line);
        percentiles(line, "/round");
    }
    assert!(
        lines
            .iter()
            .any(|line| line["round_trips_per_s"].is_number())
    );
}

#[test]
fn drain_tells_how_fast_a_desk_takes_and_signs_what_waited() {
    for line in lines("drain") {
        usage(&line);
        assert_eq!((&line["received"], &line["n"]), (&30.into(), &30.into()));
        assert_eq!(line["duplicates"], 0);
        positive(&line, "/msgs_per_s");
        positive(&line, "/first_ms");
    }
}

#[test]
fn fanout_tells_when_everybody_has_an_alert_and_what_the_relay_brought() {
    let lines = lines("fanout");
    for line in &lines {
        usage(line);
        assert_eq!(line["n"], 4);
        percentiles(line, "/sealed");
        percentiles(line, "/all_received");
    }
    let bare = lines.iter().find(|line| line["bare"] == true).unwrap();
    positive(bare, "/relay_bytes_per_device");
}

#[test]
fn idle_tells_what_connections_cost_that_say_nothing() {
    for line in lines("idle") {
        assert_eq!(line["alive"], 6);
        assert!(line["rss_kib_per_conn"].is_number());
        assert!(line["idle_cpu_cores"].is_number());
    }
}

#[test]
fn attach_tells_how_fast_an_attachment_passes_and_what_each_process_held() {
    for line in lines("attach") {
        assert_eq!(line["mib"], 9);
        positive(&line, "/mib_per_s");
        for process in ["server", "sender", "recipient"] {
            positive(&line, &format!("/idle_kib/{process}"));
            assert!(line["peak_over_idle_kib"][process].is_number());
        }
    }
}

#[test]
fn backlog_tells_what_an_alert_costs_with_and_without_others_waiting() {
    let lines = lines("backlog");
    let waiting: Vec<&Value> = lines.iter().map(|line| &line["waiting"]).collect();
    assert_eq!(waiting, [0, 200]);
    for line in &lines {
        usage(line);
        percentiles(line, "/accept_1");
        percentiles(line, "/accept_64");
        percentiles(line, "/recv");
    }
}

#[test]
fn restart_tells_how_soon_a_killed_relay_serves_with_everything_there() {
    for line in lines("restart") {
        assert_eq!(line["waiting"], 40);
        positive(&line, "/first_accepted_ms");
    }
}

#[test]
fn urgent_tells_what_bulk_does_to_urgent_alerts() {
    for line in lines("urgent") {
        percentiles(&line, "/alone/recv");
        percentiles(&line, "/under_load/recv");
        positive(&line, "/bulk_per_s");
    }
}

#[test]
fn overload_tells_what_is_accepted_of_more_than_can_be() {
    for line in lines("overload") {
        usage(&line);
        positive(&line, "/accepted_per_s");
        let refused = line["refused"].as_object().unwrap().values();
        let refused: u64 = refused.map(|count| count.as_u64().unwrap()).sum();
        let accepted = line["accepted"].as_u64().unwrap();
        assert_eq!(line["offered"], accepted + refused);
    }
}

//! What the relay counts since its start, for `/metrics`.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use maille_common::evidence::SignedAccepted;
use maille_common::terms::{AcceptReason, Outcome, Stage};
use maille_common::wire::RefusalCode;
use maille_link::Figures;

use crate::standing::Standing;

/// Codes of reasons and stages are below this; what is not is not counted apart.
const CODES: usize = 64;

/// Counters that only grow.
#[derive(Debug)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    not_accepted: Codes,
    refused: Codes,
    receipts: Codes,
    pushes: AtomicU64,
    connections: AtomicU64,
}

#[derive(Debug)]
struct Codes([AtomicU64; CODES]);

impl Counters {
    pub(crate) fn new() -> Self {
        let codes = || Codes(std::array::from_fn(|_| AtomicU64::new(0)));
        Self {
            accepted: AtomicU64::new(0),
            not_accepted: codes(),
            refused: codes(),
            receipts: codes(),
            pushes: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }

    /// A submission was answered.
    pub(crate) fn answered(&self, answers: &[SignedAccepted]) {
        for answer in answers {
            match answer.statement.outcome {
                Outcome::Accepted => add(&self.accepted),
                Outcome::Refused => self.not_accepted.add(answer.statement.reason.code()),
            }
        }
    }

    /// A request was refused.
    pub(crate) fn refused(&self, code: RefusalCode) {
        self.refused.add(code.code());
    }

    /// A receipt was taken.
    pub(crate) fn receipt(&self, stage: Stage) {
        self.receipts.add(stage.code());
    }

    /// A device's transport has a push.
    pub(crate) fn pushed(&self) {
        add(&self.pushes);
    }

    /// A device connected.
    pub(crate) fn connected(&self) {
        add(&self.connections);
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn render(
        &self,
        standing: &Standing,
        store: &StoreFigures,
        links: &Figures,
    ) -> String {
        let mut page = Page::default();
        page.links(links);
        page.counter(
            "accepted_total",
            "Recipients for whom an alert was accepted",
            &self.accepted,
        );
        let reasons = AcceptReason::ALL
            .iter()
            .map(|reason| (reason.code(), reason.name()));
        let help = "Recipients for whom an alert was refused, by signed reason";
        page.codes(
            "not_accepted_total",
            help,
            "reason",
            &self.not_accepted,
            reasons,
        );
        let codes = RefusalCode::ALL
            .iter()
            .map(|code| (code.code(), code.name()));
        page.codes(
            "refused_total",
            "Requests refused",
            "reason",
            &self.refused,
            codes,
        );
        let stages = Stage::ALL.iter().map(|stage| (stage.code(), stage.name()));
        page.codes(
            "receipts_total",
            "Receipts taken",
            "stage",
            &self.receipts,
            stages,
        );
        page.counter(
            "pushes_total",
            "Pushes that reached a device's transport",
            &self.pushes,
        );
        page.counter(
            "connections_total",
            "Connections of devices",
            &self.connections,
        );
        page.gauge(
            "desks_connected",
            "Devices connected now",
            standing.desks_connected,
        );
        page.gauge(
            "desks_designated",
            "Devices in the roster",
            standing.desks_designated,
        );
        page.gauge("waiting", "Pieces of mail that wait", standing.waiting);
        page.gauge(
            "mailboxes_waiting",
            "Devices with mail",
            standing.mailboxes_waiting,
        );
        let oldest = standing.oldest_waiting_seconds.unwrap_or(0);
        page.gauge(
            "oldest_waiting_seconds",
            "Age of the oldest alert that waits",
            oldest,
        );
        page.gauge(
            "roster_number",
            "Number of the authority part",
            standing.roster_number,
        );
        page.gauge(
            "roster_age_seconds",
            "Age of the authority part",
            standing.roster_age_seconds,
        );
        page.gauge(
            "roster_stale",
            "1 past its renewal date",
            u64::from(standing.roster_stale),
        );
        page.head("roster_ends", "What of the roster ends, by when", "gauge");
        for (by, number) in [
            ("30-days", standing.roster_ends_within_30_days),
            ("7-days", standing.roster_ends_within_7_days),
            ("1-day", standing.roster_ends_within_1_day),
            ("over", standing.roster_ended),
        ] {
            page.line(format_args!(
                "maille_relay_roster_ends{{within=\"{by}\"}} {number}"
            ));
        }
        page.head("next_keys", "1 where the next keys stand so", "gauge");
        for state in ["none", "made", "announced", "due"] {
            let is_so = u64::from(standing.next_keys == state);
            page.line(format_args!(
                "maille_relay_next_keys{{state=\"{state}\"}} {is_so}"
            ));
        }
        page.gauge(
            "next_keys_used_in_seconds",
            "Until the next keys are used; 0 where none are announced",
            standing.next_keys_used_in_seconds.unwrap_or(0),
        );
        page.gauge(
            "disk_free_bytes",
            "Free bytes of the volume",
            standing.disk_free_bytes,
        );
        page.gauge(
            "attachment_bytes",
            "Bytes of attachments",
            standing.attachment_bytes,
        );
        page.gauge(
            "store_commits",
            "Number of the newest commit",
            store.commits,
        );
        page.gauge(
            "store_syncs_total",
            "Syncs of the log since the start",
            store.syncs,
        );
        page.gauge("store_bytes", "Bytes of log and runs", store.bytes);
        page.gauge("store_records", "Live records", store.records);
        page.gauge(
            "incarnation_since_seconds",
            "Age of the life of the store",
            standing.incarnation_since_seconds,
        );
        let aside = u64::try_from(standing.stores_set_aside.len()).unwrap_or(u64::MAX);
        page.gauge(
            "stores_set_aside",
            "Damaged stores that lie beside the store",
            aside,
        );
        page.labelled(
            "incarnation",
            "The life of the store: another label is another life",
            &format!("{{incarnation=\"{}\"}}", standing.incarnation),
        );
        page.text
    }
}

/// Figures of the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoreFigures {
    pub(crate) commits: u64,
    pub(crate) syncs: u64,
    pub(crate) bytes: u64,
    pub(crate) records: u64,
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.line(format_args!("# HELP maille_relay_{name} {help}."));
        self.line(format_args!("# TYPE maille_relay_{name} {kind}"));
    }

    fn counter(&mut self, name: &str, help: &str, counter: &AtomicU64) {
        self.head(name, help, "counter");
        self.line(format_args!(
            "maille_relay_{name} {}",
            counter.load(Ordering::Relaxed)
        ));
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "gauge");
        self.line(format_args!("maille_relay_{name} {value}"));
    }

    fn labelled(&mut self, name: &str, help: &str, labels: &str) {
        self.head(name, help, "gauge");
        self.line(format_args!("maille_relay_{name}{labels} 1"));
    }

    fn codes(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        codes: &Codes,
        named: impl Iterator<Item = (u8, &'static str)>,
    ) {
        self.head(name, help, "counter");
        for (code, word) in named {
            let count = codes
                .0
                .get(usize::from(code))
                .map_or(0, |count| count.load(Ordering::Relaxed));
            self.line(format_args!(
                "maille_relay_{name}{{{label}=\"{word}\"}} {count}"
            ));
        }
    }

    /// What the listener counts.
    fn links(&mut self, links: &Figures) {
        let gauge = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.gauge("links", "Connections established now", gauge(links.links));
        self.gauge(
            "handshakes",
            "Handshakes under way now",
            gauge(links.handshakes),
        );
        let help = "Bytes of memory claimed for large requests";
        self.gauge("requests_bytes", help, links.memory.0);
        let help = "Bytes of memory claimed for answers and pushes";
        self.gauge("sends_bytes", help, links.memory.1);
        let help = "Connections closed because too many of their streams came to nothing";
        self.reasons("connections_faulty_total", help, &[("", links.faulty)]);
        let help = "Attempts to connect whose address had to prove itself first";
        self.reasons(
            "attempts_asked_to_prove_total",
            help,
            &[("", links.retries)],
        );
        let help = "Attempts to connect that were refused";
        self.reasons("attempts_refused_total", help, &links.refused);
        let help = "Handshakes that came to nothing";
        self.reasons("handshakes_failed_total", help, &links.handshakes_failed);
        self.reasons("streams_cut_total", "Streams cut", &links.cut);
    }

    fn reasons(&mut self, name: &str, help: &str, counted: &[(&'static str, u64)]) {
        self.head(name, help, "counter");
        for (reason, count) in counted {
            let label = match *reason {
                "" => String::new(),
                reason => format!("{{reason=\"{reason}\"}}"),
            };
            self.line(format_args!("maille_relay_{name}{label} {count}"));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("writing to memory does not fail");
    }
}

impl Codes {
    fn add(&self, code: u8) {
        if let Some(counter) = self.0.get(usize::from(code)) {
            add(counter);
        }
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

//! Whom a drill reached, for people: what needs doing first, then who answered.

use std::fmt::{Display, Write};

use maille_common::drill::Outcome;

use super::record::{Contact, Counts, Moment, Record};
use crate::csv;
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::{drill, term};

/// The columns of the table for spreadsheets. Names of fields, the same in every language.
const COLUMNS: [&str; 17] = [
    "contact",
    "outcome",
    "reason",
    "state",
    "reached",
    "delivered_at",
    "delivered_after_ms",
    "delivered_by",
    "delivered_device",
    "acknowledged_at",
    "acknowledged_after_ms",
    "acknowledged_by",
    "acknowledged_device",
    "deputy_step",
    "actor",
    "telephones",
    "languages",
];

impl Record {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let status = term::Status { word: &self.status }.to_string();
        let (status, count) = (&status.to_uppercase(), &self.counts.contacts);
        let sent = &local(self.sent);
        let mut text = format!(
            "{}\n{}\n{}\n",
            drill::Head {
                status,
                count,
                sent
            },
            self.counts.text(),
            drill::Clocks,
        );
        let width = self.contacts.iter().map(|one| one.contact.len()).max();
        // What somebody has to do something about comes first.
        for outcome in Outcome::NAMES.iter().rev() {
            let of_it = || self.contacts.iter().filter(|one| one.outcome == *outcome);
            if of_it().next().is_none() {
                continue;
            }
            // Writing to a String cannot fail.
            let heading = term::Outcome { word: outcome }.to_string().to_uppercase();
            let _ = writeln!(text, "\n{heading}");
            for contact in of_it() {
                text += &contact.text(width.unwrap_or_default());
            }
        }
        text.trim_end().to_owned()
    }

    /// For spreadsheets.
    pub(crate) fn csv(&self) -> String {
        let mut text = csv::row(COLUMNS);
        for contact in &self.contacts {
            text += &csv::row(contact.cells());
        }
        text
    }
}

impl Counts {
    fn text(&self) -> String {
        let told: [(usize, &dyn Display); 8] = [
            (
                self.reached,
                &drill::Reached {
                    count: &self.reached,
                },
            ),
            (
                self.acknowledged,
                &drill::Acknowledged {
                    count: &self.acknowledged,
                },
            ),
            (
                self.by_deputy,
                &drill::ByDeputy {
                    count: &self.by_deputy,
                },
            ),
            (
                self.delivered,
                &drill::Delivered {
                    count: &self.delivered,
                },
            ),
            (
                self.refused,
                &drill::Refused {
                    count: &self.refused,
                },
            ),
            (
                self.silent,
                &drill::Silent {
                    count: &self.silent,
                },
            ),
            (
                self.returned,
                &drill::Returned {
                    count: &self.returned,
                },
            ),
            (
                self.unreachable,
                &drill::Unreachable {
                    count: &self.unreachable,
                },
            ),
        ];
        let told = told.iter().enumerate();
        let told = told.filter(|(place, (count, _))| *count > 0 || *place < 2);
        let told: Vec<String> = told.map(|(_, (_, words))| words.to_string()).collect();
        told.join(", ")
    }
}

impl Contact {
    fn text(&self, width: usize) -> String {
        let mut text = format!("  {:width$}", self.contact);
        // Writing to a String cannot fail.
        let mut add = |words: &dyn Display| {
            let _ = write!(text, "  {words}");
        };
        if let Some(why) = &self.reason {
            add(&self.why(why));
        }
        if let Some(delivered) = &self.delivered {
            let after = &format_args!("{:>8}", delivered.after());
            add(&drill::DeliveredAfter { after });
        }
        if let Some(acknowledged) = &self.acknowledged {
            let after = &format_args!("{:>8}", acknowledged.after());
            add(&drill::AcknowledgedAfter { after });
        }
        if let Some(moment) = self.acknowledged.as_ref().or(self.delivered.as_ref()) {
            add(&moment.by(&self.contact));
        }
        let asked = &self.step_asked;
        if *asked > 0 && self.acknowledged.is_none() {
            add(&drill::StepsAsked { count: asked });
        }
        if self.acknowledged.is_none() {
            add(&self.call());
        }
        text.trim_end().to_owned() + "\n"
    }

    fn why(&self, word: &str) -> String {
        match (self.outcome.as_str(), word.strip_prefix("relay:")) {
            (_, Some(word)) => {
                let reason = &term::Reason { word: &word };
                drill::RefusedByRelay { reason }.to_string()
            }
            ("unreachable", None) => term::Unreachable { word: &word }.to_string(),
            (_, None) => term::Reason { word: &word }.to_string(),
        }
    }

    fn call(&self) -> String {
        let numbers = &safe_text(&self.telephones.join(", "));
        let languages = &safe_text(&self.languages.join(", "));
        match (self.telephones.is_empty(), self.languages.is_empty()) {
            (true, _) => drill::NoTelephone.to_string(),
            (false, true) => drill::Call { numbers }.to_string(),
            (false, false) => drill::CallIn { numbers, languages }.to_string(),
        }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let of = |moment: &Option<Moment>| match moment {
            Some(moment) => [
                moment.time.to_string(),
                moment.after_ms.map(|ms| ms.to_string()).unwrap_or_default(),
                moment.contact.clone(),
                moment.device.clone(),
            ],
            None => Default::default(),
        };
        let last = self.acknowledged.as_ref().or(self.delivered.as_ref());
        let [delivered, acknowledged] = [of(&self.delivered), of(&self.acknowledged)];
        let [
            delivered_at,
            delivered_after,
            delivered_by,
            delivered_device,
        ] = delivered;
        let [
            acknowledged_at,
            acknowledged_after,
            acknowledged_by,
            acknowledged_device,
        ] = acknowledged;
        [
            self.contact.clone(),
            self.outcome.clone(),
            self.reason.clone().unwrap_or_default(),
            self.state.clone().unwrap_or_default(),
            self.reached.to_string(),
            delivered_at,
            delivered_after,
            delivered_by,
            delivered_device,
            acknowledged_at,
            acknowledged_after,
            acknowledged_by,
            acknowledged_device,
            last.map(|moment| moment.step.to_string())
                .unwrap_or_default(),
            last.map(|moment| moment.actor.clone()).unwrap_or_default(),
            self.telephones.join("; "),
            self.languages.join("; "),
        ]
    }
}

impl Moment {
    /// Since the sending, to a tenth of a second while that matters.
    fn after(&self) -> String {
        let Some(ms) = self.after_ms else {
            return drill::Before.to_string();
        };
        let seconds = ms / 1_000;
        match (seconds / 3_600, seconds / 60) {
            (0, 0) => format!("{seconds}.{}s", ms % 1_000 / 100),
            (0, minutes) => format!("{minutes}m{:02}s", seconds % 60),
            (hours, minutes) => format!("{hours}h{:02}m", minutes % 60),
        }
    }

    fn by(&self, recipient: &str) -> String {
        let (contact, device, step) = (&self.contact, &self.device, &self.step);
        let actor = &term::Actor { word: &self.actor };
        match contact == recipient {
            true => drill::ByDevice { device, actor }.to_string(),
            false => drill::ByDeputyOf {
                contact,
                device,
                step,
                actor,
            }
            .to_string(),
        }
    }
}

//! An alert as people read it in a terminal.
//!
//! Whatever the sender wrote stands behind `| ` or after a word of ours, and cannot begin a line: a
//! subject cannot pretend to be what this program says.

use std::fmt::Write;

use maille_common::terms::{PartRole, Status};

use super::paper::{Arrival, Pair, Paper, PaperPart, Words};
use crate::local_time::local;
use crate::safe_text::safe_text;

impl Paper {
    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = self.head();
        for part in &self.parts {
            text += &part.text(&self.short);
        }
        text.trim_end().to_owned()
    }

    fn head(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {} {}", self.short, self.urgency, self.kind);
        if self.status != Status::Actual {
            let _ = writeln!(text, "THIS IS AN {}", self.status.name().to_uppercase());
        }
        for subject in &self.subjects {
            let _ = writeln!(text, "subject{}", subject.text());
        }
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "{name}: {}", safe_text(value));
            }
        };
        line("from", &self.from);
        line("to", &self.recipients.join(", "));
        line("written", &local(self.created));
        line("TLP", &self.tlp.name().to_uppercase());
        for handling in &self.handling {
            line(
                "handling",
                format!("{} {}", handling.code, handling.text).trim_end(),
            );
        }
        line("about", self.refers_to.as_deref().unwrap_or_default());
        line(
            "severity, certainty",
            &format!("{}, {}", self.severity, self.certainty),
        );
        line("evaluation", self.evaluation.as_deref().unwrap_or_default());
        line("categories", &self.categories.join(", "));
        line("to do", &self.responses.join(", "));
        line("events", &pairs(&self.events));
        line("since", &self.onset.map(local).unwrap_or_default());
        line("also known as", &pairs(&self.external));
        line("incidents", &self.incidents.join(", "));
        line("signed by", &self.signed_by);
        for area in &self.areas {
            let _ = writeln!(text, "where{}", area.text());
        }
        if let Some(arrival) = &self.arrival {
            text += &arrival.text();
        }
        text
    }
}

impl Arrival {
    fn text(&self) -> String {
        let seen = if self.possibly_seen {
            ", possibly seen before"
        } else {
            ""
        };
        let mut text = format!(
            "received: {}{seen}; {}; to be acknowledged by {}\n",
            local(self.received),
            self.stage,
            local(self.ack_due)
        );
        if let Some(officer) = &self.read_by {
            text += &format!("read by: {}\n", safe_text(officer));
        }
        text
    }
}

impl Words {
    fn text(&self) -> String {
        match self.language.as_str() {
            "" | "und" => format!(": {}", safe_text(&self.text)),
            language => format!(" ({}): {}", safe_text(language), safe_text(&self.text)),
        }
    }
}

impl PaperPart {
    fn text(&self, alert: &str) -> String {
        if let Some(words) = &self.text {
            let lines = words.lines().map(|line| format!("| {}\n", safe_text(line)));
            return format!("\n{}", lines.collect::<String>());
        }
        let name = match self.name.is_empty() {
            true => String::new(),
            false => format!(" \"{}\"", safe_text(&self.name)),
        };
        let how = match (self.role, self.whole) {
            (PartRole::Attachment, Some(true)) => format!("maille read {alert} --save DIR"),
            (PartRole::Attachment, _) => "on its way".to_owned(),
            _ => format!("maille read {alert} --part {}", self.number),
        };
        format!(
            "\npart {}: {}{name}, {}, {} bytes; {how}\n",
            self.number,
            self.role,
            safe_text(&self.media_type),
            self.bytes
        )
    }
}

fn pairs(pairs: &[Pair]) -> String {
    let shown = pairs
        .iter()
        .map(|pair| format!("{}:{}", pair.scheme, pair.value));
    shown.collect::<Vec<_>>().join(", ")
}

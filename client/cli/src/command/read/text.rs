//! An alert as people read it in a terminal.
//!
//! Whatever the sender wrote stands behind `| ` or after a word of ours, and cannot begin a line: a
//! subject cannot pretend to be what this program says.

use std::fmt::{Display, Write};

use maille_common::terms::{PartRole, Status};

use super::super::inbox::contradiction;
use super::paper::{Arrival, Pair, Paper, PaperPart, Words};
use crate::local_time::local;
use crate::safe_text::{safe_name, safe_text};
use crate::sentence::{alert, term};

impl Paper {
    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = self.head();
        for part in &self.parts {
            text += &part.text(&self.short);
        }
        // Whoever reads to the end reads it again.
        if let Some(banner) = self.banner() {
            text += &format!("\n{banner}");
        }
        text.trim_end().to_owned()
    }

    /// What stands above and below everything that is not real.
    fn banner(&self) -> Option<String> {
        let status = term::Status { word: &self.status }.to_string();
        let status = &status.to_uppercase();
        let is_drill = self.status != Status::Actual;
        is_drill.then(|| alert::NotActual { status }.to_string())
    }

    fn head(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        if let Some(banner) = self.banner() {
            let _ = writeln!(text, "{banner}");
        }
        let urgency = term::Urgency {
            word: &self.urgency,
        };
        let kind = term::Kind { word: &self.kind };
        let _ = writeln!(text, "{}  {urgency} {kind}", self.short);
        let about = self
            .arrival
            .as_ref()
            .and_then(|arrival| arrival.about_status);
        if let Some(warning) = contradiction(self.status, about) {
            let _ = writeln!(text, "{warning}");
        }
        for amended in &self.amendments {
            let _ = writeln!(text, "{}", amended.text());
        }
        for subject in &self.subjects {
            let _ = writeln!(text, "{}{}", alert::Subject, subject.text());
        }
        let mut line = |name: &dyn Display, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "{name}: {}", safe_text(value));
            }
        };
        line(&alert::From, &self.from);
        line(&alert::To, &self.recipients.join(", "));
        line(&alert::Written, &local(self.created));
        line(&alert::Tlp, &self.tlp.name().to_uppercase());
        for handling in &self.handling {
            line(
                &alert::Handling,
                format!("{} {}", handling.code, handling.text).trim_end(),
            );
        }
        line(&alert::About, self.refers_to.as_deref().unwrap_or_default());
        line(&alert::Judged, &self.judged());
        let evaluation = self.evaluation.as_deref();
        line(&alert::Evaluation, evaluation.unwrap_or_default());
        let categories = self.categories.iter();
        line(
            &alert::Categories,
            &joined(categories.map(|word| term::Category { word })),
        );
        let responses = self.responses.iter();
        line(
            &alert::Responses,
            &joined(responses.map(|word| term::Response { word })),
        );
        let within = self.answer_within.map(|span| span.to_string());
        line(&alert::AnswerWithin, &within.unwrap_or_default());
        line(&alert::Events, &pairs(&self.events));
        line(&alert::Since, &self.onset.map(local).unwrap_or_default());
        line(&alert::AlsoKnownAs, &pairs(&self.external));
        line(&alert::Incidents, &self.incidents.join(", "));
        line(&alert::SignedBy, &self.signed_by);
        for area in &self.areas {
            let _ = writeln!(text, "{}{}", alert::Where, area.text());
        }
        if let Some(arrival) = &self.arrival {
            text += &arrival.text();
        }
        text
    }

    fn judged(&self) -> String {
        let severity = term::Severity {
            word: &self.severity,
        };
        let certainty = term::Certainty {
            word: &self.certainty,
        };
        format!("{severity}, {certainty}")
    }
}

impl Arrival {
    fn text(&self) -> String {
        let (received, due) = (&local(self.received), &local(self.ack_due));
        let stage = &term::Stage { word: &self.stage };
        let received = match self.possibly_seen {
            true => alert::ReceivedPossiblySeen {
                received,
                stage,
                due,
            }
            .to_string(),
            false => alert::Received {
                received,
                stage,
                due,
            }
            .to_string(),
        };
        let mut text = received + "\n";
        if !self.deputy_for.is_empty() {
            let contacts = &self.deputy_for.join(", ");
            text += &format!("{}\n", alert::AsDeputy { contacts });
        }
        if let Some(officer) = &self.read_by {
            let officer = &safe_name(officer);
            text += &format!("{}\n", alert::ReadBy { officer });
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
            false => format!(" \"{}\"", safe_name(&self.name)),
        };
        let how = match (self.role, self.whole) {
            (PartRole::Attachment, Some(true)) => format!("maille read {alert} --save DIR"),
            (PartRole::Attachment, _) => alert::OnItsWay.to_string(),
            _ => format!("maille read {alert} --part {}", self.number),
        };
        let role = term::PartRole { word: &self.role };
        let part = alert::Part {
            number: &self.number,
            what: &format_args!("{role}{name}"),
            media_type: &safe_text(&self.media_type),
            bytes: &self.bytes,
            how: &how,
        };
        format!("\n{part}\n")
    }
}

fn joined(words: impl Iterator<Item: Display>) -> String {
    let words: Vec<String> = words.map(|word| word.to_string()).collect();
    words.join(", ")
}

fn pairs(pairs: &[Pair]) -> String {
    let shown = pairs
        .iter()
        .map(|pair| format!("{}:{}", pair.scheme, pair.value));
    shown.collect::<Vec<_>>().join(", ")
}

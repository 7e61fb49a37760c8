//! What an export proves, for people.
//!
//! As where an alert is read, a stranger's words stand behind `| ` or after a word of ours.

use std::fmt::{Display, Write};

use maille_common::terms::Release;

use super::report::{Addressed, Content, Letter, Recipient, Report, RevealedPart};
use crate::local_time::local;
use crate::safe_text::{safe_name, safe_text};
use crate::sentence::{alert, term, verify};

impl Report {
    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = self.head();
        if let Some(content) = &self.content {
            text += &content.text();
        }
        for recipient in &self.recipients {
            text += &recipient.text(self.whole);
        }
        if !self.copies.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\n{}", verify::Copies);
            let moments = self.copies.iter();
            text.extend(moments.map(super::moment::Moment::text));
        }
        if let Some(record) = &self.reachability {
            let _ = writeln!(text, "\n{}", record.text());
        }
        text.trim_end().to_owned()
    }

    fn head(&self) -> String {
        let mut text = String::new();
        let mut line = |words: &dyn Display| {
            let _ = writeln!(text, "{words}");
        };
        let (network, number) = (&self.network, &self.roster.number);
        let roster = &self.roster.hash;
        line(&verify::Proven {
            network,
            number,
            roster,
        });
        let (contact, device) = (&self.exported.by, &self.exported.device);
        let time = &local(self.exported.time);
        line(&verify::ExportedBy {
            contact,
            device,
            time,
        });
        line(&"");
        let urgency = term::Urgency {
            word: &self.urgency,
        };
        let kind = term::Kind { word: &self.kind };
        let status = term::Status { word: &self.status };
        line(&format_args!("{}  {urgency} {kind} ({status})", self.short));
        line(&verify::Id { id: &self.id });
        if let Some(id) = &self.refers_to {
            line(&format_args!("{}: {id}", alert::About));
        }
        let mut signers = self.signers.iter();
        let device = signers.next().map_or("", String::as_str);
        let contact = &self.from;
        line(&verify::From {
            contact,
            device: &device,
        });
        for device in signers {
            line(&verify::SecondSigner { device });
        }
        let to: Vec<&str> = self
            .recipients
            .iter()
            .map(|recipient| &*recipient.contact)
            .collect();
        line(&format_args!("{}: {}", alert::To, to.join(", ")));
        line(&format_args!("{}: {}", alert::Written, local(self.created)));
        let (within, after) = (&self.ack_within, &self.expires_after);
        line(&verify::Deadlines { within, after });
        let (bytes, hash) = (&self.body.bytes, &self.body.hash);
        match self.content {
            Some(_) => line(&verify::Revealed { bytes, hash }),
            None => line(&verify::Sealed { bytes, hash }),
        }
        for attachment in &self.attachments {
            let (id, bytes) = (&attachment.id, &attachment.bytes);
            line(&verify::Attachment { id, bytes });
        }
        if !self.by_named_roster {
            line(&verify::LaterRoster);
        }
        for Letter {
            id,
            device,
            created,
        } in &self.addenda
        {
            let time = &local(*created);
            line(&verify::Addendum { id, device, time });
        }
        for Letter {
            id,
            device,
            created,
        } in &self.cancels
        {
            let time = &local(*created);
            line(&verify::Cancel { id, device, time });
        }
        text
    }
}

impl Recipient {
    fn text(&self, whole: bool) -> String {
        let state = term::State { word: &self.state };
        let mut text = format!("\n{}: {state}\n", self.contact);
        for device in &self.devices {
            text += &format!("  {}\n", device.text());
        }
        if !whole {
            text += &format!("  {}\n", verify::OthersUnknown);
        }
        for moment in &self.timeline {
            text += &moment.text();
        }
        text
    }
}

impl Addressed {
    fn text(&self) -> String {
        let (device, step) = (&self.device, &self.step);
        // A deputy that was asked at once has its step as well.
        match (self.release, self.step) {
            (Release::Now | Release::Own, 0) => verify::Addressed { device }.to_string(),
            _ => verify::AddressedAfter { device, step }.to_string(),
        }
    }
}

impl Content {
    fn text(&self) -> String {
        let mut text = String::new();
        for subject in &self.subjects {
            let _ = writeln!(text, "{}: {}", alert::Subject, safe_text(subject));
        }
        let _ = writeln!(text, "{}: {}", alert::Tlp, self.tlp.name().to_uppercase());
        if !self.signed_by.is_empty() {
            let signed_by = safe_name(&self.signed_by);
            let _ = writeln!(text, "{}: {signed_by}", alert::SignedBy);
        }
        for part in &self.parts {
            text += &part.text();
        }
        text
    }
}

impl RevealedPart {
    fn text(&self) -> String {
        if let Some(words) = &self.text {
            let lines = words.lines().map(|line| format!("| {}\n", safe_text(line)));
            return format!("\n{}", lines.collect::<String>());
        }
        let name = match self.name.is_empty() {
            true => String::new(),
            false => format!(" \"{}\"", safe_name(&self.name)),
        };
        let role = term::PartRole { word: &self.role };
        let part = verify::Part {
            number: &self.number,
            what: &format_args!("{role}{name}"),
            media_type: &safe_text(&self.media_type),
            bytes: &self.bytes,
            sha256: &self.sha256,
        };
        format!("\n{part}\n")
    }
}

//! The `info` element of CAP 1.2, section 3.2.2, and what of `area` an alert has a place for.

use maille_common::terms::{Category, Certainty, Response, Severity, Urgency};
use maille_common::time::Timestamp;

use super::document::Element;
use super::error::CapError;
use super::time;
use super::words::{self, Words};

const INFO: &str = "info";

/// The language of an `info` that names none (CAP 1.2, section 3.2.2).
const LANGUAGE: &str = "en-US";

/// One `info` of a message.
#[derive(Debug)]
pub(super) struct Info {
    pub(super) language: String,
    pub(super) categories: Vec<Category>,
    pub(super) event: String,
    pub(super) responses: Vec<Response>,
    pub(super) urgency: Urgency,
    pub(super) severity: Severity,
    pub(super) certainty: Certainty,
    /// Name and value.
    pub(super) event_codes: Vec<(String, String)>,
    pub(super) onset: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
    pub(super) headline: Option<String>,
    /// Description, instruction, sender's name, contact, web: what there is, in this order.
    pub(super) paragraphs: Vec<String>,
    pub(super) areas: Vec<String>,
}

impl Info {
    pub(super) fn read(info: &Element) -> Result<Self, CapError> {
        let required = |name| info.required(INFO, name);
        let optional = |name| info.optional(INFO, name);
        let time_of = |name| {
            optional(name)?
                .map(|value| time::read(name, value))
                .transpose()
        };
        let categories = all_words(info, "category", words::CATEGORY)?;
        if categories.is_empty() {
            return Err(CapError::Missing {
                parent: INFO,
                name: "category",
            });
        }
        let mut paragraphs = Vec::new();
        for name in ["description", "instruction", "senderName", "contact", "web"] {
            paragraphs.extend(optional(name)?.map(lines));
        }
        Ok(Self {
            language: optional("language")?.unwrap_or(LANGUAGE).to_owned(),
            categories,
            event: one_line(required("event")?),
            responses: all_words(info, "responseType", words::RESPONSE)?,
            urgency: words::read("urgency", required("urgency")?, words::URGENCY)?,
            severity: words::read("severity", required("severity")?, words::SEVERITY)?,
            certainty: words::read("certainty", required("certainty")?, words::CERTAINTY)?,
            event_codes: info
                .all("eventCode")
                .map(event_code)
                .collect::<Result<_, _>>()?,
            onset: time_of("onset")?,
            expires: time_of("expires")?,
            headline: optional("headline")?.map(one_line),
            paragraphs,
            areas: info.all("area").map(area).collect::<Result<_, _>>()?,
        })
    }

    /// What it is about, in one line.
    pub(super) fn subject(&self) -> &str {
        self.headline.as_deref().unwrap_or(&self.event)
    }
}

fn all_words<T: Copy>(
    info: &Element,
    name: &'static str,
    words: Words<T>,
) -> Result<Vec<T>, CapError> {
    info.all(name)
        .map(|element| words::read(name, element.text(), words))
        .collect()
}

fn event_code(code: &Element) -> Result<(String, String), CapError> {
    let required = |name| code.required("eventCode", name).map(str::to_owned);
    Ok((required("valueName")?, required("value")?))
}

fn area(area: &Element) -> Result<String, CapError> {
    area.required("area", "areaDesc").map(one_line)
}

/// The words of a text with single spaces between them.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of a text without the space around each, which is mostly that of an indented file.
fn lines(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

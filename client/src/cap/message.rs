//! The `alert` element of CAP 1.2, section 3.2.1.

use maille_common::time::Timestamp;

use super::block::Info;
use super::document::Element;
use super::error::CapError;
use super::time;
use super::words::{self, CapScope, CapStatus, MessageType};

const ALERT: &str = "alert";

/// What a CAP message says, as far as an alert has a place for it.
#[derive(Debug)]
pub(super) struct CapMessage {
    pub(super) identifier: String,
    pub(super) sender: String,
    /// As it is written, which is how other messages refer to it.
    pub(super) sent_text: String,
    pub(super) sent: Timestamp,
    pub(super) status: CapStatus,
    pub(super) message_type: MessageType,
    pub(super) scope: CapScope,
    pub(super) restriction: Option<String>,
    pub(super) note: Option<String>,
    pub(super) references: Vec<String>,
    pub(super) incidents: Vec<String>,
    pub(super) infos: Vec<Info>,
}

impl CapMessage {
    pub(super) fn read(alert: &Element) -> Result<Self, CapError> {
        let required = |name| alert.required(ALERT, name);
        let optional = |name| alert.optional(ALERT, name);
        let sent = required("sent")?;
        Ok(Self {
            identifier: required("identifier")?.to_owned(),
            sender: required("sender")?.to_owned(),
            sent_text: sent.to_owned(),
            sent: time::read("sent", sent)?,
            status: words::read("status", required("status")?, words::STATUS)?,
            message_type: words::read("msgType", required("msgType")?, words::MESSAGE_TYPE)?,
            scope: words::read("scope", required("scope")?, words::SCOPE)?,
            restriction: optional("restriction")?.map(str::to_owned),
            note: optional("note")?.map(str::to_owned),
            references: split(optional("references")?.unwrap_or_default()),
            incidents: split(optional("incidents")?.unwrap_or_default()),
            infos: alert
                .all("info")
                .map(Info::read)
                .collect::<Result<_, _>>()?,
        })
    }

    /// `sender,identifier,sent`: how CAP messages name each other.
    pub(super) fn reference(&self) -> String {
        format!("{},{},{}", self.sender, self.identifier, self.sent_text)
    }
}

/// Splits a list at white space; what has white space inside stands in double quotes.
fn split(list: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut rest = list.trim_start();
    while !rest.is_empty() {
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (item, after) = quoted
            .or_else(|| rest.split_once(char::is_whitespace))
            .unwrap_or((rest, ""));
        if !item.is_empty() {
            items.push(item.to_owned());
        }
        rest = after.trim_start();
    }
    items
}

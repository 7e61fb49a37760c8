//! `maille contacts`: who can be reached, what time it is there, and who is on duty.

use std::fmt::Write;

use clap::Args;
use maille_client::{ContactCard, LastDrill as Last, Message, RecipientError};
use maille_common::pattern::Selector;
use maille_common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::ending::Ending;
use super::excluded::Excluded;
use super::person::Person;
use super::{Context, Run};
use crate::agent::{Ask, Desk, with_desk};
use crate::args::DeskArgs;
use crate::fault::Fault;
use crate::form::{maybe, word};
use crate::local_time::local;
use crate::safe_text::safe_text;
use crate::sentence::{contact, term};

/// Arguments of `contacts`.
#[derive(Debug, Args)]
pub(crate) struct ContactsArgs {
    #[command(flatten)]
    question: Contacts,
    #[command(flatten)]
    desk: DeskArgs,
}

/// Asks for the contacts that are meant; all without a pattern.
#[derive(Debug, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Contacts {
    /// An address, a pattern such as `interpol/**`, or `@list`.
    #[arg(value_name = "PATTERN")]
    pattern: Option<String>,
}

/// The contacts, by address.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ContactList {
    contacts: Vec<Entry>,
    /// Why this desk may not act any more, or which relays refuse it; `null` where all is well.
    #[serde(default)]
    excluded: Option<Excluded>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    person: Person,
    /// `member` or `observer`.
    standing: String,
    role: String,
    languages: Vec<String>,
    valid_from: String,
    valid_to: Option<String>,
    /// A rule lets this desk write to it.
    writable: bool,
    /// A rule lets it write to this desk.
    writes: bool,
    /// What drills of this desk know of it; `null` where none went to it.
    last_drill: Option<LastDrill>,
    /// What of it ends within 30 days, or has ended.
    #[serde(default)]
    endings: Vec<Ending>,
}

/// The last drill that went to a contact.
#[derive(Debug, Serialize, Deserialize)]
struct LastDrill {
    id: String,
    short: String,
    /// By this desk's clock.
    #[serde(with = "word")]
    sent: Timestamp,
    /// How far it came with the contact's own devices; `null` while none has answered.
    stage: Option<String>,
    /// When any drill reached it last, by its device's clock.
    #[serde(with = "maybe")]
    reached: Option<Timestamp>,
}

impl Run for ContactsArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let found = with_desk(context, &self.desk, async |access| {
            access.ask(self.question).await
        })?;
        let text: String = found.contacts.iter().map(Entry::text).collect();
        let text = Excluded::before(found.excluded.as_ref(), text.trim_end());
        context.output.result(&found, &text)
    }
}

impl Ask for Contacts {
    const NAME: &'static str = "contacts";
    type Answer = ContactList;

    async fn answer(self, desk: &Desk) -> Result<ContactList, Fault> {
        let cards = meant(desk, self.pattern.as_deref())?;
        let excluded = Excluded::of(desk).await?;
        if cards.is_empty() {
            return Ok(ContactList {
                contacts: Vec::new(),
                excluded,
            });
        }
        // A preview knows the hour there and whose keys are known here.
        let words = Message::text("preview", "preview");
        let to = cards.iter().map(|card| card.contact.address.to_string());
        let preview = desk.client().preview(&words.to_all(to)).await?;
        let drills = desk.client().last_drills().await?;
        let endings = desk.client().endings().await?;
        let entry = |card: &ContactCard| {
            let of =
                |shown: &&maille_client::PreviewedRecipient| shown.address == card.contact.address;
            let person = preview.recipients.iter().find(of)?.into();
            let last = drills.get(&card.contact.address);
            let its = endings.iter();
            let its = its.filter(|ending| ending.what.contact() == Some(&card.contact.address));
            let entry = Entry::new(card, person, last.map(LastDrill::of));
            Some(Entry {
                endings: its.map(Ending::of).collect(),
                ..entry
            })
        };
        Ok(ContactList {
            contacts: cards.iter().filter_map(entry).collect(),
            excluded,
        })
    }
}

/// Whom a pattern means; somebody, or it is misspelt.
fn meant(desk: &Desk, pattern: Option<&str>) -> Result<Vec<ContactCard>, Fault> {
    let mut cards = desk.client().contacts();
    if let Some(pattern) = pattern {
        let selector: Selector = pattern.parse().map_err(RecipientError::from)?;
        let meant = desk
            .client()
            .roster()
            .expand(&[selector])
            .map_err(RecipientError::from)?;
        cards.retain(|card| meant.contains(&card.contact.address));
    }
    Ok(cards)
}

impl Entry {
    fn new(card: &ContactCard, person: Person, last_drill: Option<LastDrill>) -> Self {
        let contact = &card.contact;
        Self {
            person,
            standing: card.standing.name().to_owned(),
            role: contact.role.to_string(),
            languages: contact.languages.iter().map(ToString::to_string).collect(),
            valid_from: contact.valid_from.to_string(),
            valid_to: contact.valid_to.map(|end| end.to_string()),
            writable: card.writable,
            writes: card.writes,
            last_drill,
            endings: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.person.title());
        let standing = term::Standing {
            word: &self.standing,
        };
        let role = [
            self.role.clone(),
            standing.to_string(),
            self.languages.join(", "),
        ];
        let role: Vec<String> = role.into_iter().filter(|words| !words.is_empty()).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}", safe_text(&role.join("; ")));
        text += &self.person.lines();
        if let Some(end) = &self.valid_to {
            let _ = writeln!(text, "  {}", contact::ValidUntil { end });
        }
        for ending in &self.endings {
            let _ = writeln!(text, "  {}", ending.text());
        }
        if !self.writable {
            let _ = writeln!(text, "  {}", contact::NoRule);
        }
        if let Some(last) = &self.last_drill {
            let _ = writeln!(text, "  {}", last.text());
        }
        text
    }
}

impl LastDrill {
    fn of(last: &Last) -> Self {
        Self {
            id: last.alert.to_string(),
            short: last.alert.prefix().to_string(),
            sent: last.sent,
            stage: last.stage.map(|stage| stage.to_string()),
            reached: last.reached,
        }
    }

    fn text(&self) -> String {
        let sent = &local(self.sent);
        let answered = self.stage.as_ref().map(|word| term::Stage { word });
        let (drilled, reached) = (answered.as_ref(), self.reached.map(local));
        match (drilled, &reached) {
            (Some(stage), Some(reached)) => contact::Drilled {
                sent,
                stage,
                reached,
            }
            .to_string(),
            (_, Some(reached)) => contact::DrillUnanswered { sent, reached }.to_string(),
            (_, None) => contact::NeverReached { sent }.to_string(),
        }
    }
}

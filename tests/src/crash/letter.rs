//! What the senders send: everything about a letter follows from a seed and its number, so that
//! the checker knows what must arrive, and what a recipient does about it, without being told.

use std::fmt;
use std::str::FromStr;

use maille_client::Message;
use maille_common::codec::{encode, to_hex};
use maille_common::content::{Alert, AlertDraft};
use maille_common::hash::FileHash;
use maille_common::terms::Urgency;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::world::recipient_address;

/// A letter: the sender, counted from 0, and the sender's number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct LetterId {
    pub(crate) sender: u8,
    pub(crate) number: u64,
}

/// All letters of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Letters {
    pub(crate) seed: u64,
    /// How many recipients there are.
    pub(crate) recipients: u8,
    /// So many of a hundred are acknowledged by the recipient's system.
    pub(crate) acknowledge: u64,
    /// So many of a hundred are refused by an officer. The rest is left open.
    pub(crate) refuse: u64,
    /// Letters of each sender with a lower number are left open.
    pub(crate) left: u64,
    /// Whether some letters are large.
    pub(crate) large: bool,
}

/// What a recipient does about a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Acknowledge,
    Refuse,
    Leave,
}

/// One letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) id: LetterId,
    /// Recipients, counted from 0, ascending.
    pub(crate) recipients: Vec<u8>,
    urgency: Urgency,
    text: String,
    payload: Vec<u8>,
}

impl Letters {
    pub(crate) fn letter(&self, id: LetterId) -> Letter {
        let mut chance = Chance::about(self.seed, &[u64::from(id.sender), id.number]);
        let mut recipients = vec![self.draw_recipient(&mut chance)];
        match chance.below(10) {
            0..4 => {}
            4..7 => recipients.push(self.draw_recipient(&mut chance)),
            _ => recipients = (0..self.recipients).collect(),
        }
        recipients.sort_unstable();
        recipients.dedup();
        let urgency = match chance.below(4) {
            0 => Urgency::Immediate,
            1 => Urgency::Expected,
            2 => Urgency::Future,
            _ => Urgency::Unknown,
        };
        let (text, payload) = self.draw_sizes(&mut chance);
        let text: String = to_hex(&chance.bytes(text / 2 + 1));
        let payload = chance.bytes(payload);
        Letter {
            id,
            recipients,
            urgency,
            text,
            payload,
        }
    }

    /// What a recipient does about a letter: the same whenever it is asked.
    pub(crate) fn answer(&self, id: LetterId, recipient: u8) -> Answer {
        if id.number < self.left {
            return Answer::Leave;
        }
        let parts = [u64::from(id.sender), id.number, u64::from(recipient) + 1];
        match Chance::about(self.seed, &parts).below(100) {
            drawn if drawn < self.acknowledge => Answer::Acknowledge,
            drawn if drawn < self.acknowledge + self.refuse => Answer::Refuse,
            _ => Answer::Leave,
        }
    }

    fn draw_recipient(&self, chance: &mut Chance) -> u8 {
        let drawn = chance.below(u64::from(self.recipients));
        u8::try_from(drawn).expect("a number below a u8")
    }

    /// Bytes of text and payload: mostly a few words; around the 4 KiB at which the store begins
    /// another piece; many pieces; and now and then a payload of 200 KiB.
    fn draw_sizes(&self, chance: &mut Chance) -> (usize, usize) {
        let drawn = |least, most, chance: &mut Chance| {
            usize::try_from(chance.between(least, most)).expect("a few hundred KiB")
        };
        match chance.below(500) {
            0 if self.large => (80, drawn(190 << 10, 200 << 10, chance)),
            1..=9 if self.large => (80, drawn(8 << 10, 40 << 10, chance)),
            10..=50 => (drawn(2_000, 3_000, chance), drawn(600, 2_200, chance)),
            _ => (drawn(20, 400, chance), 0),
        }
    }
}

impl Letter {
    /// The message to send: under a reference, so that a sender that was killed can send again.
    pub(crate) fn message(&self) -> Message {
        let to = self
            .recipients
            .iter()
            .map(|index| recipient_address(*index));
        Message::new(self.draft())
            .to_all(to)
            .urgency(self.urgency)
            .reference(self.id.to_string())
    }

    /// What a recipient must find: see [`content_hash`].
    pub(crate) fn hash(&self) -> String {
        content_hash(&self.draft().build().expect("a letter is within all limits"))
    }

    fn draft(&self) -> AlertDraft {
        let draft = Alert::draft(("en", self.id.to_string())).text(("en", self.text.clone()));
        if self.payload.is_empty() {
            return draft;
        }
        draft.payload("application/octet-stream", "", self.payload.clone())
    }
}

/// The hash of everything that an alert says.
pub(crate) fn content_hash(content: &Alert) -> String {
    to_hex(FileHash::of(&encode(content)).as_bytes())
}

/// The letter that an alert says it is.
pub(crate) fn letter_of(content: &Alert) -> Option<LetterId> {
    content.subject(&["en"]).parse().ok()
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "letter {}-{}", self.sender, self.number)
    }
}

impl FromStr for LetterId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers = text.strip_prefix("letter ").ok_or(())?;
        let (sender, number) = numbers.split_once('-').ok_or(())?;
        Ok(Self {
            sender: sender.parse().map_err(drop)?,
            number: number.parse().map_err(drop)?,
        })
    }
}

//! One part of an alert, exactly as it was sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maille_client::QueryError;
use maille_common::content::PartContent;
use serde::{Deserialize, Serialize};

use crate::agent::{Ask, Desk};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint};

/// Asks for the bytes of a text or payload.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(super) id: String,
    /// From 1.
    pub(super) part: usize,
}

/// The bytes of a text or payload.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PartBytes {
    media_type: String,
    name: String,
    base64: String,
}

impl Ask for Part {
    const NAME: &'static str = "part";
    type Answer = PartBytes;

    async fn answer(self, desk: &Desk) -> Result<PartBytes, Fault> {
        let alert = desk.find(&self.id).await?;
        let content = match desk.client().received(alert).await {
            Ok(received) => received.content,
            Err(QueryError::Unknown(_)) => desk.client().sent_words(alert).await?,
            Err(error) => return Err(error.into()),
        };
        let count = content.parts.len();
        let place = self.part.checked_sub(1);
        let part = place.and_then(|place| content.parts.get(place));
        let part = part.ok_or_else(|| no_part(self.part, count))?;
        let PartContent::Inline(bytes) = &part.content else {
            return Err(is_attachment(self.part));
        };
        Ok(PartBytes {
            media_type: part.media_type.to_string(),
            name: part.name.to_string(),
            base64: STANDARD.encode(&**bytes),
        })
    }
}

impl PartBytes {
    /// The bytes themselves.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Fault> {
        STANDARD.decode(&self.base64).map_err(|error| {
            let sentence = fault::AnswerNotBase64 { error: &error };
            Fault::new(Exit::World, "agent-broken", sentence)
        })
    }
}

fn no_part(asked: usize, count: usize) -> Fault {
    let (count, asked) = (&count, &asked);
    let sentence = fault::NoSuchPart { count, asked };
    Fault::new(Exit::Input, "no-such-part", sentence).with_hint(hint::CheckPart)
}

fn is_attachment(part: usize) -> Fault {
    let sentence = fault::PartIsAttachment { part: &part };
    Fault::new(Exit::Usage, "part-is-attachment", sentence).with_hint(hint::SaveIt)
}
